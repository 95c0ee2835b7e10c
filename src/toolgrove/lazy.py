"""What the package's faces are made of: names that are imported at their first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["face"]


def face(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package whose names lie in other modules.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    homes : mapping
        For each public name the module that defines it, from below ``toolgrove``; a module of
        the package may be a public name itself. No other name may be that of a module of the
        package: Python sets the module in its place as soon as it is imported.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        module = import_module(f"toolgrove.{homes[name]}")
        return module if module.__name__ == f"{package}.{name}" else getattr(module, name)

    def names() -> list[str]:
        return sorted(homes)

    return get, names
