"""What a plan's notations have in common: names for bare arguments, and what the offer adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from toolgrove.data.functions import shown_parameters
from toolgrove.data.records import ToolSpec
from toolgrove.planners.dag.plan import PlanTask, Problem
from toolgrove.planners.dag.values import PlanArguments

__all__ = ["SpecOf", "build", "named", "parameters"]

SpecOf: TypeAlias = Callable[[str], ToolSpec | None]
"""The spec behind a tool's name as the model was shown it."""


def parameters(spec: ToolSpec) -> list[str]:
    """A tool's parameters in the order of bare arguments: the required ones first.

    Examples
    --------
    >>> parameters(ToolSpec("t", "c", "t", "n", parameters={
    ...     "properties": {"unit": {}, "a": {}, "b": {}}, "required": ["a", "b"]}))
    ['a', 'b', 'unit']
    """
    schema, _ = shown_parameters(spec)
    properties = schema.get("properties")
    names = list(properties) if isinstance(properties, Mapping) else []
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    return sorted(names, key=lambda name: name not in needed)


_PREFIX = "functions."


def named(tool: str, spec_of: SpecOf) -> ToolSpec | None:
    """The spec of a tool that a plan names, also as OpenAI's models do: ``functions.now``."""
    return spec_of(tool) or spec_of(tool.removeprefix(_PREFIX))


def build(
    spec_of: SpecOf,
    number: int,
    tool: str,
    arguments: PlanArguments,
    after: tuple[int, ...],
    line: int,
    text: str,
) -> PlanTask | Problem:
    """The task that a readable call stands for, or why it stands for none."""
    spec = named(tool, spec_of)
    tool = tool if spec is None or spec_of(tool) is not None else tool.removeprefix(_PREFIX)
    given = dict(arguments.named)
    bare = arguments.positional
    if bare:
        if spec is None:
            wrong = f"there is no tool {tool}, so its bare values have no names; write name=value"
            return Problem(line, text, wrong, number, tool)
        order = parameters(spec)
        if _is_object_of(bare, order) and not given:
            bare, given = [], dict(bare[0])
        if len(bare) > len(order):
            takes = f"takes {', '.join(order)}" if order else "takes no arguments"
            wrong = f"{tool} is given {len(bare)} values and {takes}"
            return Problem(line, text, wrong, number, tool)
        for name, value in zip(order, bare, strict=False):
            if name in given:
                wrong = f"{name} is given twice, with and without its name; give it once"
                return Problem(line, text, wrong, number, tool)
            given[name] = value
    task = PlanTask(number, tool, given, after, line=line, text=text)
    if spec is None:
        return task
    return replace(task, effect=spec.effect, resource=f"{spec.category}/{spec.tool}")


def _is_object_of(bare: list[object], order: list[str]) -> bool:
    """Whether the only bare value is an object of the tool's own parameters."""
    return (
        len(bare) == 1 and isinstance(bare[0], dict) and bool(bare[0]) and set(bare[0]) <= {*order}
    )
