"""1,000 runs of 5 steps at once in one process, with a model that takes 50 ms a call.

    python benchmarks/concurrency.py [--peers peers/bin/python] [--n 5]

Six model calls of 50 ms one after another are 0.3 s: what is above that is CPU time. "kept" runs
have their journals on disk; runs that are not kept compare with the peer's, which keeps none.
Memory is what the process's peak grew by, a run. Each figure is of a fresh process.
"""

from __future__ import annotations

import sys

from sides import Side, median, options, peer, report

__all__: list[str] = []

JOB = {"what": "together", "runs": 1000, "steps": 5, "delay": 0.05}


def main() -> int:
    """Measure and print."""
    parser = options(__doc__)
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {"ours": [], "ours, kept": [], "haystack": []}
    for _ in range(given.n):
        for name, kept in (("ours", False), ("ours, kept", True)):
            with Side("ours") as side:
                found[name].append(side.ask(**JOB, kept=kept))
        other = peer("haystack", "haystack-ai", given.peers)
        if other is not None:
            with other:
                found["haystack"].append(other.ask(**JOB))
    for name, answers in found.items():
        if answers:
            wall, cpu, kib = (median([a[key] for a in answers]) for key in ("wall", "cpu", "kib"))
            print(f"{name}: {wall} s, of it {cpu} CPU s; {kib} KiB a run")
    ours = median([a["wall"] for a in found["ours"]])
    theirs = median([a["wall"] for a in found["haystack"]]) if found["haystack"] else None
    kib = median([a["kib"] for a in found["ours"]])
    report("concurrency", ours, theirs, "Haystack Agent", "s", given.n, kib_per_run=kib)
    return 0


if __name__ == "__main__":
    sys.exit(main())
