"""Calls that a model wrote as Python text, read without running any of it."""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from toolgrove.evaluators.bfcl.errors import NoCalls

__all__ = ["literal", "parse_expression", "python_calls", "python_statements"]

Calls = list[dict[str, Any]]

_LONGEST = 100_000  # of what a computed value may take, in digits or elements
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


def parse_expression(text: str) -> ast.expr:
    """The syntax tree of one Python expression; :class:`NoCalls` where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # models write "\\d" and `5in`
            return ast.parse(text, "<string>", mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NoCalls(str(error)) from error


def python_calls(text: str) -> Calls:
    """The calls in ``[f(a=1), g(b=2)]``, each ``{function: arguments}``.

    As in BFCL, arguments without a name are dropped, and a name that stands for a value is a text.

    Examples
    --------
    >>> python_calls("[math.gcd(a=12, b=-18), say(words=['a', b])]")
    [{'math.gcd': {'a': 12, 'b': -18}}, {'say': {'words': ['a', 'b']}}]
    """
    parsed = parse_expression(text.strip().strip("'"))
    if isinstance(parsed, ast.Call):
        return [_call(parsed)]
    if not isinstance(parsed, ast.List | ast.Tuple | ast.Set):
        raise NoCalls("no list of calls")
    return [_call(element) for element in parsed.elts]


def python_statements(text: str) -> Calls:
    """The calls in a piece of Python, each a statement of its own.

    Examples
    --------
    >>> python_statements("gcd(a=12); x = say(b='c')")
    [{'gcd': {'a': 12}}, {'say': {'b': 'c'}}]
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NoCalls(str(error)) from error
    return [_call(getattr(statement, "value", None)) for statement in body]


def literal(text: str) -> Any:
    """The value of a literal, in which numbers may be computed.

    Examples
    --------
    >>> literal("{'a': [1, 2 * 3]}")
    {'a': [1, 6]}
    """
    return _literal(parse_expression(text.strip()))


def _literal(node: ast.expr | None) -> Any:
    match node:
        case ast.List(elts=elements):
            return [_literal(x) for x in elements]
        case ast.Tuple(elts=elements):
            return tuple(_literal(x) for x in elements)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return _pairs([_literal(k) for k in keys], [_literal(v) for v in values])
        case ast.expr():
            return _computed(node)
        case _:
            raise NoCalls("no literal")


def _call(node: ast.expr | None) -> dict[str, Any]:
    if not isinstance(node, ast.Call):
        raise NoCalls(f"{ast.unparse(node) if node else 'a statement'} is no call")
    return {_name(node.func): {k.arg: _value(k.value) for k in node.keywords}}


def _name(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _value(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else value
        case ast.UnaryOp(operand=ast.Constant(value=bool() | int() | float() | complex() as value)):
            return -value  # a surprise: BFCL takes any sign for a minus
        case ast.List(elts=elements):
            return [_value(x) for x in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(x) for x in elements)
        case ast.Dict(keys=keys, values=values):
            return _pairs([_value(k) for k in keys], [_value(v) for v in values])
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=[]):
            return ast.unparse(node)
        case ast.Call():
            return _call(node)
        case ast.Subscript(value=value, slice=index):
            return f"{ast.unparse(value)}[{ast.unparse(index)}]"
        case ast.BinOp():
            return _computed(node)
        case _:
            raise NoCalls("an argument that is no literal")


def _pairs(keys: list[Any], values: list[Any]) -> dict[Any, Any]:
    try:
        return dict(zip(keys, values, strict=True))
    except TypeError as error:
        raise NoCalls(str(error)) from error


def _computed(node: ast.expr) -> Any:
    """The value of arithmetic on literals: BFCL runs any expression here, which we do not."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            a, b = _computed(left), _computed(right)
            if _size(a, b, op) > _LONGEST:
                raise NoCalls("a value too long to compute")
            try:
                return _OPERATORS[type(op)](a, b)
            except (ArithmeticError, TypeError, ValueError) as error:
                raise NoCalls(str(error)) from error
        case _:
            try:
                return ast.literal_eval(node)
            except (ValueError, TypeError) as error:
                raise NoCalls(str(error)) from error


def _size(a: Any, b: Any, op: ast.operator) -> int:
    if isinstance(op, ast.Pow) and isinstance(a, int) and isinstance(b, int):
        return a.bit_length() * abs(b)
    if isinstance(op, ast.Mult):
        for many, times in ((a, b), (b, a)):
            if isinstance(many, str | list | tuple) and isinstance(times, int):
                return len(many) * times
    if isinstance(op, ast.Mod) and isinstance(a, str):
        return _LONGEST + 1  # a width in a format may be of any size
    return 0
