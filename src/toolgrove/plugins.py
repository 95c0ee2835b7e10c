"""Names that stand for something built in, or for something of a package that is installed.

A package adds a name by an entry point, for instance in its ``pyproject.toml``::

    [project.entry-points."toolgrove.planners"]
    breadth = "my_package:Breadth"

Nothing is read when this module is imported. Entry points are read when a name is asked for that
is not built in, or when all names are listed; a plugin is imported when it is asked for.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Plugins"]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class Plugins(Mapping[str, T]):
    """All planners by name, or all evaluators, importers, backends, models or wrappers.

    Parameters
    ----------
    group : str
        ``planners``: entry points of the group ``toolgrove.planners`` are taken.
    built_in : mapping
        What has a name already, as an object or as ``module:attribute``. No plugin takes its name.
    wrong : callable
        Says of a plugin's name and object what is wrong with it, ``""`` where nothing is.

    Examples
    --------
    >>> letters = Plugins("letters", {"ascii": "string:ascii_lowercase"})
    >>> letters["ascii"][:3], list(letters), "greek" in letters
    ('abc', ['ascii'], False)
    """

    def __init__(
        self,
        group: str,
        built_in: Mapping[str, str | T],
        wrong: Callable[[str, Any], str] = lambda name, plugin: "",
    ) -> None:
        self._group = group
        self._built_in = dict(built_in)
        self._wrong = wrong

    def __getitem__(self, name: str) -> T:
        """What a name stands for.

        Raises
        ------
        KeyError
            Where nothing has this name.
        UsageError
            Where a plugin has it that cannot be loaded.
        """
        if name in self._built_in:
            built_in = self._built_in[name]
            if isinstance(built_in, str):
                self._built_in[name] = built_in = _load(built_in)
            return built_in
        plugin = self._plugins()[name]
        try:
            return self._loaded(plugin)
        except (Exception, SystemExit) as error:  # a stranger's module raises what it likes
            raise UsageError(
                f"{self._group[:-1]} {name!r}: {_broken(plugin, error)} Mend or uninstall it."
            ) from error

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or name in self._plugins()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted([*self._built_in, *self._plugins()]))

    def __len__(self) -> int:
        return len(self._built_in) + len(self._plugins())

    def plugins(self) -> dict[str, T]:
        """What other packages add. A broken one is named in the log and passed over."""
        good: dict[str, T] = {}
        for name, plugin in self._plugins().items():
            try:
                good[name] = self._loaded(plugin)
            except (Exception, SystemExit) as error:
                _warn(f"{self._group[:-1]} {name!r} is passed over: {_broken(plugin, error)}")
        return good

    def _plugins(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for plugin in _entry_points(tuple(sys.path)).get(f"toolgrove.{self._group}", ()):
            if plugin.name in self._built_in:
                _warn(f"{_said(plugin)} is passed over: {plugin.name!r} is built in.")
            elif plugin.name in found:
                _warn(f"{_said(plugin)} is passed over: {_said(found[plugin.name])} came first.")
            else:
                found[plugin.name] = plugin
        return found

    def _loaded(self, plugin: EntryPoint) -> T:
        made: T = plugin.load()
        wrong = self._wrong(plugin.name, made)
        if wrong:
            raise TypeError(wrong)
        return made


@cache
def _entry_points(path: tuple[str, ...]) -> Mapping[str, list[EntryPoint]]:
    """The entry points that concern us, by group; one damaged package costs no other its own."""
    from importlib.metadata import distributions

    groups: dict[str, list[EntryPoint]] = {}
    packages: set[str] = set()
    for package in distributions(path=list(path)):
        name = "a package without a name"
        try:
            if "toolgrove." not in (package.read_text("entry_points.txt") or ""):
                continue
            name = package.name
            if name in packages:  # on the path twice; Python imports the first
                continue
            packages.add(name)
            plugins = list(package.entry_points)
        except Exception as error:  # nobody has checked these files
            _warn(f"the entry points of {name} cannot be read: {error}")
            continue
        for plugin in plugins:
            groups.setdefault(plugin.group, []).append(plugin)
    return groups


def _load(where: str) -> Any:
    from importlib import import_module

    module, _, attribute = where.partition(":")
    return getattr(import_module(module), attribute)


def _said(plugin: EntryPoint) -> str:
    return f"{plugin.value} of the package {plugin.dist.name if plugin.dist else '?'}"


def _broken(plugin: EntryPoint, error: BaseException) -> str:
    return f"{_said(plugin)} cannot be used: {type(error).__name__}: {error}."


@cache
def _warn(text: str) -> None:
    """Say it once: names are looked up again and again."""
    _LOG.warning("%s", text)
