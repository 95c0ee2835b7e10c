"""From a binding and arguments to one HTTP request whose endpoint the arguments cannot change.

A path value is one segment and stays one: it is quoted, and refused where a server that decodes
before it routes (most do) would read another path in it. Where the specification says that a value
is a path of its own (``slashes`` in its manner), or a user says it of a tool, it may be several
segments, none of them empty or a step up: it stays below the place that the binding gives it.
Values reach only places that the
binding declares, and never the host, credentials or the framing of the request.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from toolgrove.data.formats.headers import may_be_argument
from toolgrove.data.records import JsonObject, Status
from toolgrove.tools.http.body import build_body
from toolgrove.tools.http.serialize import Refused, joined, pairs, text_of

__all__ = ["Refused", "Request", "build_request"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY"})
_LONGEST = 2000
_SLASH = re.compile("%2f", re.IGNORECASE)
_KEPT = "/:@!$&'()*+,;="
"""What RFC 6570's ``{+name}`` leaves as it is, but for what would end the path."""
_NO_PATH = re.compile(r"[?#\\]")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire: the URL is quoted, the body may be absent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


def build_request(
    binding: JsonObject,
    arguments: JsonObject,
    hosts: Mapping[str, str] | None = None,
    *,
    slashes: bool = False,
) -> Request:
    """Make the request of a call.

    Parameters
    ----------
    binding : JsonObject
        ``method``, ``url`` with ``{name}`` for path parameters, and ``in``: the place of every
        parameter, ``path``, ``query``, ``header``, ``cookie`` or ``body``. Where that does not
        say all, ``as`` holds a parameter's manner (:mod:`toolgrove.tools.http.serialize`) and, as
        ``name``, what it is called on the wire; ``body`` holds a body's ``type`` and ``encoding``
        (:mod:`toolgrove.tools.http.body`), the ``argument`` that is the whole of it, and
        ``optional`` where none is sent unless it is given.
    arguments : JsonObject
        Valid against the spec's schema. A null is left out, unless the manner says ``null``.
    hosts : mapping
        Base URL by host name, for hosts that are served elsewhere.
    slashes : bool
        Whether path values may hold slashes though the binding does not say so; they are then
        sent as ``%2F``. A value that the binding lets hold them is sent with plain ones.

    Raises
    ------
    Refused
        ``INVALID_REQUEST`` where an argument cannot go where it belongs, ``NOT_WORKING`` where
        the binding is no good or points at a private address.

    Examples
    --------
    >>> binding = {"method": "GET", "url": "https://api.example/zone/{name}",
    ...            "in": {"name": "path", "at": "query"}}
    >>> build_request(binding, {"name": "x y", "at": "12:00"}).url
    'https://api.example/zone/x%20y?at=12%3A00'
    """
    method = str(binding.get("method", "GET")).upper()
    if method not in _METHODS:
        raise Refused(Status.NOT_WORKING, f"its binding has the method {method[:20]!r}")
    base, path, fixed = _template(str(binding.get("url", "")), hosts or {})
    places = _places(binding, arguments, path, fixed)
    manners = _mapping(binding, "as")
    given = {
        name: value
        for name, value in arguments.items()
        if value is not None or manners.get(name, {}).get("null")
    }
    declared = _mapping(binding, "body")
    query = [(quote(key), _filled(text, given)) for key, text in fixed]
    headers: dict[str, str] = {}
    cookies: list[tuple[str, str]] = []
    fields: dict[str, Any] = {}
    for name, value in given.items():
        manner = manners.get(name, {})
        wire = str(manner.get("name", name))
        match places[name]:
            case "query":
                query += _query(wire, value, manner, binding, name)
            case "header":
                headers[wire] = _header(wire, joined(wire, value, manner, str))
            case "cookie":
                cookies += pairs(wire, value, manner)
            case "body":
                fields[wire] = value
    if cookies:
        headers["Cookie"] = "; ".join(f"{key}={text}" for key, text in cookies)
    content = None
    if fields or ("body" in places.values() and not declared.get("optional")):
        whole = declared.get("argument")
        value = given.get(whole) if isinstance(whole, str) else fields
        content, headers["Content-Type"] = build_body(declared, value)
    url = base + "/".join(_segment(part, given, manners, slashes) for part in path.split("/"))
    asked = "&".join(f"{key}={text}" if key else text for key, text in query)
    return Request(method, f"{url}?{asked}" if asked else url, headers, content)


def _mapping(binding: JsonObject, key: str) -> JsonObject:
    found = binding.get(key)
    return found if isinstance(found, Mapping) else {}


def _query(
    wire: str, value: Any, manner: JsonObject, binding: JsonObject, name: str
) -> list[tuple[str, str]]:
    """A parameter's part of the query string, in which it names no other parameter."""
    if manner.get("style") == "querystring":
        return [("", quote(text_of(value), safe=""))]
    found = pairs(wire, value, manner)
    if isinstance(value, dict | list) and (
        taken := _taken(binding, name) & {unquote(k) for k, _ in found}
    ):
        raise Refused(
            Status.INVALID_REQUEST,
            f"{name}: {', '.join(sorted(taken))} is another parameter's name.",
        )
    return found


def _taken(binding: JsonObject, name: str) -> set[str]:
    """Names in the query that are another parameter's, or a credential's."""
    manners, places = _mapping(binding, "as"), _mapping(binding, "in")
    taken = {
        str(manners.get(other, {}).get("name", other))
        for other, place in places.items()
        if place == "query" and other != name
    }
    taken |= {key for key, _ in parse_qsl(urlsplit(str(binding["url"])).query, True)}
    for alternative in binding.get("security") or ():
        taken |= {str(one.get("name")) for one in alternative if one.get("in") == "query"}
    return taken


