"""The form that a final answer has to have: a JSON Schema, and a Python type where one is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from toolgrove.data import codec
from toolgrove.data.functions import FINISH_FUNCTION, narrowed
from toolgrove.data.records import FINISH, JsonObject
from toolgrove.errors import SpecError, UsageError
from toolgrove.tools.advice import advice
from toolgrove.tools.schema import Checker

__all__ = ["AnswerForm"]

_ANSWER = "final_answer"
_FENCED = re.compile(r"\s*```\w*\s*\n(.*?)\n?\s*```\s*", re.S)
_SHARED = ("$defs", "definitions")
_PROBLEMS = 5


class AnswerForm:
    """Checks final answers, says what does not fit, and reads their values.

    Parameters
    ----------
    schema : JsonObject
        JSON Schema of the answer; of any type.
    kind : type or None
        What a value is made of, by pydantic: a model, a dataclass, a ``TypedDict``.

    Examples
    --------
    >>> form = AnswerForm({"type": "object", "properties": {"km": {"type": "integer"}},
    ...                    "required": ["km"]})
    >>> form.taken({"km": "337"})
    '{"km":337}'
    >>> form.value('{"km":337}')
    {'km': 337}
    >>> form.taken("337 km")
    Traceback (most recent call last):
    ...
    ValueError: The final answer does not fit the form it has to have:
    - final_answer: "337 km" is not of type "object"
    """

    def __init__(self, schema: JsonObject, kind: Any = None) -> None:
        self.schema = schema
        self._kind = kind
        own = {key: part for key, part in schema.items() if key not in _SHARED}
        shared = {key: schema[key] for key in _SHARED if key in schema}
        given = FINISH_FUNCTION["parameters"]["properties"]
        told = str(own.get("description") or given[_ANSWER]["description"])
        finish = {**given, _ANSWER: {**own, "description": told}}
        parameters = {**FINISH_FUNCTION["parameters"], "properties": finish, **shared}
        self.function: JsonObject = {**FINISH_FUNCTION, "parameters": narrowed(parameters)}
        wanted = {"type": "object", "properties": {_ANSWER: own}, "required": [_ANSWER], **shared}
        self._checker = Checker(wanted)
        if why := self._checker.unchecked:
            raise UsageError(f"response_format is no JSON Schema: {next(iter(why.values()))}")

    @classmethod
    def of(cls, wanted: Any) -> AnswerForm:
        """The form that is asked for by a pydantic class, a ``TypedDict`` or a JSON Schema.

        Raises
        ------
        UsageError
            Where it is none of these.
        """
        if isinstance(wanted, Mapping):
            schema = wanted.get("json_schema", wanted)  # as OpenAI has it
            schema = schema.get("schema", schema) if isinstance(schema, Mapping) else schema
            if isinstance(schema, Mapping):
                return cls(schema)
        from toolgrove.tools.python.function import json_schema

        try:
            return cls(json_schema(wanted, "validation"), wanted)
        except SpecError as error:
            raise UsageError(
                f"response_format: {error} Give a pydantic class, a TypedDict (that of "
                "typing_extensions before Python 3.12) or a JSON Schema."
            ) from error

    def taken(self, answer: Any) -> str:
        """An answer as the text that is kept: itself where a text is wanted, else JSON.

        Raises
        ------
        ValueError
            Saying what does not fit.
        """
        value = self._fitted(answer)
        self._made(value)
        return value if isinstance(value, str) else codec.dumps(value).decode()

    def value(self, answer: str) -> Any:
        """What an answer that was taken stands for: an instance of the type, or JSON.

        Raises
        ------
        ValueError
            Where it does not fit.
        """
        return self._made(self._fitted(answer))

    def _fitted(self, answer: Any) -> Any:
        if isinstance(answer, str) and (fenced := _FENCED.fullmatch(answer)):
            answer = fenced[1]
        given = self._checker.coerced({_ANSWER: answer})
        problems = self._checker.problems(given)
        if problems and isinstance(given[_ANSWER], str):
            with suppress(ValueError):  # of a text that is JSON, that is what has to fit
                given = self._checker.coerced({_ANSWER: codec.loads(answer)})
                problems = self._checker.problems(given)
        if problems:
            told = advice(FINISH, self._checker, given, problems).split("\n")
            raise _misfit([line for line in told if line.startswith("- ")])
        return given[_ANSWER]

    def _made(self, value: Any) -> Any:
        if self._kind is None:
            return value
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(self._kind).validate_json(codec.dumps(value))
        except ValidationError as error:
            told = error.errors(include_url=False, include_context=False)[:_PROBLEMS]
            raise _misfit(
                [f"- {'.'.join(map(str, (_ANSWER, *one['loc'])))}: {one['msg']}" for one in told]
            ) from error


def _misfit(lines: list[str]) -> ValueError:
    return ValueError("\n".join(["The final answer does not fit the form it has to have:", *lines]))
