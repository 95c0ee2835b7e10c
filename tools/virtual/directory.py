"""A catalogue as ToolBench's clients name it: their names and arguments to ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from toolgrove.data.formats.toolbench_names import standard_name
from toolgrove.data.records import JsonObject, ToolSpec
from toolgrove.tools.names import nearest
from toolgrove.tools.registry import Registry
from toolgrove.tools.schema import Checker
from toolgrove.tools.virtual.protocol import KEYS, ApiName

__all__ = ["Directory", "ListedApi"]


@dataclass(frozen=True, slots=True)
class ListedApi:
    """An API of the catalogue: its name, its spec and what checks its arguments."""

    name: ApiName
    spec: ToolSpec
    checker: Checker

    def arguments(self, given: JsonObject) -> JsonObject:
        """Arguments under the spec's own names, mended where a harmless step makes them fit.

        Nulls and clients' keys are left out. ToolBench shows models a parameter ``currencyCode``
        as ``currencycode`` and ``from`` as ``is_from``.
        """
        names = [*self.checker.properties]
        counts = Counter(map(standard_name, names))
        own = {standard_name(name): name for name in names if counts[standard_name(name)] == 1}
        found: dict[str, Any] = {}
        for name, value in given.items():
            target = name if name in names else own.get(standard_name(name), name)
            if value is not None and name not in KEYS and (target == name or target not in given):
                found[target] = value
        return self.checker.coerced(found)


class Directory:
    """The APIs of a registry by ToolBench's names; it reads the registry once, when it is made.

    Of several APIs that ToolBench would spell the same, the one added first has the name; the
    others are found by their ids.

    Parameters
    ----------
    registry : Registry
        What the catalogue holds.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._names: dict[str, ApiName] = {}
        self._ids: dict[ApiName, str] = {}
        self._entries: dict[str, ListedApi] = {}
        for spec in registry:
            name = ApiName.of(spec.category, spec.tool, spec.name)
            if name in self._ids:
                name = replace(name, api=f"{name.api}#{spec.id}")
            self._ids[name], self._names[spec.id] = spec.id, name

    def find(self, name: ApiName, spec_id: str = "") -> ListedApi | None:
        """The API of an id, or else of a name; None where there is none."""
        found = spec_id if spec_id in self._names else self._ids.get(name)
        if found is None:
            return None
        if found not in self._entries:
            spec = self._registry.get(found)
            checker = Checker(spec.parameters)
            counts = Counter(map(standard_name, checker.properties))
            apart = frozenset(one for one in checker.properties if counts[standard_name(one)] > 1)
            named = replace(self._names[found], apart=apart)
            self._entries[found] = ListedApi(named, spec, checker)
        return self._entries[found]

    def missing(self, name: ApiName) -> str:
        """What to say of an API that is not there: what there is instead."""
        siblings = [
            one.api for one in self._ids if (one.category, one.tool) == (name.category, name.tool)
        ]
        said = f"There is no API {name.category}/{name.tool}/{name.api} in this catalogue."
        near = nearest(name.api, siblings) or siblings[:5]
        return f"{said[:300]} The tool has {', '.join(near)}." if near else said[:300]

    def __len__(self) -> int:
        return len(self._ids)
