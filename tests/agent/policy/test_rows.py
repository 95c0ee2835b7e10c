"""Rows as the local model reads them: in the very words that it is asked with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from toolgrove.agent.models import local
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.agent.models.local_engine import Completion
from toolgrove.agent.policy.packing import batches, kept_back, packed
from toolgrove.agent.policy.rows import Piece, Row, fit_rows, learnable, pieces
from toolgrove.data.exports.rows import RowKind
from toolgrove.data.formats.trl import save_pairs
from toolgrove.data.records import Message, PreferencePair, Role, ToolCall, ToolSpec
from toolgrove.planners.chat import all_to_langchain

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SPEC = ToolSpec("t/t/find", "t", "t", "find", "A city's number.", SCHEMA)
REPLY = '{"thought": "I need it.", "tool": "find", "arguments": {"city": "Oslo"}}'


def says(thought: str, tool: str, **arguments: Any) -> Message:
    return Message(Role.ASSISTANT, thought, (ToolCall("c1", tool, arguments),))


FINDS = says("I need it.", "find", city="Oslo")
TOLD = Message(Role.TOOL, '{"id": 7}', call_id="c1", name="find")
ENDS = says("I have it.", "Finish", return_type="give_answer", final_answer="7")
LOST = says("No way.", "Finish", return_type="give_up_and_restart")
ASKED = (Message(Role.SYSTEM, "Answer."), Message(Role.USER, "Oslo's number?"))


def chatml(turns: Sequence[Mapping[str, str]], speak: bool) -> str:
    """Qwen's own turns."""
    said = "".join(f"<|im_start|>{t['role']}\n{t['content']}<|im_end|>\n" for t in turns)
    return said + ("<|im_start|>assistant\n" if speak else "")


def written(tmp_path: Path, *pairs: PreferencePair) -> Path:
    save_pairs(tmp_path / "pairs.jsonl", pairs)
    return tmp_path / "pairs.jsonl"


def pairs_of(file: Path) -> list[Row]:
    return learnable(file, RowKind.DPO)


def pair(*shared: Message, chosen: Message, rejected: Message) -> PreferencePair:
    origin = {"aliases": {"find": SPEC.id}, "task": "1"}
    return PreferencePair((*ASKED, *shared), (chosen,), (rejected,), (SPEC,), origin)


class Engine:
    """Stands where llama.cpp does: keeps the prompt."""

    def complete(self, messages: list[dict[str, str]], **request: Any) -> Completion:
        self.prompt = chatml(messages, True)
        return Completion(REPLY, "stop", {"prompt_tokens": 1, "completion_tokens": 1}, {}, ())

    def submit(self, job: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(job(self))
        return done


@pytest.mark.parametrize("shared", [(), (FINDS, TOLD), (FINDS, Message(Role.USER, "Again."))])
def test_a_row_is_shown_and_learnt_in_the_words_of_the_models_own_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: tuple[Message, ...]
) -> None:
    engine = Engine()
    monkeypatch.setattr(local, "worker", lambda *_: engine)
    (row,) = pairs_of(written(tmp_path, pair(*shared, chosen=FINDS, rejected=LOST)))
    tools = [{"type": "function", "function": dict(one)} for one in row.functions]
    asked = LocalChatModel().bind_tools(tools)
    reply = asked.invoke(all_to_langchain([*ASKED, *shared]))
    shown, learnt = pieces(row, 0, chatml, True)
    assert shown == Piece(engine.prompt, False)
    assert learnt == Piece(REPLY + "<|im_end|>", True)
    assert reply.tool_calls[0]["args"] == {"city": "Oslo"}


def test_of_a_conversation_every_reply_is_learnt_and_no_result(tmp_path: Path) -> None:
    file = written(tmp_path, pair(FINDS, TOLD, chosen=ENDS, rejected=LOST))
    row = json.loads(file.read_text())
    talk = {"messages": [*row["prompt"], *row["chosen"]], "tools": json.loads(row["tools"])}
    for message in talk["messages"]:
        message.pop("name", None)  # as OpenAI has results
    file.write_text(json.dumps(talk))
    (read,) = learnable(file, RowKind.SFT)
    found = pieces(read, 0, chatml, False)
    assert [piece.learnt for piece in found] == [False, True, False, True]
    assert [json.loads(p.text.removesuffix("<|im_end|>"))["tool"] for p in found if p.learnt] == [
        "find",
        "Finish",
    ]
    assert 'Result of find:\n{"id": 7}' in found[2].text
    assert "".join(piece.text for piece in found).count("rail_distance") == 0


