"""Every planner on tasks of the bundled world, with the same real model: who passes, at what cost.

    python benchmarks/planners.py --out out/planners [--seed 0] [--per-group 8] [--hours 2]
                                  [--split train] [--part 1/2] [--planners …] [--peer toolbench]

Tasks are drawn by seed, as many of each group (a planner that was tried on a draw wants another
one to be measured on); a task's planners come one after another, so that
whatever was done when the time is up compares like with like. Stop it at any moment: the same
command goes on. ``--table FILE`` keeps rows and settings, and ``--merge FILE …`` takes in the rows
of other sittings, machines or processes, each of which may have a ``--part`` of the same draw; with
``--hours 0`` nothing is run. A planner passes a task where code finds its final answer right.

The peer is ``toolbench``, DFSDT as ToolBench's own code runs it, with its prompts and pruning,
unless another one is named. The last line is one JSON object: model calls a task of the best
planner, and of the peer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tables import concluded, gained, kept_rows, passed_of, sitting, wanted, write_table

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.loading import load_model
from toolgrove.cli.common import progress
from toolgrove.data.records import Task
from toolgrove.data.world import specs
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.store import ResultRow, ResultStore
from toolgrove.planners.budget import Budget
from toolgrove.planners.registry import parse_planner

__all__: list[str] = []

PEER = "toolbench"
PLANNERS = {
    PEER: "toolbench",
    "react": "react:depth=8",
    "cot": "cot:chains=2,depth=8",
    "dfsdt": "dfsdt",
    "dfs_filter": "dfs_filter:depth=8",
    "beam": "beam:depth=8",
    "astar": "astar:depth=8",
    "uct": "uct:depth=8",
    "dag": "dag",
    "dta": "dta",
    "auto": "auto",
}
"""What each planner is run as: chosen before the table was made, the same for all tasks."""
MODEL_CALLS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What one planner came to on one task."""

    task: str
    group: str
    planner: str
    options: str
    prompts: str
    passed: bool
    answered: bool
    ended: str
    model_calls: int
    tool_calls: int
    tokens: int
    seconds: float


def result(row: ResultRow, planner: str) -> Result | None:
    """A finished row as a result; None where its run broke down."""
    if row.figures is None:
        return None
    figures = row.figures
    score = next(score for score in row.scores if score.evaluator == AnswerEvaluator.name)
    return Result(
        row.task, row.group, planner, PLANNERS[planner], _prompts(planner), score.value == 1.0,
        figures.answer is not None, figures.ended, figures.model_calls, figures.tool_calls,
        figures.input_tokens + figures.output_tokens, round(figures.seconds, 1),
    )  # fmt: skip


def _prompts(planner: str) -> str:
    """Names what a planner says: a row made under other words is made again."""
    return parse_planner(PLANNERS[planner]).prompts.digest[:12]


async def solved(evaluation: Evaluation, task: Task, planner: str, out: Path) -> Result | None:
    """Run one planner on one task, unless ``out`` holds the result."""
    await evaluation.run([task], out)
    with ResultStore(out, evaluation.config(list(evaluation.agent.registry))) as store:
        return next((result(row, planner) for row in store.rows() if row.task == task.id), None)


def table(results: Sequence[Result], peer: str = PEER) -> list[str]:
    """The results as lines of Markdown, each planner against the peer on the tasks both did."""
    done = {(one.task, one.planner): one for one in results}
    lines = [
        f"| planner | tasks | passed | 95% | against `{peer}` | 95% "
        "| model calls | tool calls | tokens | seconds |",
        "|---|---:|---:|---|---:|---|---:|---:|---:|---:|",
    ]
    for planner in PLANNERS:
        own = [one for one in results if one.planner == planner]
        if not own:
            continue
        n, passed = len(own), sum(one.passed for one in own)
        pairs = [
            (float(one.passed), float(done[one.task, peer].passed))
            for one in own
            if (one.task, peer) in done and planner != peer
        ]
        means = (
            sum(getattr(one, field) for one in own) / n
            for field in ("model_calls", "tool_calls", "tokens", "seconds")
        )
        model, tool, tokens, seconds = means
        lines.append(
            f"| `{own[0].options}` | {n} | {passed_of(passed, n)} | {gained(pairs)} "
            f"| {model:.1f} | {tool:.1f} | {tokens:,.0f} | {seconds:.0f} |"
        )
    return lines


