"""Does the local model pass more tasks when it is trained on solved tasks, or on its failures?

    python benchmarks/policy.py --out out/policy --table benchmarks/policy.json
                                [--shown 96] [--collect 300] [--hours 12] [--variants NAME…]
                                [--measured-in FOLDER]

It needs the extras local, train and world. Four parts, each of which goes on where it was stopped:

1. **show**: the world's training tasks, each run once by a script that makes the calls of the
   reference, and mistakes besides. **collect**, where a variant learns from that: more tasks of
   their families, drawn by the seed, that share neither a request nor a fact with any test;
   answered by the base model with ``react``, and solved by the script, without mistakes.
2. **mine**: conversations that were scored right, and pairs of what the model did wrong and what
   was done instead: by the script, or by the model on its way to a right answer.
3. **train**: each variant of :data:`VARIANTS`, in a process of its own.
4. **measure**: base and variants on the same tasks of the three tests, with every planner: the
   tasks of ``planners.py``, then some whose tools no training task has. With ``--measured-in`` that
   is done in a folder that holds runs of ``planners.py``, so that the base's are not made again.

``--table FILE`` keeps settings and results, and the table is printed from it: ``--hours 0`` only
prints. The last line is one JSON object: the share of its runs that the first variant measured
passes, and the base on the same.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tables import concluded, drawn, gained, passed_of, write_table
from world_script import scripted

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.mined_rows import mine_rows, save_rows
from toolgrove.agent.models.loading import load_model
from toolgrove.agent.models.local_adapter import MANIFEST
from toolgrove.cli.common import progress
from toolgrove.data.formats.trl import save_pairs
from toolgrove.data.pairs.kinds import RowsKind
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.records import Task
from toolgrove.data.world import new_tasks, specs, tasks
from toolgrove.data.world.draws.drawing import Seen
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.evaluators.mining import mine_files
from toolgrove.evaluators.store import ResultStore
from toolgrove.machine.files import write_beside
from toolgrove.planners.budget import Budget

__all__: list[str] = []

SPLITS = ("test-facts", "test-families", "test-tools")
SEED, PER_GROUP, OF_TOOLS = 88211, 20, 40
"""The draw: that of ``planners.py``, and as many tasks of ``test-tools`` beside it."""
PLANNERS = {"react": "react:depth=8", "dfsdt": "dfsdt"}
RULES = (Rule.STEP, Rule.PATH, Rule.SUBGOAL, Rule.ARGUMENTS, Rule.DIVERGENCE)
BASE = "base"
VARIANTS: dict[str, tuple[str, ...]] = {
    "shown": ("--method", "sft", "--sft", "shown", "--no-examples"),
    "shown-thinking": ("--method", "sft", "--sft", "shown-thinking", "--no-examples"),
    "corrected": ("--method", "dpo", "--pairs", "corrected"),
    "corrected-chosen": ("--method", "sft", "--pairs", "corrected"),
    "corrected-shuffled": ("--method", "dpo", "--pairs", "shuffled"),
    "solved": ("--method", "sft", "--sft", "solved"),
}
"""How each is trained: ``shown`` imitates a script, ``solved`` the model's own successes, and
``corrected`` prefers the right step to the model's wrong one. Controls: ``corrected-chosen``
imitates the right step and never sees the wrong one; ``corrected-shuffled`` prefers one side or
the other by a coin."""
SHOWN = {"shown": False, "shown-thinking": True}
"""Files of what the script did, and whether it thinks aloud: its calls, without those that failed;
or all of them, each with what it is for, where those that failed are told and not imitated."""
COLLECTED = ("corrected", "shuffled", "solved")
"""Files of rows that need runs of the base model."""
BUDGET = Budget(model_calls=20)
"""As in ``planners.py``."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one variant came to on one task with one planner."""

    task: str
    split: str
    variant: str
    planner: str
    model: str
    passed: bool
    calls: float | None
    model_calls: int
    tokens: int
    seconds: float


