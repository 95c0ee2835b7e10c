"""Pairs across the runs of a task: a solved one against each that is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from toolgrove.data import codec
from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.divergence import contrasts, parting
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.grafts import own_id
from toolgrove.data.pairs.modes import Branches, Rule
from toolgrove.data.preferences import Mined, fatal_of, paired, reported
from toolgrove.data.records import Task
from toolgrove.data.request import earlier
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.judgements import Judgement

__all__ = ["TaskRuns", "mine_divergence"]

_SOLVED, _FAILED, _UNKNOWN = "solved", "failed", "not_judged"
MOST_SOLVED = 8
"""Solved runs of a task that its failed ones are set against; they are in memory at once."""
Solved = tuple[SearchTree, Judgement]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tree lies, and how its run ended."""

    path: Path
    index: int
    name: str
    ended: str


class TaskRuns:
    """The runs of each task, by where they lie: trees are read again, one task at a time.

    Parameters
    ----------
    judge : callable
        What is known of the answers of a tree at a path.
    read : callable
        The trees at a path.
    unjudged : bool
        Whether an answer that nobody judged solves its task.
    """

    def __init__(
        self,
        judge: Callable[[SearchTree, Path], Judgement],
        read: Callable[[Path], Sequence[SearchTree]],
        *,
        unjudged: bool,
    ) -> None:
        self._judge, self._unjudged = judge, unjudged
        self._read = lru_cache(maxsize=4)(read)
        self._places: dict[str, list[_Place]] = {}

    def note(self, path: Path, index: int, tree: SearchTree, judgement: Judgement) -> None:
        """Take note of a run."""
        ended = self._ended(tree, judgement)
        key = codec.digest([tree.task.query, codec.to_json(list(earlier(tree.task)))])
        name = str(tree.meta.get("run", ""))
        self._places.setdefault(key, []).append(_Place(path, index, name, ended))

    def _ended(self, tree: SearchTree, judgement: Judgement) -> str:
        said = {judgement.success(node) for node in tree}
        if not judgement.by and not self._unjudged:
            return _UNKNOWN
        return _SOLVED if True in said else _UNKNOWN if None in said else _FAILED

    def mined(
        self, drop: Collection[Fault], keep: Collection[Fault]
    ) -> Iterator[tuple[Mined, Task]]:
        """The pairs of each run that did not solve its task, and why it has none; its task."""
        for places in self._places.values():
            begun = (self._tree(place) for place in places if place.ended == _SOLVED)
            solved = [one for one, _ in zip(begun, range(MOST_SOLVED), strict=False)]
            for place in places:
                tree, judgement = self._tree(place)
                if place.ended == _SOLVED:
                    yield (
                        _none(tree, judgement, why="solved, so it has no pair of its own"),
                        tree.task,
                    )
                    continue
                why = _UNKNOWN if place.ended == _UNKNOWN else ""
                mined = mine_divergence(solved, tree, judgement, why, drop=drop, keep=keep)
                yield mined, tree.task

    def _tree(self, place: _Place) -> Solved:
        tree = self._read(place.path)[place.index]
        tree.meta = {**tree.meta, "run": place.name}
        return tree, self._judge(tree, place.path)


def mine_divergence(
    solved: Sequence[Solved],
    failed: SearchTree,
    judgement: Judgement,
    why: str = "",
    *,
    drop: Collection[Fault] = (),
    keep: Collection[Fault] = (),
) -> Mined:
    """The pairs of a run that did not solve its task, against the solved run nearest to it.

    Parameters
    ----------
    solved : sequence of (SearchTree, Judgement)
        Runs of the same task.
    failed : SearchTree
    judgement : Judgement
        What is known of the failed run's answers.
    why : str
        Why there can be no pair, where that is known.
    drop, keep : collection of Fault
        As in :func:`toolgrove.mine`.
    """
    sides = [(Branches(tree, said.success), said) for tree, said in solved if not why]
    sides = [(branches, said) for branches, said in sides if branches.successes]
    if not sides:
        return _none(failed, judgement, why or "no_success")
    found = [(parting(branches, failed), branches, said) for branches, said in sides]
    parted, branches, said = max(found, key=lambda one: (bool(one[0].rejected), len(one[0].shared)))
    if not parted.rejected:
        return _none(failed, judgement, parted.why)
    merged, pairs_of = contrasts(branches, said.success, parted, failed)
    checks = Checks(merged, judged=bool(said.by))
    pairs, dropped, _ = paired(checks, pairs_of, fatal_of(drop, keep))
    origin = {"other": str(failed.meta.get("run", "")), "judged": said.by}
    of_both = [
        replace(pair, origin={**pair.origin, **origin, "rejected": own_id(pair.origin["rejected"])})
        for pair in pairs
    ]
    first = next(iter(dropped), "")
    unpaired = {} if of_both else {first: 1}
    return reported(
        Branches(failed, judgement.success), Rule.DIVERGENCE.value, of_both, dropped, unpaired,
        places=1, why=f"all pairs dropped: {first}", judged=judgement.by,
    )  # fmt: skip


def _none(tree: SearchTree, judgement: Judgement, unpaired: str = "", why: str = "") -> Mined:
    """The report on a run without a pair: it has a reason, or is solved and no place for one."""
    reasons = {unpaired: 1} if unpaired else {}
    return reported(
        Branches(tree, judgement.success), Rule.DIVERGENCE.value, (), {}, reasons,
        places=len(reasons), why=why or unpaired.replace("_", " "), judged=judgement.by,
    )  # fmt: skip
