"""Twenty logic and scheduling puzzles with a real model, alone and with the solver.

    python benchmarks/logic.py --out out/logic [--model local] [--seed 1] [--table FILE]
                               [--tasks FILE]

The puzzles are drawn by seed (``logic_tasks.py``) and judged by code. A puzzle is tried both ways,
one after the other, so that whatever was done when it is stopped compares like with like; the same
command goes on. ``--tasks FILE`` only writes them as a file that ``toolgrove eval FILE --solve``
takes. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logic_tasks import FAMILIES, puzzles

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.loading import load_model
from toolgrove.data.formats.task_lines import save_tasks
from toolgrove.data.records import Task
from toolgrove.data.runs import read_tree
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.stats import paired, wilson
from toolgrove.evaluators.store import ResultStore
from toolgrove.machine.files import write_beside
from toolgrove.planners.budget import Budget

__all__: list[str] = []

WAYS = {
    "alone": {"solve": False, "instructions": "Think it through, then Finish with the answer."},
    "solver": {
        "solve": True,
        "instructions": "Put the facts into formulas, ask check_formulas, then Finish with the "
        "answer.",
    },
}
"""How each way is run: chosen before the table was made, the same for all puzzles."""
SHARED: dict[str, Any] = {"planner": "react:depth=6", "budget": Budget(model_calls=8)}
Row = dict[str, Any]


async def solved(evaluation: Evaluation, task: Task, out: Path) -> Row | None:
    """Run one way on one puzzle, unless ``out`` holds the result; None where it broke down."""
    await evaluation.run([task], out)
    with ResultStore(out, evaluation.config(list(evaluation.agent.registry))) as store:
        found = next(row for row in store.rows() if row.task == task.id)
    if found.figures is None:
        return None
    score = next(one for one in found.scores if one.evaluator == AnswerEvaluator.name)
    tree = read_tree(out / found.run)
    asked = [
        observation
        for node in tree
        for call, observation in zip(node.calls, node.observations, strict=True)
        if call.name.endswith("check_formulas")
    ]
    return {
        "task": task.id,
        "passed": score.value == 1.0,
        "answer": found.figures.answer,
        "ended": found.figures.ended,
        "asked": len(asked),
        "decided": sum('"premises"' in one.content for one in asked),
        "model_calls": found.figures.model_calls,
        "tokens": found.figures.input_tokens + found.figures.output_tokens,
        "seconds": round(found.figures.seconds, 1),
    }


def table(rows: Mapping[str, list[Row]]) -> list[str]:
    """The rows as lines of Markdown, on the puzzles that were tried both ways."""
    both = set.intersection(*({row["task"] for row in own} for own in rows.values()))
    head = "| way | puzzles | passed | 95% |" + "".join(f" {name} |" for name in FAMILIES)
    lines = [
        f"{head} solver asked | and it decided | model calls | tokens |",
        "|---|---:|---:|---|" + "---:|" * (len(FAMILIES) + 4),
    ]
    for way, all_rows in rows.items():
        own = [row for row in all_rows if row["task"] in both]
        if not own:
            continue
        n, passed = len(own), sum(row["passed"] for row in own)
        low, high = wilson(passed, n)
        by_family = "".join(
            f" {sum(row['passed'] for row in own if row['task'].startswith(name))} |"
            for name in FAMILIES
        )
        asked, decided = (sum(row[field] for row in own) for field in ("asked", "decided"))
        calls, tokens = (sum(row[field] for row in own) / n for field in ("model_calls", "tokens"))
        lines.append(
            f"| {way} | {n} | {passed} ({passed / n:.0%}) | {low:.0%} to {high:.0%} |{by_family}"
            f" {asked} | {decided} | {calls:.1f} | {tokens:,.0f} |"
        )
    return lines


def last_line(rows: Mapping[str, list[Row]]) -> Row:
    """What the solver gained on the puzzles that were tried both ways."""
    alone = {row["task"]: float(row["passed"]) for row in rows["alone"]}
    pairs = [(float(r["passed"]), alone[r["task"]]) for r in rows["solver"] if r["task"] in alone]
    gain, low, high = paired(pairs)
    return {"name": "logic", "n": len(pairs), "gain": round(gain, 3), "95%": [low, high]}


async def run(options: argparse.Namespace) -> dict[str, list[Row]]:
    """Work through the puzzles, both ways each, and keep the rows after each puzzle."""
    model = load_model(options.model)
    evaluations = {
        way: Evaluation(Agent(model=model, tools=[], **SHARED, **own), evaluators=("answer",))
        for way, own in WAYS.items()
    }
    rows: dict[str, list[Row]] = {way: [] for way in WAYS}
    for puzzle in puzzles(options.seed):
        for way, evaluation in evaluations.items():
            row = await solved(evaluation, puzzle.task, options.out / way)
            if row is not None:
                rows[way].append(row)
                print(way, json.dumps(row), flush=True)
        if options.table is not None:
            keep(options, rows)
    return rows


def keep(options: argparse.Namespace, rows: Mapping[str, list[Row]]) -> None:
    """Write the rows and what they were made with."""
    head = {"model": options.model, "seed": options.seed, "date": time.strftime("%Y-%m-%d")}
    lines = {way: ",\n".join(json.dumps(row) for row in own) for way, own in rows.items()}
    body = ",\n".join(f' "{way}": [\n{own}\n]' for way, own in lines.items())
    write_beside(options.table, [f"{json.dumps(head)[:-1]},\n{body}}}\n".encode()])


def main() -> None:
    """Run, print the table and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/logic"))
    parser.add_argument("--model", default="local")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", type=Path, default=None)
    parser.add_argument("--tasks", type=Path, default=None)
    options = parser.parse_args()
    if options.tasks is not None:
        save_tasks(options.tasks, [puzzle.task for puzzle in puzzles(options.seed)])
        return
    rows = asyncio.run(run(options))
    print(*table(rows), json.dumps(last_line(rows)), sep="\n")


if __name__ == "__main__":
    main()
