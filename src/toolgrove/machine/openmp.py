"""Threads of native code that sleep while they wait for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["sleeping_threads"]

_WAITING = "OMP_WAIT_POLICY"


@contextmanager
def sleeping_threads() -> Iterator[None]:
    """Import inside it what brings libgomp, whose threads spin unless told otherwise.

    On a core that others want too, a spinning thread takes away the time of the one it waits for:
    with two of them a token of the local model took seconds where one thread alone took a fifth of
    a second. libgomp reads the environment once, as it is loaded. What is set already is kept.
    """
    told = _WAITING in os.environ
    os.environ.setdefault(_WAITING, "passive")
    try:
        yield
    finally:
        if not told:
            del os.environ[_WAITING]
