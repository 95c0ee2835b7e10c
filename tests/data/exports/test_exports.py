"""Rows in each trainer's form: what its loader keeps is what was there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import loaders
from support.chatml import template
from support.training_rows import (
    OTHER,
    PAIRS,
    TOOL,
    asked,
    call,
    pair,
    says,
    told,
    write,
)
from toolgrove.data.exports.rows import read_rows
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.writing import export_rows
from toolgrove.data.formats.trl import save_pairs
from toolgrove.data.pairs.modes import Rule
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.mining import mine_files

Row = dict[str, Any]


def lines(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write(tmp_path / "pairs.jsonl", PAIRS)


def functions(messages: list[Row]) -> list[Row]:
    return [one["function"] for message in messages for one in message.get("tool_calls", ())]


# The three silent losses, each with our form beside it.


def test_llamafactory_keeps_the_calls_of_both_sides(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_rows(pairs, Trainer.LLAMAFACTORY, out)
    info = json.loads((out / "dataset_info.json").read_text())["toolgrove_dpo"]
    as_mined = {**PAIRS[0], "messages": PAIRS[0]["prompt"], "chosen": PAIRS[0]["chosen"][0],
                "rejected": PAIRS[0]["rejected"][0]}  # fmt: skip
    lost = loaders.llamafactory(as_mined, info)
    assert lost is not None
    assert "Bergen" not in str(lost["response"]), "the loader drops tool_calls without a word"
    for mined, row in zip(PAIRS, lines(out / info["file_name"]), strict=True):
        kept = loaders.llamafactory(row, info)
        assert kept is not None
        for turn, side in zip(kept["response"], ("chosen", "rejected"), strict=True):
            words, calls = loaders.llamafactory_calls(turn)
            assert calls == functions(mined[side])
            assert words.strip() == mined[side][0]["content"]
        assert json.loads(kept["tools"])[0] == TOOL["function"]
        assert kept["system"] == "Use tools."


def test_axolotl_gets_text_that_holds_tools_and_calls(pairs: Path, tmp_path: Path) -> None:
    lost = loaders.axolotl_chat(PAIRS[0])
    assert "Bergen City" not in str(lost), "the loader drops calls"
    assert lost["chosen"]["content"] == "", "and takes a dummy conversation for the answer"
    export_rows(pairs, Trainer.AXOLOTL, tmp_path / "out", template=template())
    for row, wanted in zip(lines(tmp_path / "out/dpo.jsonl"), PAIRS, strict=True):
        kept = loaders.axolotl_text(row)
        assert "zip_for_post" in kept["prompt"]
        assert kept["prompt"].endswith("<|im_start|>assistant\n")
        for side in ("chosen", "rejected"):
            assert kept[side].endswith("<|im_end|>"), "so that no second one is added"
            assert all(f'"name": "{f["name"]}"' in kept[side] for f in functions(wanted[side]))


def test_openrlhf_gets_text_that_holds_the_tools(pairs: Path, tmp_path: Path) -> None:
    prompt, chosen, _ = loaders.openrlhf(PAIRS[0], template())
    assert "zip_for_post" not in prompt + chosen, "the loader drops tools"
    export_rows(pairs, Trainer.OPENRLHF, tmp_path / "out", template=template())
    prompt, chosen, rejected = loaders.openrlhf(lines(tmp_path / "out/dpo.jsonl")[0])
    assert "zip_for_post" in prompt
    assert chosen != rejected
    assert '"to": "Bergen"' in chosen


def test_ms_swift_keeps_messages_of_both_sides_and_tools(pairs: Path, tmp_path: Path) -> None:
    export_rows(pairs, Trainer.MS_SWIFT, tmp_path / "out")
    kept = loaders.ms_swift(lines(tmp_path / "out/dpo.jsonl")[1])
    assert [m["role"] for m in kept["messages"]] == [
        "system", "user", "tool_call", "tool_response", "assistant", "tool_call",
    ]  # fmt: skip
    assert kept["messages"][-1]["content"] == functions(PAIRS[1]["chosen"])[0]
    assert kept["rejected_messages"][-1]["content"] == "I do not know."
    assert kept["tools"][0] == TOOL


@pytest.mark.parametrize("trainer", [Trainer.TRL, Trainer.LLAMAFACTORY, Trainer.MS_SWIFT])
def test_pairs_give_labelled_sides_and_rows_to_imitate_each_once(
    tmp_path: Path, trainer: Trainer
) -> None:
    again = {**PAIRS[0], "rejected": [says("No.")]}
    found = export_rows(write(tmp_path / "p.jsonl", [*PAIRS, again]), trainer, tmp_path / "out")
    assert found.files == {"dpo.jsonl": 3, "kto.jsonl": 5, "sft.jsonl": 2}
    labels = [row["label"] for row in lines(tmp_path / "out/kto.jsonl")]
    assert labels == [True, False, True, False, False]


def test_a_row_that_the_form_cannot_hold_is_counted_by_why(tmp_path: Path) -> None:
    long = [call("far_for_map", to="Bergen"), told("5 km"), says("5 km")]
    rows = [*PAIRS, pair(long, [says("No.")])]
    found = export_rows(write(tmp_path / "p.jsonl", rows), Trainer.LLAMAFACTORY, tmp_path / "out")
    assert found.files["dpo.jsonl"] == 2
    assert found.left_out["dpo"] == {"a side of several turns, where the form has one": 1}
    assert found.files["sft.jsonl"] == 3, "a whole conversation has no such limit"
    user_twice = pair(long, [says("No.")], [*asked(), *asked()[1:]])
    file = write(tmp_path / "q.jsonl", [user_twice])
    with pytest.raises(UsageError, match="none of its rows fits llamafactory: 1 dpo: a side of"):
        export_rows(file, Trainer.LLAMAFACTORY, tmp_path / "q")
    assert not (tmp_path / "q").exists()


def test_rows_of_the_other_kinds_go_where_they_are_taken(tmp_path: Path) -> None:
    step = {"prompt": asked(), "completion": [says("5 km")], "tools": None, "origin": "{}"}
    whole = {"messages": [*asked(), call("far_for_map"), told("5 km"), says("5 km")]}
    rows = [{**step, "label": False}, {**step, "value": 0.5, "label": True}, whole]
    file = write(tmp_path / "rows.jsonl", rows)
    for trainer in (Trainer.TRL, Trainer.LLAMAFACTORY, Trainer.MS_SWIFT):
        found = export_rows(file, trainer, tmp_path / trainer)
        assert found.files == {"kto.jsonl": 1, "sft.jsonl": 1}, "a value is not made a label"
    with pytest.raises(UsageError, match=r"none of the kinds that verl takes \(sft\)"):
        export_rows(write(tmp_path / "kto.jsonl", rows[:2]), Trainer.VERL, tmp_path / "no")


def test_a_request_is_in_one_split_only(tmp_path: Path) -> None:
    rows = [
        pair([call("far_for_map", to=str(n))], [says(f"{n}?")], asked(f"How far is it, {n % 20}?"))
        for n in range(60)
    ]
    file = write(tmp_path / "p.jsonl", rows)
    found = export_rows(file, Trainer.TRL, tmp_path / "out", test_share=0.3)
    assert found.files["dpo.jsonl"] + found.files["dpo.test.jsonl"] == 60
    parts = [
        {row["prompt"][1]["content"] for row in lines(tmp_path / "out" / name)}
        for name in ("dpo.jsonl", "dpo.test.jsonl")
    ]
    assert parts[0] and parts[1] and not parts[0] & parts[1]  # noqa: PT018


def test_text_needs_the_tokenizer_of_the_model(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--tokenizer"):
        export_rows(pairs, Trainer.AXOLOTL, tmp_path / "out")


def test_a_template_that_renders_the_prompt_otherwise_loses_the_row_aloud(
    pairs: Path, tmp_path: Path
) -> None:
    def thinking(messages: list[Row], tools: list[Row] | None, asks: bool) -> str:
        opening = "<think>" if asks else ""
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + opening

    with pytest.raises(UsageError, match="renders otherwise before an answer"):
        export_rows(pairs, Trainer.OPENRLHF, tmp_path / "out", template=template(thinking))


def test_real_pairs_are_kept_whole_by_every_form(shared_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    tree = shared_data / "toolbench/trees/G3_13_ChatGPT_DFS_woFilter_w2.json"
    save_pairs(file, mine_files([tree], rule=[Rule.SUBGOAL, Rule.ARGUMENTS]))
    mined = {json.dumps(row.origin): row for row in read_rows(file)}
    for trainer in (Trainer.TRL, Trainer.MS_SWIFT, Trainer.OPENRLHF):
        found = export_rows(file, trainer, tmp_path / trainer, template=template())
        assert found.files["dpo.jsonl"] == len(mined), trainer
    for row in lines(tmp_path / "trl/dpo.jsonl"):
        assert row["chosen"] == list(mined[json.dumps(json.loads(row["origin"]))].chosen)


def broken(change: Callable[[Row], object]) -> Row:
    row: Row = json.loads(json.dumps(PAIRS[0]))
    change(row)
    return row


def arguments(row: Row) -> Row:
    function: Row = row["rejected"][0]["tool_calls"][0]["function"]
    return function


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda row: row.pop("chosen"), r"line 2: \$\.chosen"),
        (lambda row: row.update(prompt="How far?"), r"line 2: \$\.prompt"),
        (lambda row: row.update(tools="[{"), r"line 2: \$\.tools"),
        (lambda row: row.update(tools="[1]"), r"line 2: \$\.tools\[0\]"),
        (lambda row: row["chosen"][0].update(content=None), r"line 2: \$\.chosen\[0\]\.content"),
        (lambda row: row["chosen"][0].update(role="bot"), r"line 2: \$\.chosen\[0\]\.role"),
        (lambda row: row["chosen"][0].update(thought="?"), r"line 2: \$\.chosen\[0\]\.thought"),
        (
            lambda row: arguments(row).update(arguments='{"to": 1}'),
            r"line 2: \$\.rejected\[0\]\.tool_calls\[0\]\.function\.arguments",
        ),
    ],
)
def test_a_line_that_is_no_row_is_named_with_its_field_and_the_mend(
    tmp_path: Path, change: Callable[[Row], object], place: str
) -> None:
    file = write(tmp_path / "pairs.jsonl", [PAIRS[0], broken(change)])
    with pytest.raises(FormatError, match=rf"pairs\.jsonl: at {place}: expected .+\. \w+"):
        export_rows(file, Trainer.TRL, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*")), "nothing half-written"


def test_text_that_is_no_json_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text('\n{"prompt": \n')
    with pytest.raises(FormatError, match=r"line 2: \$: expected one JSON object"):
        list(read_rows(tmp_path / "pairs.jsonl"))


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
def test_verl_reads_arguments_and_tools_without_the_nulls_of_a_column(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With our reader beside the file, on what verl's own class does before it."""
    pandas = pytest.importorskip("pandas", reason="needs the extra train: pandas")

    class MultiTurnSFTDataset:
        messages_key, tools_key = "messages", "tools"

        def _read_files_and_process(self) -> None:
            self.dataframe = pandas.read_parquet(
                tmp_path / "out/sft.parquet", dtype_backend="pyarrow"
            )

    for name in ("verl", "verl.utils", "verl.utils.dataset"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    module = ModuleType("multiturn")
    module.MultiTurnSFTDataset = MultiTurnSFTDataset  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "verl.utils.dataset.multiturn_sft_dataset", module)
    export_rows(pairs, Trainer.VERL, tmp_path / "out")
    scope: dict[str, Any] = {}
    exec((tmp_path / "out/toolgrove_rows.py").read_text(), scope)
    dataset = scope["ToolgroveRows"]()
    dataset._read_files_and_process()
    assert dataset.tools[0] == [TOOL, OTHER]
    wanted = [json.loads(json.dumps([*row["prompt"], *row["chosen"]])) for row in PAIRS]
    wanted[1][2]["weight"] = 0  # a reply of the prompt is not learnt
    assert dataset.messages == wanted
    assert dataset.dataframe.iloc[1].to_dict()["messages"] == dataset.messages[1]


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
def test_a_card_tells_source_counts_licence_and_splits(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the extra train: datasets")
    rows = [pair([says(f"{n}")], [says("No.")], asked(f"How far, {n}?")) for n in range(40)]
    file = write(tmp_path / "p.jsonl", [*rows, pair([says("1")], [says("2")], rule="<b>|x")])
    options: dict[str, Any] = {"test_share": 0.3, "licence": "apache-2.0"}
    found = export_rows(file, Trainer.PARQUET, tmp_path / "out", **options)
    card = (tmp_path / "out/README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert f"| dpo.test.parquet | {found.files['dpo.test.parquet']} |" in card
    assert "  - split: test\n    path: dpo.test.parquet\n" in card
    assert "| step | 40 |" in card
    assert "| &lt;b>\\|x | 1 |" in card, "a row's words make no table and no markup"
