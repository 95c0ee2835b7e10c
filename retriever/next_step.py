"""Retrieval for the next step, given the calls already made.

After DTDR (dynamic tool dependency retrieval): what has been called says what is still to be done.
What is done is dropped, the part of the request that it did not serve is searched for by itself,
and tools that are used after it elsewhere are pulled in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from toolgrove.data.records import Status
from toolgrove.retriever.co_use import CoUse
from toolgrove.retriever.lexical import tokens
from toolgrove.retriever.ranking import Hit

__all__ = ["DEAD", "following", "unserved"]

SearchHits: TypeAlias = Callable[[str, int], Sequence[Hit]]
"""Hits of a query, the best first, at most so many."""

DEAD = frozenset(
    {Status.NOT_WORKING, Status.UNAUTHORIZED, Status.UNSUBSCRIBED, Status.NO_SUCH_TOOL}
)
"""How a tool fails that will not do better at the next step."""

POOL = 50
_REST = 0.3
"""Share of the score for the words that are not served yet; the rest is the whole query's."""


def unserved(query: str, documents: Collection[str]) -> str:
    """The words of a query that no document has, after stemming and without stop words.

    Parameters
    ----------
    query : str
    documents : collection of str
        Of the tools that did their part.

    Examples
    --------
    >>> unserved("Write the atomic number of mercury as a Roman numeral",
    ...          ["Science | Periodic Table: Element. Atomic number and mass of an element."])
    'Write mercury Roman numeral'
    """
    served = {token for document in documents for token in tokens(document)}
    return " ".join(word for word in query.split() if set(tokens(word)) - served)


def following(
    query: str,
    called: Sequence[tuple[str, Status]],
    search: SearchHits,
    documents: Mapping[str, str],
    k: int = 5,
    *,
    learned: CoUse | None = None,
) -> list[Hit]:
    """The tools that the next step most likely needs.

    Parameters
    ----------
    query : str
        The request, or what is sought now.
    called : sequence of (tool id, Status)
        The calls so far. One that was answered is done and not proposed again; a :data:`DEAD` one
        is neither; after any other failure the tool may be tried again.
    search : callable
        Plain retrieval.
    documents : mapping
        The document of each tool that was answered, by its id.
    k : int
        How many at most.
    learned : CoUse, optional
        What tools are used after which.

    Returns
    -------
    list of Hit
        Best first.
    """
    done = dict.fromkeys(tool for tool, status in called if status is Status.OK)
    out = {tool for tool, status in called if status is Status.OK or status in DEAD}
    wide = max(POOL, k + len(out))
    hits = {hit.id: hit for hit in search(query, wide)}
    rest = unserved(query, [documents[tool] for tool in done if tool in documents])
    if rest and done:
        left = {hit.id: hit for hit in search(rest, wide)}
        whole = {tool: hit.score for tool, hit in hits.items()}
        for tool, hit in {**left, **hits}.items():
            again = left[tool].score if tool in left else 0.0
            score = (1 - _REST) * whole.get(tool, 0.0) + _REST * again
            hits[tool] = replace(hit, score=round(score, 6))
    ranked = sorted(hits.values(), key=lambda hit: -hit.score)
    if learned is not None:
        ranked = learned.after(list(done), ranked)
    return [hit for hit in ranked if hit.id not in out][:k]
