"""Why a tool is suggested for a task, what it still needs, and how it was asked for before.

After APIGen (Chen et al., "APIGen: Generative API Method Recommendation", SANER 2024): reasons
match the task's intent with what is known of the API, beside examples that differ. There a
language model writes the reasons; here they are computed, so that each can be checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolgrove.retriever.arguments import Argument, Found, arguments
from toolgrove.retriever.documents import document
from toolgrove.retriever.examples import nearest
from toolgrove.retriever.lexical import tokens

if TYPE_CHECKING:
    from toolgrove.data.records import ToolSpec
    from toolgrove.retriever.embedding import Embedder
    from toolgrove.retriever.ranking import Hit

__all__ = ["Recommendation", "UsageExample", "recommend", "shared_words"]

EXAMPLES = 3
_WORD = re.compile(r"[^\W_]{2,}")
_MOST = 64
"""Examples of a tool that are embedded."""


@dataclass(frozen=True, slots=True)
class UsageExample:
    """An earlier query that needed the tool; ``similarity`` to this one in words, form, meaning.

    See :func:`toolgrove.retriever.examples.likeness`.
    """

    query: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A suggested tool and the reasons for it.

    Parameters
    ----------
    spec : ToolSpec
    score : float
        The search's; compares the suggestions of one task only.
    part : str
        The sentence of the task that it answers.
    shared : tuple of str
        Words of that sentence that the tool's document has too, as the sentence writes them.
    arguments : tuple of Argument
        Every parameter, and what the task says of it.
    examples : tuple of UsageExample
        Earlier queries that needed the tool, the nearest first and then unlike each other.
    """

    spec: ToolSpec
    score: float
    part: str
    shared: tuple[str, ...]
    arguments: tuple[Argument, ...]
    examples: tuple[UsageExample, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the required parameters of which the task says nothing."""
        return tuple(
            one.name for one in self.arguments if one.required and one.found is Found.MISSING
        )

    @property
    def reason(self) -> str:
        """Why it fits, in a sentence or two."""
        how = f"shared words: {', '.join(self.shared)}" if self.shared else "by its meaning only"
        because = f'It answers "{self.part}" ({how}).'
        if self.examples:
            because += f' An earlier query that needed it: "{self.examples[0].query}".'
        return because


def recommend(
    query: str,
    found: Sequence[tuple[Hit, ToolSpec]],
    embedder: Embedder,
    examples: Mapping[str, Sequence[str]] | None = None,
) -> list[Recommendation]:
    """Reasons, arguments and examples for the tools that a search found.

    Parameters
    ----------
    query : str
        The task, in words.
    found : sequence of (Hit, ToolSpec)
        What :meth:`toolgrove.agent.catalog.Catalog.search` gave, best first.
    embedder : Embedder
        Compares examples with the task.
    examples : mapping, optional
        Earlier queries by the id of a tool that they needed.

    Returns
    -------
    list of Recommendation
        In the order of ``found``.
    """
    known = examples or {}
    return [
        Recommendation(
            spec=spec,
            score=hit.score,
            part=hit.part,
            shared=shared_words(hit.part, document(spec)),
            arguments=tuple(arguments(query, spec.parameters, hit.part)),
            examples=_examples(query, hit.part, known.get(spec.id, ()), embedder),
        )
        for hit, spec in found
    ]


def shared_words(text: str, other: str) -> tuple[str, ...]:
    """Words of a text that another has too, by their stems; as the text writes them, each once.

    Examples
    --------
    >>> shared_words("Will it rain tomorrow? Rainy days!", "Weather | Sky: forecast. Rains by day.")
    ('rain', 'days')
    """
    theirs = set(tokens(other))
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        for stem in tokens(word):
            if stem in theirs:
                found.setdefault(stem, word)
    return tuple(dict.fromkeys(found.values()))


def _examples(
    query: str, part: str, known: Sequence[str], embedder: Embedder
) -> tuple[UsageExample, ...]:
    """Few of the known queries, the one that is asked now left out."""
    texts = dict.fromkeys(" ".join(text.split()) for text in known if text.strip())
    others = [text for text in texts if text not in (part, " ".join(query.split()))][:_MOST]
    found = nearest(part, others, embedder, EXAMPLES)
    return tuple(UsageExample(others[place], round(like, 6)) for place, like in found)
