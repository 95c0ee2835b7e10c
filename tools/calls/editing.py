"""Calls whose arguments somebody changed before they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from toolgrove.data.codec import DEEPEST, deeper
from toolgrove.data.records import JsonObject, Observation, ToolCall, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.tools.advice import advice
from toolgrove.tools.schema import Checker

__all__ = ["edited", "sent"]


def edited(spec: ToolSpec, call: ToolCall, arguments: JsonObject) -> ToolCall:
    """A call with other arguments, if they fit its tool; harmless slips are mended as a model's.

    Raises
    ------
    UsageError
        Saying what does not fit.

    Examples
    --------
    >>> parameters = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    >>> spec = ToolSpec("W/notes/add", "W", "notes", "add", parameters=parameters)
    >>> edited(spec, ToolCall("c", spec.id, {"n": 1}), {"n": "2"}).arguments
    {'n': 2}
    """
    try:
        if not isinstance(arguments, Mapping):
            raise ValueError("give a JSON object with all of them")
        if deeper(arguments):
            raise ValueError(f"they are nested more than {DEEPEST} deep; write them flatter")
        checker = Checker(spec.parameters)
        arguments = checker.coerced(dict(arguments))
        problems = checker.problems(arguments)
    except ValueError as error:
        why = f"the edited arguments of call {call.id} are not JSON: {str(error)[:200]}"
        raise UsageError(why) from error
    if problems or checker.unknown(arguments):
        told = advice(spec.id, checker, arguments, problems)
        raise UsageError(f"call {call.id} cannot be made as it was edited. {told}")
    return replace(call, arguments=arguments)


def sent(observation: Observation, call: ToolCall, made: ToolCall) -> Observation:
    """What a call gave, with the arguments that were sent where they are not the model's."""
    if made.arguments == call.arguments:
        return observation
    return replace(observation, sent=made.arguments)
