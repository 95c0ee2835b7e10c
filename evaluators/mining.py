"""Preference pairs from files and folders, by what evaluators said of the answers in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from toolgrove.data.formats.importers import Loaded
from toolgrove.data.formats.sources import TREES, load_sources
from toolgrove.data.mining import MiningReport, fitting
from toolgrove.data.pairs.across import Across
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import OF_MANY, Rule
from toolgrove.data.preferences import Mined, fatal_of, left_out, mine, named
from toolgrove.data.runs import JOURNAL, has_begun
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.corrupting import mine_corruptions
from toolgrove.evaluators.diverging import TaskRuns
from toolgrove.evaluators.judgements import ANSWERED, AUTO, Judgement, Judgements

if TYPE_CHECKING:
    from toolgrove.data.records import Observation, PreferencePair, Task, ToolCall
    from toolgrove.machine.progress import Tick

__all__ = ["Mining", "mine_files", "mine_judged", "mined_files"]

MinedBy: TypeAlias = Callable[[SearchTree, Judgement], Mined]


def mine_files(
    paths: Sequence[str | Path],
    *,
    rule: Rule | Sequence[Rule] = Rule.STEP,
    drop: Collection[Fault] = (),
    keep: Collection[Fault] = (),
    success: str = AUTO,
    held_out: Iterable[Task] = (),
    skip_bad: bool = False,
    tick: Tick | None = None,
    execute: Callable[[ToolCall], Observation] | None = None,
) -> Mining:
    """Preference pairs of all trees in files and folders, one file in memory at a time.

    Parameters
    ----------
    paths : sequence of path
        Runs, the folders of batches, ToolBench answer trees, converted answers, or folders of them.
    rule : Rule or sequence of Rule
        Which continuations are set against each other. Each rule has its own rows in the report.
    drop, keep : collection of Fault
        Faults for which a pair is dropped besides those of
        :data:`toolgrove.data.pairs.faults.DROPPED`, and those of them for which it is not.
    success : str
        What is a success. ``auto``: in the folder of a batch what its evaluators say
        (:func:`toolgrove.evaluators.judgements.judgement`), and nothing that they do not judge;
        elsewhere every answer, and the report says that it was not judged. The name of an
        evaluator, as ``answer/2``: what this one says, and nothing else. ``answered``: every
        answer, also one that a batch scored 0.
    held_out : iterable of Task
        Tasks of a test, of which no pair is made.
    skip_bad : bool
        Go on after a bad file; it is then in ``sources.skipped``.
    tick : callable or None
        Told how many files are done, and of how many.
    execute : callable or None
        Makes a call for the rule ``corruption``, and no write
        (:func:`toolgrove.agent.executing`).

    Returns
    -------
    Mining
        Iterate over it for the pairs; its report is whole when the iteration is over.

    Raises
    ------
    FormatError, JournalError
        While iterating, for the first bad file or damaged results, unless ``skip_bad``.
    UsageError
        While iterating, where there are no trees, or nobody scored by the evaluator.
    """
    rules = [rule] if isinstance(rule, Rule) else list(rule)
    faults: Faults = {"drop": drop, "keep": keep}
    mined_by: list[MinedBy] = [
        partial(mine_judged, rule=one, **faults) for one in rules if one not in OF_MANY
    ]
    if Rule.CORRUPTION in rules:
        if execute is None:
            raise UsageError("rule 'corruption' makes calls: name what makes them (execute).")
        unjudged = success == ANSWERED
        mined_by.append(partial(mine_corruptions, execute=execute, unjudged=unjudged, **faults))
    runs_of = faults if Rule.DIVERGENCE in rules else None
    return mined_files(
        paths, mined_by, success=success, held_out=held_out, runs_of=runs_of, skip_bad=skip_bad,
        tick=tick, **faults,
    )  # fmt: skip


def mined_files(
    paths: Sequence[str | Path],
    mined_by: Sequence[MinedBy],
    *,
    drop: Collection[Fault],
    keep: Collection[Fault],
    success: str,
    held_out: Iterable[Task],
    runs_of: Faults | None = None,
    skip_bad: bool,
    tick: Tick | None,
) -> Mining:
    """What functions make of each tree in files and folders; see :func:`mine_files`."""
    fatal = fatal_of(drop, keep)
    across = Across(held_out, fatal)
    return Mining(paths, mined_by, success, across, fatal, runs_of, skip_bad=skip_bad, tick=tick)


class Faults(TypedDict):
    """The faults that pairs are dropped for besides the others, and those that they are not."""

    drop: Collection[Fault]
    keep: Collection[Fault]


class Mining:
    """An iteration over the pairs of many trees.

    Attributes
    ----------
    report : MiningReport
        A row for each tree so far.
    sources : Sources
        What was read, passed over and skipped so far.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        mined_by: Sequence[MinedBy],
        success: str,
        across: Across,
        fatal: Collection[Fault],
        runs_of: Faults | None = None,
        *,
        skip_bad: bool,
        tick: Tick | None,
    ) -> None:
        self._mined_by, self._tick = mined_by, tick
        self._across, self._fatal = across, fatal
        self._skip_bad = skip_bad
        self._judgements = Judgements(success)
        self.sources = load_sources(paths, TREES, skip_bad=skip_bad, overlays=False)
        self.report = MiningReport()
        self._runs_of = runs_of
        self._runs = TaskRuns(self._judgements.of, _trees_at, unjudged=success == ANSWERED)

    def __iter__(self) -> Iterator[PreferencePair]:
        self._pass_over_unbegun()
        self._tell()
        for loaded in self.sources:
            for mined in self._mined(loaded):
                yield from self._noted(mined)
            self._tell()
        for mined, task in self._runs.mined(**self._runs_of) if self._runs_of else ():
            yield from self._noted(self._beside_others(fitting(mined), task))
        if not self.report.rows and not self.sources.skipped:
            raise UsageError("no search trees there. Name runs, answer trees, or folders of them.")
        for wrong in self._judgements.unknown():
            raise UsageError(f"{wrong} Name another evaluator, or mine by 'auto' or 'answered'.")

    @property
    def reads(self) -> list[Path]:
        """The files and the folders of runs that are read; of folders no lines, which ours are."""
        return [at for at, of in self.sources.files if at == of or at.suffix != ".jsonl"]

    def _noted(self, mined: Mined) -> Sequence[PreferencePair]:
        self.report.rows.append(mined.row)
        return mined.pairs

    def _pass_over_unbegun(self) -> None:
        """Leave out runs that a kill ended before their journal's header was whole.

        A batch that is killed leaves such runs. They hold no tree, and are no damage.
        """
        files = self.sources.files
        begun = [(path, of) for path, of in files if path == of or not _is_unbegun(path)]
        self.sources.passed += len(files) - len(begun)
        self.sources.files = begun

    def _tell(self) -> None:
        if self._tick is not None:
            self._tick(self.sources.done, len(self.sources.files))

    def _mined(self, loaded: Loaded) -> list[Mined]:
        try:
            judged = [(tree, self._judgements.of(tree, loaded.path)) for tree in loaded.trees]
        except FormatError as error:
            if not self._skip_bad:
                raise
            if error not in self.sources.skipped:
                self.sources.skipped.append(error)
            return []
        if self._runs_of is not None:
            for index, (tree, judgement) in enumerate(judged):
                self._runs.note(loaded.path, index, tree, judgement)
        return [
            self._beside_others(fitting(mined_by(tree, judgement)), tree.task)
            for tree, judgement in judged
            for mined_by in self._mined_by
        ]

    def _beside_others(self, mined: Mined, task: Task) -> Mined:
        """A tree's pairs without those that have a fault beside the pairs of other trees."""
        faults = [self._across.faults(pair, task) for pair in mined.pairs]
        fatal = [next((one.value for one in found if one in self._fatal), None) for found in faults]
        return left_out(named(mined, faults), fatal, "all pairs dropped beside others")


def _trees_at(path: Path) -> Sequence[SearchTree]:
    return [tree for loaded in load_sources([path], TREES, overlays=False) for tree in loaded.trees]


def _is_unbegun(path: Path) -> bool:
    return (path / JOURNAL).is_file() and not has_begun(path)


def mine_judged(
    tree: SearchTree,
    judgement: Judgement,
    *,
    rule: Rule = Rule.STEP,
    drop: Collection[Fault] = (),
    keep: Collection[Fault] = (),
) -> Mined:
    """The preference pairs of a tree whose answers were judged.

    A pair's ``origin["judged"]`` names the evaluator that vouches for it; it is empty where none
    does.
    """
    mined = mine(tree, rule=rule, success=judgement.success, drop=drop, keep=keep)
    pairs = [replace(pair, origin={**pair.origin, "judged": judgement.by}) for pair in mined.pairs]
    why = "" if pairs else judgement.why or mined.row.why
    return Mined(tuple(pairs), replace(mined.row, judged=judgement.by, why=why))
