"""A training file is checked before a trainer is: what it would drop, cut or misread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.chatml import Messages, rendered, template
from support.training_rows import PAIRS, asked, call, pair, says, told, write
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.validating import validate_rows

GOOD = PAIRS[0]


def found(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> dict[str, list[int]]:
    return validate_rows(write(tmp_path / "pairs.jsonl", rows), **options).findings


def test_rows_as_mined_have_nothing_to_say(tmp_path: Path) -> None:
    report = validate_rows(write(tmp_path / "p.jsonl", PAIRS), template=template())
    assert (report.findings, report.rows, report.lost) == ({}, 2, 0)
    assert set(report.tokens) == {"prompt", "chosen", "rejected"}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (pair([says(" ")], [says("No.")]), "empty_side"),
        (pair([says("Yes. ")], [says("Yes.")]), "equal_sides"),
        (pair([told("5 km"), says("5")], [says("No.")], [*asked(), call("far_for_map")]),
         "not_an_answer"),
        (pair([call("far"), told("5 km", 3), says("5")], [says("No.")]), "lost_result"),
        (pair([call("gone_for_map", to="Bergen")], [says("No.")]), "unknown_tool"),
        (pair([call("far_for_map"), told("5 km"), says("5")], [says("No.")]), "results_learnt"),
    ],
)  # fmt: skip
def test_a_row_that_teaches_nothing_or_wrong_is_found_without_a_tokenizer(
    tmp_path: Path, row: dict[str, Any], name: str
) -> None:
    report = validate_rows(write(tmp_path / "p.jsonl", [GOOD, row]))
    assert report.findings[name] == [2]
    assert report.lost == (name != "results_learnt")


def test_lines_that_are_no_rows_are_all_named_and_the_others_read(tmp_path: Path) -> None:
    file = write(tmp_path / "p.jsonl", [{"prompt": []}, GOOD, {**GOOD, "rejected": "No."}])
    report = validate_rows(file)
    assert (report.rows, report.findings) == (1, {"not_a_row": [1, 3]})
    assert "line 3: $.rejected: expected an array" in report.notes[1]


def test_rows_that_max_length_would_cut_or_drop_are_counted(tmp_path: Path) -> None:
    long = pair([says("a " * 50)], [says("b " * 9)])
    late = pair([says("a " * 500 + "yes")], [says("a " * 500 + "no")])
    rows = [GOOD, long, late, pair([says("x")], [says("y")], asked("word " * 400))]
    sizes = validate_rows(write(tmp_path / "p.jsonl", rows), template=template()).tokens
    room = sizes["prompt"]["least"] + 60
    names = found(tmp_path, rows, template=template(), max_length=room)
    assert names == {"cut": [2, 3], "equal_when_cut": [3], "no_room": [4]}
    assert found(tmp_path, rows, template=template(), max_length=5_000) == {}


def plain(messages: Messages, tools: list[Any] | None, asks: bool) -> str:
    """As templates of models that know no tools."""
    text = "".join(f"<{one['role']}>{one['content']}\n" for one in messages)
    return text + ("<assistant>" if asks else "")


def escaping(messages: Messages, tools: list[Any] | None, asks: bool) -> str:
    """Arguments as JSON in JSON, as where a template wants text and is given an object."""
    return rendered(messages, tools, asks).replace("02139", "2139")


def thinking(messages: Messages, tools: list[Any] | None, asks: bool) -> str:
    return rendered(messages, tools, asks) + ("<think>" if asks else "")


@pytest.mark.parametrize(
    ("render", "names"),
    [
        (plain, {"tools_vanish": [1, 2], "calls_vanish": [1, 2]}),
        (escaping, {"calls_vanish": [2]}),
        (thinking, {"prompt_changes": [1, 2]}),
    ],
)
def test_what_a_template_does_not_print_is_found(
    tmp_path: Path, render: Any, names: dict[str, list[int]]
) -> None:
    report = found(tmp_path, PAIRS, template=template(render), max_length=9_000)
    assert {name: report.get(name) for name in names} == names


def test_a_template_that_raises_is_a_finding_with_its_words(tmp_path: Path) -> None:
    def raising(messages: Messages, tools: list[Any] | None, asks: bool) -> str:
        if any(one["role"] == "system" for one in messages):
            raise ValueError("System role not supported")
        return rendered(messages, tools, asks)

    report = validate_rows(write(tmp_path / "p.jsonl", [GOOD]), template=template(raising))
    assert report.findings == {"refused": [1]}
    assert "System role not supported" in report.notes[0]


def test_a_form_that_cannot_hold_a_row_is_named(tmp_path: Path) -> None:
    two = pair([call("far_for_map", to="Bergen"), told("5 km"), says("5 km")], [says("No.")])
    report = validate_rows(write(tmp_path / "p.jsonl", [GOOD, two]), Trainer.LLAMAFACTORY)
    assert report.findings["unfit"] == [2]
    assert "a side of several turns" in report.notes[0]


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
def test_the_rows_that_trl_drops_are_those_that_were_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRL's own preparation against ours, with a tokenizer and a template made here."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    trl = pytest.importorskip("trl", reason="needs the extra train: trl")
    datasets = pytest.importorskip("datasets", reason="needs the extra train: datasets")
    from transformers import LlamaConfig, LlamaForCausalLM

    from support.byte_tokenizer import byte_tokenizer
    from toolgrove.data.exports.card import write_parquet
    from toolgrove.data.exports.rendering import ChatTemplate

    tokenizer = byte_tokenizer()
    tokenizer.save_pretrained(tmp_path / "model")
    rows = [GOOD, pair([says("x")], [says("y")], asked("word " * 400)), PAIRS[1]]
    file = write(tmp_path / "pairs.jsonl", rows)
    known = ChatTemplate.load(tmp_path / "model")
    report = validate_rows(file, template=known, max_length=1_024)
    assert report.findings == {"no_room": [2]}
    write_parquet(tmp_path / "dpo.parquet", rows)
    held = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "dpo.parquet"), split="train",
        cache_dir=str(tmp_path / "cache"),
    )  # fmt: skip
    assert json.dumps([held[i] for i in range(3)]) == json.dumps(rows), "parquet gives it back"
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=1, max_position_embeddings=4_096,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    trainer = trl.DPOTrainer(
        model=str(tmp_path / "model"),
        args=trl.DPOConfig(output_dir=str(tmp_path / "out"), report_to="none", use_cpu=True,
                           bf16=False, disable_tqdm=True),
        train_dataset=held,
        processing_class=tokenizer,
    )  # fmt: skip
    assert len(trainer.train_dataset) == 2
    lengths = sorted(len(one["prompt_ids"]) for one in trainer.train_dataset)
    assert lengths[0] == report.tokens["prompt"]["least"]
