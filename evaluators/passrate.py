"""ToolEval's pass rate, judged by any chat model, without the coin.

The decision table is ToolBench's (Qin et al., 2023, ToolLLM, section 4 and ``tooleval``), the
scoring of a single run StableToolBench's solvable pass rate (Guo et al., 2024): Solved 1, Unsure
0.5, Unsolved 0. The prompts are our own. What differs, on purpose:

- nothing is settled by a coin: a tie among votes is Unsure, and Unsure is 0.5;
- a task that the judge thinks unsolvable does not silently pass: the value is of the answer alone,
  and ToolBench's own outcome, where anything unsolvable passes, stands beside it in
  ``details["tooleval"]``;
- votes settle the answer first, and only where it is not Solved is solvability voted on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toolgrove.data import codec
from toolgrove.data.records import NodeState, Score
from toolgrove.data.tree import SearchTree
from toolgrove.errors import ModelError, ReplayMiss, UsageError
from toolgrove.evaluators.base import breakdown, infrastructure, judged, only_shown, unanswered
from toolgrove.evaluators.calibration import CALIBRATION, kept
from toolgrove.evaluators.judging import UNSURE, majority, votes_of
from toolgrove.evaluators.jurors import (
    SOLVABLE,
    SOLVED,
    UNSOLVABLE,
    UNSOLVED,
    Juror,
    ModelJuror,
)
from toolgrove.evaluators.prompt_folders import load_prompts

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["PassEvaluator", "outcome"]

PASS = "tooleval-pass/1"
VALUES = {SOLVED: 1.0, UNSURE: 0.5, UNSOLVED: 0.0}


@dataclass(frozen=True, slots=True)
class PassEvaluator:
    """Score a run by whether a judge thinks that it solved its task.

    Parameters
    ----------
    judge : BaseChatModel
        Who votes. A judge without randomness votes the same way each time: then one vote says all.
    votes : int
        Odd, so that two opinions cannot tie. ToolEval takes 4 (ToolBench's code) or 7 votes; 3 is
        what StableToolBench records, at less than half the price.
    """

    judge: BaseChatModel
    votes: int = 3
    prompts: str = ""
    every: bool = False

    @property
    def name(self) -> str:
        """With the judge and the votes: other judges' scores are scores of their own."""
        return f"{PASS}@{self.juror.name}x{self.votes}"

    @property
    def juror(self) -> Juror:
        """The judge with the questions that it is asked."""
        return load_prompts(self.prompts, self.judge) if self.prompts else ModelJuror(self.judge)

    def __post_init__(self) -> None:
        if self.votes < 1 or (self.votes % 2 == 0 and not self.every):
            raise UsageError(f"votes must be an odd number from 1, not {self.votes}")

    async def score(self, tree: SearchTree) -> Score:
        judge = self.juror
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken, judge=judge.name)
        shown = only_shown(tree)
        if shown is not None:
            return judged(tree, self.name, None, shown, judge=judge.name)
        try:
            return await self._judged(tree, judge)
        except ReplayMiss:
            raise
        except ModelError as error:
            return infrastructure(tree, self.name, str(error), judge=judge.name)

    @property
    def prompt(self) -> str:
        """The digest of what decides a vote on an answer, the model apart."""
        return self.juror.prompt

    async def status(self, tree: SearchTree) -> tuple[str | None, list[str | None]]:
        """Whether the answer solves the task, None where the judge will not say; and the votes."""
        if not (tree.answer or "").strip():
            return UNSOLVED, []
        judge = self.juror
        votes = await votes_of(lambda: judge.solved(tree), self.votes, every=self.every)
        return majority(votes), votes

    async def _judged(self, tree: SearchTree, judge: Juror) -> Score:
        status, votes = await self.status(tree)
        if status is None:
            return infrastructure(tree, self.name, "the judge gave no verdict", judge=judge.name)
        task = None
        if status != SOLVED and _finished(tree):
            task = majority(await votes_of(lambda: judge.solvable(tree), self.votes))
        by_rule = "" if votes else f", as {unanswered(tree)}"
        known = kept(self.name, self.prompt)
        score = judged(
            tree,
            self.name,
            VALUES[status],
            f"{status}{by_rule}" + (f"; the task: {task}" if task else ""),
            judge=judge.name,
            status=status,
            task=task,
            tooleval=outcome(status, task),
            votes=votes,
            **{CALIBRATION: known and known.result and codec.to_json(known.result)},
        )
        return score if votes or task else replace(score, judge="code")


def outcome(status: str, task: str | None) -> float:
    """ToolBench's table: 1 passes, 0 fails, 0.5 is what ToolBench throws a coin for.

    Examples
    --------
    >>> outcome("Unsolved", "Solvable"), outcome("Unsolved", "Unsolvable"), outcome("Unsure", None)
    (0.0, 1.0, 0.5)
    """
    if status == SOLVED or task == UNSOLVABLE:
        return 1.0
    if status == UNSOLVED and task in (SOLVABLE, None):
        return 0.0
    return 0.5


def _finished(tree: SearchTree) -> bool:
    """Whether Finish was called; a run that never did fails in ToolEval, solvable or not."""
    return any(node.state in (NodeState.ANSWERED, NodeState.GAVE_UP) for node in tree)
