"""A file is whole or not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolgrove.machine.files import write_beside


def test_a_file_that_could_not_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    def pieces() -> Any:
        yield b"half"
        raise RuntimeError

    file = tmp_path / "out.json"
    write_beside(file, [b"old"])
    with pytest.raises(RuntimeError):
        write_beside(file, pieces())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