def test_a_reply_of_weight_0_is_shown_and_not_learnt(tmp_path: Path) -> None:
    file = written(tmp_path, pair(FINDS, TOLD, chosen=ENDS, rejected=LOST))
    row = json.loads(file.read_text())
    said = [*row["prompt"], *row["chosen"]]
    tried = next(one for one in said if one["role"] == "assistant")
    tried["weight"] = 0
    file.write_text(json.dumps({"messages": said, "tools": json.loads(row["tools"])}))
    (read,) = learnable(file, RowKind.SFT)
    whole = "".join(piece.text for piece in pieces(read, 0, chatml, False))
    learnt = [piece.text for piece in pieces(read, 0, chatml, False) if piece.learnt]
    assert [json.loads(text.removesuffix("<|im_end|>"))["tool"] for text in learnt] == ["Finish"]
    assert REPLY in whole, "what was tried is told"
    for one in said:
        one |= {"weight": 0} if one["role"] == "assistant" else {}
    file.write_text(json.dumps({"messages": said, "tools": json.loads(row["tools"])}))
    assert fit_rows(learnable(file, RowKind.SFT))[1] == {"nothing that the model is to write": 1}


def test_what_the_model_cannot_write_is_left_out_and_counted(tmp_path: Path) -> None:
    words = Message(Role.ASSISTANT, "It is 7.")
    both = Message(Role.ASSISTANT, "Both.", (*FINDS.calls, *ENDS.calls))
    unknown = says("Other.", "search", city="Oslo")
    file = written(
        tmp_path,
        pair(chosen=FINDS, rejected=LOST),
        *(pair(chosen=one, rejected=LOST) for one in (words, both, unknown)),
    )
    fit, left_out = fit_rows(pairs_of(file))
    assert len(fit) == 1
    assert dict(left_out) == {
        "a reply without a call where tools are on offer": 1,
        "several calls in one reply": 1,
        "a call of a tool that is not on offer": 1,
    }


def test_sides_without_a_thought_are_preferred_but_not_imitated(tmp_path: Path) -> None:
    bare = Message(Role.ASSISTANT, "", FINDS.calls)
    first, second = pair(chosen=FINDS, rejected=LOST), pair(chosen=bare, rejected=LOST)
    file = written(tmp_path, first, second)
    rows = pairs_of(file)
    assert len(rows) == 2
    (imitated,) = learnable(file, RowKind.SFT)
    assert imitated.sides == (rows[0].sides[0],)


def test_two_sides_are_packed_without_seeing_each_other() -> None:
    sides = [
        [Piece("ab", False), Piece("cd", True), Piece("e", False), Piece("f", True)],
        [Piece("ab", False), Piece("cx", True)],
    ]
    one = packed(sides, lambda text: [ord(letter) for letter in text])
    assert bytes(one.tokens) == b"abcdefx"
    assert one.segments == (0, 0, 0, 1, 1, 1, 2)
    assert one.positions == (0, 1, 2, 3, 4, 5, 3)
    told = [[(place, chr(token)) for place, token in side] for side in one.targets]
    assert told == [[(1, "c"), (2, "d"), (4, "f")], [(1, "c"), (2, "x")]]


def test_rows_of_a_task_are_kept_back_together_and_by_the_seed() -> None:
    tasks = ["a", "a", "b", "c", "c"]
    kept = kept_back(tasks, 0.1, seed=3)
    assert len(kept) == 1
    assert kept == kept_back(list(reversed(tasks)), 0.1, seed=3)
    assert batches(5, 2, 2, seed=3) == batches(5, 2, 2, seed=3) != batches(5, 2, 2, seed=4)
