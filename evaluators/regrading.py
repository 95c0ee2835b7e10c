"""Score the kept runs of a batch again, by the rules and references of now, without running them.

Which verdicts flip says what a changed rule or a mended reference did to the figures. The scores
of before are kept in the batch's file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Reference, Score, Task
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import JournalError
from toolgrove.evaluators.base import Evaluator, scored, unversioned
from toolgrove.evaluators.report import RateInterval, labels, summarise
from toolgrove.evaluators.store import DONE, KeptResult, Regraded, keep_regraded
from toolgrove.evaluators.stored import read_kept, read_mended

__all__ = ["OF_CODE", "FlippedVerdict", "RegradedRates", "Regrading", "regrade"]

OF_CODE = ("answer", "bfcl", "calls", "graph", "state", "trace")
"""The evaluators that need no judge."""


@dataclass(frozen=True, slots=True)
class FlippedVerdict:
    """A verdict that is another one now.

    Parameters
    ----------
    configuration : mapping of str to str
        What tells its configuration from the others of the batch.
    rule : tuple of str
        The evaluator, with its version then and now.
    value : tuple of float or None
        The score then and now.
    reason : tuple of str
        Why, then and now.
    task_version : tuple of str
        The digest of the task then and now: another one where its reference was mended.
    run : str
        The run's folder, below the batch's.
    """

    task: str
    epoch: int
    configuration: Mapping[str, str]
    rule: tuple[str, str]
    value: tuple[float | None, float | None]
    reason: tuple[str, str]
    task_version: tuple[str, str]
    run: str


@dataclass(frozen=True, slots=True)
class RegradedRates:
    """A configuration's rates by evaluator, before and after."""

    configuration: Mapping[str, str]
    before: Mapping[str, RateInterval]
    after: Mapping[str, RateInterval]


@dataclass(frozen=True, slots=True)
class Regrading:
    """What scoring again came to.

    Parameters
    ----------
    scores : int
        How many scores were made again.
    rules : mapping of str to (mapping of str to int)
        By evaluator and version now: how many scores were made before by which version.
    flips : sequence of FlippedVerdict
        The verdicts that are others now.
    left : mapping of str to int
        Why runs were left as they are, and how many.
    rates : sequence of RegradedRates
        By configuration.
    """

    scores: int
    rules: Mapping[str, Mapping[str, int]]
    flips: Sequence[FlippedVerdict]
    left: Mapping[str, int]
    rates: Sequence[RegradedRates]


async def regrade(
    out: str | Path,
    evaluators: Sequence[Evaluator],
    tasks: Sequence[Task] | None = None,
    *,
    world: str = "",
) -> Regrading:
    """Score the runs in ``out`` again.

    Parameters
    ----------
    out : path
        The folder of a batch.
    evaluators : sequence of Evaluator
        Each scores the runs that it scored before, by whatever version.
    tasks : sequence of Task or None
        The tasks with the references of now; None takes those that the runs were graded by last.
    world : str
        Version of the world that the tasks are of; runs in another one are left as they are.

    Raises
    ------
    FormatError
        Where ``out`` holds no results that can be read.
    """
    out = Path(out)
    known = None if tasks is None else {task.id: task for task in tasks}
    kept = list(read_kept(out))
    mended = read_mended(out)
    left: Counter[str] = Counter()
    changes: list[Regraded] = []
    unended: list[Regraded] = []
    for one in kept:
        if one.row.state != DONE:
            left["has not ended"] += 1
            unended += _unended(one, known, world)
            continue
        found = _tree(out, one, known, mended, world)
        if isinstance(found, str):
            left[found] += 1
            continue
        tree, content = found
        scores = [await _again(evaluators, tree, score, left) for score in one.row.scores]
        changes.append(Regraded(one, tuple(scores), content, tree.task.reference))
    for _ in (changed := keep_regraded(out, [*changes, *unended])):
        left["changed meanwhile by another runner"] += 1
    return _summed(kept, [one for one in changes if one.kept not in changed], evaluators, left)


