"""Outputs made from the answers of BFCL's items: right ones, and ones that are wrong in one way."""

from __future__ import annotations

import ast
import copy
import inspect
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toolgrove.evaluators.bfcl.execution import Apis
from toolgrove.evaluators.bfcl.package import BfclItem

__all__ = ["outputs_for"]

Call = dict[str, dict[str, Any]]
Change = Callable[[list[Call], random.Random], Any]

_ODD: tuple[Any, ...] = (
    *(None, 5, "x", {}, [], [[]], [5], [{}], [["x"]]),
    *([{"f": None}], [{"f": "{"}], [{"f": "[]"}], [{"f": "{}", "g": "{}"}]),
)
_WORDS = "I am sorry, but none of these functions fits."


def outputs_for(item: BfclItem, *, seed: int = 0) -> Iterator[tuple[str, Any]]:
    """Outputs for an item, each with the name of its form: ``prompt`` or ``list``.

    The first of each form is right wherever the answers can be written in it.
    """
    rng = random.Random(f"{seed} {item.id}")
    for words in ("", _WORDS, "[]", "[f(", f"{_WORDS}\n[f(a=1)]", f"`{_WORDS}`"):
        yield "prompt", _in_turns(words, item)
    for calls in _variants(item, rng):
        if item.category.startswith("multi_turn"):
            yield "list", [[_listed(turn), _WORDS] for turn in calls]
            yield "prompt", [[_text(turn, item), _WORDS] for turn in calls]
        else:
            yield "list", _listed(calls)
            yield "prompt", _text(calls, item)
    yield from (("list", odd) for odd in _ODD)


def _in_turns(text: str, item: BfclItem) -> Any:
    return [[text] for _ in item.answers] if item.category.startswith("multi_turn") else text


def _variants(item: BfclItem, rng: random.Random) -> Iterator[Any]:
    if item.category.startswith("multi_turn"):
        yield from _turns(item, rng)
        return
    if not item.answers:  # where no call is due, or any: one to each function that is offered
        yield from ([{f["name"]: {}}] for f in item.functions)
        return
    for optional in (True, False):
        calls = [_right(answer, item, optional) for answer in item.answers]
        yield calls
        yield from (change(copy.deepcopy(calls), rng) for change in _CHANGES)
        for name in sorted({p for call in calls for args in call.values() for p in args}):
            yield from (_with(calls, name, change, rng) for change in _VALUES)
    # every value that the reference allows, one parameter at a time
    for number, answer in enumerate(item.answers):
        for name, values in next(iter(answer.values())).items():
            for value in values[1:]:
                changed = [_right(each, item, True) for each in item.answers]
                next(iter(changed[number].values()))[name] = _code(value, name, item)
                yield changed


def _right(answer: Mapping[str, Mapping[str, Any]], item: BfclItem, optional: bool) -> Call:
    name, allowed = next(iter(answer.items()))
    given = {}
    for parameter, values in allowed.items():
        stated = [value for value in values if value != ""]
        if stated and (optional or "" not in values):
            given[parameter] = _code(_unwrapped(stated[0]), parameter, item)
    return {name: given}


def _unwrapped(value: Any) -> Any:
    """One value where an object of the reference lists those that are allowed for its keys."""
    if isinstance(value, dict):
        return {k: _unwrapped(v[0]) if isinstance(v, list) and v else v for k, v in value.items()}
    return [_unwrapped(x) for x in value] if isinstance(value, list) else value


def _code(value: Any, parameter: str, item: BfclItem) -> Any:
    """A value as the code that a parameter of a Java or JavaScript function is given as."""
    if not item.category.startswith(("simple_java", "simple_javascript")):
        return value
    specs: Mapping[str, Any] = item.functions[0]["parameters"]["properties"].get(parameter, {})
    if isinstance(value, str):
        return value
    if "javascript" in item.category or not isinstance(value, list | dict):
        suffix = {"long": "L", "float": "f", "Bigint": "n"}.get(specs.get("type", ""), "")
        return json.dumps(value) + ("" if "javascript" in item.category else suffix)
    if isinstance(value, dict):
        pairs = "".join(f'put("{k}", {json.dumps(v)}); ' for k, v in value.items())
        return f"new HashMap<String, Object>() {{{{ {pairs}}}}}"
    inner = ", ".join(json.dumps(x) for x in value)
    if specs.get("type") == "ArrayList":
        return f"new ArrayList<>(Arrays.asList({inner}))"
    return f"new String[]{{{inner}}}"


def _with(calls: list[Call], name: str, change: Callable[..., Any], rng: random.Random) -> Any:
    changed = copy.deepcopy(calls)
    for call in changed:
        for arguments in call.values():
            if name in arguments:
                arguments[name] = change(arguments[name], rng)
    return changed


def _string_like(value: Any, rng: random.Random) -> Any:
    if isinstance(value, str):
        return rng.choice([value.upper(), value.replace(" ", ", "), f"{value}.", f"'{value}'"])
    return [_string_like(x, rng) for x in value] if isinstance(value, list) else value


