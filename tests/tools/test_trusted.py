"""What this machine's user lets a catalogue run."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolgrove.errors import UsageError
from toolgrove.tools.trusted import trust, trusted


def test_what_is_trusted_stays_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "below" / "trusted.json"))
    assert trusted() == frozenset()
    trust(["mcp+stdio:x", "a:b"])
    trust(["a:b", "c:d"])
    assert trusted() == {"mcp+stdio:x", "a:b", "c:d"}


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]"])
def test_a_damaged_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "trusted.json"
    path.write_text(text)
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(path))
    with pytest.raises(UsageError, match="Mend or delete it"):
        trusted()
