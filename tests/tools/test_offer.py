"""What a model is shown, and what it is told when it calls wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import FINISH, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.offer import Offer

WEATHER = ToolSpec(
    "W/meteo/forecast",
    "W",
    "meteo",
    "forecast",
    description="Forecast.  " + "word " * 200,
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "A city. " + "x" * 500},
            "days": {"type": "integer", "minimum": 1, "maximum": 16},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "description": {"type": "string", "default": {"description": "y " * 300}},
        },
        "required": ["city", "days"],
    },
)
OFFER = Offer([WEATHER], {"forecast_for_meteo": WEATHER.id})


def ask(arguments: dict[str, Any], name: str = "forecast_for_meteo") -> ToolCall | Observation:
    return OFFER.resolve(ToolCall("c1", name, arguments))


def refusal(arguments: dict[str, Any], name: str = "forecast_for_meteo") -> Observation:
    found = ask(arguments, name)
    assert isinstance(found, Observation)
    assert found.attempts == 0
    assert found.size == len(found.content)
    return found


def test_functions_are_openais_with_descriptions_cut_and_schemas_whole() -> None:
    function, finish = OFFER.functions()
    assert function["name"] == "forecast_for_meteo"
    assert len(function["description"]) <= 300
    shown = function["parameters"]["properties"]
    assert len(shown["city"]["description"]) <= 150
    assert shown["city"]["description"].startswith("A city.")
    assert shown["days"] == {"type": "integer", "minimum": 1, "maximum": 16}
    assert shown["description"] == WEATHER.parameters["properties"]["description"]
    assert finish["name"] == FINISH
    assert finish["parameters"]["required"] == ["return_type"]


def test_a_spec_without_words_or_schema_is_still_a_function() -> None:
    bare = ToolSpec("a/b/c", "a", "b", "c", parameters={}, tool_description="All of b.")
    function, _ = Offer([bare], {"c_for_b": bare.id}).functions()
    assert function == {
        "name": "c_for_b",
        "description": "All of b.",
        "parameters": {"type": "object", "properties": {}},
    }


def test_a_right_call_gets_its_id_and_gentle_coercion() -> None:
    found = ask({"city": "Oslo", "days": "3"})
    assert found == ToolCall("c1", WEATHER.id, {"city": "Oslo", "days": 3})


def test_each_wrong_argument_is_named_with_what_was_expected_and_a_right_call() -> None:
    observation = refusal({"cty": "Oslo", "days": 99, "unit": "kelvin"})
    assert observation.status is Status.INVALID_REQUEST
    text = observation.content
    assert "- city is required (string)" in text
    assert "days: 99 is greater than the maximum of 16" in text
    assert 'unit: "kelvin" is not one of' in text
    assert 'there is no parameter "cty"; did you mean city?' in text
    assert text.endswith(
        'A right call looks like forecast_for_meteo({"city":"text","days":1,"unit":"celsius"})'
    )


def test_the_right_call_shown_is_one_that_resolves() -> None:
    text = refusal({"days": "many"}).content
    shown = text.rpartition("forecast_for_meteo(")[2].removesuffix(")")
    import json

    assert isinstance(ask(json.loads(shown)), ToolCall)


def test_a_long_wrong_value_does_not_hide_the_reason() -> None:
    text = refusal({"city": "Oslo", "days": "many " * 1000}).content
    assert 'is not of type "integer"' in text
    assert len(text) < 600


def test_arguments_that_did_not_parse_are_told() -> None:
    call = ToolCall("c", "forecast_for_meteo", {}, malformed='{"city": "Oslo",')
    found = OFFER.resolve(call)
    assert isinstance(found, Observation)
    assert found.status is Status.INVALID_REQUEST
    assert '{"city": "Oslo",' in found.content


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), object(), {1: 2}])
def test_arguments_that_json_cannot_say_are_told(bad: Any) -> None:
    found = ask({"city": "Oslo", "days": 1, "description": bad})
    assert isinstance(found, Observation)
    assert found.status is Status.INVALID_REQUEST


def test_a_hallucinated_name_is_answered_with_the_nearest_real_ones() -> None:
    observation = refusal({}, "forcast_for_meteo")
    assert observation.status is Status.NO_SUCH_TOOL
    assert "forecast_for_meteo" in observation.content
    # ToolBench calls whatever tool's name ends so
    assert refusal({}, "for_meteo").status is Status.NO_SUCH_TOOL
    assert refusal({}, WEATHER.id).status is Status.NO_SUCH_TOOL
    assert "Finish" in refusal({}, "zzz").content


def test_a_parameter_that_a_schema_leaves_open_is_let_through() -> None:
    open_spec = replace(WEATHER, parameters={**WEATHER.parameters, "additionalProperties": True})
    offer = Offer([open_spec], {"f": open_spec.id})
    call = ToolCall("c", "f", {"city": "Oslo", "days": 1, "more": 2})
    assert isinstance(offer.resolve(call), ToolCall)


def test_a_broken_schema_is_reported_and_does_not_stop_the_run() -> None:
    broken = replace(WEATHER, parameters={"properties": {"x": {"type": "text"}}})
    offer = Offer([broken], {"f": broken.id})
    assert offer.unchecked().keys() == {broken.id}
    assert OFFER.unchecked() == {}
    assert isinstance(offer.resolve(ToolCall("c", "f", {"x": 1})), ToolCall)


@pytest.mark.parametrize(
    "arguments",
    [
        {"return_type": "give_answer", "final_answer": "42"},
        {"return_type": "give_up_and_restart"},
        {"return_type": "give_up_and_restart", "final_answer": ""},
    ],
)
def test_a_right_finish_keeps_its_name(arguments: dict[str, Any]) -> None:
    assert ask(arguments, FINISH) == ToolCall("c1", FINISH, arguments)


def test_an_answer_that_is_no_text_becomes_its_json() -> None:
    found = ask({"return_type": "give_answer", "final_answer": {"a": 1}}, FINISH)
    assert isinstance(found, ToolCall)
    assert found.arguments["final_answer"] == '{"a":1}'


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "needs a return_type"),
        ({"return_type": "answer"}, "needs a return_type"),
        ({"final_answer": "42"}, "needs a return_type"),
        ({"return_type": "give_answer"}, "needs a final_answer"),
        ({"return_type": "give_answer", "final_answer": "  "}, "needs a final_answer"),
    ],
)
def test_a_bad_finish_is_told_how_to_mend_it(arguments: dict[str, Any], says: str) -> None:
    observation = refusal(arguments, FINISH)
    assert observation.status is Status.BAD_FINISH
    assert says in observation.content
    assert '"return_type": "give_answer"' in observation.content


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
keys = st.sampled_from(["city", "days", "unit", "description", "other"]) | st.text(max_size=5)


@given(st.dictionaries(keys, values, max_size=5))
def test_whatever_a_model_writes_is_a_valid_call_or_an_answer_to_it(
    arguments: dict[str, Any],
) -> None:
    found = ask(arguments)
    if isinstance(found, Observation):
        assert found.status is Status.INVALID_REQUEST
        assert len(found.content) < 4000
    else:
        assert ask(dict(found.arguments)) == found


@given(st.text(max_size=70), st.dictionaries(st.text(max_size=12), values, max_size=3))
def test_whatever_name_a_model_writes_is_answered(name: str, arguments: dict[str, Any]) -> None:
    for written in (name, FINISH):
        found = ask(arguments, written)
        assert isinstance(found, Observation) or found.name in (WEATHER.id, FINISH)


def test_an_argument_under_an_offered_name_goes_out_under_its_own_at_any_depth() -> None:
    row = {"type": "object", "properties": {"@id": {"type": "integer"}}, "required": ["@id"]}
    free = {"type": "object", "additionalProperties": {"type": "string"}}
    spec = ToolSpec(
        "a/b/c", "a", "b", "c",
        parameters={
            "type": "object",
            "properties": {
                "filter[x]": {"type": "string"},
                "rows": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/row"}]}},
                "free": free,
            },
            "required": ["filter[x]"],
            "additionalProperties": False,
            "$defs": {"row": row},
        },
    )  # fmt: skip
    offer = Offer([spec], {"c_for_b": spec.id})
    assert list(offer.functions()[0]["parameters"]["properties"]) == ["filter_x", "rows", "free"]
    given = {"filter_x": "1", "rows": [{"id": 7}], "free": {"filter_x": "kept"}}
    found = offer.resolve(ToolCall("c1", "c_for_b", given))
    assert isinstance(found, ToolCall)
    assert found.arguments == {
        "filter[x]": "1",
        "rows": [{"@id": 7}],
        "free": {"filter_x": "kept"},
    }
    wrong = offer.resolve(ToolCall("c2", "c_for_b", {}))
    assert isinstance(wrong, Observation)
    assert "filter_x is required" in wrong.content
