"""Faults that only many pairs together have: repetition, one task's weight, and leakage."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from toolgrove.data import codec
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.records import Message, PreferencePair, Task

__all__ = ["PER_CHOSEN", "PER_TASK", "Across"]

PER_TASK = 20
"""Pairs that one task may have, over all its runs and rules."""
PER_CHOSEN = 4
"""Pairs that one chosen side may stand in."""
_ALIKE = 0.9
_SKETCH = 64
_WORDS = re.compile(r"\w+")
_BETWEEN = bytes(code for code in range(128) if re.match(rb"\W", bytes([code])))


class Across:
    """What the pairs so far hold. It keeps some hundred bytes a pair.

    Parameters
    ----------
    held_out : iterable of Task
        Tasks of a test. They are known by their id and by the words of their request.
    """

    def __init__(self, held_out: Iterable[Task] = ()) -> None:
        tasks = list(held_out)
        self._ids = {task.id for task in tasks}
        self._requests = {_words(task.query) for task in tasks}
        self._tasks: Counter[str] = Counter()
        self._chosen: Counter[int] = Counter()
        self._whole: set[int] = set()
        self._sketches: dict[str, list[array[int]]] = {}

    def fault(self, pair: PreferencePair, task: Task) -> Fault | None:
        """The first fault of a pair beside those before it; a pair without one is remembered."""
        request = _words(task.query)
        if task.id in self._ids or request in self._requests:
            return Fault.HELD_OUT
        chosen = _words(_text(pair.chosen))
        sides = f"{chosen} ≻ {_words(_text(pair.rejected))}"
        whole = _hash(_letters(_text(pair.prompt)) + sides.encode(errors="replace"))
        sketch = _sketch(sides)
        seen = self._sketches.setdefault(request, [])
        if whole in self._whole or any(_likeness(sketch, one) >= _ALIKE for one in seen):
            return Fault.NEAR_DUPLICATE
        side = _hash(f"{request} {chosen}".encode(errors="replace"))
        if self._tasks[request] >= PER_TASK:
            return Fault.TASK_CAP
        if self._chosen[side] >= PER_CHOSEN:
            return Fault.CHOSEN_CAP
        self._tasks[request] += 1
        self._chosen[side] += 1
        self._whole.add(whole)
        seen.append(sketch)
        return None


def _words(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _letters(text: str) -> bytes:
    """A long text without case, spaces and punctuation: much faster than its words."""
    return text.casefold().encode(errors="replace").translate(None, _BETWEEN)


def _text(messages: Sequence[Message]) -> str:
    """All words and calls, without ids."""
    texts = [
        text
        for message in messages
        for text in (
            message.content,
            *(codec.dumps([c.name, c.arguments, c.malformed]).decode() for c in message.calls),
        )
    ]
    return " ".join(texts)


def _hash(text: bytes) -> int:
    return zlib.crc32(text) << 32 | zlib.adler32(text)


def _sketch(text: str) -> array[int]:
    """The smallest hashes of the text's runs of three words: alike where the texts are."""
    words = text.split()
    runs = {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}
    return array("Q", sorted(_hash(run.encode(errors="replace")) for run in runs)[:_SKETCH])


def _likeness(one: array[int], other: array[int]) -> float:
    """An estimate of the share of runs that both have (Broder, 1997)."""
    smallest = sorted({*one, *other})[:_SKETCH]
    both = {*one} & {*other}
    return sum(1 for run in smallest if run in both) / max(len(smallest), 1)
