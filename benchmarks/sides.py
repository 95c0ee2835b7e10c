"""What the benchmarks against peers share: options, the two sides, and the line that is printed.

Each side is a process of its own that stays up; they are asked alternately, so that whatever else
the machine does hits both. A peer runs in an environment that has it::

    python -m venv peers && peers/bin/pip install haystack-ai smolagents
    python benchmarks/overhead.py --peers peers/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["Side", "median", "options", "peer", "report"]

HERE = Path(__file__).parent


class Side:
    """A process that runs one of the ``*_side.py``."""

    def __init__(self, name: str, python: str = sys.executable) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, str(HERE / f"{name}_side.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str, **more: Any) -> dict[str, Any]:
        """What the side says to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"what": what, **more}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def options(doc: str | None, n: int = 5) -> argparse.ArgumentParser:
    """The options that all of them have."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=n, help="runs, of which the median is taken")
    parser.add_argument(
        "--peers",
        default=os.environ.get("TOOLGROVE_PEERS"),
        help="Python of an environment with haystack-ai and smolagents (or $TOOLGROVE_PEERS)",
    )
    return parser


def peer(name: str, package: str, python: str | None) -> Side | None:
    """The other side, or None where its package is not there, which is said on stderr."""
    if python is None:
        print(f"{name}: not measured, no --peers PYTHON was given", file=sys.stderr)
        return None
    code = f"from importlib.metadata import version; print(version({package!r}))"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if found.returncode:
        print(f"{name}: not measured, {python} has no {package}", file=sys.stderr)
        return None
    print(f"{name}: {package} {found.stdout.strip()}", file=sys.stderr)
    return Side(name, python)


def median(values: list[float]) -> float:
    """To three digits after the point."""
    return round(statistics.median(values), 3)


def report(
    name: str, ours: float, theirs: float | None, peer_name: str, unit: str, n: int, **more: Any
) -> None:
    """The last line: both sides, and ours by theirs."""
    ratio = None if theirs is None else round(ours / theirs, 3)
    line = {"name": name, "ours": ours, "peer": theirs, "peer_name": peer_name, "unit": unit}
    print(json.dumps({**line, "ratio": ratio, "n": n, **more}))
