"""What the framework itself costs: CPU milliseconds a step, with a model that answers at once.

    python benchmarks/overhead.py [--peers peers/bin/python] [--n 5]

A step is a model call that asks for a tool, and that tool's call. Ours runs with the journal on
disk. Peers are Haystack's Agent (async tool, as ours) and smolagents' ToolCallingAgent (sync tool,
as ours in that row); ``sides.py`` says how to install them. "above ainvoke" is what a step costs
beyond the bare ``model.ainvoke`` of the same messages; it can be negative, because a model is asked
without LangChain's bookkeeping where nobody listens to it. With 1,000 tools the first run of an
agent, which binds them, is a row of its own.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

from sides import Side, median, options, peer, report

__all__: list[str] = []

LENGTHS = (50, 200, 1000, 5000)
LONG = 1000  # from here on smolagents is left out, and a row is measured less often:
TIMES = {1000: 2, 5000: 1}


def _row(sides: dict[str, Side], asked: dict[str, dict[str, Any]], n: int) -> dict[str, float]:
    """Medians of each side's answers, asked alternately."""
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(n):
        for name, request in asked.items():
            more = dict(request)
            side = sides[more.pop("side", name)]
            figure = "first" if name.startswith("first") else "cpu_ms"
            found[name].append(side.ask(**more)[figure])
    return {name: median(values) for name, values in found.items()}


def main() -> int:
    """Measure and print."""
    given = options(__doc__).parse_args()
    n = given.n
    with ExitStack() as stack:
        sides = {"ours": stack.enter_context(Side("ours"))}
        for name, package in (("haystack", "haystack-ai"), ("smolagents", "smolagents")):
            if (side := peer(name, package, given.peers)) is not None:
                sides[name] = stack.enter_context(side)
        for side in sides.values():  # warm up
            side.ask("steps", steps=20)
        at50: dict[str, float] = {}
        for length in LENGTHS:
            asked: dict[str, dict[str, Any]] = {
                "ours": {"what": "steps", "steps": length},
                "ainvoke": {"side": "ours", "what": "ainvoke", "steps": length},
            }
            if "haystack" in sides:
                asked["haystack"] = {"what": "steps", "steps": length}
            if length < LONG:
                sync = {"side": "ours", "what": "steps", "steps": length, "sync": True}
                asked["ours, sync tool"] = sync
                if "smolagents" in sides:
                    asked["smolagents"] = {"what": "steps", "steps": length}
            row = _row(sides, asked, min(n, TIMES.get(length, n)))
            above = round(row["ours"] - row["ainvoke"], 3)
            print(f"{length} steps: {_shown(row)}, above ainvoke {above}", flush=True)
            at50 = at50 or {**row, "above": above}
        many: dict[str, dict[str, Any]] = {
            "ours": {"what": "steps", "steps": 10, "tools": 1000},
            "first run of ours": {"side": "ours", "what": "steps", "steps": 10, "tools": 1000},
        }
        for name in ("haystack", "smolagents"):
            if name in sides:
                many[name] = {"what": "steps", "steps": 10, "tools": 1000}
        print(f"1000 tools, 10 steps: {_shown(_row(sides, many, min(n, 3)))}", flush=True)
    more = {"above_ainvoke": at50["above"]}
    if "smolagents" in at50:
        more["to_smolagents"] = round(at50["ours, sync tool"] / at50["smolagents"], 3)
    haystack = at50.get("haystack")
    report("overhead", at50["ours"], haystack, "Haystack Agent", "CPU ms/step", n, **more)
    return 0


def _shown(row: dict[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())


if __name__ == "__main__":
    sys.exit(main())
