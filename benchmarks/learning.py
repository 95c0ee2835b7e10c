"""Does an agent with the local model do better with what its runs taught, or with several runs?

    python benchmarks/learning.py --out out/learning --table benchmarks/learning.json [--hours 2]
        [--only NAME…] [--part 1/2] [--merge FILES] [--learn-from RESULTS…] [--plain-from RESULTS]

It needs the extras local, sandbox and world. Two parts, each of which goes on where it was stopped:

1. **learn**: the world's training tasks, each run once by a script that makes the calls of the
   reference, and mistakes besides; or with ``--learn-from`` the runs of evaluations, such as those
   of the local model. From these come lessons, examples and made tools, in ``OUT/learn``. No model
   is asked, and runs of tests are refused.
2. **measure**: tasks of the tests under every setting of :data:`SETTINGS`. A task's settings come
   one after another, so that whatever was done when the time is up compares like with like.

Runs that are asked the same are made once. The first sample of a strategy is the plain run, and
all strategies take the same samples (the model samples nothing: a sample has the tools in another
order). A setting that has nothing to tell a task runs it as the setting without that does. Each row
counts what its own setting would have paid: a vote over three runs counts all three. So 60 tasks
take 540 runs at most, of which ``--plain-from`` takes 60 from a ``planners.py`` on the same draw.

``--table FILE`` keeps the rows; with ``--hours 0`` nothing is run, and the table is printed from
it. Two processes may share OUT, with a table and a ``--part`` for each (``1/2`` and ``2/2``);
``--merge`` brings the tables together. The last line is one JSON object: model calls a task that
is passed, of ``together`` and of ``base``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from learning_table import (
    BASE,
    BUDGET,
    EXAMPLES,
    MEMORY,
    PARTS,
    PLANNER,
    SETTINGS,
    TOOLS,
    Result,
    Setting,
    last_line,
    table,
)
from tables import concluded, drawn, kept_rows, sitting, wanted, write_table
from world_script import scripted

from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.making.trying import make
from toolgrove.agent.making.workshop import Workshop
from toolgrove.agent.memory import Memory
from toolgrove.agent.models.loading import load_model
from toolgrove.cli.common import progress
from toolgrove.data import codec
from toolgrove.data.formats.sources import TREES, load_sources
from toolgrove.data.records import MADE, Task
from toolgrove.data.request import in_context
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.data.world import specs, tasks
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.judgements import Judgements
from toolgrove.evaluators.runner import Solved, run_batches
from toolgrove.evaluators.store import DONE, ResultStore
from toolgrove.evaluators.stored import read_kept
from toolgrove.machine.files import safe_name, write_beside

__all__: list[str] = []


@dataclass(frozen=True, slots=True)
class Told:
    """How much of each part a task's run is told."""

    tools: int = 0
    memory: int = 0
    examples: int = 0

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that make a difference."""
        return tuple(part for part in PARTS if getattr(self, part))


def told(agent: Agent, task: Task) -> Told:
    """What an agent's run of a task is told."""
    settings, offered, asked = agent.settings, agent.offered(task), in_context(task)
    return Told(
        sum(spec.source == MADE for spec in offered),
        len(settings.memory.search(asked, offered)) if settings.memory else 0,
        len(settings.examples.examples(asked, offered)) if settings.examples else 0,
    )


async def learn(
    folder: Path, learn_from: Sequence[Path], held_out: Sequence[Task]
) -> dict[str, Any]:
    """Make the memory and the tools, unless they are there; says what came of it."""
    note = folder / "learnt.json"
    source = [str(path) for path in learn_from] or "a script"
    if note.exists():
        found: dict[str, Any] = json.loads(note.read_bytes())
        if learn_from and found["from"] != source:
            sys.exit(f"{folder} was learnt from {found['from']}: name another --out.")
        return found
    results = list(learn_from) or [await scripted(tasks("train"), folder / "results", errs=True)]
    with (
        Catalog.open(folder) as catalog,
        Memory.open(folder) as memory,
        Workshop.open(folder) as shop,
    ):
        catalog.add(specs())
        memory.hold_out(held_out)
        shop.hold_out(held_out)
        judgements = Judgements()
        runs = {"new": 0, "known": 0, "refused": 0}
        for loaded in load_sources(results, TREES):
            for tree in loaded.trees:
                judged = judgements.of(tree, loaded.path)
                shop.read(tree, judged, str(loaded.path))
                runs[memory.learn(tree, judged, str(loaded.path))] += 1
        await make(shop, catalog.registry)
        counts = {
            TOOLS: len(shop.tools()),
            "lessons": len(memory.entries()),
            EXAMPLES: len(memory.solved()),
        }
    found = {"from": source, "runs": runs, **counts}
    write_beside(note, [json.dumps(found).encode()])
    return found


