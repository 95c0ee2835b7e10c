"""Preference pairs from files and folders, by what evaluators said of the answers in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolgrove.data.formats.importers import Loaded
from toolgrove.data.formats.sources import TREES, load_sources
from toolgrove.data.mining import MiningReport, fitting
from toolgrove.data.preferences import Fault, Mined, Rule, mine
from toolgrove.data.runs import JOURNAL, has_begun
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.judgements import AUTO, Judgement, Judgements

if TYPE_CHECKING:
    from toolgrove.data.records import PreferencePair
    from toolgrove.data.tree import SearchTree
    from toolgrove.machine.progress import Tick

__all__ = ["Mining", "mine_files", "mine_judged"]


def mine_files(
    paths: Sequence[str | Path],
    *,
    rule: Rule = Rule.STEP,
    drop: Collection[Fault] = (),
    success: str = AUTO,
    skip_bad: bool = False,
    tick: Tick | None = None,
) -> Mining:
    """Preference pairs of all trees in files and folders, one file in memory at a time.

    Parameters
    ----------
    paths : sequence of path
        Runs, the folders of batches, ToolBench answer trees, converted answers, or folders of them.
    rule : Rule
        Step-wise or path-wise.
    drop : collection of Fault
        Faults for which a pair is dropped, besides identical calls and sides without words.
    success : str
        What is a success. ``auto``: in the folder of a batch what its evaluators say
        (:func:`toolgrove.evaluators.judgements.judgement`), and nothing that they do not judge;
        elsewhere every answer, and the report says that it was not judged. The name of an
        evaluator, as ``answer/2``: what this one says, and nothing else. ``answered``: every
        answer, also one that a batch scored 0.
    skip_bad : bool
        Go on after a bad file; it is then in ``sources.skipped``.
    tick : callable or None
        Told how many files are done, and of how many.

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
    return Mining(paths, rule, drop, success, skip_bad=skip_bad, tick=tick)


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
        rule: Rule,
        drop: Collection[Fault],
        success: str,
        *,
        skip_bad: bool,
        tick: Tick | None,
    ) -> None:
        self._rule, self._drop, self._tick = rule, drop, tick
        self._skip_bad = skip_bad
        self._judgements = Judgements(success)
        self.sources = load_sources(paths, TREES, skip_bad=skip_bad)
        self.report = MiningReport()

    def __iter__(self) -> Iterator[PreferencePair]:
        self._pass_over_unbegun()
        self._tell()
        for loaded in self.sources:
            for mined in self._mined(loaded):
                self.report.rows.append(mined.row)
                yield from mined.pairs
            self._tell()
        if not self.report.rows and not self.sources.skipped:
            raise UsageError("no search trees there. Name runs, answer trees, or folders of them.")
        for wrong in self._judgements.unknown():
            raise UsageError(f"{wrong} Name another evaluator, or mine by 'auto' or 'answered'.")

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
        return [
            fitting(mine_judged(tree, judgement, rule=self._rule, drop=self._drop))
            for tree, judgement in judged
        ]


def _is_unbegun(path: Path) -> bool:
    return (path / JOURNAL).is_file() and not has_begun(path)


def mine_judged(
    tree: SearchTree,
    judgement: Judgement,
    *,
    rule: Rule = Rule.STEP,
    drop: Collection[Fault] = (),
) -> Mined:
    """The preference pairs of a tree whose answers were judged.

    A pair's ``origin["judged"]`` names the evaluator that vouches for it; it is empty where none
    does.
    """
    mined = mine(tree, rule=rule, success=judgement.success, drop=drop)
    pairs = [replace(pair, origin={**pair.origin, "judged": judgement.by}) for pair in mined.pairs]
    why = "" if pairs else judgement.why or mined.row.why
    return Mined(tuple(pairs), replace(mined.row, judged=judgement.by, why=why))
