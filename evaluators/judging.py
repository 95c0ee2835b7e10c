"""Asking a chat model for a verdict: reading the reply, and counting votes.

What the judge reads was written by an agent and by third-party APIs, and is quoted
(:mod:`toolgrove.data.quoting`). A judge may still be talked round by it, so a judged score is
weaker evidence than one that code computed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolgrove.data.chat_text import ask_until_read, model_name
from toolgrove.data.spoken import spoken

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["UNSURE", "Judge", "majority", "verdict_of_reply", "votes_of"]

UNSURE = "Unsure"
_MARK = r"\s*_`#'\"“”‘’«».,;:=()\[\]✅✓✔\-"
"""What may stand around a verdict: nothing that takes it back, as ``!=``, ``~~``, ``>``, ``?``."""
_LINE = rf"^[{_MARK}]*verdict[{_MARK}]*\b({{}})\b[{_MARK}!]*$"
_BARE = rf"[{_MARK}]*({{}})[{_MARK}!]*"
_SAYS = re.compile(rf"[^{_MARK}]")
"""Lines of mere marks say nothing, and many of them would take long to search."""
_UNTICKED = re.compile(r"\[\s*\][^\n]*\s*$")
_AGAIN = "Your reply held no verdict. Reply with one line and nothing else: Verdict: {}"


def majority(votes: Iterable[str | None]) -> str | None:
    """What more than half of the votes say; a tie is unsure, and None where there are no votes.

    None among the votes is a reply without a verdict: no vote.

    Examples
    --------
    >>> majority(["Solved", "Solved", "Unsolved"]), majority(["Solved", "Unsolved", None])
    ('Solved', 'Unsure')
    """
    given = [vote for vote in votes if vote is not None]
    if not given:
        return None
    (most, count), *_ = Counter(given).most_common(1)
    return most if 2 * count > len(given) else UNSURE


@dataclass(frozen=True, slots=True)
class Judge:
    """A chat model that is asked for verdicts.

    Parameters
    ----------
    model : BaseChatModel
        Any LangChain chat model; it needs no tools.
    attempts : int
        How often one question is put before a reply without a verdict counts as no vote.
    """

    model: BaseChatModel
    attempts: int = 3

    @property
    def name(self) -> str:
        """What the judge calls itself, for scores."""
        return model_name(self.model)

    async def ask(self, system: str, question: str, choices: Sequence[str]) -> str | None:
        """One verdict out of the choices, or None where the judge would not give any.

        Raises
        ------
        ModelError
            Where the judge did not answer at all.
        """

        def read(reply: str) -> str:
            verdict = verdict_of_reply(spoken(reply), choices)
            if verdict is None:
                raise ValueError("no verdict")
            return verdict

        again = _AGAIN.format(" or Verdict: ".join(choices))
        try:
            return await ask_until_read(
                self.model, system, question, read, lambda _: again, attempts=self.attempts
            )
        except ValueError:
            return None


async def votes_of(
    ask: Callable[[], Awaitable[str | None]], count: int, *, every: bool = False
) -> list[str | None]:
    """Ask for up to ``count`` votes, and unless for every one, stop once one has the majority."""
    votes: list[str | None] = []
    while len(votes) < count:
        vote = await ask()
        votes.append(vote)
        if not every and vote is not None and 2 * votes.count(vote) > count:
            break
    return votes


def verdict_of_reply(reply: str, choices: Sequence[str]) -> str | None:
    r"""The one verdict that a reply ends with: a line ``Verdict: …``, or the word as all of it.

    That a word stands somewhere in a reply says nothing: "not Solved" is not Solved.

    Examples
    --------
    >>> verdict_of_reply("All of it is there.\n**Verdict: Solved**", ["Solved", "Unsolved"])
    'Solved'
    >>> verdict_of_reply("Successfully told.\nVerdict: not Solved", ["Solved", "Unsolved"])
    """
    reply = "\n".join(line for line in reply.splitlines() if _SAYS.search(line)).rstrip()
    words = "|".join(choices)
    lines = list(re.finditer(_LINE.format(words), reply, re.IGNORECASE | re.MULTILINE))
    found = lines or [*filter(None, [re.fullmatch(_BARE.format(words), reply, re.IGNORECASE)])]
    if _UNTICKED.search(reply) or not found or found[-1].end() < len(reply):
        return None
    said = {one[1].capitalize() for one in found}
    return said.pop() if len(said) == 1 else None
