"""Each form of recorded outputs is read as the handler of its models reads it in BFCL."""

from __future__ import annotations

from contextlib import suppress

import pytest

from toolgrove.evaluators.bfcl.errors import NoCalls
from toolgrove.evaluators.bfcl.outputs import Form, form_of_model, likely_form
from toolgrove.evaluators.bfcl.package import KnownModel

CALL = [{"add": {"a": 1, "b": "x"}}]
WRITTEN = {
    "gorilla": 'add(a=1, b="x")',
    "granite": '<function_call> {"name": "add", "arguments": {"a": 1, "b": "x"}}',
    "lines": 'add\n{"a": 1, "b": "x"}',
    "minicpm": (
        "<|thought_start|>Adds.<|thought_end|><|tool_call_start|>\n```python\n"
        'add(a=1, b="x")\n```\n<|tool_call_end|>'
    ),
    "think": "<think>It's 'add'.</think>\n[{'name': 'add', 'arguments': {'a': 1, 'b': 'x'}}]",
    "json-llama": "{'name': 'add', 'parameters': {'a': 2 - 1, 'b': 'x'}}",
}
"""Of handlers that read a form of their own."""


@pytest.mark.parametrize("form", WRITTEN)
def test_a_call_is_read_in_its_form(form: str) -> None:
    assert Form(form).calls(WRITTEN[form]) == CALL


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("words", ["I cannot do that.", "", "{", None])
def test_words_are_no_call(form: str, words: str | None) -> None:
    with suppress(NoCalls):
        assert Form(form).calls(words) == []


@pytest.mark.parametrize("form", ["granite", "lines", "minicpm", "json-llama"])
def test_a_form_is_known_by_its_look(form: str) -> None:
    assert likely_form([WRITTEN[form]] * 3, ["add"]).name == form


def test_only_one_handler_has_a_form_that_is_not_read() -> None:
    assert form_of_model(KnownModel("FunctionGemmaHandler", calls=True, dots=True)) is None
    gorilla = form_of_model(KnownModel("GorillaHandler", calls=True, dots=True))
    assert gorilla == Form("gorilla")
    with pytest.raises(NoCalls):
        Form("gorilla").executed(WRITTEN["gorilla"])
