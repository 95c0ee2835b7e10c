"""Values as OpenAPI's styles write them (RFC 6570 for most): in paths, queries, headers, forms.

A manner is a parameter's entry in ``binding["as"]``: ``style`` and ``explode`` as in OpenAPI,
``content`` where the value is JSON text or a part of another type, ``reserved`` where a query
value may keep reserved characters. Without a style a list repeats its name in a query and is joined
by commas elsewhere; an object is JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Status

__all__ = ["Refused", "joined", "pairs", "text_of"]

_DELIMITERS = {"spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}
_EXACT = 2**53
_KEPT = ":/?@!$'()*,"  # of the reserved characters those that cannot begin another parameter


class Refused(Exception):
    """A request that is not made; ``status`` and the text become the observation."""

    def __init__(self, status: Status, text: str) -> None:
        self.status = status
        super().__init__(text)


def text_of(value: Any) -> str:
    """A scalar as its text, anything else as JSON text; 5.0 is written as the integer it is.

    Examples
    --------
    >>> text_of(5.0), text_of(0.5), text_of(True), text_of([1])
    ('5', '0.5', 'true', '[1]')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate cannot be sent
    return codec.dumps(value).decode()


def _quoted(value: Any, safe: str = "") -> str:
    return quote(text_of(value), safe=safe)


def pairs(name: str, value: Any, manner: JsonObject) -> list[tuple[str, str]]:
    """Names and values for a query, form or cookie, both percent-encoded.

    Examples
    --------
    >>> pairs("color", ["blue", "a,b"], {})
    [('color', 'blue'), ('color', 'a%2Cb')]
    >>> pairs("color", ["blue", "a,b"], {"style": "form", "explode": False})
    [('color', 'blue,a%2Cb')]
    >>> pairs("at", {"x": 1, "y": [2, 3]}, {"style": "deepObject"})
    [('at%5Bx%5D', '1'), ('at%5By%5D%5B0%5D', '2'), ('at%5By%5D%5B1%5D', '3')]
    >>> pairs("expand", ["customer"], {"style": "deepObject"})
    [('expand%5B0%5D', 'customer')]
    """
    safe = _KEPT if manner.get("reserved") else ""
    style = manner.get("style")
    key = quote(text_of(name), safe="")
    if "content" in manner:
        return [(key, quote(codec.dumps(value).decode(), safe=safe))]
    if isinstance(value, dict | list | tuple) and style == "deepObject":
        return [
            (_quoted(path), _quoted(leaf, safe)) for path, leaf in _leaves(text_of(name), value)
        ]
    exploded = manner.get("explode", style is None)
    if isinstance(value, dict) and style is not None and exploded:
        return [(_quoted(part), _quoted(item, safe)) for part, item in value.items()]
    if isinstance(value, list | tuple) and exploded:
        return [(key, _quoted(item, safe)) for item in value if item is not None]
    delimiter = _DELIMITERS.get(str(style), ",")
    if isinstance(value, list | tuple) or (isinstance(value, dict) and style is not None):
        return [(key, delimiter.join(_quoted(item, safe) for item in _flat(value)))]
    return [(key, _quoted(value, safe))]


def _leaves(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(f"{name}[{key}]", part)
    elif isinstance(value, list | tuple):
        for place, part in enumerate(part for part in value if part is not None):
            yield from _leaves(f"{name}[{place}]", part)
    elif value is not None:
        yield name, value


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [part for item in value.items() for part in item]
    return [item for item in value if item is not None]


def joined(name: str, value: Any, manner: JsonObject, write: Callable[[str], str]) -> str:
    """One text for a path's segment or a header; ``write`` encodes each part of the value.

    Examples
    --------
    >>> joined("id", [3, 4], {"style": "label", "explode": True}, str)
    '.3.4'
    >>> joined("id", {"a": 1, "b": 2}, {"style": "matrix", "explode": True}, str)
    ';a=1;b=2'
    >>> joined("id", {"a": 1, "b": 2}, {"style": "simple"}, str)
    'a,1,b,2'

    Raises
    ------
    Refused
        Where a part of a list would be read as two.
    """
    style, explode = manner.get("style"), bool(manner.get("explode"))
    if "content" in manner:
        return write(codec.dumps(value).decode())
    if not isinstance(value, list | tuple | dict) or (style is None and isinstance(value, dict)):
        text = write(text_of(value))
        return {"label": f".{text}", "matrix": f";{write(name)}={text}"}.get(str(style), text)
    if isinstance(value, dict) and explode:
        parts = [f"{write(text_of(k))}={write(text_of(item))}" for k, item in value.items()]
    else:
        parts = [write(text_of(item)) for item in _flat(value)]
    if style == "matrix":
        if not explode:
            return f";{write(name)}={','.join(parts)}"
        prefix = "" if isinstance(value, dict) else f"{write(name)}="
        return "".join(f";{prefix}{part}" for part in parts)
    if style == "label":
        return "." + ("." if explode else ",").join(parts)
    delimiter = _DELIMITERS.get(str(style), ",")
    if any(delimiter in part for part in parts):
        raise Refused(Status.INVALID_REQUEST, f"{name}: its parts must not hold a comma.")
    return delimiter.join(parts)
