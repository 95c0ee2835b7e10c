"""Co-use: tools that were used together elsewhere are proposed after each other.

Learnt from reference calls or labels of training tasks and from answered search trees. Two tools
are associated by normalised pointwise mutual information (Bouma, 2009) over the episodes they
occur in, so that a tool that is used everywhere pulls nothing in; one that is seen once counts
half. A directed edge says that a value that one tool gave, and that the request did not hold, was
an argument of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.records import Status, Task
from toolgrove.data.tree import SearchTree
from toolgrove.errors import CatalogError
from toolgrove.machine.files import write_beside
from toolgrove.retriever.ranking import Hit

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["FILE", "CoUse", "Episode", "from_task", "from_tree"]

FILE = "co_use.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Episode:
    """Tools that served one request together.

    Parameters
    ----------
    key : str
        Names the request; a key counts once.
    tools : tuple of str
        Ids, each once, in the order of use where that is known.
    feeds : tuple of (str, str)
        ``(a, b)``: a value that ``a`` gave was an argument of ``b``.
    """

    key: str
    tools: tuple[str, ...]
    feeds: tuple[tuple[str, str], ...] = ()

    def among(self, ids: Mapping[str, str]) -> Episode:
        """The episode under other ids, without the tools that have none.

        Examples
        --------
        >>> Episode("1", ("a", "b"), (("a", "b"),)).among({"a": "x"})
        Episode(key='1', tools=('x',), feeds=())
        """
        tools = tuple(dict.fromkeys(ids[tool] for tool in self.tools if tool in ids))
        feeds = tuple((ids[a], ids[b]) for a, b in self.feeds if a in ids and b in ids)
        return Episode(self.key, tools, feeds)


def from_task(task: Task) -> Episode:
    """A task's reference calls, or the tools its labels name.

    Examples
    --------
    >>> from_task(Task("1", "How far?", relevant=("a", "b"))).tools
    ('a', 'b')
    """
    calls = () if task.reference is None else task.reference.calls
    tools = tuple(dict.fromkeys(call.name for call in calls)) or tuple(dict.fromkeys(task.relevant))
    return Episode(codec.digest(["task", task.id, task.query])[:16], tools)


def from_tree(tree: SearchTree) -> Episode:
    """The answered calls on the way to a tree's first answer, and which fed which."""
    key = codec.digest(["tree", tree.task.id, tree.task.query])[:16]
    if not tree.answered:
        return Episode(key, ())
    known = {spec.id for spec in tree.tools}
    steps = [
        (call, observation)
        for node in tree.path(tree.answered[0].id)
        for call, observation in zip(node.calls, node.observations, strict=True)
        if observation.status is Status.OK and call.name in known
    ]
    feeds = [
        (before.name, call.name)
        for i, (call, _) in enumerate(steps)
        for before, gave in steps[:i]
        if before.name != call.name
        and any(v in gave.content for v in _values(call.arguments) if v not in tree.task.query)
    ]
    tools = tuple(dict.fromkeys(call.name for call, _ in steps))
    return Episode(key, tools, tuple(dict.fromkeys(feeds)))


