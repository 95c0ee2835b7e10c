"""Where an API is served and which credentials it wants, as an OpenAPI document says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from toolgrove.data.formats.openapi_refs import Refs, Unfit

__all__ = ["api_keys", "resolved_schemes", "security", "server_url", "with_headers"]

_HOST_ENDS = re.compile(r"\w+://[^/{}]*\.[^/{}]*\w")
_VARIABLE = re.compile(r"\{([^{}]+)\}")


def server_url(servers: Any, base: str) -> str:
    """The first server's address, its variables replaced by their defaults.

    A model never chooses a server: arguments do not reach the variables.

    Parameters
    ----------
    servers : list of mappings
        The nearest ``servers``: the operation's, its path's or the document's.
    base : str
        Where the document was found: a relative address is resolved against it. One that ends in
        a slash is the server itself where the document names none.

    Raises
    ------
    Unfit
        Where that gives no http(s) address.

    Examples
    --------
    >>> server = {"url": "https://{zone}.example/v1/", "variables": {"zone": {"default": "eu"}}}
    >>> server_url([server], ""), server_url([], "https://api.example/openapi.json")
    ('https://eu.example/v1', 'https://api.example')
    """
    first = servers[0] if isinstance(servers, list) and servers else {}
    first = first if isinstance(first, Mapping) else {}
    variables = first.get("variables")

    def default(match: re.Match[str]) -> str:
        known = variables.get(match[1]) if isinstance(variables, Mapping) else None
        value = known.get("default") if isinstance(known, Mapping) else None
        if not isinstance(value, str | int | float):
            raise Unfit(f"its server's variable {match[1][:40]!r} has no default")
        before, after = match.string[: match.start()], match.string[match.end() :]
        path = _HOST_ENDS.fullmatch(before) and after[:1] in ("", "/") and str(value)[:1].isalnum()
        return f"/{value}" if path else str(value)  # or it would be a part of the host

    named = _VARIABLE.sub(default, str(first.get("url") or "/").strip())
    try:
        url = urljoin(base, "" if named == "/" and base.endswith("/") else named)
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        url, good = named, False
    if not good or "@" in parts.netloc or re.search(r"[\s{}\\]", parts.netloc):
        raise Unfit(
            f"its server is {url[:100]!r}, which is no http(s) address: say where it is served "
            "(--base URL), or add `servers` to the document"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def api_keys(schemes: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Place and name of every API key: no argument may set one."""
    return frozenset(
        (str(one["in"]), str(one["name"]).lower() if one["in"] == "header" else str(one["name"]))
        for one in schemes.values()
        if one.get("type") == "apiKey" and {"in", "name"} <= one.keys()
    )


def security(wanted: Any, schemes: Mapping[str, Any], title: str) -> list[list[dict[str, str]]]:
    """``binding["security"]``: alternatives, each the credentials that are needed together.

    A credential's secret is named after the API and the scheme; its value is kept elsewhere
    (:mod:`toolgrove.tools.secrets`). An alternative without credentials comes last.

    Raises
    ------
    Unfit
        Where no alternative is made of schemes that we can send.
    """
    if not isinstance(wanted, list) or not wanted:
        return []
    found, unknown = [], ""
    for alternative in wanted:
        names = list(alternative) if isinstance(alternative, Mapping) else []
        credentials = [_credential(schemes.get(name), f"{title} {name}") for name in names]
        if None in credentials:
            unknown = ", ".join(map(str, names))
        else:
            found.append([one for one in credentials if one is not None])
    if not found:
        raise Unfit(f"it wants credentials of a kind that is not known ({unknown[:100]})")
    return sorted(found, key=lambda one: not one)


def with_headers(
    found: list[list[dict[str, str]]], headers: Mapping[str, bool], title: str
) -> list[list[dict[str, str]]]:
    """Alternatives that send credentials also where they are declared as header parameters.

    Such a header is a secret of its own, whose value is the whole of the header's, unless a
    security scheme of the alternative sets it already.

    Examples
    --------
    >>> with_headers([], {"Authorization": True}, "Maps")
    [[{'secret': 'Maps Authorization', 'type': 'apiKey', 'in': 'header', 'name': 'Authorization'}]]
    """
    for header, required in headers.items():
        if found and not required:  # the scheme is what the operation wants
            continue
        own = {"secret": f"{title} {header}", "type": "apiKey", "in": "header", "name": header}
        done: list[list[dict[str, str]]] = []
        for alternative in found or [[]]:
            if any(_sets(one, header) for one in alternative):
                done.append(alternative)
                continue
            done.append([*alternative, own])
            if not required:
                done.append(alternative)
        found = done
    return sorted(found, key=lambda one: not one)


def _sets(credential: Mapping[str, str], header: str) -> bool:
    if credential["type"] != "apiKey":
        return header.lower() == "authorization"
    place = credential["in"]
    return place == header.lower() or (
        place == "header" and credential["name"].lower() == header.lower()
    )


def _credential(scheme: Any, secret: str) -> dict[str, str] | None:
    if not isinstance(scheme, Mapping):
        return None
    kind, how = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if (
        kind == "apiKey"
        and scheme.get("in") in ("header", "query", "cookie")
        and scheme.get("name")
    ):
        place = {"in": str(scheme["in"]), "name": str(scheme["name"])}
        return {"secret": secret, "type": "apiKey", **place}
    if kind == "http" and how in ("basic", "bearer"):
        return {"secret": secret, "type": "http", "scheme": how}
    if kind in ("oauth2", "openIdConnect"):
        return {"secret": secret, "type": str(kind)}
    return None


def resolved_schemes(refs: Refs, schemes: Any) -> dict[str, Mapping[str, Any]]:
    """The document's security schemes that are readable, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, scheme in (schemes if isinstance(schemes, Mapping) else {}).items():
        try:
            found[name] = refs.object(scheme, "a security scheme")
        except Unfit:
            continue  # operations that need it say so
    return found
