"""What evaluators said of a run's answer, put so that the miner can use it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from toolgrove.data.pairs.modes import Success, answered
from toolgrove.data.records import JsonObject, Node, NodeState, Score
from toolgrove.data.runs import JOURNAL
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError
from toolgrove.evaluators.base import ANSWER_JUDGES, is_called
from toolgrove.evaluators.calibration import CALIBRATION, calibration_words
from toolgrove.evaluators.store import DONE, INFRASTRUCTURE, ResultRow
from toolgrove.evaluators.stored import holds_results, read_results

__all__ = [
    "ANSWERED",
    "AUTO",
    "UNJUDGED",
    "Judgement",
    "Judgements",
    "deciding",
    "judgement",
    "not_judged",
    "verdict_of",
]

AUTO = "auto"
"""Let the scores say what is a success, where there are any."""
ANSWERED = "answered"
"""Every answer is a success, right or wrong."""
_WAYS = ("calls", "graph")
"""Evaluators that judge the way to an answer, and not the answer."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Which answers of a tree are successes, and who says so.

    Parameters
    ----------
    success : callable
        True for a success, False for none, None for an answer that nobody judged.
    by : str
        The evaluator that decided; empty where none did.
    why : str
        Why no answer is a success, where that is so.
    value : float or None
        The score that decided.
    reason : str
        Its reason, in short.
    calibration : str
        Of a judge's score: how far that judge agrees with people, or that none knows.
    """

    success: Success
    by: str = ""
    why: str = ""
    value: float | None = None
    reason: str = ""
    calibration: str = ""

    def verdict(self, node: Node) -> str:
        """What is known of a node that answered: ``right``, ``wrong``, ``partly``, ``answered``.

        ``answered`` is an answer that nobody judged.
        """
        known = self.by and self.success(node) is not None
        return verdict_of(self.value) if known else "answered"


def verdict_of(value: float | None) -> str:
    """A score in a word: ``right``, ``wrong`` or ``partly``; ``answered`` where there is none."""
    if value is None:
        return "answered"
    return "right" if value >= 1 else "partly" if value > 0 else "wrong"


UNJUDGED = Judgement(answered)
"""Where nothing can be known, every answer counts as a success."""


def judgement(
    tree: SearchTree, answer: str | None, scores: Sequence[Score], success: str = AUTO
) -> Judgement:
    """What the scores of a run say of the answers in its tree.

    They judge one answer, the run's final one. Answers of the same words share its score; of
    any other answer nothing is known. A run that gave up, and was judged right to, succeeds where
    it gave up.

    Parameters
    ----------
    tree : SearchTree
        The run.
    answer : str or None
        The answer that was scored.
    scores : sequence of Score
        What evaluators said of it.
    success : str
        ``auto``: ``answer`` decides, where it has no opinion ``tooleval-pass``, then any other
        evaluator but ``calls`` and ``graph``, which judge the way and not the answer. Or the
        evaluator that decides, with or without its version and judge. Or ``answered``: nobody
        decides. An answer that any other evaluator than these two scored 0 is wrong, whoever
        decides; only a score of 1 is a success.

    Examples
    --------
    >>> from toolgrove import Task
    >>> tree = SearchTree(Task("1", "How far?"))
    >>> tree.add(Node("root", None, state=NodeState.ANSWERED, answer="5 km"))
    >>> found = judgement(tree, "5 km", [Score(0.0, "says 5 km", "answer/2")])
    >>> found.success(tree.root), found.by, found.why
    (False, 'answer/2', 'the answer was judged wrong')
    """
    if success == ANSWERED:
        return UNJUDGED
    score = deciding(scores, success)
    if score is None or score.value is None:
        nobody = "no evaluator had an" if success == AUTO else f"{success} had no"
        return not_judged(f"{nobody} opinion on the answer")
    answers = {node.answer for node in tree.answered}
    if answer not in answers and (answers or answer is not None):
        return not_judged("the run has changed since it was scored")
    right = score.value >= 1

    reference = tree.task.reference
    unsolvable = reference is not None and reference.kind == "unsolvable"

    def judged(node: Node) -> bool | None:
        if node.state is NodeState.GAVE_UP:
            return right if answer is None else None if unsolvable else False
        if node.state is not NodeState.ANSWERED:
            return False
        return right if node.answer == answer else None

    why = ""
    if answers and not right:
        partly = f"neither right nor wrong ({score.value:g})"
        why = f"the answer was judged {'wrong' if score.value <= 0 else partly}"
    trust = calibration_words(score)
    return Judgement(judged, score.evaluator, why, score.value, score.reason, trust)


def not_judged(why: str) -> Judgement:
    """No answer is known to be a success, for a reason in words."""

    def unknown(node: Node) -> bool | None:
        return None if node.state is NodeState.ANSWERED else False

    return Judgement(unknown, why=f"not judged: {why}")


def deciding(scores: Sequence[Score], success: str = AUTO) -> Score | None:
    """The score that decides: one that says wrong before all others."""
    held = [s for s in scores if s.value is not None and not s.infrastructure]
    of_answers = [s for s in held if not any(is_called(s.evaluator, w) for w in _WAYS)]
    wrong = [s for s in of_answers if s.value is not None and s.value <= 0]
    if success == AUTO:
        asked = [
            s for name in ANSWER_JUDGES for s in of_answers if is_called(s.evaluator, name)
        ] + of_answers
    else:
        asked = [s for s in held if is_called(s.evaluator, success)]
    return next(iter([*(s for s in asked if s in wrong), *wrong, *asked]), None)


@dataclass(frozen=True, slots=True)
class _Result:
    """What is needed of a batch's row."""

    state: str
    answer: str | None
    scores: tuple[Score, ...]