def _unended(kept: KeptResult, known: Mapping[str, Task] | None, world: str) -> Iterator[Regraded]:
    """A row that has no verdict yet, for the task as it is now: it is judged by that then."""
    task = None if known is None else known.get(kept.row.task)
    of_here = not world or kept.config.get("world") == world
    if task is not None and of_here and task.query == kept.row.query:
        yield Regraded(kept, kept.row.scores, _digest(kept, task), task.reference)


def _tree(
    out: Path,
    kept: KeptResult,
    known: Mapping[str, Task] | None,
    mended: Mapping[str, Reference | None],
    world: str,
) -> tuple[SearchTree, str] | str:
    """A run's tree with the task as it is now, and that one's digest; or why it has none."""
    row = kept.row
    if world and kept.config.get("world") != world:
        return "was made in another world"
    try:
        tree = read_tree(out / row.run)
    except JournalError:
        return "has no journal that can be read"
    if known is None:
        if kept.content in mended:
            tree.task = replace(tree.task, reference=mended[kept.content])
        return tree, kept.content
    task = known.get(row.task)
    if task is None:
        return "its task is not among those given"
    offered = _offered(kept, task)
    if task.query != tree.task.query or (offered is not None and offered != tree.task.tools):
        return "its task asks for something else now"
    tree.task = replace(tree.task, reference=task.reference)
    return tree, _digest(kept, task)


def _offered(kept: KeptResult, task: Task) -> tuple[str, ...] | None:
    """The tools that a configuration offers for a task; None where they are retrieved."""
    return None if kept.config.get("retrieved") else task.tools


def _digest(kept: KeptResult, task: Task) -> str:
    return codec.digest(codec.to_json(replace(task, tools=_offered(kept, task))))


async def _again(
    evaluators: Sequence[Evaluator], tree: SearchTree, score: Score, left: Counter[str]
) -> Score:
    """The score by the evaluator's version of now; the same where none of these made it."""
    name = unversioned(score.evaluator)
    evaluator = next((one for one in evaluators if unversioned(one.name) == name), None)
    if evaluator is None:
        return score
    try:
        made = await scored(evaluator, tree)
    except Exception as error:
        left[f"could not be scored ({type(error).__name__})"] += 1
        return score
    made = replace(made, world=made.world or score.world)
    return score if replace(made, date=score.date) == score else made


def _summed(
    kept: Sequence[KeptResult],
    changes: Sequence[Regraded],
    evaluators: Sequence[Evaluator],
    left: Mapping[str, int],
) -> Regrading:
    configs = {one.hash: one.config for one in kept}
    named = dict(zip(configs, labels(list(configs.values())), strict=True))
    again = {unversioned(one.name): one.name for one in evaluators}
    rules: dict[str, Counter[str]] = {}
    flips: list[FlippedVerdict] = []
    for change in changes:
        for before, after in zip(change.kept.row.scores, change.scores, strict=True):
            if unversioned(before.evaluator) in again:
                rules.setdefault(after.evaluator, Counter())[before.evaluator] += 1
            if before.value != after.value:
                flips.append(_flip(change, before, after, named[change.kept.hash]))
    rates = [_rates(name, configs[name], kept, changes, named[name]) for name in configs]
    made = sum(count for counts in rules.values() for count in counts.values())
    return Regrading(made, rules, flips, dict(left), rates)


def _flip(
    change: Regraded, before: Score, after: Score, label: Mapping[str, str]
) -> FlippedVerdict:
    kept = change.kept
    return FlippedVerdict(
        task=kept.row.task,
        epoch=kept.row.epoch,
        configuration=label,
        rule=(before.evaluator, after.evaluator),
        value=(before.value, after.value),
        reason=(before.reason, after.reason),
        task_version=(kept.content[:12], change.content[:12]),
        run=kept.row.run,
    )


def _rates(
    name: str,
    config: JsonObject,
    kept: Sequence[KeptResult],
    changes: Sequence[Regraded],
    label: Mapping[str, str],
) -> RegradedRates:
    now = {one.kept.row.key: one.scores for one in changes if one.kept.hash == name}
    before = [one.row for one in kept if one.hash == name]
    after = [replace(row, scores=now.get(row.key, row.scores)) for row in before]
    return RegradedRates(
        label,
        summarise(before, config).total.rates,
        summarise(after, config).total.rates,
    )
