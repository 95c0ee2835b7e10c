"""Faults that only many pairs together have: repetition, one task's weight, and leakage."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from toolgrove.data import codec
from toolgrove.data.pairs.faults import DROPPED, Fault
from toolgrove.data.pairs.steps import TreeRow
from toolgrove.data.records import Message, PreferencePair, Task, ToolCall

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
    fatal : collection of Fault
        The faults that a pair is dropped for.
    """

    def __init__(self, held_out: Iterable[Task] = (), fatal: Collection[Fault] = DROPPED) -> None:
        self._fatal = fatal
        tasks = list(held_out)
        self._ids = {task.id for task in tasks}
        self._requests = {_words(task.query) for task in tasks}
        self._tasks: Counter[str] = Counter()
        self._chosen: Counter[int] = Counter()
        self._whole: set[int] = set()
        self._preferred: set[int] = set()
        self._sketches: dict[str, list[array[int]]] = {}

    def faults(self, pair: PreferencePair, task: Task) -> list[Fault]:
        """All faults of a pair beside those that were kept before it; is it kept, it is remembered.

        A row with one side is another one where its prompt, its label or its value is: the same
        step is worth another thing elsewhere.
        """
        request = _words(task.query)
        prompt = _hash(_letters(_text(pair.prompt)))
        chosen = _words(_text(pair.chosen))
        sides = f"{chosen} ≻ {_words(_text(pair.rejected))}"
        about, columns = request, ""
        if isinstance(pair, TreeRow):
            columns = codec.dumps(dict(pair.columns)).decode()
            about = f"{request} {prompt} {columns}"
        whole = _hash(f"{prompt} {sides} {columns}".encode(errors="replace"))
        way, opposite = _ways(prompt, pair)
        sketch = _sketch(sides)
        seen = self._sketches.setdefault(about, [])
        side = _hash(f"{about} {chosen}".encode(errors="replace"))
        found = {
            Fault.HELD_OUT: task.id in self._ids or request in self._requests,
            Fault.NEAR_DUPLICATE: whole in self._whole
            or any(_likeness(sketch, one) >= _ALIKE for one in seen),
            Fault.CONTRADICTED: opposite in self._preferred,
            Fault.TASK_CAP: self._tasks[request] >= PER_TASK,
            Fault.CHOSEN_CAP: self._chosen[side] >= PER_CHOSEN,
        }
        faults = [fault for fault, has in found.items() if has]
        if not any(fault in self._fatal for fault in faults):
            self._tasks[request] += 1
            self._chosen[side] += 1
            self._whole.add(whole)
            self._preferred.add(way)
            seen.append(sketch)
        return faults


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
            *map(_written, message.calls),
        )
    ]
    return " ".join(texts)


def _written(call: ToolCall) -> str:
    return codec.dumps([call.name, call.arguments, call.malformed]).decode()


def _taken(messages: Sequence[Message]) -> str:
    """The calls of a side; of one without calls, what it says."""
    called = [call for message in messages for call in message.calls]
    return " ".join(map(_written, called)) or _words(_text(messages))


def _ways(prompt: int, pair: PreferencePair) -> tuple[int, int]:
    """What a pair says of a step after a prompt, and the opposite of it.

    That it is taken rather than another; of a row with a label and no value, that it is wanted. A
    value is a share of many ends, and differs from run to run.
    """
    taken, left = _taken(pair.chosen), _taken(pair.rejected)
    if isinstance(pair, TreeRow) and "value" not in pair.columns:
        label = pair.columns.get("label")
        ways = (f"{taken} {label}", f"{taken} {not label}")
    else:
        ways = (f"{taken} ≻ {left}", f"{left} ≻ {taken}")
    way, opposite = (_hash(f"{prompt} {one}".encode(errors="replace")) for one in ways)
    return way, opposite


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
