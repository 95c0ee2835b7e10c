"""Is the tool of the next step found, given the calls before it?

    python benchmarks/next_step.py                       # the bundled world's tasks
    python benchmarks/next_step.py QUERIES.json …        # ToolBench query files
    python benchmarks/next_step.py queries.jsonl --tools corpus.jsonl

Reference calls count in their order, each tool once; where there are only labels, any tool that is
left is right. Prints the share of what is wanted among the first 1, 3 and 5, for plain retrieval
with the called tools left out, for retrieval given the calls, and with co-use learnt on tasks that
are not tested: every second kind of task of the world, one half of the tasks elsewhere.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from toolgrove.agent.catalog import Catalog
from toolgrove.data import world
from toolgrove.data.formats.sources import SPECS, TASKS, load_sources
from toolgrove.data.records import Status, Task, ToolSpec
from toolgrove.retriever.co_use import CoUse, from_task

CUTS = (1, 3, 5)


def loaded(queries: Sequence[Path], tools: Path | None) -> tuple[list[ToolSpec], list[Task]]:
    """The tools and tasks of files, or of the bundled world."""
    if not queries:
        return world.specs(), world.tasks()
    read = list(load_sources(queries, TASKS))
    described = list(load_sources([tools], SPECS)) if tools is not None else []
    specs = [spec for one in (*read, *described) for spec in one.specs]
    return specs, [task for one in read for task in one.tasks]


def steps(tasks: list[Task]) -> Iterator[tuple[str, list[str], set[str]]]:
    """Query, tools called so far, and the tools that are right now."""
    for task in tasks:
        tools = from_task(task).tools
        for at in range(1, len(tools)):
            ordered = task.reference is not None and task.reference.calls
            yield task.query, list(tools[:at]), set(tools[at : at + 1] if ordered else tools[at:])


def kind(task: Task) -> str:
    """What tasks of the world share that were made from one template; any other has its own."""
    return task.id.rsplit("-", 1)[0] if task.reference is not None else task.id


def halves(tasks: list[Task]) -> tuple[list[Task], list[Task]]:
    """Tasks to learn from and tasks to test on."""
    learn = set(sorted({kind(task) for task in tasks})[::2])
    return (
        [task for task in tasks if kind(task) in learn],
        [task for task in tasks if kind(task) not in learn],
    )


def row(name: str, found: list[list[float]]) -> None:
    """One line: the mean share at each cut."""
    means = 100 * np.mean(found, axis=0)
    print(f"{name:22s}" + "".join(f"{value:7.1f}" for value in means), flush=True)


def shares(ranking: list[str], wanted: set[str]) -> list[float]:
    """The share of what is wanted among the first, at each cut."""
    return [len(wanted & set(ranking[:k])) / len(wanted) for k in CUTS]


def main() -> None:
    """Read the files, print the table."""
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("queries", nargs="*", type=Path)
    told.add_argument("--tools", type=Path, help="where query files do not describe their tools")
    told.add_argument("--limit", type=int, default=500, help="steps at most, evenly drawn")
    given = told.parse_args()
    specs, tasks = loaded(given.queries, given.tools)
    learn, test = halves(tasks)
    asked = list(steps(test))
    asked = asked[:: max(1, len(asked) // given.limit)]
    found: dict[str, list[list[float]]] = {"plain": [], "given the calls": [], "and co-use": []}
    with tempfile.TemporaryDirectory() as folder, Catalog.open(folder) as catalog:
        catalog.add(specs)
        learnt = CoUse(map(from_task, learn))
        for query, done, wanted in asked:
            called = [(tool, Status.OK) for tool in done]
            hits = catalog.search(query, max(CUTS) + len(done))
            plain = [spec.id for _, spec in hits if spec.id not in done]
            found["plain"].append(shares(plain, wanted))
            for name, graph in (("given the calls", CoUse()), ("and co-use", learnt)):
                catalog.co_use = graph
                ranking = [spec.id for _, spec in catalog.next(query, called, max(CUTS))]
                found[name].append(shares(ranking, wanted))
    print(f"{len(asked)} steps" + " " * 12 + "".join(f"{f'@{k}':>7s}" for k in CUTS))
    for name, values in found.items():
        row(name, values)


if __name__ == "__main__":
    main()