_Batch: TypeAlias = tuple[Path, dict[str, list[_Result]]]


class Judgements:
    """Finds what batches said of their runs, by where the runs lie.

    A batch's rows name their runs. These names are compared with where a run really lies, and
    never opened, so that they lead nowhere else.

    Parameters
    ----------
    success : str
        As in :func:`judgement`.

    Attributes
    ----------
    evaluators : set of str
        Whose scores there are in the batches that were met.
    batches : int
        How many batches were met.
    """

    def __init__(self, success: str = AUTO) -> None:
        self.success = success
        self.evaluators: set[str] = set()
        self.batches = 0
        self._known: dict[Path, dict[str, list[_Result]] | FormatError | None] = {}
        self._batches: dict[str, _Batch | None] = {}

    def of(self, tree: SearchTree, path: Path) -> Judgement:
        """What is known of a tree that was read from a run's folder or a file.

        Raises
        ------
        FormatError
            Where the results of the batch it belongs to cannot be read.
        """
        if self.success == ANSWERED:
            return UNJUDGED
        place = path / JOURNAL if path.is_dir() else path
        real, named = os.path.realpath(place), os.path.abspath(place)
        found = self._batch(real)
        if found is None and named != real and self._batch(named) is not None:
            return not_judged("a link leads out of the batch's folder")
        if found is None:
            none = not_judged("it belongs to no batch")
            return UNJUDGED if self.success == AUTO else none
        batch, results = found
        return self._judged(tree, results.get(Path(real).relative_to(batch).as_posix(), []))

    def _judged(self, tree: SearchTree, results: Sequence[_Result]) -> Judgement:
        # settings that share a run have a row each, and these say the same
        told = [one for place, one in enumerate(results) if one not in results[:place]]
        if len(told) != 1:
            has = "several results" if told else "no result"
            return not_judged(f"the batch has {has} of it")
        [result] = told
        if result.state != DONE:
            broke_down = result.state == INFRASTRUCTURE
            return not_judged("the run broke down" if broke_down else "the run has no score yet")
        return judgement(tree, result.answer, result.scores, self.success)

    def _batch(self, place: str) -> _Batch | None:
        """The innermost batch that a place lies in, and its results by their journals' places."""
        folder = os.path.dirname(place)
        if folder not in self._batches:
            self._batches[folder] = self._innermost(Path(place))
        return self._batches[folder]

    def _innermost(self, place: Path) -> _Batch | None:
        for folder in place.parents:
            if folder not in self._known:
                self._known[folder] = self._read(folder)
            known = self._known[folder]
            if isinstance(known, FormatError):
                raise known
            if known is not None:
                return folder, known
        return None

    def _read(self, folder: Path) -> dict[str, list[_Result]] | FormatError | None:
        results: dict[str, list[_Result]] = {}
        try:
            if not holds_results(folder):
                return None
            for row in read_results(folder):
                results.setdefault(f"{row.run}/{JOURNAL}", []).append(_result(row))
                self.evaluators.update(score.evaluator for score in row.scores)
        except FormatError as error:
            return error
        self.batches += 1
        return results

    def unknown(self) -> Iterator[str]:
        """What is wrong with the evaluator that was named, where nothing here is its."""
        if self.success in (AUTO, ANSWERED):
            return
        if not self.batches:
            yield f"no scores there for {self.success!r} to decide by: these runs are of no batch."
        elif self.evaluators and not any(is_called(e, self.success) for e in self.evaluators):
            known = ", ".join(sorted(self.evaluators))
            yield f"no scores by {self.success!r} there. There are scores by {known}."


def _result(row: ResultRow) -> _Result:
    """A row without what a batch of many runs would fill the memory with."""
    return _Result(
        row.state,
        row.figures.answer if row.figures else None,
        tuple(replace(s, reason=s.reason[:200], details=_carried(s)) for s in row.scores),
    )


def _carried(score: Score) -> JsonObject:
    return {name: value for name, value in score.details.items() if name == CALIBRATION}
