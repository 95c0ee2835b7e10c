"""The world's splits, and tasks drawn anew by a seed that nobody has seen.

What was written by hand is ``train``: all of Toolgrove was developed on it. The others are drawn by
seeds that are part of the world's version, each clear of what the splits before it hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from random import Random

from toolgrove.data.records import Task
from toolgrove.data.world.draws import (
    airports,
    circuits_and_signals,
    days,
    errands,
    figures,
    hours,
    journeys,
    missing,
    nets_and_colors,
    places,
    sports_and_music,
    substances,
    unknown,
    unseen,
    unseen_chains,
    words,
)
from toolgrove.data.world.draws.drawing import Drawing, Seen, draw
from toolgrove.data.world.tasks import FAMILIES
from toolgrove.data.world.tasks import tasks as written
from toolgrove.data.world.tasks.build import Family
from toolgrove.errors import UsageError

__all__ = ["DRAWINGS", "SEED", "SPLITS", "families", "new_tasks", "tasks"]

SEED = 20261127
"""Of the drawn splits; another one is another world: it is part of the version."""

DRAWINGS: Mapping[str, Drawing] = {
    family: drawing
    for module in (
        airports,
        circuits_and_signals,
        days,
        errands,
        figures,
        hours,
        journeys,
        missing,
        nets_and_colors,
        places,
        sports_and_music,
        substances,
        unknown,
        unseen,
        unseen_chains,
        words,
    )
    for family, drawing in module.DRAWINGS.items()
}

_FAMILIES: Mapping[str, Sequence[Family]] = {
    "train": FAMILIES,
    "dev": (*FAMILIES[::3], *missing.KNOWN),
    "test-facts": FAMILIES,
    "test-families": (*unseen.FAMILIES, *unseen_chains.FAMILIES, *missing.UNSEEN),
    "test-tools": (*sports_and_music.FAMILIES, *circuits_and_signals.FAMILIES),
}
_PER_FAMILY = {"dev": 1, "test-facts": 1, "test-families": 3, "test-tools": 3}

SPLITS = tuple(_FAMILIES)
"""``train``, ``dev``, and three to test on: other facts, other families, other tools."""


def families(split: str | None = None) -> list[Family]:
    """The families of a split, or all there are.

    Raises
    ------
    UsageError
        Where there is no such split.
    """
    if split is None:
        return list({one.id: one for split in SPLITS for one in _FAMILIES[split]}.values())
    if split not in _FAMILIES:
        raise UsageError(f"the world has no split {split!r}. Its splits: {', '.join(SPLITS)}.")
    return list(_FAMILIES[split])


def tasks(split: str = "train") -> list[Task]:
    """The tasks of a split, group by group.

    A test split has to be asked for by its name, so that nobody develops on it unawares.

    Raises
    ------
    UsageError
        Where there is no such split.

    Examples
    --------
    >>> [len(tasks(split)) for split in SPLITS]
    [220, 59, 160, 93, 87]
    """
    families(split)
    return list(_tasks(split))


@cache
def _tasks(split: str) -> tuple[Task, ...]:
    if split == "train":
        return tuple(written())
    made = _drawn(families(split), str(SEED), split, _before(split))
    wanted = _PER_FAMILY[split] * len(_FAMILIES[split])
    return tuple(sorted((task for task, _ in zip(made, range(wanted), strict=False)), key=_group))


def _before(split: str) -> Seen:
    """What tasks of a split must keep clear of: all that may be developed on."""
    return Seen.of(written() if split == "dev" else [*written(), *_tasks("dev")])


def _group(task: Task) -> str:
    return task.group


def new_tasks(seed: int, number: int, split: str | None = None) -> list[Task]:
    """Tasks drawn by a seed: the same seed gives the same tasks, another one gives others.

    All families have their turn, in an order that the seed shuffles, one task each before any has a
    second. The answer of no task comes from a call that the answer of one of ``train`` or ``dev``
    comes from.

    Parameters
    ----------
    seed : int
        Part of the ids, with the family.
    number : int
        How many.
    split : str or None
        Only families of this split.

    Raises
    ------
    UsageError
        Where there is no such split, or it has no more tasks to give.

    Examples
    --------
    >>> [task.id for task in new_tasks(7, 2, "test-tools")]
    ['seed7-g2-battery-on-bands-1', 'seed7-g1-race-prediction-1']
    """
    chosen = families(split)
    Random(f"order {seed}").shuffle(chosen)
    made = _drawn(chosen, f"new {seed}", f"seed{seed}", _before("test-facts"))
    found = [task for task, _ in zip(made, range(number), strict=False)]
    if len(found) < number:
        raise UsageError(f"only {len(found)} different tasks can be drawn, not {number}.")
    return found


def _drawn(chosen: Sequence[Family], seed: str, prefix: str, seen: Seen) -> Iterator[Task]:
    """Tasks of the families in turn, until none of them gives a new one."""
    left = list(chosen)
    for number in count(1):
        if not left:
            return
        for family in list(left):
            id_ = f"{prefix}-{family.id}-{number}"
            task = draw(family, DRAWINGS[family.id], id_, f"{seed} {number}", seen)
            if task is None:
                left.remove(family)
                continue
            seen.add(task)
            yield task
