"""What this machine's user lets a catalogue run."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolgrove.errors import UsageError
from toolgrove.tools.allowed import allow, allowed


def test_what_was_allowed_stays_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGROVE_ALLOWED", str(tmp_path / "below" / "allowed.json"))
    assert allowed() == frozenset()
    allow(["mcp+stdio:x", "a:b"])
    allow(["a:b", "c:d"])
    assert allowed() == {"mcp+stdio:x", "a:b", "c:d"}


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]"])
def test_a_damaged_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "allowed.json"
    path.write_text(text)
    monkeypatch.setenv("TOOLGROVE_ALLOWED", str(path))
    with pytest.raises(UsageError, match="Mend or delete it"):
        allowed()