def _values(value: Any) -> list[str]:
    """Texts and numbers in a JSON value that are long enough to be told from chance."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in _values(part)]
    if isinstance(value, list):
        return [text for part in value for text in _values(part)]
    if value is None or isinstance(value, bool):
        return []
    return [str(value)] if len(str(value)) >= 3 else []


class CoUse:
    """The graph: nodes are tool ids with ``count``, edges ``used`` together or ``feeds``.

    Parameters
    ----------
    episodes : iterable of Episode
        Only given training data is learnt from: leave test tasks out of it.

    Examples
    --------
    >>> graph = CoUse([Episode("1", ("a", "b")), Episode("2", ("a", "b")), Episode("3", ("c",))])
    >>> round(graph.association("a", "b"), 2), graph.association("a", "c")
    (0.67, 0.0)
    """

    def __init__(self, episodes: Iterable[Episode] = ()) -> None:
        self._episodes: dict[str, Episode] = {}
        self.learn(episodes)

    def learn(self, episodes: Iterable[Episode]) -> int:
        """Add episodes; those of a known key and those without tools are passed over.

        Returns
        -------
        int
            How many were new.
        """
        before = len(self._episodes)
        for episode in episodes:
            if episode.tools:
                self._episodes.setdefault(episode.key, episode)
        self.__dict__.pop("graph", None)
        return len(self._episodes) - before

    def __len__(self) -> int:
        return len(self._episodes)

    @cached_property
    def graph(self) -> nx.MultiDiGraph[str]:
        """As a networkx graph; edge keys are ``used`` (in the order of use) and ``feeds``."""
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for episode in self._episodes.values():
            for tool in episode.tools:
                graph.add_node(tool)
                graph.nodes[tool]["count"] = graph.nodes[tool].get("count", 0) + 1
            for kind, pairs in (
                ("used", combinations(episode.tools, 2)),
                ("feeds", episode.feeds),
            ):
                for a, b in pairs:
                    if not graph.has_edge(a, b, kind):
                        graph.add_edge(a, b, kind, count=0)
                    graph.edges[a, b, kind]["count"] += 1
        return graph

    def association(self, a: str, b: str) -> float:
        """How much more often two tools are used together than by chance, from 0 to below 1."""
        together = self._count(a, b, "used") + self._count(b, a, "used")
        if not together:
            return 0.0
        n = len(self._episodes)
        p_a, p_b = (self.graph.nodes[tool]["count"] / n for tool in (a, b))
        p = together / n
        npmi = log(p / (p_a * p_b)) / -log(p) if p < 1 else 1.0
        return max(0.0, npmi) * together / (together + 1)

    def neighbours(self, tool: str) -> dict[str, float]:
        """The tools that are used with one, and what their association is."""
        if tool not in self.graph:
            return {}
        around = {*self.graph.successors(tool), *self.graph.predecessors(tool)}
        return {other: self.association(tool, other) for other in around}

    def after(self, done: Sequence[str], hits: Sequence[Hit], weight: float = 0.3) -> list[Hit]:
        """Let the tools that were called raise those that are used with them.

        Parameters
        ----------
        done : sequence of str
            Ids of the tools that were called.
        hits : sequence of Hit
            What a search found.
        weight : float
            A hit gains this times its strongest association, and this again where a called tool
            feeds it.

        Returns
        -------
        list of Hit
            Best first; a tool that the search had not found comes with no score but this one.
        """
        found = {hit.id: hit for hit in hits}
        gains: dict[str, float] = {}
        for tool in done:
            for other, association in self.neighbours(tool).items():
                gain = weight * (association + (self._count(tool, other, "feeds") > 0))
                gains[other] = max(gains.get(other, 0.0), gain)
        for tool, gain in gains.items():
            hit = found.get(tool, Hit(tool, 0.0, 0.0, 0.0, ""))
            found[tool] = replace(hit, score=round(hit.score + gain, 6))
        return sorted(found.values(), key=lambda hit: -hit.score)

    def _count(self, a: str, b: str, kind: str) -> int:
        return int(self.graph.edges[a, b, kind]["count"]) if self.graph.has_edge(a, b, kind) else 0

    def save(self, folder: str | Path) -> None:
        """Keep it in a catalogue's folder."""
        rows = {"version": VERSION, "episodes": list(self._episodes.values())}
        write_beside(Path(folder) / FILE, [codec.dumps(rows), b"\n"])

    @classmethod
    def load(cls, folder: str | Path) -> CoUse:
        """What was learnt in a catalogue's folder; nothing where there is no file.

        Raises
        ------
        CatalogError
            The file is damaged or was made by another version.
        """
        path = Path(folder) / FILE
        if not path.exists():
            return cls()
        try:
            rows = codec.loads(path.read_bytes())
            if rows["version"] != VERSION:
                raise ValueError(f"version {rows['version']}, this one reads {VERSION}")
            return cls(codec.decode(list[Episode], rows["episodes"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = " ".join(str(error).split())[:200]
            raise CatalogError(
                f"{path}: cannot be read as a co-use graph ({why}). Delete it and learn again."
            ) from error
