"""BFCL's single-turn items as tasks with their functions as tools, and how their runs are judged.

A task's tools have no address: what is judged is the first turn of calls that the model makes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from toolgrove.data.records import CONTROLS, JsonObject, Score, Task, ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.base import breakdown, infrastructure, judged
from toolgrove.evaluators.bfcl.outputs import Form
from toolgrove.evaluators.bfcl.package import BfclItem, items
from toolgrove.evaluators.bfcl.scoring import RULE, judge

__all__ = ["BfclEvaluator", "load_tasks"]

_KEY = "bfcl"
_FORM = Form("list-plain")  # calls with names as they are
_LANGUAGES = {"simple_java": "Java", "simple_javascript": "JavaScript"}
_TYPES: Mapping[str, str] = {
    "any": "string",
    "dict": "object",
    "float": "number",
    "tuple": "array",
}


def load_tasks(category: str) -> tuple[list[Task], list[ToolSpec]]:
    """The items of a category as tasks, and the functions that they offer as tools.

    Raises
    ------
    UsageError
        Where the package is not installed, or the category has turns that depend on results.
    """
    if category.startswith("multi_turn"):
        raise UsageError(f"{category} has several turns: its recorded outputs can be scored only.")
    tasks, specs = [], []
    for item in items(category).values():
        offered = [_spec(function, item) for function in item.functions]
        query = "\n\n".join(str(m["content"]) for turn in item.question for m in turn)
        meta = {_KEY: category}
        tasks.append(Task(item.id, query, tuple(spec.id for spec in offered), meta=meta))
        specs += offered
    return tasks, specs


def _spec(function: Mapping[str, Any], item: BfclItem) -> ToolSpec:
    parameters = function["parameters"]
    translate = _as_code if item.category in _LANGUAGES else _schema
    properties = {
        name: translate(spec, item.category) for name, spec in parameters["properties"].items()
    }
    return ToolSpec(
        id=f"{item.category}/{item.id}/{function['name']}",
        category=item.category,
        tool=item.id,
        name=function["name"],
        description=function.get("description", ""),
        parameters={
            "type": "object",
            "properties": properties,
            "required": list(parameters.get("required", [])),
        },
        source=_KEY,
    )


def _schema(spec: Mapping[str, Any], category: str) -> JsonObject:
    """A parameter in JSON Schema; BFCL writes types in words of its own."""
    found = {k: spec[k] for k in ("description", "enum", "default") if k in spec}
    found["type"] = _TYPES.get(spec["type"], spec["type"])
    if "items" in spec:
        found["items"] = _schema(spec["items"], category)
    if isinstance(spec.get("properties"), Mapping):
        found["properties"] = {k: _schema(v, category) for k, v in spec["properties"].items()}
        found["required"] = list(spec.get("required", []))
    return found


def _as_code(spec: Mapping[str, Any], category: str) -> JsonObject:
    """A parameter whose value is written as code of another language, as text."""
    language = _LANGUAGES[category]
    kind = "value of any type" if spec["type"] == "any" else spec["type"]
    inner = f" of {spec['items']['type']}" if "items" in spec else ""
    inner += f" with {json.dumps(spec['properties'])}" if "properties" in spec else ""
    said = f"{spec.get('description', '')} ({language} {kind}{inner}, as source text.)"
    return {"type": "string", "description": said.strip()}


@dataclass(frozen=True, slots=True)
class BfclEvaluator:
    """Whether the first turn of calls is right for the item of BFCL that the task is.

    Where the model answers without a call, there are none. What is no item of BFCL gets no
    opinion.
    """

    name: ClassVar[str] = RULE

    async def score(self, tree: SearchTree) -> Score:
        category = tree.task.meta.get(_KEY)
        if category is None:
            return judged(tree, self.name, None, "the task is no item of BFCL")
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken)
        item = items(str(category)).get(tree.task.id)
        if item is None:
            return judged(tree, self.name, None, "BFCL has no item of this id")
        names = {spec.id: spec.name for spec in tree.tools}
        calls = [{names.get(c.name, c.name): dict(c.arguments)} for c in _first_calls(tree)]
        reason = judge(calls, item, _FORM)
        return judged(tree, self.name, float(not reason), reason or "the calls are right")


def _first_calls(tree: SearchTree) -> list[Any]:
    turns = ([c for c in node.calls if c.name not in CONTROLS] for node in tree)
    return next((calls for calls in turns if calls), [])
