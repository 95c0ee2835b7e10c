"""Every API answers as it is documented, and refuses as hubs do."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolgrove.data.records import ToolSpec
from toolgrove.data.world import specs
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.declare import Endpoint
from toolgrove.data.world.trouble import Flaky, Throttled

from .conftest import Send, send

SPECS = {spec.id: spec for spec in specs()}
SOUND = [one for one in endpoints().values() if one.trouble is None]


@pytest.mark.parametrize("endpoint", SOUND, ids=lambda one: one.name)
def test_an_api_answers_its_documented_example(
    shared_world: httpx.Client, endpoint: Endpoint
) -> None:
    if endpoint.name == "Read Note":
        shared_world.post("/notes-book/notes", json={"title": "a", "text": "b"})
    answer = send(shared_world, SPECS[endpoint.id], dict(endpoint.example))
    assert answer.status_code == (200 if endpoint.method == "GET" else 201), answer.text
    assert answer.json()
    if not endpoint.takes_world:
        assert answer.json() == SPECS[endpoint.id].returns


@pytest.mark.parametrize("endpoint", endpoints().values(), ids=lambda one: one.name)
def test_a_missing_argument_is_named(shared_world: httpx.Client, endpoint: Endpoint) -> None:
    outside_path = [name for name in endpoint.required if endpoint.place(name) != "path"]
    if not outside_path or (endpoint.trouble and not isinstance(endpoint.trouble, Flaky)):
        return
    arguments = {key: value for key, value in endpoint.example.items() if key != outside_path[0]}
    for _ in range(6):  # a flaky API lets the sixth request through at the latest
        answer = send(shared_world, SPECS[endpoint.id], arguments)
        if answer.status_code != 503:
            break
    assert answer.status_code == 400
    assert f"'{outside_path[0]}'" in answer.json()["error"]


@pytest.mark.parametrize(
    ("api", "arguments", "status", "told"),
    [
        ("Airport by IATA", {"iata": "QQQ"}, 404, "'QQQ'"),
        ("Country Profile", {"code": "Norway"}, 404, "Find Country"),
        ("Convert Time", {"time": "9 am", "from_zone": "UTC", "to_zone": "UTC"}, 400, "HH:MM"),
        ("UTC Offset", {"zone": "Oslo", "date": "2026-01-01"}, 404, "Europe/Oslo"),
        ("Holiday on Date", {"country": "NO", "date": "17/05/2026"}, 400, "YYYY-MM-DD"),
        ("Holidays in Year", {"country": "NO", "year": "next"}, 400, "'year'"),
        ("Search City", {"city": "New York"}, 404, "New York City"),
        ("Molar Mass", {"formula": "water"}, 400, "C6H12O6"),
        ("Convert Units", {"value": 1, "from_unit": "mile", "to_unit": "kg"}, 400, "kilogram"),
        ("Convert Units", {"value": 1, "from_unit": "9**9", "to_unit": "kg"}, 400, "not a unit"),
        ("Exchange Rate", {"base": "EUR", "quote": "NOK"}, 403, "not subscribed"),
        (
            "Distance Between Airports",
            {"origin": "OSL", "destination": "LHR", "unit": "furlong"},
            400,
            "'km', 'mi' or 'nmi'",
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    ask: Send, api: str, arguments: dict[str, Any], status: int, told: str
) -> None:
    answer = ask(api, **arguments)
    assert answer.status_code == status
    assert told in answer.json()["error"]


def test_pages_cover_a_list_exactly_once(ask: Send) -> None:
    first = ask("Airports in Country", country="SE", per_page=7).json()
    pages = [
        ask("Airports in Country", country="SE", per_page=7, page=page).json()
        for page in range(1, first["pages"] + 1)
    ]
    codes = [one["iata"] for page in pages for one in page["results"]]
    assert codes == sorted(set(codes))
    assert len(codes) == first["total"]
    beyond = ask("Airports in Country", country="SE", per_page=7, page=first["pages"] + 1)
    assert beyond.json()["results"] == []


def _values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly what the schema asks for, sometimes anything."""
    junk = st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.just("NaN"))
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | junk
    if schema.get("format") == "date":
        return st.dates().map(str) | junk
    match schema["type"]:
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum")) | junk
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum")) | junk
        case _:
            return st.text(max_size=60) | st.sampled_from(KNOWN) | junk


KNOWN = ["NO", "EUR", "C6H12O6", "km/h", "m^-4", "Europe/Oslo", "10.0.0.0/8", "::/0", "1,2,nan"]


@given(data=st.data())
@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_arguments_break_the_server(shared_world: httpx.Client, data: st.DataObject) -> None:
    endpoint = endpoints()[data.draw(st.sampled_from(sorted(endpoints())))]
    arguments = {
        name: data.draw(_values(dict(schema)), label=name)
        for name, schema in endpoint.properties.items()
    }
    if endpoint.method == "POST":
        answer = shared_world.post(endpoint.url_path, content=json.dumps(arguments))
    else:
        answer = send(shared_world, SPECS[endpoint.id], arguments)
    flaky = isinstance(endpoint.trouble, Flaky)
    assert answer.status_code < 500 or (flaky and answer.status_code == 503), answer.text
    assert isinstance(answer.json(), dict)


@given(body=st.binary(max_size=40) | st.just(b'{"title": "\\ud800", "text": "x"}'))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_body_breaks_the_server(shared_world: httpx.Client, body: bytes) -> None:
    assert shared_world.post("/notes-book/notes", content=body).status_code in (201, 400)


def test_a_flaky_or_throttled_api_answers_its_example_in_the_end(
    call: Send, spec_of: dict[str, ToolSpec]
) -> None:
    for endpoint in endpoints().values():
        if isinstance(endpoint.trouble, Flaky | Throttled):
            answers = [call(endpoint.name, **endpoint.example) for _ in range(6)]
            assert answers[-1].json() == spec_of[endpoint.name].returns