def _other_text(value: Any, rng: random.Random) -> Any:
    if isinstance(value, str):
        return rng.choice(
            [f"{value} x", value[:-1], "", f" {value} ", f'say "{value}"', "é" + value]
        )
    return [_other_text(x, rng) for x in value] if isinstance(value, list) else str(value)


def _other_number(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return rng.choice([float(value), -value, value + 1, value + 0.5])
    if isinstance(value, float):
        return rng.choice([int(value), -value, value / 10, value + 1e-9])
    if isinstance(value, list | dict) and value:
        return _other_members(value, rng)
    return rng.choice([5, 5.5, True, None])


def _other_members(value: Any, rng: random.Random) -> Any:
    if isinstance(value, list):
        choices = [
            value[::-1],
            value[1:],
            [*value, value[-1]],
            [_other_number(x, rng) for x in value],
        ]
        return rng.choice(choices)
    first = next(iter(value))
    rest = {k: v for k, v in value.items() if k != first}
    return rng.choice([rest, {**value, "extra": 1}, {**value, first: [value[first]]}])


_VALUES: tuple[Callable[[Any, random.Random], Any], ...] = (
    _string_like,
    _other_text,
    _other_number,
    lambda value, rng: [value],
    lambda value, rng: tuple(value) if isinstance(value, list) else {"value": value},
    lambda value, rng: [],
    lambda value, rng: None,
)


def _without_argument(calls: list[Call], rng: random.Random) -> Any:
    arguments = next(iter(rng.choice(calls).values()))
    if arguments:
        del arguments[rng.choice(list(arguments))]
    return calls


def _renamed(calls: list[Call], rng: random.Random) -> Any:
    return [
        {rng.choice([name + "_x", name.replace(".", "_"), name.upper()]): a}
        for call in calls
        for name, a in call.items()
    ]


_CHANGES: tuple[Change, ...] = (
    _without_argument,
    _renamed,
    lambda calls, rng: [{n: {**a, "extra": 1} for n, a in call.items()} for call in calls],
    lambda calls, rng: [{n: {} for n in call} for call in calls],
    lambda calls, rng: calls[::-1],
    lambda calls, rng: calls[1:],
    lambda calls, rng: [*calls, calls[0]],
    lambda calls, rng: [{n.replace(".", "_"): a for n, a in call.items()} for call in calls],
)


def _listed(calls: list[Call]) -> list[dict[str, str]]:
    return [{name: json.dumps(arguments)} for call in calls for name, arguments in call.items()]


def _text(calls: list[Call], item: BfclItem) -> str:
    foreign = item.category.startswith(("simple_java", "simple_javascript"))
    show = _quoted if foreign else repr
    said = (
        f"{name}({', '.join(f'{k}={show(v)}' for k, v in arguments.items())})"
        for call in calls
        for name, arguments in call.items()
    )
    return f"[{', '.join(said)}]"


def _quoted(value: Any) -> str:
    if isinstance(value, str) and not value.startswith(("new ", "[", "{")):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else json.dumps(value)


def _turns(item: BfclItem, rng: random.Random) -> Iterator[list[list[Call]]]:
    apis = Apis(item, "signatures").instances.values()
    right = [[_named(text, apis) for text in turn] for turn in item.answers]
    yield right
    places = [(i, j) for i, turn in enumerate(right) for j in range(len(turn))]
    for _ in range(3):
        i, j = rng.choice(places)
        for change in (_without_call, _twice, _other_argument, _nested):
            changed = copy.deepcopy(right)
            change(changed[i], j, rng)
            yield changed
    yield [[] if i == rng.randrange(len(right)) else turn for i, turn in enumerate(right)]
    yield right[:-1]
    yield [right[0] + right[-1], *right[1:]]
    yield [turn or right[0] for turn in right]
    yield [[{"no_such_function": {"a": 1}}, *turn] for turn in right]


def _named(text: str, apis: Any) -> Call:
    """A reference call with a name for each argument."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    method = next(m for api in apis if (m := getattr(api, call.func.id, None)) is not None)
    bound = inspect.signature(method).bind_partial(
        *(ast.literal_eval(x) for x in call.args),
        **{str(k.arg): ast.literal_eval(k.value) for k in call.keywords},
    )
    return {call.func.id: dict(bound.arguments)}


def _without_call(turn: list[Call], at: int, rng: random.Random) -> None:
    del turn[at]


def _twice(turn: list[Call], at: int, rng: random.Random) -> None:
    turn.insert(at, turn[at])


def _other_argument(turn: list[Call], at: int, rng: random.Random) -> None:
    for arguments in turn[at].values():
        for name, value in arguments.items():
            arguments[name] = rng.choice([_other_text, _other_number, _string_like])(value, rng)


def _nested(turn: list[Call], at: int, rng: random.Random) -> None:
    name = next(iter(turn[at]))
    for arguments in turn[at].values():
        for parameter, value in arguments.items():
            if isinstance(value, str):
                arguments[parameter] = f"{value} as of {name} (x)"
