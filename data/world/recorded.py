"""The tool files as they were computed before, as long as they would be computed the same."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from toolgrove.data.records import JsonObject
from toolgrove.data.world.facts import PACKAGES

__all__ = ["FILE", "made_from", "recorded_tools"]

FILE = "recordings/tools.jsonl"
"""What it was made from, then a line a tool; ``tests/support/record_world.py`` writes it."""

_MODULES = ("declare.py", "documents.py", "facts.py", "state.py", "trouble.py")


def recorded_tools() -> dict[str, JsonObject] | None:
    """ToolBench tool files by their path; None where any source or package is another by now."""
    try:
        first, *lines = (files("toolgrove.data.world") / FILE).read_bytes().splitlines()
        current = json.loads(first) == made_from()
    except (FileNotFoundError, PackageNotFoundError):
        return None
    return dict(map(json.loads, lines)) if current else None


def made_from() -> dict[str, str]:
    """Digest of the declarations' source, and versions of the packages that they compute with."""
    world = files("toolgrove.data.world")
    apis = [one for one in (world / "apis").iterdir() if one.name.endswith(".py")]
    sources = [world / name for name in _MODULES] + sorted(apis, key=lambda one: one.name)
    digest = sha256()
    for source in sources:
        digest.update(f"{source.name}\n".encode() + source.read_bytes())
    return {"sources": digest.hexdigest()} | {
        package: version(package) for package in (*PACKAGES, "pydantic")
    }
