"""Calls that meet faults: how they ended, and how many were lost, doubled or mixed up.

    python benchmarks/faults.py [--count 10000] [--seed 0]

A raw server on loopback meets each call with one of the faults in
``tests/support/fault_server.py``, drawn by seed, and would answer the next attempt. Prints one JSON
line; exit status 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.injected import inject

__all__: list[str] = []


def main() -> int:
    """Inject, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.jsonl"
        outcomes = vars(asyncio.run(inject(options.count, options.seed, keys)))
    statuses = outcomes.pop("statuses")
    result = {
        "faults": options.count,
        "seed": options.seed,
        "seconds": round(time.monotonic() - began, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "statuses": dict(sorted(statuses.items())),
        **{what: len(cases) for what, cases in outcomes.items()},
    }
    print(json.dumps(result))
    broken = [case for cases in outcomes.values() for case in cases]
    print(*broken[:20], sep="\n", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
