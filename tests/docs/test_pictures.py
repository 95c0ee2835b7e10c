"""The README's pictures are what the tutorial's commands give."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from support.embedders import need_minilm

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = sorted((DOCS / "pictures").glob("*.svg"))


def test_the_script_makes_the_pictures_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_minilm(monkeypatch)
    runpy.run_path(str(DOCS / "pictures.py"))["main"](tmp_path)
    assert [file.name for file in PICTURES] == sorted(file.name for file in tmp_path.iterdir())
    for file in PICTURES:
        made = (tmp_path / file.name).read_text(encoding="utf-8")
        assert made == file.read_text(encoding="utf-8"), f"run python docs/pictures.py: {file}"


def test_the_pictures_are_small_and_fetch_nothing() -> None:
    assert len(PICTURES) == 3
    for file in PICTURES:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert len(text) < 20_000
        assert "http" not in text