def collected(number: int, seed: int) -> list[Task]:
    """Tasks to learn from: none shares a request or a fact with a test."""
    seen, fresh = Seen.of(tests()), new_tasks(seed, 2 * number, "train")
    return [task for task in fresh if not seen.has(task)][:number]


def measured() -> list[tuple[str, Task]]:
    """Tasks of the tests; those that ``planners.py`` measures come first."""
    split = {task.id: split for split in SPLITS for task in tasks(split)}
    draw = random.Random(SEED).sample(tasks("test-tools"), OF_TOOLS)
    found = [*drawn(PER_GROUP, SEED, ("test-facts", "test-families")), *draw]
    return [(split[task.id], task) for task in found]


def evaluation(model: str, planner: str) -> Evaluation:
    """Agents of one model and planner on the world's tools."""
    agent = Agent(model=load_model(model), tools=specs(), planner=PLANNERS[planner], budget=BUDGET)
    return Evaluation(agent)


async def collect(options: argparse.Namespace, ends: float) -> bool:
    """Answer the tasks to learn from, by the base model and by the script; whether all are done.

    With ``react`` only: at temperature 0 a tree search takes its way until it declines, and adds
    next to nothing to learn from.
    """
    todo = collected(options.collect, options.seed)
    own = evaluation("local", "react")
    with progress("collect", unit="runs") as bar:
        for place, task in enumerate(todo):
            bar(place, len(todo))
            if time.monotonic() > ends:
                return False
            await own.run([task], options.out / "collect")
    await scripted(todo, options.out / "collect-shown", errs=False, thinks=True)
    return True


async def show(options: argparse.Namespace, name: str) -> None:
    """Write conversations of the script's, as many as were asked for."""
    thinks, runs = SHOWN[name], options.out / f"{name}-runs"
    await scripted(tasks("train"), runs, errs=True, thinks=thinks)
    kinds = (RowsKind.SFT, RowsKind.SFT_TRIES) if thinks else (RowsKind.SFT,)
    rows: dict[str, bytes] = {}
    for kind in kinds:
        every = options.out / f"{name}-{kind}.jsonl"
        save_rows(every, kind, mine_rows([runs], kind=kind, held_out=tests()))
        rows |= {_run(line): line for line in every.read_bytes().splitlines()}
    kept = list(rows.values())
    random.Random(options.seed).shuffle(kept)
    write_lines(options.out / f"{name}.jsonl", kept[: options.shown])


def _run(line: bytes) -> str:
    """The run that a row is of."""
    return str(json.loads(json.loads(line)["origin"])["run"])


def tests() -> list[Task]:
    """All tasks of the tests: nothing is learnt from them."""
    return [task for split in SPLITS for task in tasks(split)]


def mine(options: argparse.Namespace) -> None:
    """Write as many pairs and own successes as were asked for, and the pairs with sides drawn."""
    out, own = options.out, options.out / "collect"
    save_pairs(
        out / "corrected-all.jsonl",
        mine_files([own, out / "collect-shown"], rule=RULES, held_out=tests()),
    )
    solved = mine_rows([own], kind=RowsKind.SFT, held_out=tests())
    save_rows(out / "solved-all.jsonl", RowsKind.SFT, solved)
    draw = random.Random(options.seed)
    for name in ("corrected", "solved"):
        every = (out / f"{name}-all.jsonl").read_bytes().splitlines()
        draw.shuffle(every)
        write_lines(out / f"{name}.jsonl", every[: options.shown])
    pairs = (out / "corrected.jsonl").read_bytes().splitlines()
    write_lines(out / "shuffled.jsonl", [flipped(one, draw) for one in pairs])


def flipped(line: bytes, draw: random.Random) -> bytes:
    """A pair with its sides changed, or not."""
    row: dict[str, Any] = json.loads(line)
    if draw.random() < 0.5:
        row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    return json.dumps(row, ensure_ascii=False).encode()


