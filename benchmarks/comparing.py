"""How often ``toolgrove compare`` calls a difference between settings that are equal, or are not.

    python benchmarks/comparing.py [PAIRS]

Each task has a chance of its own to be passed (beta, 1/2 and 1/2), the same for both settings, or
raised by ``gap`` for the second. Printed is how often a difference was called, and how often the
second was called better, of PAIRS (200) simulated pairs of settings. It takes some minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from toolgrove.data.records import Score
from toolgrove.evaluators.comparing import compare
from toolgrove.evaluators.sides import Side
from toolgrove.evaluators.store import DONE, ResultRow

CASES = ((20, 1, 0.0), (20, 2, 0.0), (60, 3, 0.0), (60, 1, 0.25), (60, 3, 0.25))


def main(pairs: int) -> None:
    """Print the table."""
    draw = Random(7)
    print("tasks epochs   gap  called  second better")
    for tasks, epochs, gap in CASES:
        found = []
        for _ in range(pairs):
            chances = [draw.betavariate(0.5, 0.5) for _ in range(tasks)]
            raised = [chance + gap for chance in chances]
            sides = _side("a", chances, epochs, draw), _side("b", raised, epochs, draw)
            found.append(compare(*sides).called)
        called, second = sum(map(bool, found)) / pairs, found.count("b") / pairs
        print(f"{tasks:5} {epochs:6} {gap:5.2f} {called:7.1%} {second:14.1%}", flush=True)


def _side(name: str, chances: list[float], epochs: int, draw: Random) -> Side:
    rows = {
        (str(task), epoch, ""): ResultRow(
            str(task), epoch, "", "", DONE,
            scores=(Score(float(draw.random() < chance), "", "answer/2"),),
        )
        for task, chance in enumerate(chances)
        for epoch in range(epochs)
    }  # fmt: skip
    return Side(name, Path(), {"setting": name}, rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
