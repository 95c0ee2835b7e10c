"""The planners by name, and the text that names one with its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from toolgrove.errors import UsageError
from toolgrove.planners.chains import CoT, ReAct
from toolgrove.planners.dfsdt import DFSDT
from toolgrove.planners.frontier import Frontier

__all__ = ["PLANNERS", "parse_planner", "planner_text"]

PLANNERS: dict[str, Callable[..., Frontier]] = {f.name: f for f in (CoT, DFSDT, ReAct)}
"""Frontier classes by the name that ``--planner`` takes."""


def parse_planner(text: str) -> Frontier:
    """Build a frontier from ``name`` or ``name:option=value,…``.

    Raises
    ------
    UsageError
        For an unknown name or option, or a value of the wrong kind.

    Examples
    --------
    >>> parse_planner("dfsdt:width=3,depth=8")
    DFSDT(width=3, depth=8, back=2, prune_repeats=True, prune_errors=False)
    """
    name, _, rest = text.partition(":")
    if name not in PLANNERS:
        raise UsageError(f"no planner called {name!r}. Known: {', '.join(sorted(PLANNERS))}.")
    make: Any = PLANNERS[name]
    kinds = get_type_hints(make)
    known = {f.name: kinds[f.name] for f in fields(make) if f.init}
    options: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in known or not equals:
            raise UsageError(
                f"{name} has no option {part!r}. Known: "
                + ", ".join(f"{k}={getattr(make, k, '…')}" for k in known)
                + "."
            )
        options[key] = _value(text, key, value, known[key])
    frontier: Frontier = make(**options)
    return frontier


def planner_text(frontier: Frontier) -> str:
    """The text that :func:`parse_planner` builds this frontier from, every option spelled out.

    Examples
    --------
    >>> planner_text(parse_planner("dfsdt:width=3"))
    'dfsdt:width=3,depth=12,back=2,prune_repeats=true,prune_errors=false'
    """
    options: Any = frontier
    said = [f"{f.name}={getattr(frontier, f.name)}".lower() for f in fields(options) if f.init]
    return f"{frontier.name}:{','.join(said)}" if said else frontier.name


def _value(text: str, key: str, value: str, kind: Any) -> Any:
    """An option's value by its type: bool, int from 1, float from 0, or a ``Literal`` of words."""
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        wanted = " or ".join(get_args(kind))
    elif kind is bool:
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        wanted = "true or false"
    elif kind is float:
        if value.replace(".", "", 1).isdecimal():
            return float(value)
        wanted = "a number from 0"
    else:
        if value.isdecimal() and int(value) > 0:
            return int(value)
        wanted = "a whole number from 1"
    raise UsageError(f"{text!r}: {key} wants {wanted}, not {value!r}.")
