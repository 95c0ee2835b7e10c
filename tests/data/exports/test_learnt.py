"""What a trainer learns of a row to imitate: the replies that are to be, and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.chatml import template
from support.training_rows import TOOL, asked, call, pair, says, told, write
from toolgrove.data.exports import verl
from toolgrove.data.exports.rows import RowKind, of_kind, read_rows
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.validating import validate_rows
from toolgrove.data.exports.writing import export_rows
from toolgrove.errors import UsageError

Row = dict[str, Any]


def lines(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def tried() -> Row:
    """A request, a try that failed and is shown only, a call that worked, and the answer."""
    bad, good = call("far_for_map", 1, to="Brgen"), call("far_for_map", 2, to="Bergen")
    said = [{**bad, "weight": 0}, told("no such city", 1), good, told("463 km", 2), says("463 km.")]
    return {"messages": [*asked(), *said], "tools": json.dumps([TOOL]), "origin": "{}"}


def shown_before() -> Row:
    prompt = [*asked(), call("far_for_map", to="Brgen"), told("no such city")]
    return pair([call("far_for_map", 2, to="Bergen")], [says("No.")], prompt)


def test_axolotl_learns_neither_results_nor_tries(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", [tried()])
    export_rows(file, Trainer.AXOLOTL, tmp_path / "out", template=template())
    [row] = lines(tmp_path / "out/sft.jsonl")
    learnt = [one["text"] for one in row["segments"] if one["label"]]
    assert ['"to": "Bergen"' in learnt[0], learnt[1]] == [True, "463 km.<|im_end|>"]
    assert len(learnt) == 2
    whole = "".join(one["text"] for one in row["segments"])
    assert whole == template().text(tried()["messages"], [TOOL]).rstrip()


@pytest.mark.parametrize("trainer", [Trainer.OPENRLHF, Trainer.TRL])
def test_a_trainer_that_learns_whole_completions_gets_a_row_a_turn(
    tmp_path: Path, trainer: Trainer
) -> None:
    file = write(tmp_path / "rows.jsonl", [tried(), tried()])
    found = export_rows(file, trainer, tmp_path / "out", template=template())
    assert found.files == {"sft.jsonl": 2}
    first, last = lines(tmp_path / "out/sft.jsonl")
    assert "Brgen" in str(first["prompt"])
    for row, learnt, seen in [(first, "Bergen", "no such city"), (last, "463 km.", "463 km")]:
        assert learnt in str(row["completion"])
        assert "such city" not in str(row["completion"])
        assert seen in str(row["prompt"])


def test_trl_rows_without_tries_stay_whole(tmp_path: Path) -> None:
    whole = {**tried(), "messages": [*asked(), call("far_for_map"), told("5 km"), says("5 km")]}
    export_rows(write(tmp_path / "rows.jsonl", [whole]), Trainer.TRL, tmp_path / "out")
    [row] = lines(tmp_path / "out/sft.jsonl")
    assert len(row["completion"]) == 3


def test_ms_swift_is_told_which_replies_are_shown_only(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", [tried(), shown_before()])
    export_rows(file, Trainer.MS_SWIFT, tmp_path / "out")
    for row in lines(tmp_path / "out/sft.jsonl"):
        calls = [one for one in row["messages"] if one["role"] == "tool_call"]
        assert [one.get("loss") for one in calls] == [False, None]
        assert not any("loss" in one for one in row["messages"] if one not in calls)
    [one] = lines(tmp_path / "out/dpo.jsonl")
    assert "loss" not in str(one)


def test_llamafactory_leaves_out_tries_and_counts_rows_whose_prompt_it_learns(
    tmp_path: Path,
) -> None:
    file = write(tmp_path / "rows.jsonl", [tried(), shown_before()])
    found = export_rows(file, Trainer.LLAMAFACTORY, tmp_path / "out")
    assert found.files["sft.jsonl"] == 1
    [why] = found.left_out["sft"]
    assert why.startswith("replies that are shown only")
    [how] = found.noted["sft"]
    assert "mask_history: true" in how
    assert validate_rows(file, Trainer.LLAMAFACTORY).findings["unfit"] == [1]


def test_verl_learns_no_reply_of_weight_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By our reader beside the file, over what verl's own class makes of a message."""

    class MultiTurnSFTDataset:
        def _process_single_message(self, index: int, message: Row, tools: Any) -> Any:
            return [index], int(message["role"] == "assistant"), [1], {}

    for name in ("verl", "verl.utils", "verl.utils.dataset"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    module = ModuleType("multiturn")
    module.MultiTurnSFTDataset = MultiTurnSFTDataset  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "verl.utils.dataset.multiturn_sft_dataset", module)
    scope: dict[str, Any] = {}
    exec(verl.READER, scope)
    dataset = scope["ToolgroveRows"]()
    file = write(tmp_path / "rows.jsonl", [tried(), shown_before()])
    learnt = []
    for row in of_kind(read_rows(file), RowKind.SFT):
        messages = json.loads(verl.dump_row(row)["messages"])
        made = [dataset._process_single_message(index=i, message=one, tools=None)
                for i, one in enumerate(messages)]  # fmt: skip
        learnt.append([one[1] for one in made])
    assert learnt == [[0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 1]]


def test_rows_that_a_trainer_does_not_take_are_counted(tmp_path: Path) -> None:
    step: Row = {"prompt": asked(), "completion": [says("5 km")], "tools": None, "origin": "{}"}
    rows = [{**step, "label": True}, {**step, "value": 0.5}, {**step, "value": 1.0}, tried()]
    file = write(tmp_path / "rows.jsonl", rows)
    for trainer, kinds in [(Trainer.TRL, {"prm": 2}), (Trainer.VERL, {"kto": 1, "prm": 2})]:
        if trainer is Trainer.VERL:
            pytest.importorskip("datasets", reason="needs the extra train: datasets")
        found = export_rows(file, trainer, tmp_path / trainer)
        assert {kind: sum(why.values()) for kind, why in found.left_out.items()} == kinds
        assert validate_rows(file, trainer).lost == sum(kinds.values())


def test_a_row_with_nothing_to_imitate_is_counted(tmp_path: Path) -> None:
    only = {**tried(), "messages": [*asked(), {**says("No."), "weight": 0}]}
    file = write(tmp_path / "rows.jsonl", [only])
    for trainer in (Trainer.TRL, Trainer.MS_SWIFT, Trainer.OPENRLHF, Trainer.AXOLOTL):
        with pytest.raises(UsageError, match="no reply that is to be imitated"):
            export_rows(file, trainer, tmp_path / "out", template=template())
