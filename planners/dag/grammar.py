"""The form of a reply as a grammar, for models that are decoded under one.

It is written as llama.cpp reads grammars (GBNF): numbered lines that call offered tools with
arguments by their schemas, or references to earlier lines, then ``Finish(…)`` or ``join()``. So a
small model can write no tool that is not there, no argument that the tool does not have, and no
line behind the last that it may. What a schema says beyond types, choices and dates is checked
when the call is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.functions import CONTROL_FUNCTIONS
from toolgrove.data.records import RUN_PYTHON, SEARCH_TOOLS
from toolgrove.planners.dag.values import write_value

if TYPE_CHECKING:
    from toolgrove.tools.offer import Offer

__all__ = ["planned", "reply_grammar"]

_STRING = 200
_WORDS = 500
_ITEMS = 16
_OPTIONAL = 8
_CHOICES = 64
_DEPTH = 4
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_COMMON = rf"""
finish ::= "Finish(" [^\n)] [^\n]{{0,{_WORDS}}} ")"
replan ::= "Replan(" [^\n()]{{1,{_WORDS // 4}}} ")"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" ["\\/bfnrt]){{0,{_STRING}}} "\""
date ::= "\"" [0-9]{{4}} "-" [0-9]{{2}} "-" [0-9]{{2}} "\""
integer ::= "-"? [0-9]{{1,15}}
number ::= "-"? [0-9]{{1,15}} ("." [0-9]{{1,15}})?
boolean ::= "true" | "false"
any ::= string | number | boolean | "[" (any (", " any){{0,{_ITEMS - 1}}})? "]" | object
object ::= "{{" (string ": " any (", " string ": " any){{0,{_ITEMS - 1}}})? "}}"
ref ::= "$" [1-9] [0-9]? step{{0,4}}
step ::= "." [A-Za-z_] [A-Za-z0-9_]{{0,40}} | "[" [0-9]{{1,2}} "]"
"""


def reply_grammar(offer: Offer, variant: str, number: int, most: int) -> str:
    """The grammar of a step's reply.

    Parameters
    ----------
    offer : Offer
        The tools on offer.
    variant : str
        The step: ``plan``, ``join``, ``verdict``, ``divide``, ``aggregate`` or ``answer``.
    number : int
        What the next line is numbered.
    most : int
        Lines that the reply may have.
    """
    if variant == "verdict":
        return f"root ::= finish | replan{_COMMON}"
    tools = list(_tools(offer))
    if variant == "answer" or not tools:
        return f"root ::= finish{_COMMON}"
    begins = {"join": 'finish | replan "\\n" line0', "aggregate": "finish | line0"}
    begins |= {"plan": "line0 | finish"}
    end = '"join()"' if variant in ("divide", "aggregate") else '"join()" | finish'
    rules = [f"root ::= {begins.get(variant, 'line0')}", f"end ::= {end}"]
    for line in range(most):
        calls = "call" if number + line > 1 else "first"
        then = f"(line{line + 1} | end)" if line + 1 < most else "end"
        rules.append(f'line{line} ::= "{number + line}. " {calls} "\\n" {then}')
    for rule, ref in (("first", ""), ("call", " | ref")):
        rules.append(f"{rule} ::= {' | '.join(f'{rule}{i}' for i in range(len(tools)))}")
        for i, (name, parameters) in enumerate(tools):
            rules += _call(f"{rule}{i}", name, parameters, ref)
    return "\n".join(rules) + _COMMON


def planned(offer: Offer) -> list[str]:
    """The controls on offer that a plan may call as it calls tools."""
    return [name for name in offer.controls if name in (SEARCH_TOOLS, RUN_PYTHON)]


def _tools(offer: Offer) -> Iterable[tuple[str, Mapping[str, Any]]]:
    specs = {spec.id: spec for spec in offer.specs}
    for name, spec_id in offer.aliases.items():
        if spec_id in specs:
            yield name, specs[spec_id].parameters
    for name in planned(offer):
        yield name, CONTROL_FUNCTIONS[name]["parameters"]


def _call(rule: str, tool: str, parameters: Mapping[str, Any], ref: str) -> list[str]:
    """The rules of one tool's call: required arguments first, then optional ones in their order."""
    properties = parameters.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    given = parameters.get("required")
    needed = [name for name in (given if isinstance(given, list) else ()) if name in properties]
    optional = [name for name in properties if name not in needed][:_OPTIONAL]
    written = [f"{_named(name)} {_value(properties[name], ref)}" for name in needed]
    words = [_literal(f"{tool}("), ' ", " '.join(written), f"{rule}o0" if optional else "", '")"']
    rules = [f"{rule} ::= {' '.join(filter(None, words))}"]
    for i, name in enumerate(optional):
        one = f"{_named(name)} {_value(properties[name], ref)}"
        rest = f"{rule}o{i + 1}" if i + 1 < len(optional) else ""
        if needed:
            rules.append(f'{rule}o{i} ::= (", " {one})? {rest}')
        else:  # nothing stands before the first one
            further = f"{rule}r{i + 1}" if rest else ""
            rules.append(f"{rule}o{i} ::= {one} {further} | {rest or chr(34) * 2}")
            rules.append(f'{rule}r{i} ::= (", " {one})? {further}')
    return rules


def _named(name: str) -> str:
    return _literal(f"{name if _PLAIN_NAME.fullmatch(name) else write_value(name)}=")


def _value(schema: Any, ref: str) -> str:
    return f"({_kind(schema, 0)}{ref})"


def _kind(schema: Any, depth: int) -> str:
    """The rule, or choice of rules, for the values of a schema."""
    if not isinstance(schema, Mapping) or "$ref" in schema or depth > _DEPTH:
        return "any"
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(choices, list) and 0 < len(choices) <= _CHOICES:
        return " | ".join(_literal(write_value(choice)) for choice in choices)
    for word in ("anyOf", "oneOf"):
        options = schema.get(word)
        if isinstance(options, list) and options:
            kinds = [_kind(one, depth + 1) for one in options if _is_more_than_null(one)]
            return " | ".join(dict.fromkeys(kinds)) or "any"
    given = schema.get("type")
    types = [one for one in (given if isinstance(given, list) else [given]) if one != "null"]
    return " | ".join(dict.fromkeys(_of_type(one, schema, depth) for one in types)) or "any"


def _of_type(kind: Any, schema: Mapping[str, Any], depth: int) -> str:
    match kind:
        case "string":
            return "date" if schema.get("format") == "date" else "string"
        case "integer" | "number" | "boolean" | "object":
            return str(kind)
        case "array":
            item = f"({_kind(schema.get('items'), depth + 1)} | ref)"
            return f'"[" ({item} (", " {item}){{0,{_ITEMS - 1}}})? "]"'
        case _:
            return "any"


def _is_more_than_null(schema: Any) -> bool:
    return not (isinstance(schema, Mapping) and schema.get("type") == "null")


def _literal(text: str) -> str:
    return codec.dumps(text).decode()
