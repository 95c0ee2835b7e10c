"""An indexing process killed from outside, wherever it is, costs a few batches at most."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.dying_index import make_specs
from support.embedders import Hashing
from toolgrove.retriever.index import BATCH, Index

COUNT = 600
WRITE = """
import sys
from support.dying_index import make_specs
from support.embedders import Hashing
from toolgrove.retriever.index import Index
with Index(sys.argv[1], Hashing()) as index:
    index.update(make_specs(int(sys.argv[2])), lambda done, _: print(done, flush=True))
"""


@pytest.mark.parametrize("batches", [1, 6])
def test_killed_from_outside_it_opens_answers_and_is_finished(tmp_path: Path, batches: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(tmp_path), str(COUNT)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with writer:
        assert writer.stdout
        for _ in range(batches):
            done = int(writer.stdout.readline())
        writer.kill()
    assert writer.returncode == -signal.SIGKILL
    embedder = Hashing()
    with Index(tmp_path, embedder) as index:
        kept = len(index)
        assert kept >= done == batches * BATCH, "what was reported as done is there"
        assert index.search("description7 name7", 1)[0].id in index.ids()
        assert not index.whole
        assert index.update(make_specs(COUNT)) == COUNT - kept
        assert index.whole
        assert index.search(f"description{COUNT - 1} name{COUNT - 1}", 1)
        assert len(index) == COUNT
