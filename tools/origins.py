"""Where tools came from, so that an id goes on meaning what it meant.

An id is made of what a source says of itself, and two sources may say the same: two services
titled "FastAPI", two MCP servers called "server". The second one must not move the first one's
tools to its own address; it is given a name by whoever indexes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from toolgrove.data.records import ToolSpec
from toolgrove.errors import UsageError

__all__ = ["conflict", "goes_to", "renamed", "unkeyed"]


def unkeyed(url: str) -> str:
    """An address without its query and fragment, which may hold a key.

    Examples
    --------
    >>> unkeyed("https://api.example/openapi.json?key=1#x")
    'https://api.example/openapi.json'
    """
    return url.partition("#")[0].partition("?")[0]


def goes_to(spec: ToolSpec) -> str:
    """Where calls of a tool go: a URL without its query, an MCP server's address, a Python object.

    Examples
    --------
    >>> binding = {"kind": "http", "url": "https://api.example/v1/a?b=c"}
    >>> goes_to(ToolSpec("A/a/a", "A", "a", "a", binding=binding))
    'https://api.example/v1/a'
    """
    binding = spec.binding
    found = binding.get("url") or binding.get("address") or binding.get("source") or ""
    return str(found).partition("?")[0]


def conflict(old: ToolSpec, known: str, new: ToolSpec, source: str) -> bool:
    """Whether a spec from one source would take the place of another source's tool.

    Parameters
    ----------
    old, new : ToolSpec
        Two of one id.
    known, source : str
        Where each came from; ``known`` is empty where that was not written down. Then only
        another host tells them apart.
    """
    if known == source or goes_to(old) == goes_to(new):
        return False
    return bool(known) or _host(old) != _host(new)


def _host(spec: ToolSpec) -> str:
    place = goes_to(spec)
    return place.split("/")[2].lower() if place.count("/") > 1 and "://" in place else place


def renamed(spec: ToolSpec, name: str) -> ToolSpec:
    """A tool under a name that its source is given: of a service, or of an MCP server.

    The names of its secrets follow, so that two services of one title have each their own.

    Examples
    --------
    >>> security = [[{"secret": "FastAPI key", "type": "http", "scheme": "bearer"}]]
    >>> spec = ToolSpec("FastAPI/FastAPI/health", "FastAPI", "FastAPI", "health", source="openapi",
    ...     binding={"kind": "http", "security": security})
    >>> found = renamed(spec, "users")
    >>> found.id, found.category, found.binding["security"][0][0]["secret"]
    ('users/users/health', 'users', 'users key')

    Raises
    ------
    UsageError
        Where the source's tools are known by their own names.
    """
    if not name.strip() or "/" in name:
        raise UsageError(f"--as {name!r}: a source's name is not empty and has no /.")
    if spec.source == "mcp":
        return replace(spec, id=f"mcp/{name}/{spec.id.split('/', 2)[2]}", tool=name)
    if spec.source != "openapi":
        raise UsageError("--as names OpenAPI documents and MCP servers; leave it out for others.")
    old = spec.category
    rest = spec.id.removeprefix(f"{old}/")
    tool = spec.tool
    if tool == old:
        tool, rest = name, rest.replace(old, name, 1) if rest.startswith(f"{old}/") else rest
    binding = dict(spec.binding)
    if "security" in binding:
        binding["security"] = [
            [_secret(one, old, name) for one in together] for together in binding["security"]
        ]
    return replace(spec, id=f"{name}/{rest}", category=name, tool=tool, binding=binding)


def _secret(credential: Mapping[str, Any], old: str, name: str) -> dict[str, Any]:
    secret = str(credential.get("secret", ""))
    return {**credential, "secret": f"{name}{secret.removeprefix(old)}"}
