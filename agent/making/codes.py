"""Drafts from code that the model wrote for ``run_python`` on the way to a right answer."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from toolgrove.agent.flows import quotes, within
from toolgrove.agent.making.drafts import Draft, DraftTrial, free_name, kind_of, parsed, schema_of
from toolgrove.data import codec
from toolgrove.data.functions import shown_parameters
from toolgrove.data.records import (
    MADE,
    RUN_PYTHON,
    Effect,
    JsonObject,
    Node,
    Observation,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import SearchTree

__all__ = ["code_drafts"]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z_/-]{0,23}")
_WORD = re.compile(r"[a-z]{1,15}")
"""A name that a parameter may take from code: in more than one word it could say something."""
_LONGEST = 4000
"""Characters of code; longer one is about its own task."""


def code_drafts(tree: SearchTree, answered: Node, run: str) -> list[tuple[Draft, DraftTrial]]:
    """The code on the path to a right answer, each piece as a function where it can be one.

    It made at least two calls, only reads that were all answered; it uses what every call gives;
    and of texts it holds only plain words and what the request says, which becomes parameters.
    """
    found = []
    for node in tree.path(answered.id):
        for call, seen in zip(node.calls, node.observations, strict=True):
            if call.name == RUN_PYTHON and seen.status is Status.OK:
                one = _draft(tree, call, seen, answered.answer or "", run)
                found += [] if one is None else [one]
    return found


def _draft(
    tree: SearchTree, call: ToolCall, seen: Observation, answer: str, run: str
) -> tuple[Draft, DraftTrial] | None:
    code, request = str(call.arguments.get("code", "")), tree.task.query
    specs = {spec.id: spec for spec in tree.tools}
    made = [specs.get(one.call.name) for one in seen.inner]
    module = parsed(code) if len(code) <= _LONGEST else None
    if module is None or len(made) < 2 or seen.truncated:
        return None
    if not all(one.observation.status is Status.OK for one in seen.inner) or not all(
        spec is not None and spec.effect is Effect.READ and spec.source != MADE for spec in made
    ):
        return None
    tools = {alias: specs[tool] for alias, tool in tree.aliases.items() if tool in specs}
    tools = {name: tools[name] for name in _called(module) if name in tools}
    general = _General(request, tools)
    body = general.body(module)
    if body is None or not general.values or _wasted(module, tools):
        return None
    last = [name for name in _called(module) if name in tools][-1]
    taken = {*tools, *_named(module)}
    name = free_name(f"{last}_by_{'_and_'.join(list(general.values)[:2])}", taken)
    lines = ast.unparse(body).replace("\n", "\n    ")
    source = f"def {name}({', '.join(general.values)}):\n    {lines}"
    calls = tuple(sorted((alias, spec.id) for alias, spec in tools.items()))
    draft = Draft(name, source, tuple(general.schemas.items()), calls, written=True)
    wanted = tuple(sorted(quotes(answer, seen.content, request)))
    gave = codec.digest(seen.content.strip())
    return draft, DraftTrial(run, tree.task.id, request[:500], dict(general.values), wanted, gave)


class _General(ast.NodeTransformer):
    """Puts parameters where code has what the request says."""

    def __init__(self, request: str, tools: Mapping[str, ToolSpec]) -> None:
        self._request, self._tools = request, tools
        self._taken: set[str] = set(tools)
        self._again: set[str] = set()
        self.values: dict[str, Any] = {}
        self.schemas: dict[str, JsonObject] = {}

    def body(self, module: ast.Module) -> ast.Module | None:
        """The lines of the function; None where it would hold a text from nowhere."""
        self._taken |= _named(module)
        self._again = {name for name, times in _stored(module).items() if times > 1}
        body = [self.visit(line) for line in deepcopy(module).body]
        body = [line for line in body if line is not None]
        if not body or not all(map(_general, body)):
            return None
        end = body[-1]
        if isinstance(end, ast.Expr):
            body[-1] = ast.Return(_printed(end.value) or end.value)
        return ast.Module(body, [])

    def visit_Call(self, node: ast.Call) -> Any:
        spec = self._tools.get(node.func.id) if isinstance(node.func, ast.Name) else None
        shown = shown_parameters(spec)[1] if spec is not None else {}
        own = {said: name for name, said in shown.items()}
        names = list(shown_parameters(spec)[0].get("properties", ())) if spec is not None else []
        given = [(names[i] if i < len(names) else "", one) for i, one in enumerate(node.args)]
        node.args = [self._value(one, name, spec, own) for name, one in given]
        for keyword in node.keywords:
            name = keyword.arg or "" if spec is not None else ""
            keyword.value = self._value(keyword.value, name, spec, own)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        [target, *rest] = node.targets
        name = target.id if isinstance(target, ast.Name) and not rest else ""
        name = name if _WORD.fullmatch(name) else ""
        value = _literal(node.value)
        if name and name not in self._again and self._said(value):
            self.values[name], self.schemas[name] = value, kind_of(value)
            return None  # the parameter has its name
        node.value = self._value(node.value, name, None, {})
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        node.value = self.visit(node.value)
        return node  # a field's name is none of the request's

    def visit_Dict(self, node: ast.Dict) -> Any:
        node.values = [self.visit(one) for one in node.values]
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        return node

    def visit_Constant(self, node: ast.Constant) -> Any:
        return self._value(node, "", None, {})

    def visit_List(self, node: ast.List) -> Any:
        return self._value(node, "", None, {})

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None  # a docstring
        return self.generic_visit(node)

    def _value(
        self, node: ast.expr, name: str, spec: ToolSpec | None, own: Mapping[str, str]
    ) -> ast.expr:
        """A parameter in a value's place, where the request says it."""
        value = _literal(node)
        if not self._said(value):
            if isinstance(node, ast.List):
                self.generic_visit(node)
                return node
            found: ast.expr = node if isinstance(node, ast.Constant) else self.visit(node)
            return found
        free = free_name(name or ("values" if isinstance(value, list) else "value"), ())
        for known, before in self.values.items():
            if known.startswith(free) and before == value:
                return ast.Name(known, ast.Load())
        parameter = free_name(free, {*self._taken, *self.values})
        self.values[parameter] = value
        schema = schema_of(spec, own.get(name, name)) if spec is not None else {}
        self.schemas[parameter] = schema or kind_of(value)
        return ast.Name(parameter, ast.Load())

    def _said(self, value: Any) -> bool:
        """Whether the request says a value, or each of several."""
        parts = value if isinstance(value, list) else [value]
        return value is not None and all(within(part, self._request) for part in parts)


