"""Rule ``bfcl/4``: BFCL's syntax check of the calls of one turn, value by value.

A call is ``{function: {parameter: value}}``. Each parameter of the reference has a list of allowed
values, in which ``""`` says that the parameter may be left out. The rule gives the verdicts of
BFCL v4's own checker, also where they surprise; those places are marked as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toolgrove.evaluators.bfcl.conversion import JAVA, JAVASCRIPT, java, javascript

__all__ = ["check_calls"]

Call = Mapping[str, Mapping[str, Any]]

_PYTHON: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
_FOREIGN: Mapping[str, tuple[Mapping[str, type], Callable[..., Any]]] = {
    "java": (JAVA, java),
    "javascript": (JAVASCRIPT, javascript),
}
_IGNORED = str.maketrans({**dict.fromkeys(" ,./-_*^", ""), "'": '"'})


def check_calls(
    calls: Sequence[Call],
    functions: Sequence[Mapping[str, Any]],
    answers: Sequence[Call],
    *,
    category: str,
    dots: bool = True,
) -> str:
    """Why these calls are wrong; empty where they are right.

    Parameters
    ----------
    calls : sequence of mappings
        What the model called, each ``{function: arguments}``.
    functions : sequence of mappings
        The descriptions that the model was offered, in BFCL's form.
    answers : sequence of mappings
        The right calls, each ``{function: {parameter: allowed values}}``.
    category : str
        BFCL's name of the category; it says the language and how many calls there are.
    dots : bool
        Whether the model was offered names as they are, ``math.sqrt``, and not ``math_sqrt``.
    """
    language = next((x for x in ("javascript", "java") if x in category), "python")
    expected = 1 if not re.search("parallel|multiple", category) else len(answers)
    if len(calls) != expected:
        return f"{len(calls)} calls where {expected} were due"
    if "parallel" not in category:
        # one function is offered in the simple categories, and its name is not looked up
        single = "multiple" not in category
        function = functions[0] if single else _described(functions, answers[0])
        return _check_call(calls[0], function, answers[0], language, dots)
    left = list(calls)
    for answer in answers:  # in any order: each right call takes the first call that it fits
        function = _described(functions, answer)
        reasons = []
        for place, call in enumerate(left):
            reason = _check_call(call, function, answer, language, dots)
            if not reason:
                del left[place]
                break
            reasons.append(reason)
        else:
            return f"no call is the right one of {next(iter(answer))}: " + "; ".join(reasons)
    return ""


def _described(functions: Sequence[Mapping[str, Any]], answer: Call) -> Mapping[str, Any]:
    by_name: dict[str, Mapping[str, Any]] = {f["name"]: f for f in reversed(functions)}
    return by_name[next(iter(answer))]


def _check_call(
    call: Call, function: Mapping[str, Any], answer: Call, language: str, dots: bool
) -> str:
    allowed = next(iter(answer.values()))
    name = function["name"] if dots else function["name"].replace(".", "_")
    if name not in call:
        return f"{name} is not called"
    given, declared = call[name], function["parameters"]["properties"]
    for parameter in function["parameters"]["required"]:
        if parameter not in given:
            return f"{parameter} is missing"
    for parameter, value in given.items():
        if parameter not in declared or parameter not in allowed:
            return f"{parameter} is not expected"
        reason = _check_value(value, declared[parameter], allowed[parameter], language)
        if reason:
            return f"{parameter}: {reason}"
    for parameter, values in allowed.items():
        if parameter not in given and "" not in values:
            return f"{parameter} is left out"
    return ""


def _check_value(value: Any, spec: Mapping[str, Any], allowed: list[Any], language: str) -> str:
    kind = spec["type"]
    if language == "python":
        types = _PYTHON
        if kind == "tuple" and type(value) is tuple:
            value = list(value)
        if kind == "float" and type(value) is int:
            value = float(value)
        nested = spec["items"]["type"] if kind in ("array", "tuple") else None
    else:
        types, convert = _FOREIGN[language]
        if type(value) is not str:
            return f"{value!r} where {language} code was due, as text"
        nested = spec["items"]["type"] if kind in ("array", "Array", "ArrayList") else None
        value = convert(value, kind, nested)
    outer, inner = types[kind], types[nested] if nested is not None else None
    stands_for = _checked_type(value, allowed, outer, inner)
    if stands_for is None:
        return f"{value!r} is no {kind}"
    if stands_for:  # the name of a variable, or a value of the references' own type
        right = value in allowed
    elif outer is dict:
        right = _right_dict(value, allowed)
    elif outer is list and inner is dict:
        right = any(_right_dicts(value, answer) for answer in allowed)
    elif outer is str:
        right = _plain(value) in [_plain(x) for x in allowed if type(x) is str]
    elif outer is list:
        right = [_plain(x) for x in value] in [[_plain(x) for x in each] for each in allowed]
    else:
        right = value in allowed
    return "" if right else f"{value!r} is none of {allowed!r}"


def _checked_type(
    value: Any, allowed: Sequence[Any], outer: type, inner: type | None
) -> bool | None:
    """Whether the value stands for another, as a variable does; None where its type is wrong."""
    reference: type | None = next((type(x) for x in allowed if x != ""), None)
    given: type = type(value)
    if given is outer:
        stands_for = reference is not None and reference is not outer
        if inner is None or any(_fits(value, each, inner) for each in allowed):
            return stands_for
        return None
    return True if reference is not None and given is reference else None


def _fits(value: Sequence[Any], answer: Any, inner: type) -> bool:
    if type(answer) is not list:
        return True  # a surprise: where the list may be left out, its elements may be of any type
    return all(_checked_type(x, answer, inner, None) is not None for x in value)


def _right_dict(value: Mapping[str, Any], allowed: Sequence[Any]) -> bool:
    return any(_fits_dict(value, answer) for answer in allowed if answer != "")


def _fits_dict(value: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    return all(
        key in answer and _plain(x) in [_plain(y) for y in answer[key]] for key, x in value.items()
    ) and all(key in value or "" in values for key, values in answer.items())


def _right_dicts(value: Sequence[Any], answer: Sequence[Any]) -> bool:
    return len(value) == len(answer) and all(
        _right_dict(x, [y]) for x, y in zip(value, answer, strict=True)
    )


def _plain(value: Any) -> Any:
    """A text without spaces, ``,./-_*^`` and case; anything else as it is."""
    return value.lower().translate(_IGNORED) if type(value) is str else value