def write_lines(file: Path, lines: Iterable[bytes]) -> None:
    """Write lines beside a file, then over it."""
    write_beside(file, (line + b"\n" for line in lines))


def train(options: argparse.Namespace, variant: str) -> None:
    """Train a variant, or go on with it: a process of its own, whose memory is free after it."""
    files = {name: str(options.out / f"{name}.jsonl") for name in (*SHOWN, *COLLECTED)}
    arguments = [files.get(part, part) for part in VARIANTS[variant]]
    command = [sys.executable, "-m", "toolgrove", "train", "policy", *arguments]
    command += ["--out", str(options.out / "trained" / variant), "--seed", str(options.seed)]
    command += ["--frozen", str(options.out / "frozen"), "--epochs", str(options.epochs)]
    if subprocess.run(command, check=False).returncode:
        print(f"{variant} was not trained, and is left out.", file=sys.stderr)


async def measure(
    options: argparse.Namespace, ends: float, results: dict[tuple[str, str, str], Result]
) -> None:
    """Answer the tests with base and variants until all is done or the time is up.

    A task's variants come one after another, so that what was done compares like with like.
    """
    trained = [v for v in options.variants if (options.out / "trained" / v / MANIFEST).exists()]
    chosen = [BASE, *trained]
    todo = [(split, task, planner) for planner in options.planners for split, task in measured()]
    names = {v: "local" if v == BASE else f"local:{options.out / 'trained' / v}" for v in chosen}
    agents = {(v, p): evaluation(names[v], p) for v in chosen for p in PLANNERS}
    with progress("measure", unit="runs") as bar:
        for place, (split, task, planner) in enumerate(todo):
            for number, variant in enumerate(chosen):
                bar(place * len(chosen) + number, len(todo) * len(chosen))
                key = (task.id, variant, planner)
                if key in results or time.monotonic() > ends:
                    continue
                own = agents[variant, planner]
                out = options.measured_in or options.out / "measure"
                one = await solved(own, split, task, variant, planner, out)
                if one is not None:
                    results[key] = one
                    keep(options, list(results.values()))


async def solved(
    own: Evaluation, split: str, task: Task, variant: str, planner: str, out: Path
) -> Result | None:
    """One run's result; None where it broke down, and is tried again next time."""
    await own.run([task], out)
    with ResultStore(out, own.config(list(own.agent.registry))) as store:
        row = next((one for one in store.rows() if one.task == task.id), None)
    if row is None or row.figures is None:
        return None
    scores = {score.evaluator: score.value for score in row.scores}
    figures = row.figures
    return Result(
        task.id, split, variant, planner, own.agent.key()["name"],
        scores.get(AnswerEvaluator.name) == 1.0, scores.get(CallEvaluator.name),
        figures.model_calls, figures.input_tokens + figures.output_tokens,
        round(figures.seconds, 1),
    )  # fmt: skip


def table(results: Sequence[Result]) -> list[str]:
    """The results as lines of Markdown, each variant against the base on the runs both did."""
    lines = [
        "| split | variant | runs | passed | 95% | against the base | 95% | calls, F1 "
        "| model calls | tokens |",
        "|---|---|---:|---:|---|---:|---|---:|---:|---:|",
    ]
    for split in (*SPLITS, "all"):
        for variant in (BASE, *VARIANTS):
            own = [r for r in results if r.variant == variant and split in (r.split, "all")]
            if own:
                lines.append(f"| {split} | `{variant}` | {_figures(own, results)} |")
    return lines


def _figures(own: Sequence[Result], results: Sequence[Result]) -> str:
    n, passed = len(own), sum(one.passed for one in own)
    base = {(one.task, one.planner): one for one in results if one.variant == BASE}
    both = [(one, base[one.task, one.planner]) for one in own if (one.task, one.planner) in base]
    against = gained(by_task(both) if own[0].variant != BASE else [])
    calls = [one.calls for one in own if one.calls is not None]
    f1 = f"{sum(calls) / len(calls):.2f}" if calls else ""
    asked, tokens = (sum(getattr(r, name) for r in own) / n for name in ("model_calls", "tokens"))
    return f"{n} | {passed_of(passed, n)} | {against} | {f1} | {asked:.1f} | {tokens:,.0f}"


