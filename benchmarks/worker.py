"""One side of a comparison: answers requests on stdin, one JSON object a line.

Needs nothing but the standard library, because peers run in environments of their own.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Clock", "serve"]


class Clock:
    """CPU and wall time of a block, and the memory that it came to need (``with Clock() as c``)."""

    cpu: float
    wall: float
    kib: int

    def __enter__(self) -> Clock:
        gc.collect()
        self._kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exc: object) -> None:
        self.cpu = time.process_time() - self._cpu
        self.wall = time.perf_counter() - self._wall
        self.kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self._kib


def serve(answers: dict[str, Callable[..., Any]]) -> None:
    """Answer until stdin ends; whatever a framework prints goes to stderr."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answers[request.pop("what")](**request)), file=told, flush=True)