class Study:
    """The agents of a measurement, and where their runs are."""

    def __init__(self, options: argparse.Namespace, learnt: Mapping[str, Any]) -> None:
        self.out, self.learnt = options.out / "measure", learnt
        self.model = load_model(options.model)
        folder = options.out / "learn"
        self.catalog, self.memory = Catalog.open(folder), Memory.open(folder)
        self.chosen = {name: SETTINGS[name] for name in options.only or SETTINGS}
        self._agents: dict[tuple[str, ...], Agent] = {}
        self.split = {task.id: split for split in options.split for task in tasks(split)}

    def agent(self, parts: tuple[str, ...]) -> Agent:
        """One that is taught these parts."""
        if parts not in self._agents:
            own: dict[str, Any] = {"tools": specs()}
            if TOOLS in parts:
                own = {"catalog": self.catalog, "made_tools": True}
            self._agents[parts] = Agent(
                model=self.model,
                planner=PLANNER,
                budget=BUDGET,
                memory=self.memory if MEMORY in parts else None,
                examples=self.memory if EXAMPLES in parts else None,
                **own,
            )
        return self._agents[parts]

    def evaluation(self, setting: Setting) -> Evaluation:
        """A setting's; each task is offered its own tools."""
        agent = self.agent(setting.parts).changed(budget=setting.budget)
        return Evaluation(agent, strategy=setting.strategy, tools="own")

    @cached_property
    def digests(self) -> dict[str, str]:
        """By a setting's name what decides its results."""
        return {name: digest(self.evaluation(setting)) for name, setting in SETTINGS.items()}

    def runs_of(self, parts: tuple[str, ...], task: Task) -> Path:
        """Where the runs of a task are that are taught these parts, sample by sample."""
        own = Evaluation(self.agent(parts), tools="own")
        return self.out / "runs" / digest(own) / safe_name(task.id)

    def take_plain(self, results: Path, task: Task) -> None:
        """Take a task's plain run from an evaluation of the base's agent, as its first sample."""
        plain = codec.digest(Evaluation(self.agent(())).config(specs()))
        first = self.runs_of((), task) / "sample-1"
        for kept in read_kept(results):
            run = results / kept.row.run
            found = kept.hash == plain and kept.row.task == task.id and kept.row.state == DONE
            if found and run.is_dir() and not first.exists():
                half = first.with_name("sample-1.half")
                shutil.rmtree(half, ignore_errors=True)
                shutil.copytree(run, half)
                half.rename(first)

    def untold(
        self, task: Task, name: str, done: Mapping[tuple[str, str], Result]
    ) -> Result | None:
        """The row of the setting that is told nothing, where this one has nothing to tell."""
        setting = self.chosen[name]
        plain = next(n for n, one in SETTINGS.items() if one == replace(setting, parts=()))
        row = done.get((task.id, plain))
        if row is None or told(self.agent(setting.parts), task).parts:
            return None
        return replace(row, setting=name, digest=self.digests[name])

    async def solved(self, task: Task, name: str) -> Result | None:
        """One setting on one task; None where a run broke down, to be tried again next time."""
        setting = self.chosen[name]
        own = self.evaluation(setting)
        heard = told(own.agent, task)
        asked = self.evaluation(replace(setting, parts=heard.parts))
        runs = self.runs_of(heard.parts, task)

        async def solve(task: Task, run: Path) -> SearchTree | Solved:
            return await asked.solve(task, runs)

        await run_batches([own.batch([task], solve)], self.out)
        with ResultStore(self.out, own.config(list(own.agent.registry))) as store:
            row = next(row for row in store.rows() if row.task == task.id)
        if row.figures is None:
            print(f"{task.id}, {name}: {row.reason}; it is tried again next time.", flush=True)
            return None
        figures, tree = row.figures, read_tree(self.out / row.run)
        score = next(score for score in row.scores if score.evaluator == AnswerEvaluator.name)
        made = {spec.id for spec in tree.tools if spec.source == MADE}
        return Result(
            task.id, task.group, self.split[task.id], name, self.digests[name],
            score.value == 1.0, figures.answer is not None, figures.ended, figures.model_calls,
            figures.tool_calls, figures.input_tokens + figures.output_tokens,
            round(figures.seconds, 1), heard.memory, heard.examples, heard.tools,
            sum(call.name in made for node in tree for call in node.calls),
        )  # fmt: skip

    def head(self, options: argparse.Namespace) -> dict[str, Any]:
        """What the table was made with."""
        config = self.evaluation(SETTINGS[BASE]).config(specs())
        return {
            "splits": options.split,
            "seed": options.seed,
            "model": options.model,
            "config": {key: config[key] for key in ("planner", "world", "tools")},
            "budget": {"model_calls": BUDGET.model_calls, "of a strategy": 60},
            "learnt": self.learnt,
            "settings": {
                name: {**asdict(setting), "digest": self.digests[name]}
                for name, setting in SETTINGS.items()
            },
        }


