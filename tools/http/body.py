"""The body of a request: JSON, a form, or text of the type that a binding declares."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Status
from toolgrove.tools.http.serialize import Refused, pairs, text_of

__all__ = ["build_body"]

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


def build_body(declared: JsonObject, value: Any) -> tuple[bytes, str]:
    """A body's bytes and its content type.

    Parameters
    ----------
    declared : JsonObject
        ``binding["body"]``: ``type``, JSON unless given; ``encoding``, the manner of a form's
        fields.
    value : Any
        What the arguments make.

    Raises
    ------
    Refused
        Where it cannot be written as that type.

    Examples
    --------
    >>> build_body({"type": "application/x-www-form-urlencoded"}, {"a": "x y", "b": [1, 2]})
    (b'a=x%20y&b=1&b=2', 'application/x-www-form-urlencoded')
    """
    media = str(declared.get("type", "application/json"))
    if not _TYPE.fullmatch(media):
        raise Refused(Status.NOT_WORKING, "its binding's body has no media type")
    if media == "application/json" or media.endswith("+json"):
        return codec.dumps(value), media
    manners = declared.get("encoding")
    manners = manners if isinstance(manners, Mapping) else {}
    if media == "application/x-www-form-urlencoded":
        found = [pair for name, part in _fields(value) for pair in _form(name, part, manners)]
        return "&".join(f"{name}={text}" for name, text in found).encode(), media
    if media == "multipart/form-data":
        parts = [one for name, part in _fields(value) for one in _parts(name, part, manners)]
        # of the parts alone, so that the same call is the same request when it is replayed
        boundary = "toolgrove-" + hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
        joint = f"--{boundary}\r\n".encode()
        end = f"--{boundary}--\r\n".encode()
        body = b"".join(joint + part + b"\r\n" for part in parts) + end
        return body, f"{media}; boundary={boundary}"
    return text_of(value).encode(), media


def _fields(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise Refused(Status.INVALID_REQUEST, "body: a form is an object.")
    return [(str(name), part) for name, part in value.items() if part is not None]


def _form(name: str, value: Any, manners: JsonObject) -> list[tuple[str, str]]:
    return pairs(name, value, manners.get(name, {}))


def _parts(name: str, value: Any, manners: JsonObject) -> list[bytes]:
    """A field's parts: a list has one for each of its items."""
    kind = manners.get(name, {}).get("content", "")
    if isinstance(value, list | tuple) and not kind.endswith("json"):
        return [_part(name, item, kind) for item in value if item is not None]
    return [_part(name, value, kind)]


def _part(name: str, value: Any, kind: str) -> bytes:
    escaped = text_of(name)
    for char, code in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
        escaped = escaped.replace(char, code)
    head = f'Content-Disposition: form-data; name="{escaped}"'
    if kind and not kind.endswith("json") and not kind.startswith("text/"):
        head += '; filename="file"'
    if isinstance(value, Mapping | list | tuple) or kind.endswith("json"):
        return (
            f"{head}\r\nContent-Type: {kind or 'application/json'}\r\n\r\n".encode()
            + codec.dumps(value)
        )
    if kind and not _TYPE.fullmatch(kind):
        raise Refused(Status.NOT_WORKING, "its binding's body has a part without a media type")
    typed = f"\r\nContent-Type: {kind}" if kind else ""
    return f"{head}{typed}\r\n\r\n{text_of(value)}".encode()
