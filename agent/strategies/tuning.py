"""Search for a strategy: compositions are tried on development tasks, the best on held-out ones.

Successive halving (Jamieson and Talwalkar 2016): all are tried on a few tasks, the better half on
twice as many, and so on. Better is a matter of two measures, the pass rate and the model calls, so
what is kept are the compositions that no other beats in both (the Pareto front), then those that
only these beat. Archon searches by Bayesian optimisation instead; a list this short needs none.

The results of evaluations are all the state there is: the same search in the same folder takes the
same way and pays for what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.strategies.text import Strategy
from toolgrove.agent.strategies.trials import Trial, better, front, trials
from toolgrove.data.records import Task
from toolgrove.errors import UsageError
from toolgrove.evaluators.runner import run_batches

__all__ = ["CANDIDATES", "PLAIN", "Tuned", "tune_strategy"]

PLAIN = "sample(1)"
CANDIDATES = (
    PLAIN,
    "sample(1) | critique",
    "sample(3) | vote",
    "sample(5) | vote",
    "sample(3) | rank",
    "sample(3) | fuse",
    "sample(3) | verify(code) | vote",
    "sample(5) | verify(code) | vote",
    "sample(3) | verify(judge) | vote",
    "first(code, 3)",
    "first(judge, 3)",
    "cascade(sample(1) | verify(code), sample(4) | vote)",
)
_FIRST = 8
"""Tasks of the first round."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search for a strategy came to.

    Parameters
    ----------
    spent : int
        Model calls on development tasks.
    development : tuple of Trial
        All compositions, each on the tasks that it got to; those on more tasks first.
    held_out : tuple of Trial
        The front of the last round and the plain run, on the held-out tasks, cheapest first.
    """

    spent: int
    development: tuple[Trial, ...]
    held_out: tuple[Trial, ...]


async def tune_strategy(
    evaluation: Evaluation,
    development: Sequence[Task],
    held_out: Sequence[Task],
    out: str | Path,
    *,
    budget: int,
    candidates: Sequence[str] = CANDIDATES,
    concurrency: int = 1,
    tell: Callable[[str], None] = lambda said: None,
) -> Tuned:
    """Search for strategies that pass more for fewer model calls.

    Parameters
    ----------
    evaluation : Evaluation
        The agent and who judges; its own strategy is not used.
    development, held_out : sequence of Task
        What is chosen by, and what is reported on; no task may be in both.
    out : path
        Keeps both evaluations, ``development`` and ``held-out``, to go on with and to look at.
    budget : int
        Model calls that the development tasks may take; what is under way then still ends. The
        held-out tasks come on top.
    candidates : sequence of str
        The strategies to try; the plain run is always one.
    concurrency : int
        How many tasks are under way at once.
    tell : callable
        Told of each round in a line.

    Raises
    ------
    UsageError
        Where a task is in both, or a run broke down, waits or has no score: nothing is decided by
        half of the results, and the same search goes on.
    """
    _check(development, held_out, budget)
    texts = dict.fromkeys(str(Strategy.parse(text)) for text in (PLAIN, *candidates))
    tried = {text: replace(evaluation, strategy=text) for text in texts}
    order = list(development)
    Random(0).shuffle(order)
    folder, size, done, spent = Path(out) / "development", _FIRST, 0, 0
    alive, known = list(tried), dict[str, Trial]()
    while done < len(order) and spent < budget:
        batch = order[done : min(done + concurrency, size)]
        await _evaluated([tried[text] for text in alive], batch, folder, concurrency)
        done += len(batch)
        found = trials([tried[text] for text in alive], order[:done], folder)
        known |= {one.strategy: one for one in found}
        spent = sum(round(one.model_calls * one.tasks) for one in known.values())
        if done == min(size, len(order)):
            tell(f"{done} tasks: {len(alive)} strategies, {spent} of {budget} model calls")
            size *= 2
            alive = alive if done == len(order) else [one.strategy for one in better(found)]
    best = [one.strategy for one in front([known[text] for text in alive])]
    final = [tried[text] for text in dict.fromkeys([PLAIN, *best])]
    folder = Path(out) / "held-out"
    await _evaluated(final, held_out, folder, concurrency)
    shown = trials(final, held_out, folder, compared=True)
    return Tuned(
        spent,
        tuple(sorted(known.values(), key=lambda one: (-one.tasks, -one.rate, one.model_calls))),
        tuple(sorted(shown, key=lambda one: one.model_calls)),
    )


def _check(development: Sequence[Task], held_out: Sequence[Task], budget: int) -> None:
    if not development or not held_out or budget < 1:
        raise UsageError("a search needs development tasks, held-out tasks and a budget.")
    known = {task.query for task in development} | {task.id for task in development}
    for task in held_out:
        if task.query in known or task.id in known:
            raise UsageError(f"the held-out task {task.id!r} is a development task: leave it out.")


async def _evaluated(
    evaluations: Sequence[Evaluation], tasks: Sequence[Task], out: Path, concurrency: int
) -> None:
    batches = [one.batch(tasks, one.solve) for one in evaluations]
    await run_batches(batches, out, concurrency=concurrency)
