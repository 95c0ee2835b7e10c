"""Rows for TRL: ``datasets`` gives back what was written, and a trainer trains on it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.byte_tokenizer import byte_tokenizer
from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.formats.trl import SavedPairs, dump_pair, features, save_pairs, unfit
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.preferences import mine
from toolgrove.data.records import Message, PreferencePair, Role, ToolCall, ToolSpec
from toolgrove.errors import FormatError

SPEC = ToolSpec(
    "Data/zip/get",
    "Data",
    "zip",
    "get",
    "One code.",
    {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
)


def says(content: str, *calls: tuple[str, dict[str, Any]]) -> Message:
    made = tuple(ToolCall(f"c{i}", name, arguments) for i, (name, arguments) in enumerate(calls))
    return Message(Role.ASSISTANT, content, made)


def pair(chosen: Message, rejected: Message, *more: Message) -> PreferencePair:
    opening = (Message(Role.SYSTEM, "Answer."), Message(Role.USER, "Where is 02139?"))
    origin = {"run": "r", "aliases": {"get_for_zip": SPEC.id}, "faults": []}
    return PreferencePair((*opening, *more), (chosen,), (rejected,), (SPEC,), origin)


def test_a_row_has_an_explicit_prompt_words_never_null_and_arguments_as_an_object() -> None:
    asked = says("", ("get_for_zip", {"code": "02139"}))
    told = Message(Role.TOOL, "Cambridge", call_id="c0", name="get_for_zip")
    row = dump_pair(pair(says("It is Cambridge."), asked, asked, told))
    assert [message["role"] for message in row["prompt"]] == ["system", "user", "assistant", "tool"]
    assert row["prompt"][2]["content"] == ""
    assert row["prompt"][3] == {
        "role": "tool",
        "content": "Cambridge",
        "tool_call_id": "c0",
        "name": "get_for_zip",
    }
    [made] = row["rejected"][0]["tool_calls"]
    assert made["function"] == {"name": "get_for_zip", "arguments": {"code": "02139"}}
    assert row["chosen"] == [{"role": "assistant", "content": "It is Cambridge."}]


def test_tools_are_text_under_the_names_the_model_called_them_by() -> None:
    row = dump_pair(pair(says("a"), says("b")))
    tools = json.loads(row["tools"])
    assert [tool["function"]["name"] for tool in tools] == ["get_for_zip", "Finish"]
    assert tools[0]["function"]["parameters"] == SPEC.parameters
    assert "aliases" not in json.loads(row["origin"])


def test_control_tools_are_on_offer_where_the_run_offered_them_whatever_the_row_calls() -> None:
    """Their mere presence would tell what comes next."""
    made = pair(says("a"), says("b"))
    offered = replace(made, origin={**made.origin, "controls": ["search_tools"]})
    row = dump_pair(offered)
    names = [tool["function"]["name"] for tool in json.loads(row["tools"])]
    assert names == ["get_for_zip", "search_tools", "Finish"]
    assert "controls" not in json.loads(row["origin"])


def test_no_tools_are_null_rather_than_an_empty_list() -> None:
    assert dump_pair(PreferencePair((), (says("a"),), (says("b"),)))["tools"] is None


def deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"in": made}
    return made


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (Message(Role.ASSISTANT, calls=(ToolCall("c", "f", malformed="no"),)), "no JSON object"),
        (says("", ("f", {"n": [2**63]})), "past 64 bits"),
        (says("", ("f", {"n": {"m": -(2**63) - 1}})), "past 64 bits"),
        (says("half \ud800"), "not Unicode"),
        (says("", ("f", {"\udfff": 1})), "not Unicode"),
        (says("", ("f\udfff", {})), "not Unicode"),
        (says("", ("f", {"n": math.inf})), "not finite"),
        (says("", ("f", {"n": [math.nan]})), "not finite"),
        (says("", ("f", {"at": {1, 2}})), "not JSON"),
        (says("", ("f", ["a list"])), "no JSON object"),  # type: ignore[list-item]  # as a foreign caller may
        (says("", ("f", deep(1_500))), "nested too deeply"),
    ],
)
def test_what_datasets_cannot_hold_is_refused_with_a_reason(message: Message, why: str) -> None:
    for bad in (
        pair(message, says("b")),
        pair(says("a"), message),
        pair(says("a"), says("b"), message),
    ):
        found = unfit(bad)
        assert found is not None
        assert why in found
        with pytest.raises(ValueError, match="cannot be a row"):
            dump_pair(bad)


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    good = pair(says("a"), says("b"))

    def breaking() -> Iterator[PreferencePair]:
        yield good
        raise KeyError("what the pairs come from broke down")

    with pytest.raises(KeyError):
        save_pairs(tmp_path / "pairs.jsonl", breaking())
    assert list(tmp_path.iterdir()) == []
    assert save_pairs(tmp_path / "pairs.jsonl", [good, good]) == SavedPairs(2, {})
    assert len((tmp_path / "pairs.jsonl").read_text().splitlines()) == 2


def test_one_pair_that_cannot_be_a_row_spoils_no_other(tmp_path: Path) -> None:
    good, odd = pair(says("a"), says("b")), says("", ("f", {"day": date(2026, 7, 4)}))
    bad = [
        pair(says("a"), Message(Role.ASSISTANT, calls=(ToolCall("c", "f", malformed="{"),))),
        pair(says("a"), Message(Role.ASSISTANT, calls=(ToolCall("c", "f", malformed=""),))),
        pair(says("\ud800"), says("b")),
        pair(says("a"), odd),
    ]
    saved = save_pairs(tmp_path / "pairs.jsonl", [bad[0], good, *bad[1:], good])
    assert saved == SavedPairs(
        2,
        {
            "arguments that are no JSON object": 2,
            "text that is not Unicode": 1,
            "a value that is not JSON": 1,
        },
    )
    assert len((tmp_path / "pairs.jsonl").read_text().splitlines()) == 2


TRICKY: list[dict[str, Any]] = [
    {"code": "02139"},
    {"code": 2139},
    {"day": "2022-07-01"},
    {"day": "2022-07-01T10:00:00Z"},
    {"n": "1e5", "ok": "true", "none": "null", "list": "[1]"},
    {"n": 2**63 - 1, "deep": [{"a": 1}, {"b": "1"}, None], "empty": {}},
    {"text": 'a "quoted"\n\u2028line\x00 é 🎉 \\'},
    {},
]


def through_datasets(file: Path, cache: Path, of: Path | None = None) -> list[dict[str, Any]]:
    datasets = pytest.importorskip("datasets", reason="needs the extra train: datasets")
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(
        "json", data_files=str(file), split="train", features=features(of), cache_dir=str(cache)
    )
    return [loaded[index] for index in range(len(loaded))]


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
@pytest.mark.parametrize("rows", [[one] * 2 for one in TRICKY] + [TRICKY])
def test_datasets_gives_back_what_was_written(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """The text 02139 stays text, a date stays text, and nothing gains null keys."""
    chosen = [says("", ("get_for_zip", arguments)) for arguments in rows]
    pairs = [pair(kept, says("No idea.", ("f", {"x": 1})), kept) for kept in chosen]
    save_pairs(tmp_path / "pairs.jsonl", pairs)
    loaded = through_datasets(tmp_path / "pairs.jsonl", tmp_path / "cache")
    assert json.dumps(loaded) == json.dumps([dump_pair(one) for one in pairs])


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
@pytest.mark.parametrize(
    "columns",
    [
        {"prompt": [], "completion": [], "label": True},
        {"prompt": [], "completion": [], "value": 0.5, "successes": 1, "ends": 2, "label": True},
        {"messages": []},
        {"instruction": "Answer.", "input": "User: 02139", "output": ["5", "2022-07-01"]},
    ],
)
def test_rows_of_every_kind_are_read_by_the_features_of_their_file(
    tmp_path: Path, columns: dict[str, Any]
) -> None:
    row = dump_pair(pair(says("", ("get_for_zip", {"code": "02139"})), says("No.")))
    said = {name: row["chosen"] for name, value in columns.items() if value == []}
    written = [{**columns, **said, "tools": tools, "origin": "{}"} for tools in (None, "[]")]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in written))
    loaded = through_datasets(file, tmp_path / "cache", file)
    assert json.dumps(loaded) == json.dumps(written)


def test_a_file_that_holds_no_row_has_no_features(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the extra train: datasets")
    for text in ("", "[1]\n", "no json\n"):
        (tmp_path / "rows.jsonl").write_text(text)
        with pytest.raises(FormatError, match="line 1"):
            features(tmp_path / "rows.jsonl")


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
            ),
        ),
        max_size=3,
    )
)
def test_a_row_holds_any_arguments_or_says_why_not(arguments: dict[str, Any]) -> None:
    one = pair(says("", ("f", arguments)), says("b"))
    if unfit(one) is None:
        row = json.loads(json.dumps(dump_pair(one)))
        assert row["chosen"][0]["tool_calls"][0]["function"]["arguments"] == arguments


@pytest.mark.train
@pytest.mark.filterwarnings("default")  # those of the libraries are not ours
def test_trl_trains_five_steps_on_mined_pairs(
    tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real ToolBench trees to pairs to rows to DPO: the loss is a number and weights move."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    torch = pytest.importorskip("torch", reason="needs the extra train: torch")
    trl = pytest.importorskip("trl", reason="needs the extra train: trl")
    datasets = pytest.importorskip("datasets", reason="needs the extra train: datasets")
    from transformers import LlamaConfig, LlamaForCausalLM

    trees = [load_answer_tree(f) for f in sorted((shared_data / "toolbench/trees").glob("*.json"))]
    rules = (Rule.SUBGOAL, Rule.ARGUMENTS)  # steps of these trees have faults
    pairs = [one for tree in trees for rule in rules for one in mine(tree, rule=rule).pairs]
    assert len(pairs) > 5
    save_pairs(tmp_path / "pairs.jsonl", pairs[:2])  # few enough to be learnt by heart
    rows = datasets.load_dataset(
        "json",
        data_files=str(tmp_path / "pairs.jsonl"),
        split="train",
        features=features(),
        cache_dir=str(tmp_path / "cache"),
    )
    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=32_768,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(tmp_path / "model")  # the trainer loads its reference from there
    arguments = trl.DPOConfig(
        output_dir=str(tmp_path / "out"),
        max_steps=5,
        per_device_train_batch_size=1,
        learning_rate=1e-2,
        max_length=512,
        truncation_mode="keep_end",  # a row whose prompt fills max_length would vanish
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
    )
    trainer = trl.DPOTrainer(
        model=str(tmp_path / "model"),
        args=arguments,
        train_dataset=rows,
        processing_class=tokenizer,
    )
    prepared = trainer.train_dataset[0]
    shown = tokenizer.decode(prepared["prompt_ids"])
    assert shown.startswith('tools [{"type": "function"')
    assert shown.endswith("<|assistant|>")
    [call] = pairs[0].chosen[0].calls
    assert f"<call>{call.name}" in tokenizer.decode(prepared["chosen_ids"])
    outcome = trainer.train()
    losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    assert (outcome.global_step, len(losses)) == (5, 5)
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0]
    weights = trainer.model.model.embed_tokens.weight
    assert not torch.equal(weights.float(), model.model.embed_tokens.weight)
