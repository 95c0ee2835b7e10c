"""How a task is made: a query, and a function that finds its answer by calling the APIs.

The function is given ``ask``, which makes a call and returns the answer. With the world itself
behind ``ask`` the function's result is the reference answer, and what it asked are the reference
calls; with a running server behind it, the same function proves that the answer can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Protocol, TypeAlias

from toolgrove.data.records import JsonObject, Reference, Task, ToolCall
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.declare import Endpoint
from toolgrove.data.world.state import World
from toolgrove.data.world.tasks.other_names import OTHER_NAMES

__all__ = [
    "Ask",
    "Case",
    "Families",
    "Family",
    "Recorder",
    "count",
    "date",
    "endpoint_called",
    "name",
    "names",
    "number",
    "text",
    "unsolvable",
    "yes",
]

MOST_OFFERED = 8
"""APIs a task offers at most: a small model has to choose among them."""


class Ask(Protocol):
    """Calls an API by its name and gives its answer."""

    def __call__(self, api: str, /, **arguments: Any) -> Any: ...


_Solve: TypeAlias = Callable[..., Reference]


@cache
def _by_name() -> Mapping[str, Endpoint]:
    found = {endpoint.name: endpoint for endpoint in endpoints().values()}
    if len(found) != len(endpoints()):
        raise ValueError("two APIs of the world have one name")
    return found


def endpoint_called(api: str) -> Endpoint:
    """The endpoint of an API's name, which is unique in the world."""
    return _by_name()[api]


class Recorder:
    """An ``ask`` that computes answers from the facts and keeps calls and answers."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self.answers: list[JsonObject] = []
        self._world = World()

    def __call__(self, api: str, /, **arguments: Any) -> JsonObject:
        endpoint = endpoint_called(api)
        self.calls.append(ToolCall(f"call_{len(self.calls) + 1}", endpoint.id, arguments))
        self.answers.append(endpoint.run(self._world, arguments))
        return self.answers[-1]


@dataclass(frozen=True, slots=True)
class Case:
    """One task of a family: its query, and what the family's function is called with."""

    query: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """Tasks that are solved alike.

    Parameters
    ----------
    name : str
        Begins the tasks' ids.
    group : str
        ``G1`` one tool, ``G2`` several tools of a category, ``G3`` several categories.
    solve : callable
        ``solve(ask, **values)`` gives the reference answer.
    offer : sequence of str
        Names of APIs offered besides those that the reference calls. In ``G1`` the whole tool is.
    tempting : sequence of str
        Names of offered APIs that look right and are not: troubled, or of another meaning.
    cases : list of Case
        The tasks written by hand; more are drawn (:mod:`toolgrove.data.world.draws.drawing`).
    """

    name: str
    group: str
    solve: _Solve
    offer: Sequence[str]
    tempting: Sequence[str]
    cases: list[Case] = field(default_factory=list)

    def case(self, query: str, /, **values: Any) -> None:
        """Add a task."""
        self.cases.append(Case(query, values))

    @property
    def id(self) -> str:
        """Its group and name; what the ids of its tasks hold."""
        return f"{self.group.lower()}-{self.name}"

    def tasks(self) -> list[Task]:
        """The tasks written by hand, each with its answer computed."""
        return [
            self.task(f"{self.id}-{number}", case.query, case.values, Recorder())
            for number, case in enumerate(self.cases, 1)
        ]

    def task(self, id_: str, query: str, values: Mapping[str, Any], ask: Recorder) -> Task:
        """A task of the family; ``ask`` computes its answer and keeps the calls."""
        found = self.solve(ask, **values)
        used = tuple(dict.fromkeys(call.name for call in ask.calls))
        tempting = [endpoint_called(api).id for api in self.tempting]
        return Task(
            id=id_,
            query=query,
            tools=self._offered({*used, *tempting}),
            group=self.group,
            relevant=used,
            reference=replace(found, calls=tuple(ask.calls)),
            meta={"tempting": tempting} if tempting else {},
        )

    def _offered(self, needed: set[str]) -> tuple[str, ...]:
        wanted = needed | {endpoint_called(api).id for api in self.offer}
        if self.group == "G1":  # the whole tool, as ToolBench offers it
            tools = {endpoints()[id_].tool.name for id_ in wanted}
            wanted |= {one.id for one in endpoints().values() if one.tool.name in tools}
        offered = tuple(id_ for id_ in endpoints() if id_ in wanted)
        if len(offered) > MOST_OFFERED:
            raise ValueError(f"{self.name} offers {len(offered)} APIs, {MOST_OFFERED} at most")
        return offered


class Families(list[Family]):
    """The families of a module, in the order they are written."""

    def add(
        self,
        group: str,
        name: str,
        *,
        offer: Sequence[str] = (),
        tempting: Sequence[str] = (),
    ) -> Callable[[_Solve], Family]:
        """Make a family of a function; add its tasks with :meth:`Family.case`."""

        def made(solve: _Solve) -> Family:
            self.append(Family(name, group, solve, offer, tempting))
            return self[-1]

        return made


def number(value: float, unit: str = "", tolerance: float = 0.002) -> Reference:
    """A measure, right within ``tolerance``, with its unit in pint's words."""
    return Reference("number", value, unit=unit, tolerance=tolerance)


def count(value: int | str, unit: str = "") -> Reference:
    """A whole number that has to be exact."""
    return Reference("number", int(value), unit=unit, tolerance=0.0)


def date(value: str) -> Reference:
    """An ISO date, or a time as HH:MM."""
    return Reference("date", value)


def name(value: str, *aliases: str) -> Reference:
    """A name, and other ways to write it."""
    others = [other for one in (value, *aliases) for other in OTHER_NAMES.get(one, ())]
    return Reference("name", value, aliases=(*aliases, *others))


def yes(value: bool) -> Reference:
    """Yes or no."""
    return Reference("name", "yes" if value else "no")


def names(values: Iterable[str]) -> Reference:
    """A set of names, dates or numbers as text; their order does not matter."""
    return Reference("set", sorted(values))


def text(value: str) -> Reference:
    """Words to be given as they are."""
    return Reference("text", value)


def unsolvable() -> Reference:
    """No API of the world can tell."""
    return Reference("unsolvable")
