"""A registry's rows: how a tool is written there, and read again with nothing taken for granted.

A catalogue may have been copied, edited or damaged: what is read is a tool in every field, or it
is no tool, and no other suffers from it (promise 30).
"""

from __future__ import annotations

import json
import logging
from dataclasses import fields, replace
from typing import Any

from toolgrove.data import codec
from toolgrove.data.codec import DEEPEST, deeper
from toolgrove.data.records import FINISH, Effect, ToolSpec
from toolgrove.errors import CatalogError, SpecError

__all__ = ["decoded", "encoded", "whole"]

_log = logging.getLogger(__name__)
_FIELDS = {field.name for field in fields(ToolSpec)}
_TEXTS = ("id", "category", "tool", "name", "description", "source", "tool_description")
_NEEDED = ("id", "category", "tool", "name", "effect")


def encoded(spec: ToolSpec) -> tuple[str, bytes]:
    """A spec's digest and its row.

    Half of a character that stands alone (a lone surrogate) is written as ``?``: no file, terminal
    or request can hold it.

    Raises
    ------
    SpecError
        Where the spec cannot be a tool's.
    """
    if not spec.id or spec.id == FINISH:
        raise SpecError(f"{spec.id!r} cannot be a tool's id. Use category/tool/name.")
    try:
        spec.id.encode()
    except UnicodeEncodeError:
        raise SpecError(f"{spec.id!r}: the id is not valid Unicode. Mend its source.") from None
    if deeper((spec.parameters, spec.returns, spec.binding)):
        raise SpecError(
            f"{spec.id}: its schema is nested more than {DEEPEST} deep. Mend its source."
        )
    body = codec.dumps(spec)
    if _halved(body):
        whole = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
        found = json.loads(whole)
        spec = replace(spec, **{**found, "effect": spec.effect})
        body = codec.dumps(spec)
    return codec.digest(spec), body


def _halved(body: bytes) -> bool:
    """Whether there may be a lone surrogate in JSON, which only its escape can hold."""
    return b"\\ud" in body or b"\\uD" in body


def decoded(spec_id: str, body: bytes) -> ToolSpec:
    """The tool in a row.

    Raises
    ------
    CatalogError
        Where there is none in it.
    """
    try:
        found = codec.loads(body)
        why = _wrong(found, spec_id)
        if not why and _halved(body):
            json.dumps(found, ensure_ascii=False).encode()
        if not why:
            return ToolSpec(**{**found, "effect": Effect(found["effect"])})
    except (ValueError, TypeError, RecursionError) as error:
        why = " ".join(str(error).split())[:100]
    raise CatalogError(f"{spec_id}: its row is damaged ({why}). Index its source again.")


def whole(spec_id: str, body: bytes) -> ToolSpec | None:
    """The tool in a row, or None and a warning: a damaged one loses no other."""
    try:
        return decoded(spec_id, body)
    except CatalogError as error:
        _log.warning("%s", error)
        return None


def _wrong(found: Any, spec_id: str) -> str:
    """Why JSON is not the tool of this id, if it isn't."""
    if not isinstance(found, dict):
        return "no object"
    for name in _NEEDED:
        if name not in found:
            return f"no {name}"
    if other := found.keys() - _FIELDS:
        return f"{min(other)!r} is no field of a tool"
    for name in _TEXTS:
        if not isinstance(found.get(name, ""), str):
            return f"its {name} is no text"
    for name in ("parameters", "binding"):
        if not isinstance(found.get(name, {}), dict):
            return f"its {name} is no object"
    if found["id"] != spec_id:
        return "it is another tool's"
    if deeper([found.get("parameters"), found.get("returns"), found.get("binding")]):
        return f"it is nested more than {DEEPEST} deep"
    return ""
