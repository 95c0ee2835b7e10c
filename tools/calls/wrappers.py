"""What others put around calls: each wrapper takes an ``Execute`` and gives one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from toolgrove.errors import UsageError
from toolgrove.plugins import Plugins
from toolgrove.tools.calls.execute import Execute

__all__ = ["WRAPPERS", "Wrapper", "parse_wrappers"]

Wrapper: TypeAlias = Callable[[Execute], Execute]

WRAPPERS: Plugins[Wrapper] = Plugins(
    "wrappers",
    {},
    lambda name, wrapper: "" if callable(wrapper) else "a wrapper is a callable",
)
"""Wrappers by name; only installed packages have some."""


def parse_wrappers(given: Iterable[Wrapper | str]) -> list[Wrapper]:
    """Wrappers from callables and from names.

    Raises
    ------
    UsageError
        For a name that nothing installed has.
    """
    made: list[Wrapper] = []
    for one in given:
        if isinstance(one, str) and one not in WRAPPERS:
            known = ", ".join(WRAPPERS) or "none; a package adds them (docs/extending.md)"
            raise UsageError(f"no wrapper called {one!r}. Known: {known}.")
        made.append(WRAPPERS[one] if isinstance(one, str) else one)
    return made