def last_line(results: Sequence[Result], peer: str = PEER) -> dict[str, Any]:
    """The planner that passes most, the cheapest of these, against the peer.

    Only planners that did the peer's tasks count, and only the tasks that all of these did. One or
    two that are missing, because the time was up or a run broke down, take their tasks out; a
    planner that misses more is left out.
    """
    done = {name: {one.task: one for one in results if one.planner == name} for name in PLANNERS}
    peers = done.pop(peer)
    done = {name: own for name, own in done.items() if len(peers.keys() - own.keys()) <= 2}
    peers = {task: one for task, one in peers.items() if all(task in own for own in done.values())}
    line: dict[str, Any] = {
        "name": "planners",
        "ours": None,
        "peer": None,
        "peer_name": "DFSDT as ToolBench runs it" if peer == PEER else PLANNERS[peer],
        "unit": "model calls a task",
        "ratio": None,
        "n": len(peers),
    }
    figures = {name: _figures([own[task] for task in peers]) for name, own in done.items() if peers}
    if not figures:
        return line
    ours = max(figures, key=lambda name: (figures[name][0], -figures[name][1]))
    passed, calls = figures[ours]
    peer_passed, peer_calls = _figures(list(peers.values()))
    line |= {"ours": round(calls, 2), "peer": round(peer_calls, 2)}
    line |= {"ratio": round(calls / peer_calls, 3), "planner": ours}
    return line | {"passed": round(passed, 3), "peer_passed": round(peer_passed, 3)}


def _figures(results: Sequence[Result]) -> tuple[float, float]:
    """The share that passed, and model calls a task."""
    n = len(results)
    return sum(one.passed for one in results) / n, sum(one.model_calls for one in results) / n


def kept(options: argparse.Namespace) -> dict[tuple[str, str], Result]:
    """The rows of tables that were made before, by task and planner, on this very draw.

    Rows of a planner that is run or speaks otherwise now are left out.
    """
    found: dict[tuple[str, str], Result] = {}
    for one in (Result(**row) for row in kept_rows(options)):
        known = one.planner in PLANNERS and one.options == PLANNERS[one.planner]
        if known and one.prompts == _prompts(one.planner):
            found.setdefault((one.task, one.planner), one)
    return found


async def run(options: argparse.Namespace) -> list[Result]:
    """Work through tasks and planners until all is done or the time is up."""
    model = load_model(options.model)
    chosen = {name: PLANNERS[name] for name in options.planners or PLANNERS}
    evaluations = {
        name: Evaluation(
            Agent(model=model, tools=specs(), planner=text, budget=Budget(model_calls=MODEL_CALLS))
        )
        for name, text in chosen.items()
    }
    results = kept(options)
    if options.merge:
        keep(options, evaluations, list(results.values()))
    todo = [(task, planner) for task in wanted(options) for planner in chosen]
    ends = time.monotonic() + options.hours * 3600
    with progress("planners", unit="runs") as bar:
        for place, (task, planner) in enumerate(todo):
            bar(place, len(todo))
            if (task.id, planner) in results or time.monotonic() > ends:
                continue
            one = await solved(evaluations[planner], task, planner, options.out)
            if one is None:
                print(f"{task.id}, {planner}: broke down, and is tried again next time.")
                continue
            results[task.id, planner] = one
            keep(options, evaluations, list(results.values()))
    return list(results.values())


def keep(
    options: argparse.Namespace, evaluations: Mapping[str, Evaluation], results: list[Result]
) -> None:
    """Write the table beside the old one, then over it."""
    if options.table is None:
        return
    config = next(iter(evaluations.values())).config(specs())
    config = {"model": config["name"], **{key: config[key] for key in ("budget", "world", "tools")}}
    rows = sorted(map(asdict, results), key=lambda one: (one["task"], one["planner"]))
    head = {"splits": options.split, "seed": options.seed, "config": config}
    write_table(options.table, head, rows)


def main() -> int:
    """Run, print the table and one line of JSON."""
    parser = sitting(__doc__, "planners", per_group=8, seed=0, split=["train"])
    parser.add_argument("--planners", nargs="*", choices=PLANNERS)
    parser.add_argument("--peer", choices=PLANNERS, default=PEER)
    options = parser.parse_args()
    return concluded(
        run(options),
        partial(table, peer=options.peer),
        partial(last_line, peer=options.peer),
    )


if __name__ == "__main__":
    sys.exit(main())
