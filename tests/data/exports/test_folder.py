"""A folder holds one export, and nothing that stood there is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.training_rows import PAIRS, asked, pair, says, write
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.writing import export_rows
from toolgrove.errors import UsageError


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if not one.name.startswith(".")}


def test_the_next_export_leaves_no_file_of_the_earlier_one(tmp_path: Path) -> None:
    rows = [pair([says(f"{n}")], [says("No.")], asked(f"How far, {n}?")) for n in range(20)]
    file, out = write(tmp_path / "p.jsonl", rows), tmp_path / "out"
    export_rows(file, Trainer.TRL, out, test_share=0.5)
    assert "dpo.test.jsonl" in names(out)
    (out / "of_mine.txt").write_text("kept")
    export_rows(file, Trainer.TRL, out)
    assert names(out) == {"dpo.jsonl", "kto.jsonl", "sft.jsonl", "of_mine.txt"}


def test_two_trainers_do_not_share_a_folder(tmp_path: Path) -> None:
    file, out = write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out"
    export_rows(file, Trainer.LLAMAFACTORY, out)
    before = {one: one.read_bytes() for one in out.iterdir()}
    with pytest.raises(UsageError, match=r"holds an export for llamafactory.* Name another folder"):
        export_rows(file, Trainer.TRL, out)
    assert before == {one: one.read_bytes() for one in out.iterdir()}


@pytest.mark.parametrize("name", ["dataset_info.json", "sft.jsonl"])
def test_what_no_export_wrote_is_not_replaced(tmp_path: Path, name: str) -> None:
    file, out = write(tmp_path / "p.jsonl", PAIRS), tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    with pytest.raises(UsageError, match=f"holds {name}, which no export there wrote"):
        export_rows(file, Trainer.LLAMAFACTORY, out)
    assert (out / name).read_text() == "mine"


def test_the_rows_that_are_exported_are_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_rows(write(tmp_path / "p.jsonl", PAIRS), Trainer.TRL, out)
    with pytest.raises(UsageError, match="is read here"):
        export_rows(out / "dpo.jsonl", Trainer.TRL, out)
    with pytest.raises(UsageError, match="cannot be written"):
        export_rows(out / "dpo.jsonl", Trainer.TRL, tmp_path / "p.jsonl")


def test_the_request_of_rows_with_examples_is_the_last_one_that_is_named(tmp_path: Path) -> None:
    def row(number: int) -> dict[str, object]:
        shots = [*asked("Tools:\n- a\nRequest: The example?"), says("Finish(1)")]
        prompt = [*shots, *asked(f"Tools:\n- b\nRequest: How far,\nto {number}?")[1:]]
        return {"prompt": prompt, "completion": [says("Finish(2)")], "tools": None, "origin": "{}"}

    file = write(tmp_path / "p.jsonl", [row(n) for n in range(20)])
    found = export_rows(file, Trainer.TRL, tmp_path / "out", test_share=0.5).files
    assert found["sft.jsonl"] > 3
    assert found["sft.test.jsonl"] > 3
