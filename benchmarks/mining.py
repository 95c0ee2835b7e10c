"""What mining many trees costs: time beside reading their JSON, and the peak of memory.

    python benchmarks/mining.py [--trees 2000] [--rule step] [--folder FOLDER]

The trees are made by a seed in ToolBench's form: 26 steps and 72 kB a file (ten real files have 26
steps and 98 kB on average); a third of them comes to an answer. Of many trees a thousand are made,
and written again and again with another number in their request and every thought, so that they
are pairs of other tasks. All lie on disk (7.2 GB of 100,000 trees; ``--folder`` says where, and
what is made there stays) and are mined in one pass, in a process of its own whose peak of memory
is read in the end. The floor is ``json.loads`` of the same files, in a process that does nothing
else. CPU seconds are compared. The peak is read for half the trees, too: what a tree adds to it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolgrove.data.formats.toolbench_entries import new_entry

__all__: list[str] = []

WORDS = [
    "rate",
    "news",
    "team",
    "city",
    "score",
    "page",
    "price",
    "list",
    "user",
    "media",
    "report",
    "event",
    "code",
    "track",
    "item",
]
MADE = 1000
NUMBER = "number 0000000"
"""What stands for a tree's number until it is written."""
ANSWERED = '{"response":"successfully giving the final answer."}'
GAVE_UP = '{"response":"chose to give up and restart"}'


def text(draw: random.Random, letters: int) -> str:
    words: list[str] = []
    while letters > 0:
        words.append(draw.choice(WORDS) + (str(draw.randrange(999)) if draw.random() < 0.3 else ""))
        letters -= len(words[-1]) + 1
    return " ".join(words)


def step(
    draw: random.Random, depth: int, name: str, arguments: dict[str, Any], seen: str, code: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A thought, an action and its input below each other: the first and the last entry."""
    last = new_entry("Action Input", json.dumps(arguments), depth + 2)
    last |= {"observation": seen, "observation_code": code, "finished": code in (3, 4)}
    last["children"] = []
    action = new_entry("Action", name, depth + 1) | {"children": [last]}
    first = new_entry("Thought", f"{text(draw, 150)} {NUMBER}.", depth) | {"children": [action]}
    return first, last


def tree(number: int, steps: int = 26) -> dict[str, Any]:
    """A tree of a search that calls, fails, gives up and, in one of three trees, answers."""
    draw = random.Random(number)
    names = [f"{draw.choice(WORDS)}_{n}_for_{draw.choice(WORDS)}_hub" for n in range(6)]
    root = new_entry("Action Input", "", 0) | {
        "observation": "",
        "observation_code": 0,
        "children": [],
    }
    path, answers = [root], number % 3 == 0
    for made in range(steps):
        at, depth = path[-1], 3 * len(path)
        if made == steps - 1 and answers:
            said = {"return_type": "give_answer", "final_answer": text(draw, 250) + "."}
            first, _ = step(draw, depth, "Finish", said, ANSWERED, 3)
        elif len(path) > 5:
            first, _ = step(
                draw, depth, "Finish", {"return_type": "give_up_and_restart"}, GAVE_UP, 4
            )
            path = path[: max(1, len(path) - draw.choice((2, 3)))]
        else:
            fails = draw.random() < 0.4
            seen = json.dumps({"error": "", "response": "" if fails else text(draw, 900)})
            if fails:
                seen = json.dumps({"error": text(draw, 60), "response": ""})
            arguments = {draw.choice(WORDS): text(draw, 12) for _ in range(draw.randrange(3))}
            first, last = step(draw, depth, draw.choice(names), arguments, seen, 12 if fails else 0)
            path.append(last)
        at["children"].append(first)
    return _file(draw, root, names, answers)


def _file(
    draw: random.Random, root: dict[str, Any], names: list[str], answers: bool
) -> dict[str, Any]:
    functions = [
        {
            "name": name,
            "description": text(draw, 300),
            "parameters": {
                "type": "object",
                "properties": {
                    word: {"type": "string", "description": text(draw, 60)} for word in WORDS[:3]
                },
                "required": WORDS[:1],
                "optional": WORDS[1:3],
            },
        }
        for name in names
    ]
    roles = ["system", *["user", "assistant", "function"] * 10, "assistant"]
    told = [{"role": role, "content": text(draw, 1000)} for role in roles]
    return {
        "win": answers,
        "tree": {"size": 80, "max_length": 18, "tree": root},
        "forward_args": {
            "single_chain_max_step": 12,
            "tree_beam_size": 2,
            "max_query_count": 200,
            "answer": 1,
            "with_filter": False,
        },
        "compare_candidates": [],
        "answer_generation": {
            "valid_data": answers,
            "query_count": 30,
            "total_tokens": 60_000,
            "final_answer": "",
            "function": functions,
            "chain": [],
            "train_messages": [told],
            "query": f"{text(draw, 200)} {NUMBER}",
            "finish_type": "give_answer" if answers else "give_up",
        },
    }


def parse(files: list[Path], rule: str) -> int:
    for file in files:
        json.loads(file.read_bytes())
    return len(files)


def mine(files: list[Path], rule: str) -> int:
    from toolgrove.data.pairs.modes import Rule
    from toolgrove.evaluators.mining import mine_files

    return sum(1 for _ in mine_files(files, rule=Rule(rule)))


def _measured(
    work: Callable[[list[Path], str], int], files: list[Path], rule: str, back: Any
) -> None:
    work(files[:3], rule)  # imports
    begun = time.process_time()
    made = work(files, rule)
    spent = time.process_time() - begun
    back.put((made, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def measured(
    work: Callable[[list[Path], str], int], files: list[Path], rule: str
) -> tuple[int, float, float]:
    """What came of the work, its CPU seconds, and its process's peak of memory in MiB."""
    processes = multiprocessing.get_context("spawn")
    back = processes.Queue()
    child = processes.Process(target=_measured, args=(work, files, rule, back))
    child.start()
    found: tuple[int, float, float] = back.get()
    child.join()
    return found


def written(folder: Path, trees: int) -> list[Path]:
    """The files of the trees; those that are there already are not written again."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:06d}.json" for number in range(trees)]
    kinds: dict[int, str] = {}
    for number, file in enumerate(files):
        kind = number % MADE
        if kind not in kinds:
            kinds[kind] = json.dumps(tree(kind))
        if not file.exists():
            beside = file.with_suffix(".part")
            beside.write_text(kinds[kind].replace(NUMBER, f"number {number:07d}"))
            beside.rename(file)
    return files


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--trees", type=int, default=2000)
    options.add_argument("--rule", default="step")
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        files = written(given.folder or Path(made), given.trees)
        size = sum(file.stat().st_size for file in files) / len(files)
        print(f"{len(files):,} trees, {size / 1000:.0f} kB each, rule {given.rule}", flush=True)
        _, floor, _ = measured(parse, files, given.rule)
        print(f"json.loads {floor:.1f} s", flush=True)
        pairs, spent, peak = measured(mine, files, given.rule)
        print(f"mining {spent:.1f} s, {pairs:,} pairs: {spent / floor:.1f} times", flush=True)
        _, _, half = measured(mine, files[: len(files) // 2], given.rule)
    print(f"peak of memory {peak:.0f} MiB, {half:.0f} MiB for half the trees")


if __name__ == "__main__":
    sys.exit(main())
