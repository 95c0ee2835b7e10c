"""The bundled world: an API server over real facts, its catalogue, and tasks with answers.

See ``docs/world.md``. Needs the extra ``world``.
"""

from __future__ import annotations

from toolgrove.data.world.documents import HOST, openapi, specs, toolbench_tools
from toolgrove.data.world.files import write_toolbench_files
from toolgrove.data.world.server import create_app, running
from toolgrove.data.world.splits import SPLITS, new_tasks, tasks
from toolgrove.data.world.tasks import toolbench_queries
from toolgrove.data.world.version import world_version

__all__ = [
    "DEMO_TASKS",
    "HOST",
    "SPLITS",
    "VERSION",
    "create_app",
    "new_tasks",
    "openapi",
    "running",
    "specs",
    "tasks",
    "toolbench_queries",
    "toolbench_tools",
    "world_version",
    "write_toolbench_files",
]

DEMO_TASKS: tuple[str, ...] = (
    "g1-weekday-1",
    "g1-color-hex-1",
    "g1-currency-of-country-2",
    "g1-convert-units-2",
    "g1-capital-1",
    "g3-elevation-in-metres-1",
)
"""Ids of short tasks that a small local model can solve; in some the obvious first API fails."""

VERSION: str
"""Version of the world, see :func:`world_version`; every score measured in it carries it."""


def __getattr__(name: str) -> str:
    """``VERSION``, computed when asked for: it looks at packages that only the extra brings."""
    if name == "VERSION":
        return world_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
