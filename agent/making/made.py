"""A tool that was made: its source, its evidence, its cost, and how it is offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolgrove.agent.making.drafts import Draft
from toolgrove.data import codec
from toolgrove.data.records import MADE, Effect, JsonObject, ToolSpec

if TYPE_CHECKING:
    from toolgrove.retriever.embedding import Embedder

__all__ = ["MadeTool", "by_views"]

MOST = 2
"""How many a run is offered."""
NEAR = 0.5
"""Likeness to a request that a tool was read from, from which another is about it."""
_NAMED = 3
"""How many each view names."""
_REQUESTS = 3
"""Requests that speak for a tool."""


@dataclass(frozen=True, slots=True)
class MadeTool:
    """A draft that passed.

    Parameters
    ----------
    name : str
        Under which it is offered.
    draft : Draft
        Its source.
    version : int
        Counts what changed: its source never does, the tools that it calls may.
    pins : tuple of (str, str)
        Ids of the tools that it calls, and the digests of their specs when it was last tried.
    passed : tuple of str
        The held-back tasks that it passed.
    tried : int
        How many it was tried on.
    runs : tuple of str
        The solved runs that it was read from.
    requests : tuple of str
        What was asked there.
    outcomes : tuple of (JsonObject, str)
        Arguments that it was tried on, and the digest of what it gave.
    calls, seconds : float
        What it costs: calls of other tools, and seconds with these, on the mean.
    retired : str
        Why it is not offered any more; empty where it is.
    by_hand : bool
        Whether somebody retired it; then it is never tried again.
    """

    name: str
    draft: Draft
    version: int = 1
    pins: tuple[tuple[str, str], ...] = ()
    passed: tuple[str, ...] = ()
    tried: int = 0
    runs: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    outcomes: tuple[tuple[JsonObject, str], ...] = ()
    calls: float = 0.0
    seconds: float = 0.0
    retired: str = ""
    by_hand: bool = False

    @property
    def id(self) -> str:
        """Its id in a catalogue."""
        return f"Made/{self.name}"

    @property
    def digest(self) -> str:
        """Names its source and the versions of the tools that it calls."""
        return codec.digest([self.draft.source, list(self.draft.calls), list(self.pins)])

    @property
    def offer_digest(self) -> str:
        """Names all that decides what it gives and for which requests it is offered."""
        return codec.digest([self.digest, self.name, list(self.requests[:_REQUESTS])])

    @property
    def docstring(self) -> str:
        """What it does, made of the names of tools, parameters and fields alone."""
        names = _listed([name for name, _ in self.draft.parameters])
        if self.draft.written:
            tools = _listed([name for name, _ in self.draft.calls])
            does = f"From {names}, what code makes of {tools}, in one call. Made from code"
        else:
            calls = "; then ".join(_calls(self.draft.source))
            does = f"Calls {calls}, and gives the last result. Made from calls"
        return f"{does} of solved runs; makes about {self.calls:g} calls."

    @property
    def spec(self) -> ToolSpec:
        """As it is offered."""
        schema = {
            "type": "object",
            "properties": {name: dict(kind) for name, kind in self.draft.parameters},
            "required": [name for name, _ in self.draft.parameters],
        }
        binding = {
            "kind": MADE,
            "code": self.draft.source,
            "name": self.draft.name,
            "calls": dict(self.draft.calls),
            "pins": dict(self.pins),
            "version": self.version,
            "digest": self.digest,
            "evidence": list(self.passed),
            "cost": {"calls": self.calls},
        }
        return ToolSpec(
            self.id, "Made", "", self.name, self.docstring, schema, None, Effect.READ, MADE, binding
        )


def by_views(request: str, tools: Sequence[MadeTool], embedder: Embedder) -> list[MadeTool]:
    """The few tools that a request is about, best first, by a vote of three views, after CRAFT.

    Each view names its nearest by their meaning: the requests that a tool was read from, its name,
    and its docstring. A tool needs two votes, and a request among its own that is near.
    """
    views: list[Callable[[MadeTool], Sequence[str]]] = [
        lambda one: one.requests[:_REQUESTS],
        lambda one: (one.name.replace("_", " "),),
        lambda one: (one.docstring,),
    ]
    if not tools or not request.strip():
        return []
    model: Any = embedder  # hashable as any object is, which a protocol does not say
    asked = model.embed([request], query=True)[0]
    votes: Counter[int] = Counter()
    near: list[float] = []
    for view in views:
        texts = tuple((place, text) for place, one in enumerate(tools) for text in view(one))
        likeness = _embedded(model, tuple(text for _, text in texts), view is views[0]) @ asked
        best = [-1.0] * len(tools)
        for (place, _), like in zip(texts, likeness, strict=True):
            best[place] = max(best[place], float(like))
        near = near or best
        votes.update(sorted(range(len(tools)), key=lambda place: -best[place])[:_NAMED])
    fit = [place for place in votes if votes[place] > 1 and near[place] >= NEAR]
    return [tools[place] for place in sorted(fit, key=lambda at: (-votes[at], -near[at]))[:MOST]]


@lru_cache(maxsize=8)
def _embedded(embedder: Any, texts: tuple[str, ...], query: bool) -> NDArray[np.float32]:
    """A view's vectors, which are the same from run to run."""
    found: NDArray[np.float32] = embedder.embed(texts, query=query)
    return found


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _calls(source: str) -> list[str]:
    """The calls of a chain, one on each line between its first and its last."""
    return [line.partition(" = ")[2] for line in source.splitlines()[1:-1]]
