"""What a query gives is found word for word, and nothing is made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data import world
from toolgrove.retriever.arguments import Argument, Found, arguments
from toolgrove.retriever.values import LONGEST, values


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("From Rome to Venice on 2022-04-30", [("name", "Rome"), ("name", "Venice"),
                                                ("date", "2022-04-30")]),
        ("on May 17, 2026 or 3rd of June", [("date", "May 17, 2026"), ("date", "3rd of June")]),
        ("at 2026-04-10 21:30, 9 pm or 08:15", [("date and time", "2026-04-10 21:30"),
                                                ("time", "9 pm"), ("time", "08:15")]),
        ("See https://a.example/x?y=1. Write to b.c@d.example!", [
            ("url", "https://a.example/x?y=1"), ("email", "b.c@d.example")]),
        ("Is 10.0.0.1, ::1 or 192.168.0.0/20 mine?", [
            ("ip address", "10.0.0.1"), ("ip address", "::1"), ("ip address", "192.168.0.0/20")]),
        ("pay 1,250.50 EUR of -3 and XYZ", [("number", "1,250.50"), ("currency", "EUR"),
                                            ("number", "-3"), ("code", "XYZ")]),
        ("Find Lionel Messi's clubs. Oslo is nice", [("name", "Lionel Messi")]),
        ("the zone Europe/Oslo and #ff8800", [("code", "Europe/Oslo"), ("colour", "#ff8800")]),
        ("I don't know what it's: 'x' or “two words”", [("quoted", "x"), ("quoted", "two words")]),
        ("The IATA code OSL, and I am Ann", [("code", "OSL"), ("name", "Ann")]),
        ("", []),
    ],
)  # fmt: skip
def test_values_are_told_apart(query: str, found: list[tuple[str, str]]) -> None:
    assert [(one.kind.value, one.text) for one in values(query)] == found


texts = st.text(max_size=80) | st.from_regex(
    r"([A-Z][a-z]{0,5}|[0-9]{1,4}|['\"(]?[A-Z0-9]{2,4}['\")]?|[.,?:/-]| ){0,20}", fullmatch=True
)


@given(texts)
def test_values_are_stretches_of_the_query_that_do_not_overlap(query: str) -> None:
    end = 0
    for one in values(query):
        assert one.start >= end
        assert one.text in query[one.start : one.end]
        assert one.text.strip()
        end = one.end


def test_only_the_beginning_of_a_page_is_looked_at() -> None:
    assert values("a " * LONGEST + "42") == []
    assert len(values("-a" * 50_000)) < LONGEST  # and in no time that grows with the page


def said(query: str, required: tuple[str, ...] = (), **properties: Any) -> dict[str, Argument]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {one.name: one for one in arguments(query, schema)}


STRING, NUMBER = {"type": "string"}, {"type": "number"}


def test_enumerations_are_matched_by_their_words() -> None:
    unit = {"type": "string", "enum": ["km", "miles", "m"]}
    assert said("How far in miles?", unit=unit)["unit"].value == "miles"
    both = said("Is it km or miles?", unit=unit)["unit"]
    assert (both.found, both.value) == (Found.PERHAPS, "miles")
    assert said("I'm off", unit=unit)["unit"].found is Found.PERHAPS, "one letter is not sure"
    assert said("in metres", ("unit",), unit=unit)["unit"].value is None


def test_a_name_beside_a_value_settles_it() -> None:
    found = said(
        "The driver ID is 'ricciardo', the quote ID is '59', ZIP code 02139, a limit of 5 and "
        "300 months",
        driver_id=STRING, quote_id=STRING, zipcode=STRING, limit=NUMBER, months=NUMBER,
    )  # fmt: skip
    assert {name: one.value for name, one in found.items()} == {
        "driver_id": "ricciardo", "quote_id": "59", "zipcode": "02139", "limit": "5",
        "months": "300",
    }  # fmt: skip
    assert {one.found for one in found.values()} == {Found.GIVEN}


def test_what_is_called_or_titled_so_is_a_name_or_title() -> None:
    found = said("A note titled 'Wifi' for the dog called Rex", name=STRING, title=STRING)
    assert {name: (one.value, one.found.value) for name, one in found.items()} == {
        "name": ("Rex", "given"), "title": ("Wifi", "given")}  # fmt: skip


def test_from_and_to_are_told_apart() -> None:
    found = said("Convert 100 USD to EUR", ("from", "to", "amount"),
                 to={**STRING, "description": "Currency code"},
                 amount=NUMBER, **{"from": {**STRING, "description": "Currency code"}})  # fmt: skip
    assert {name: one.value for name, one in found.items()} == {
        "to": "EUR", "amount": "100", "from": "USD"}  # fmt: skip
    assert (found["to"].found, found["amount"].found) == (Found.GIVEN, Found.PERHAPS)


def test_the_only_value_of_a_kind_is_given_once() -> None:
    date = {"type": "string", "format": "date"}
    assert said("on 2026-05-17", day=date)["day"].found is Found.GIVEN
    two = said("on 2026-05-17", ("start", "end"), start=date, end=date)
    assert [one.found for one in two.values()] == [Found.PERHAPS, Found.MISSING]
    mail = said("Write to a@b.example", email=STRING)["email"]
    assert (mail.found, mail.value) == (Found.GIVEN, "a@b.example")


def test_what_is_only_likely_is_called_perhaps_and_only_where_it_is_required() -> None:
    found = said("Weather in Oslo?", ("city",), city=STRING, note=STRING)
    assert (found["city"].found, found["city"].value) == (Found.PERHAPS, "Oslo")
    assert found["note"].found is Found.MISSING


def test_an_example_shows_what_kind_is_wanted() -> None:
    code = {"type": "string", "default": "SE"}
    assert said("Holidays in Norway (NO)?", ("country",), country=code)["country"].value == "NO"


def test_the_sentence_that_the_tool_answers_comes_first() -> None:
    query = "Is it warm in Rome? Convert 5 USD to EUR."
    schema = {"properties": {"text": STRING}, "required": ["text"]}
    for part, value in (("Convert 5 USD to EUR.", "USD"), ("Is it warm in Rome?", "Rome")):
        assert arguments(query, schema, part)[0].value == value


@pytest.mark.parametrize("name", ["api_key", "X-API-Key", "access_token", "password", "secret"])
def test_secrets_are_never_looked_for(name: str) -> None:
    query = f"My {name} is 'hunter2', password HUNTER2"
    assert said(query, (name,), **{name: STRING})[name].value is None


def test_a_key_that_is_described_as_one_is_a_secret() -> None:
    key = {"type": "string", "description": "Your API key"}
    assert said("The key is 'hunter2'", ("key",), key=key)["key"].value is None
    assert said("The key is 'hunter2'", ("key",), key=STRING)["key"].value == "hunter2"


def test_alternatives_are_read_and_objects_left_alone() -> None:
    either = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    found = said("Take 5 from 'x'", ("n", "o"), n=either, o={"type": "object"})
    assert (found["n"].value, found["n"].type) == ("5", "integer")
    assert (found["o"].value, found["o"].type) == (None, "object")


@pytest.mark.parametrize(
    "schema",
    [{}, {"properties": None}, {"properties": {"a": None, "b": {"type": ["string", "null"]}},
     "required": "a"}, {"properties": {"c": {"enum": None, "type": 3, "description": 7}}}],
)  # fmt: skip
def test_odd_schemas_are_borne(schema: dict[str, Any]) -> None:
    assert all(isinstance(one, Argument) for one in arguments("Oslo 5 'x'", schema))


names = st.sampled_from(["id", "from", "to", "city", "start_date", "limit", "token", "currency"])
kinds = st.sampled_from([STRING, NUMBER, {"type": "string", "format": "date"},
                         {"type": "string", "enum": ["low", "HIGH"]}])  # fmt: skip


@given(texts, st.dictionaries(names, kinds), st.booleans())
def test_nothing_is_made_up(query: str, properties: dict[str, Any], required: bool) -> None:
    schema = {"properties": properties, "required": list(properties) if required else []}
    found = arguments(query, schema)
    assert [one.name for one in found] == list(properties)
    for one in found:
        assert (one.value is None) == (one.found is Found.MISSING) == (one.why == "")
        allowed = properties[one.name].get("enum", ())
        assert one.value is None or one.value in query or one.value in allowed


def test_on_real_tasks_given_is_mostly_right_and_more_so_than_perhaps() -> None:
    right = {Found.GIVEN: 0, Found.PERHAPS: 0}
    told = {Found.GIVEN: 0, Found.PERHAPS: 0}
    literal = met = 0
    schemas = {spec.id: spec.parameters for spec in world.specs()}
    for task in world.tasks():
        calls = task.reference.calls if task.reference else ()
        for tool in {call.name for call in calls}:
            wanted: dict[str, set[str]] = {}
            for call in calls:
                for name, value in call.arguments.items() if call.name == tool else ():
                    wanted.setdefault(name, set()).add(str(value))
            for one in arguments(task.query, schemas[tool]):
                good = any(same(one.value, value) for value in wanted.get(one.name, ()))
                if one.found is not Found.MISSING:
                    told[one.found] += 1
                    right[one.found] += good
                if one.required and any(v in task.query for v in wanted.get(one.name, ())):
                    literal += 1
                    met += good
    assert right[Found.GIVEN] / told[Found.GIVEN] > 0.9
    assert right[Found.PERHAPS] / told[Found.PERHAPS] > 0.65
    assert met / literal > 0.85


def same(one: str | None, other: str) -> bool:
    if one is None:
        return False
    try:
        return float(one.replace(",", "")) == float(other)
    except ValueError:
        return one == other
