"""Promise 1, for every kind of tool: a write that a SIGKILL interrupted is not made again."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from support.dying import processes
from support.dying_writes import KINDS, die, serving, solve
from toolgrove.data.records import Observation, Status


def killed_and_resumed(folder: Path, kind: str, effect: str) -> tuple[list[str], Observation]:
    """What was done, and what the resumed run knows of it."""
    with serving(folder) as url:
        child = processes.Process(target=die, args=(folder, kind, effect, url))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        (folder / "armed").unlink()
        tree: Any = solve(folder, kind, effect, url)
    assert tree.answer == "done"
    done = (folder / "done.txt").read_text().splitlines()
    return done, next(o for node in tree for o in node.observations)


@pytest.mark.parametrize("kind", KINDS)
def test_promise_1_a_write_that_was_killed_is_not_made_twice(tmp_path: Path, kind: str) -> None:
    done, seen = killed_and_resumed(tmp_path, kind, "write")
    assert done == ["done"]
    assert seen.status is Status.IN_DOUBT


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_that_was_killed_is_made_again(tmp_path: Path, kind: str) -> None:
    done, seen = killed_and_resumed(tmp_path, kind, "read")
    assert done == ["done", "done"]
    assert seen.status is Status.OK
