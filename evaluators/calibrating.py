"""Have a judge say what it thinks of answers that people judged, and keep how far they agree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from toolgrove.data.records import Node, NodeState, Task
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.evaluators.calibration import Calibration, JudgeAgreement, keep, kept, key_of
from toolgrove.evaluators.judging import UNSURE as SAID_UNSURE
from toolgrove.evaluators.jurors import SOLVED, UNSOLVED
from toolgrove.evaluators.labels import FAILURE, SUCCESS, UNSURE, LabelledAnswer
from toolgrove.evaluators.passrate import PassEvaluator
from toolgrove.machine.progress import Tick, silent

__all__ = ["calibrate"]

_SAYS = {SOLVED: SUCCESS, UNSOLVED: FAILURE, SAID_UNSURE: UNSURE, None: None}


async def calibrate(
    evaluator: PassEvaluator,
    answers: Sequence[LabelledAnswer],
    *,
    concurrency: int = 1,
    tick: Tick | None = None,
) -> tuple[JudgeAgreement, Path]:
    """Ask a judge about labelled answers, in the words that it scores with.

    Each verdict is kept as it comes, so that a stopped calibration goes on where it was and no
    answer is paid for twice. Scores that this evaluator makes from then on carry the result.

    Parameters
    ----------
    evaluator : PassEvaluator
        Who judges; a calibration is of its model, its votes and its words.
    answers : sequence of LabelledAnswer
        What people judged. The judge sees the request and the answer, no tool calls.
    concurrency : int
        How many answers are under way at once.
    tick : callable or None
        Told of progress.

    Returns
    -------
    (JudgeAgreement, Path)
        How far the judge agrees with people, and where that is kept.

    Raises
    ------
    ModelError
        Where the judge did not answer at all; the same call goes on later.
    FormatError
        Where an earlier calibration of it is damaged.
    """
    name, prompt = evaluator.name, evaluator.prompt
    known = kept(name, prompt) or Calibration(name, evaluator.juror.name, prompt)
    by_key = {key_of(answer): answer for answer in answers}
    left = [key for key in by_key if key not in known.verdicts]
    ended, told = len(by_key) - len(left), tick or silent
    told(ended, len(by_key))

    async def work(queue: Iterator[str]) -> None:
        nonlocal known, ended
        for key in queue:
            status, _ = await evaluator.status(_tree(by_key[key]))
            known = replace(known, verdicts={**known.verdicts, key: _SAYS[status]})
            keep(known)
            ended += 1
            told(ended, len(by_key))

    queue = iter(left)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(left))):
                group.create_task(work(queue))
    except BaseExceptionGroup as error:
        raise error.exceptions[0] from None
    known = known.counted(answers)
    assert known.result is not None
    return known.result, keep(known)


def _tree(answer: LabelledAnswer) -> SearchTree:
    """The answer as that of a run whose calls nobody recorded."""
    tree = SearchTree(Task(answer.task, answer.query))
    tree.add(Node(ROOT, None, state=NodeState.ANSWERED, answer=answer.answer))
    return tree
