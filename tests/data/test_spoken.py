"""What a model thinks is no word of its reply, however the reply comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.spoken import Spoken, spoken


@pytest.mark.parametrize(
    "reply",
    [
        "<think>Finish(1)\n2. send()</think>Finish(2)",
        "<Thinking>Finish(1)</Thinking>Finish(2)",
        "<thought>Finish(1)</thought>Finish(2)",
        '<reasoning effort="low">Finish(1)</reasoning>Finish(2)',
        "<seed:think>Finish(1)</seed:think>Finish(2)",
        "Finish(1), or I call send(text=\n</think>Finish(2)",
        "◁think▷Finish(1)◁/think▷Finish(2)",
        "[THINK]Finish(1)[/THINK]Finish(2)",
        "<|begin_of_thought|>Finish(1)<|end_of_thought|>Finish(2)",
        "<|START_THINKING|>Finish(1)<|END_THINKING|>Finish(2)",
        "<|channel|>analysis<|message|>Finish(1)<|end|><|start|>assistant<|channel|>final"
        "<|message|>Finish(2)<|return|>",
        "```thinking\nFinish(1)\n```\nFinish(2)",
        "Finish(2)<think>\nFinish(1)",
        "Finish(2)<END_OF_RESPONSE>",
        "Finish(2)<|im_end|>\n<|im_start|>user\nFinish(1)",
        "Finish(2)</s>",
        "Finish(2</s>",
        "Finish(2)<|eot_id|>",
        "Finish(2)<END_OF_PLAN>",
        "Finish(2)<END_OFPLAN>",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_thoughts_and_end_marks_are_no_words_of_a_reply(reply: str, size: int) -> None:
    assert heard(reply, [size]).strip().removesuffix(")") == "Finish(2"


@pytest.mark.parametrize(
    "reply",
    [
        '1. search(query="what does <think> mean? And </think>?")\njoin()',
        'note(text="<s>old</s> new")',
        "a < b, and `code`, and [1] and [T",
        "```json\n{}\n```",
        "It was <s>bad</s> good, 3 <",
        "```Thought: so I look\nFinish(3)",
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_what_only_looks_like_a_tag_is_text(reply: str, size: int) -> None:
    assert heard(reply, [size]) == reply


def heard(reply: str, sizes: list[int]) -> str:
    """What is left of a reply that comes in pieces."""
    said, words, at = Spoken(), "", 0
    while at < len(reply):
        size = sizes[at % len(sizes)]
        begun, new = said.begun, said.feed(reply[at : at + size])
        words = new if said.begun > begun else words + new
        at += size
    begun, new = said.begun, said.close()
    return new if said.begun > begun else words + new


PIECES = ["<think>", "</think>", "<", "think", ">", "f(", ")", "\n", "```", "thinking", "</s>"]
PIECES += ["<|im_end|>", "◁think▷", "◁/think▷", "<END_OF_PLAN>", "a", " ", "<s>", "[THINK]"]
PIECES += ["<|channel|>", "analysis", "final", "<|message|>", "<|end|>", "<|start|>", "|"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.lists(st.integers(1, 9), min_size=1),
)
def test_pieces_change_nothing(reply: str, sizes: list[int]) -> None:
    assert heard(reply, sizes) == spoken(reply)
