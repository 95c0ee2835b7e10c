"""Preference pairs as the records of ToolPreference, the data of TP-LLaMA.

The paper (Chen et al., 2024, arXiv:2406.07115) gives the form: an instruction, an input, and two
outputs, the preferred one first. A step is written as ToolBench writes it: a thought, an action
and its input. The data set itself could not be had to compare with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from toolgrove.data import codec
from toolgrove.data.formats.trl import dump_pair
from toolgrove.data.records import Message, PreferencePair, Role

__all__ = ["dump_preference"]


def dump_preference(pair: PreferencePair) -> dict[str, Any]:
    r"""A pair as ``instruction``, ``input`` and ``output``, with its ``origin`` beside.

    Examples
    --------
    >>> from toolgrove import ToolCall
    >>> far = Message(Role.ASSISTANT, "I look.", calls=(ToolCall("c", "far", {"to": "Oslo"}),))
    >>> pair = PreferencePair(
    ...     [Message(Role.USER, "How far?")], [far], [Message(Role.ASSISTANT, "No idea.")])
    >>> row = dump_preference(pair)
    >>> row["input"], row["output"][1]
    ('User: How far?\nAssistant:', 'Thought: No idea.')
    >>> row["output"][0]
    'Thought: I look.\nAction: far\nAction Input: {"to":"Oslo"}'
    """
    row = dump_pair(pair)
    system = [message.content for message in pair.prompt if message.role is Role.SYSTEM]
    tools = [f"You can use these functions: {row['tools']}"] if row["tools"] else []
    before = [_turn(message) for message in pair.prompt if message.role is not Role.SYSTEM]
    return {
        "instruction": "\n".join([*system, *tools]),
        "input": "\n".join([*before, "Assistant:"]),
        "output": [_said(pair.chosen), _said(pair.rejected)],
        "origin": row["origin"],
    }


def _turn(message: Message) -> str:
    if message.role is Role.ASSISTANT:
        return f"Assistant: {_step(message)}"
    return f"{'User' if message.role is Role.USER else 'Function'}: {message.content}"


def _said(messages: Iterable[Message]) -> str:
    return "\n".join(
        _step(message) if message.role is Role.ASSISTANT else _turn(message) for message in messages
    )


def _step(message: Message) -> str:
    lines = [f"Thought: {message.content}"]
    for call in message.calls:
        arguments = codec.dumps(dict(call.arguments)).decode()
        lines += [f"Action: {call.name}", f"Action Input: {arguments}"]
    return "\n".join(lines)