def _template(url: str, hosts: Mapping[str, str]) -> tuple[str, str, list[tuple[str, str]]]:
    """Base URL, path template and fixed query of a binding's URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused(Status.NOT_WORKING, "its binding's URL cannot be read") from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise Refused(Status.NOT_WORKING, "its binding has no plain http(s) URL")
    if _PLACEHOLDER.search(parts.netloc):
        raise Refused(Status.NOT_WORKING, "its binding lets arguments choose the host")
    if host in hosts:
        base = hosts[host].rstrip("/")
    else:
        _check_public(host)
        shown = f"[{host}]" if ":" in host else host
        base = f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
    return base, parts.path, parse_qsl(parts.query, keep_blank_values=True)


def _check_public(host: str) -> None:
    """Refuse names and literal addresses of this machine and of private networks.

    What a public name resolves to is not looked at here: that check belongs where the connection
    is made, in the transport of :class:`toolgrove.tools.http.backend.HttpBackend`.
    """
    name = host.rstrip(".").lower()
    local = name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:  # 127.1, 0x7f.1 and 2130706433 are addresses too
            address = ipaddress.ip_address(socket.inet_aton(name))
        except OSError:
            address = None
    if local or (address is not None and not address.is_global):
        raise Refused(
            Status.NOT_WORKING, f"{host} is not a public host, and none that hosts= allows"
        )


def _places(
    binding: JsonObject, arguments: JsonObject, path: str, fixed: list[tuple[str, str]]
) -> dict[str, str]:
    """Where each argument goes; placeholders in the URL have the first word."""
    declared = binding.get("in")
    places = dict(declared) if isinstance(declared, Mapping) else {}
    templates = [path, *(text for _, text in fixed)]
    in_url = {name for text in templates for name in _PLACEHOLDER.findall(text)}
    places |= dict.fromkeys(in_url, "path")
    for name in sorted(in_url):
        if arguments.get(name) is None:
            raise Refused(Status.INVALID_REQUEST, f"{name}: is needed, it is part of the URL.")
    for name in arguments:
        if places.get(name) not in ("path", "query", "header", "cookie", "body") or (
            places[name] == "path" and name not in in_url
        ):
            raise Refused(Status.INVALID_REQUEST, f"{name}: this tool has no such parameter.")
    return places


def _header(name: str, text: str) -> str:
    if not may_be_argument(name):
        raise Refused(Status.INVALID_REQUEST, f"{name}: a call must not set this header.")
    if not _HEADER_VALUE.fullmatch(text):
        raise Refused(
            Status.INVALID_REQUEST, f"{name}: a header takes printable ASCII on one line."
        )
    return text


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _filled(template: str, arguments: JsonObject) -> str:
    """A fixed query value, percent-encoded, with its placeholders replaced."""
    return _quoted(_PLACEHOLDER.sub(lambda found: text_of(arguments[found[1]]), template))


def _segment(template: str, arguments: JsonObject, manners: JsonObject, slashes: bool) -> str:
    """One segment of the path, its placeholders replaced; it stays one, unless it may be more."""
    names = _PLACEHOLDER.findall(template)
    if not names:
        return quote(template, safe="%!$&'()*+,;=:@~")
    several = slashes or any(manners.get(name, {}).get("slashes") for name in names)

    def written(found: re.Match[str]) -> str:
        manner, value = manners.get(found[1], {}), arguments[found[1]]
        plain = manner.get("slashes") is True
        if several and isinstance(value, str):  # who knows how it is sent may have written it so
            value = _SLASH.sub("/", value)
        wire = str(manner.get("name", found[1]))
        return joined(wire, value, manner, lambda text: quote(text, safe=_KEPT if plain else ""))

    segment = _PLACEHOLDER.sub(written, template)
    values = [text_of(arguments[name]) for name in names]
    empty = not segment or any(arguments[name] in ("", [], {}) for name in names)
    if several:  # by itself, too: what stands beside it in the segment makes it no better
        each = [arguments[name] for name in names if isinstance(arguments[name], str)]
        sound = all(_is_path(_decoded(text)) for text in (segment, *each))
    else:
        sound = _is_segment(_decoded(segment))
    if empty or len(segment) > _LONGEST or not sound:
        shown = text_of(values)[1:-1][:100]
        mend = "with parts between its / that are not empty" if several else "without /"
        raise Refused(
            Status.INVALID_REQUEST,
            f"{', '.join(names)}: {shown} would change the path. Give a short value that is not "
            f"empty, {mend} and \\, and not . or ..",
        )
    return quote(segment, safe="/%!$&'()*+,;=:@~")


def _is_path(plain: str) -> bool:
    """Whether a decoded text is segments that lead down, and nothing after the path."""
    bad = _NO_PATH.search(plain) or not plain.isprintable()
    heads = [part.partition(";")[0] for part in plain.split("/")]
    return not bad and not {"", ".", ".."} & {*heads}


def _is_segment(plain: str) -> bool:
    # what follows a semicolon is a parameter of the segment to some servers
    return not ("/" in plain or "\\" in plain or plain.partition(";")[0] in (".", ".."))


def _decoded(text: str) -> str:
    """A text with its percent-encoding undone as often as it was done, by us or by a caller."""
    while (plain := unquote(text)) != text:
        text = plain
    return text
