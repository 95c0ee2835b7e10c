"""Makes the pictures of the README from what the tutorial's commands really give.

``python docs/pictures.py`` writes ``docs/pictures/``; with a folder it writes there. The model's
replies are recorded, the API calls are made now, and times are left out: the files are the same
whenever they are made. A test holds that.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from toolgrove import Agent, Catalog, SearchTree, mine_files, read_tree
from toolgrove.agent import Evaluation, svg
from toolgrove.data import save_pairs, world
from toolgrove.evaluators import AnswerEvaluator, Summary

DOCS = Path(__file__).resolve().parent
RECORDED = DOCS.parent / "data" / "world" / "recordings" / "demo.jsonl"
PLANNER = "dfsdt:width=3,depth=5,prune_errors=true"
SHOWN = "g1-capital-1"
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg"><style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}</style><defs><clipPath id="{unique_id}-clip-terminal">\
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}<g transform="translate({terminal_x}, {terminal_y})" \
clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g></svg>
"""
"""As rich's own, without the font that it would fetch."""


def evaluated(catalog: Catalog, out: Path) -> Summary:
    """What ``judge.py`` of the tutorial does."""
    tasks = [task for task in world.tasks() if task.id in world.DEMO_TASKS]
    agent = Agent(model=f"replay:{RECORDED}", catalog=catalog, planner=PLANNER)
    return asyncio.run(Evaluation(agent).run(tasks, out))


def timeless(tree: SearchTree) -> SearchTree:
    """The same tree without seconds, which differ from machine to machine."""
    copied = SearchTree(tree.task)
    for node in tree:
        seen = tuple(replace(observation, seconds=0.0) for observation in node.observations)
        copied.add(replace(node, seconds=0.0, observations=seen))
    return copied


def terminal(shown: Any, title: str) -> str:
    """What a terminal shows, as a picture."""
    console = Console(record=True, width=104, file=StringIO(), force_terminal=True)
    console.print(shown)
    drawn = console.export_svg(title=title, code_format=FRAME, unique_id="shown")
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE)


def evaluation(summary: Summary, runs: list[Path]) -> str:
    """A row a run, with the answer and what the judge says of it."""
    table = Table(box=box.SIMPLE, pad_edge=False, expand=True)
    for heading in ("request", "answer", "judged"):
        table.add_column(heading, ratio=1 if heading != "judged" else None)
    for run in runs:
        tree = read_tree(run)
        score = asyncio.run(AnswerEvaluator().score(tree))
        verdict = Text("right", "green") if score.value else Text("wrong", "bold red")
        table.add_row(Text(tree.task.query), Text(tree.answer or "-"), verdict)
    rate = summary.total.rates["answer/2"]
    total = f"{rate.value:.0%} right, 95% interval {rate.low:.0%} to {rate.high:.0%}"
    return terminal(Group(table, Text(total, "bold")), "an evaluation")


def pair(row: dict[str, Any]) -> str:
    """The two sides of a preference pair."""
    table = Table(box=box.SIMPLE, pad_edge=False, expand=True)
    for side, style in (("chosen", "green"), ("rejected", "red")):
        table.add_column(Text(side, style), ratio=1)
    made = [row[side][0]["tool_calls"][0]["function"] for side in ("chosen", "rejected")]
    table.add_row(*(Text(call["name"]) for call in made))
    table.add_row(*(Text(str(call["arguments"])) for call in made))
    request = next(said["content"] for said in row["prompt"] if said["role"] == "user")
    return terminal(Group(Text(request, "bold"), table), "a preference pair")


def main(out: Path) -> None:
    """Write the three pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, Catalog.open(Path(made, "catalog")) as catalog:
        folder = Path(made)
        catalog.add(world.specs())
        summary = evaluated(catalog, folder / "results")
        runs = sorted((folder / "results" / "runs").glob("*/*"))
        [shown] = (run for run in runs if run.name.startswith(SHOWN))
        save_pairs(folder / "pairs.jsonl", mine_files([shown]))
        row = json.loads((folder / "pairs.jsonl").read_text(encoding="utf-8"))
        drawn = {
            "tree": svg(timeless(read_tree(shown))),
            "evaluation": evaluation(summary, runs),
            "pair": pair(row),
        }
    for name, picture in drawn.items():
        (out / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "pictures")
