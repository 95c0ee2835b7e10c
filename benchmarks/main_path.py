"""How many files a warm two-step run goes through, and how often it goes from one to another.

Counts Python calls of the package by file while one kept run is made that retrieves its tools from
a catalogue, calls one and answers. A first run of the same agent has imported and prepared
everything. A move is a call whose caller stands in another file of the package.

    python benchmarks/main_path.py [--files] [--moves]

``--files`` lists the files with how many functions of each are called how often, how many moves
lead there, and the functions; ``--moves`` lists the moves from file to file.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import toolgrove
from toolgrove import Agent, Catalog, ScriptedModel, tool
from toolgrove.agent import call, finish

HOUSE = [str(Path(toolgrove.__file__).resolve().parent), *(
    str(path.resolve()) for path in Path(toolgrove.__file__).parent.iterdir() if path.is_dir()
)]  # fmt: skip


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


def main() -> None:
    """Print the counts of one warm run."""
    with TemporaryDirectory() as folder, Catalog.open(Path(folder, "catalog")) as catalog:
        catalog.registry.add_function(double)
        catalog.add(catalog.registry)
        model = ScriptedModel(replies=[call("double", x=21), finish("42")] * 2)
        _counted(Agent(model=model, catalog=catalog, runs=Path(folder, "runs")))


def _counted(agent: Agent) -> None:
    assert agent.invoke("What is 21 doubled?").answer == "42"
    files: dict[str, Counter[str]] = {}
    moves: Counter[tuple[str, str]] = Counter()

    def own(frame: FrameType | None) -> str:
        name = "" if frame is None else str(Path(frame.f_code.co_filename).resolve())
        return name if any(name.startswith(folder) for folder in HOUSE) else ""

    known: dict[str, str] = {}

    def seen(frame: FrameType, event: str, arg: Any) -> None:
        if event != "call":
            return
        code = frame.f_code.co_filename
        here = known[code] if code in known else known.setdefault(code, own(frame))
        if not here:
            return
        files.setdefault(here, Counter())[frame.f_code.co_qualname] += 1
        back = frame.f_back
        while back is not None:
            code = back.f_code.co_filename
            there = known[code] if code in known else known.setdefault(code, own(back))
            if there:
                break
            back = back.f_back
        else:
            return
        if there != here:
            moves[there, here] += 1

    sys.setprofile(seen)
    try:
        outcome = agent.invoke("What is 21 doubled?")
    finally:
        sys.setprofile(None)
    assert outcome.answer == "42"
    print(json.dumps({"files": len(files), "moves": sum(moves.values())}))
    if "--files" in sys.argv:
        for name, called in sorted(files.items()):
            into = sum(n for (_, there), n in moves.items() if there == name)
            print(f"{_short(name)}: {len(called)} functions, {called.total()} calls, {into} moves")
            print(f"    {', '.join(called)}")
    if "--moves" in sys.argv:
        for (here, there), n in moves.most_common():
            print(f"{n:3} {_short(here)} -> {_short(there)}")


def _short(name: str) -> str:
    """A file by its path in the package."""
    root = Path(toolgrove.__file__).parent
    for folder in root.iterdir():
        if folder.is_symlink() and name.startswith(f"{folder.resolve()}/"):
            return f"{folder.name}/{Path(name).relative_to(folder.resolve())}"
    return str(Path(name).relative_to(root.resolve()))


if __name__ == "__main__":
    main()