def by_task(both: Sequence[tuple[Result, Result]]) -> list[tuple[float, float]]:
    """Scores of a task with its base's: its planners are no tasks of their own: their mean."""
    scores: dict[str, list[tuple[bool, bool]]] = {}
    for one, base in both:
        scores.setdefault(one.task, []).append((one.passed, base.passed))
    return [
        (sum(a for a, _ in found) / len(found), sum(b for _, b in found) / len(found))
        for found in scores.values()
    ]


def keep(options: argparse.Namespace, results: Sequence[Result]) -> None:
    """Write the table beside the old one, then over it."""
    head: dict[str, Any] = {"planners": PLANNERS}
    head |= {name: getattr(options, name) for name in ("seed", "shown", "collect", "epochs")}
    head["draw"] = {"seed": SEED, "per_group": PER_GROUP, "of_tools": OF_TOOLS}
    head["trained"] = {
        variant: json.loads(file.read_bytes())
        for variant in VARIANTS
        if (file := options.out / "trained" / variant / MANIFEST).exists()
    }
    rows = sorted(map(asdict, results), key=lambda r: (r["split"], r["task"], r["variant"]))
    write_table(options.table, head, rows)


async def prepared(options: argparse.Namespace, ends: float) -> bool:
    """Make the rows that the variants learn from; whether there was time for all."""
    learnt = {part for name in options.variants for part in VARIANTS[name]}
    for name in SHOWN:
        if name in learnt and not (options.out / f"{name}.jsonl").exists():
            await show(options, name)
    if learnt.isdisjoint(COLLECTED):
        return True
    if not await collect(options, ends):
        return False
    if not (options.out / "shuffled.jsonl").exists():
        mine(options)
    return True


async def run(options: argparse.Namespace) -> list[Result]:
    """Every part, in its order, while there is time."""
    kept = json.loads(options.table.read_bytes()) if options.table.exists() else {"results": []}
    results = {
        (one["task"], one["variant"], one["planner"]): Result(**one) for one in kept["results"]
    }
    ends = time.monotonic() + options.hours * 3600
    if options.hours and await prepared(options, ends):
        for variant in options.variants:
            if time.monotonic() < ends:
                train(options, variant)
        if time.monotonic() < ends:
            await measure(options, ends, results)
    return list(results.values())


def last_line(results: Sequence[Result]) -> dict[str, Any]:
    """The first variant that was measured against the base, on the runs that both did."""
    done = {(one.task, one.planner, one.variant): one.passed for one in results}
    line = {"name": "policy", "ours": None, "peer": None, "peer_name": "the base model"}
    for variant in VARIANTS:
        both = [key[:2] for key in done if key[2] == variant and (*key[:2], BASE) in done]
        if both:
            ours, peer = (
                round(sum(done[*key, name] for key in both) / len(both), 3)
                for name in (variant, BASE)
            )
            line |= {"ours": ours, "peer": peer, "variant": variant, "n": len(both)}
            break
    return line | {"unit": "share of runs passed"}


def main() -> int:
    """Run, print the table and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/policy"))
    parser.add_argument("--table", type=Path, default=Path("out/policy/table.json"))
    parser.add_argument("--collect", type=int, default=300)
    parser.add_argument("--shown", type=int, default=96)
    parser.add_argument("--measured-in", type=Path)
    parser.add_argument("--planners", nargs="*", choices=PLANNERS, default=[*PLANNERS])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hours", type=float, default=12.0)
    parser.add_argument("--variants", nargs="*", choices=VARIANTS, default=[*VARIANTS])
    options = parser.parse_args()
    return concluded(run(options), table, last_line)


if __name__ == "__main__":
    sys.exit(main())