def _literal(node: ast.expr) -> Any:
    """A text, a number or a list of such; None for anything else."""
    if isinstance(node, ast.Constant) and type(node.value) in (str, int, float):
        return node.value
    if isinstance(node, ast.List):
        parts = [_literal(one) for one in node.elts]
        return parts if parts and all(type(p) in (str, int, float) for p in parts) else None
    return None


def _general(line: ast.AST) -> bool:
    """Whether all texts in it are plain words: a field's name, a unit, what stands between."""
    for node in ast.walk(line):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = str(node.value).strip(" \n.,:;-()[]%")
            if text and not _PLAIN.fullmatch(text):
                return False
    return True


def _printed(node: ast.expr) -> ast.expr | None:
    """What a line prints, where it does no more."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        return node.args[0] if len(node.args) == 1 and not node.keywords else None
    return None


def _called(module: ast.AST) -> list[str]:
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    calls.sort(key=lambda node: (node.lineno, node.col_offset))
    return [node.func.id for node in calls if isinstance(node.func, ast.Name)]


def _named(module: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}


def _stored(module: ast.AST) -> Counter[str]:
    names = (node for node in ast.walk(module) if isinstance(node, ast.Name))
    return Counter(node.id for node in names if isinstance(node.ctx, ast.Store))


def _wasted(module: ast.Module, tools: Mapping[str, ToolSpec]) -> bool:
    """Whether it makes a call and uses nothing of it, as a text in a result may have asked for."""
    lines = [node for node in ast.walk(module) if isinstance(node, ast.Expr)]
    dropped: Sequence[ast.Expr] = [line for line in lines if line is not module.body[-1]]
    for line in dropped:
        if isinstance(line.value, ast.Call) and set(_called(line.value)[:1]) & set(tools):
            return True
    names = [node for node in ast.walk(module) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return bool(set(_stored(module)) - read - {"_"})