def digest(evaluation: Evaluation) -> str:
    """Names all that decides an evaluation's results."""
    config = evaluation.config(list(evaluation.agent.registry))
    return str(codec.digest(config))[:12]


def kept(options: argparse.Namespace, digests: Mapping[str, str]) -> dict[tuple[str, str], Result]:
    """The rows of tables that were made before, by task and setting, under these very settings."""
    found: dict[tuple[str, str], Result] = {}
    for one in (Result(**row) for row in kept_rows(options)):
        if one.digest == digests.get(one.setting):
            found.setdefault((one.task, one.setting), one)
    return found


async def measure(study: Study, options: argparse.Namespace) -> list[Result]:
    """Work through tasks and settings until all is done or the time is up."""
    results, ends = kept(options, study.digests), time.monotonic() + options.hours * 3600
    todo = [(task, name) for task in wanted(options) for name in study.chosen]
    with progress("learning", unit="rows") as bar:
        for place, (task, name) in enumerate(todo):
            bar(place, len(todo))
            if (task.id, name) in results or time.monotonic() > ends:
                continue
            if options.plain_from is not None:
                study.take_plain(options.plain_from, task)
            one = study.untold(task, name, results) or await study.solved(task, name)
            if one is not None:
                results[task.id, name] = one
                keep(options, study.head(options), list(results.values()))
    return list(results.values())


def keep(options: argparse.Namespace, head: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Write the table."""
    if options.table is not None:
        rows = sorted(map(asdict, results), key=lambda one: (one["task"], one["setting"]))
        write_table(options.table, head, rows)


async def run(options: argparse.Namespace) -> list[Result]:
    """Both parts; without time, only what tables hold."""
    if not options.hours:
        tables = [path for path in (options.table, *options.merge) if path and path.exists()]
        if not tables:
            return []
        head = json.loads(tables[0].read_bytes())
        digests = {name: setting["digest"] for name, setting in head["settings"].items()}
        results = list(kept(options, digests).values())
        del head["results"]
        keep(options, head, results)
        return results
    measured = drawn(options.per_group, options.seed, options.split)
    learnt = await learn(options.out / "learn", options.learn_from, measured)
    print(said_of(learnt), flush=True)
    return await measure(Study(options, learnt), options)


def said_of(learnt: Mapping[str, Any]) -> str:
    """What was learnt, in a line."""
    source, runs = learnt["from"], learnt["runs"]
    source = source if isinstance(source, str) else ", ".join(source)
    return (
        f"Learnt from {runs['new']} runs ({source}; {runs['refused']} of tests refused): "
        f"{learnt[TOOLS]} made tools, {learnt['lessons']} lessons, {learnt[EXAMPLES]} examples."
    )


def main() -> int:
    """Run, print the table and one line of JSON."""
    parser = sitting(
        __doc__, "learning", per_group=20, seed=88211, split=["test-facts", "test-families"]
    )
    parser.add_argument("--only", nargs="*", choices=SETTINGS)
    parser.add_argument("--learn-from", type=Path, nargs="*", default=[])
    parser.add_argument("--plain-from", type=Path)
    options = parser.parse_args()
    return concluded(run(options), table, last_line)


if __name__ == "__main__":
    sys.exit(main())
