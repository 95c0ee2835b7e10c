"""What a local model is shown: rules, three short examples, then the tools and the conversation.

The order keeps the prompt's beginning the same from call to call, because llama.cpp computes only
what follows the part it has seen: rules and examples are the same in every run, the tools and the
request in every step of one, and earlier steps are written exactly as the model wrote them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    SystemMessage,
    ToolMessage,
)

from toolgrove.data import codec
from toolgrove.data.records import FINISH
from toolgrove.data.signatures import signature as one_line

__all__ = ["PROMPT_DIGEST", "prompt_digest", "render", "render_chat", "signature", "step"]

RULES = (
    'Reply with one JSON object: {"thought": "what you need now", "tool": "its name", '
    '"arguments": {...}}.\n'
    "Use only the tools listed with the request. Copy names, dates and numbers exactly from the "
    "request or from a result; look up what you do not know. Arguments marked ? are optional: "
    "leave them out unless the request asks for them. "
    "Never make the same call twice. Finish when results hold every part of the answer."
)

_FINISH = (
    'Finish(return_type: "give_answer"|"give_up_and_restart", final_answer: string): '
    "ends with the answer"
)
SHOTS: tuple[tuple[str, str], ...] = (
    (
        "user",
        "Tools:\n"
        "- find_station(city: string): Station of a city\n"
        '- rail_distance(from_id: integer, to_id: integer, unit?: "km"|"mi"): '
        "Length of the way between two stations\n"
        f"- {_FINISH}\n"
        "Request: How many miles is it by rail from station 71 to station 88?",
    ),
    (
        "assistant",
        '{"thought": "I need the distance from 71 to 88.", "tool": "rail_distance", '
        '"arguments": {"from_id": 71, "to_id": 88, "unit": "mi"}}',
    ),
    ("user", 'Result of rail_distance:\n{"distance": 209.4, "unit": "mi"}'),
    (
        "assistant",
        '{"thought": "I have the distance: 209.4 miles.", "tool": "Finish", "arguments": '
        '{"return_type": "give_answer", "final_answer": "It is 209.4 miles."}}',
    ),
    (
        "user",
        "Tools:\n"
        "- first_train(station_id: integer, date: date): First train from a station on a day\n"
        "- find_station(city: string): Station of a city\n"
        "- list_stations(country: string): All stations of a country\n"
        f"- {_FINISH}\n"
        "Request: When does the first train leave Lisbon on 5 May 2026?",
    ),
    (
        "assistant",
        '{"thought": "I need the station id of Lisbon.", '
        '"tool": "find_station", "arguments": {"city": "Lisbon"}}',
    ),
    ("user", 'Result of find_station:\n{"error": "not found"}'),
    (
        "assistant",
        '{"thought": "That failed. I need the id from the list of stations.", '
        '"tool": "list_stations", "arguments": {"country": "Portugal"}}',
    ),
    (
        "user",
        'Result of list_stations:\n[{"id": 71, "city": "Porto"}, {"id": 88, "city": "Lisboa"}]',
    ),
    (
        "assistant",
        '{"thought": "I need the first train of station 88 on 5 May 2026.", '
        '"tool": "first_train", "arguments": {"station_id": 88, "date": "2026-05-05"}}',
    ),
    ("user", 'Result of first_train:\n{"leaves": "05:40", "to": "Faro"}'),
    (
        "assistant",
        '{"thought": "I have the time: 05:40.", "tool": "Finish", "arguments": '
        '{"return_type": "give_answer", "final_answer": "It leaves Lisbon at 05:40."}}',
    ),
)
"""Whole conversations: one call; and an id looked up, another way after an error, a date.

The thoughts say what is needed, never a tool's name: a thought that begins with a name has chosen
the tool before it thought (28 of 40 right tools in ``benchmarks/local_model.py``; so, 40 of 40).
"""

PROMPT_DIGEST = codec.digest([RULES, SHOTS])
"""Names this version of the prompt; recordings carry it."""


def prompt_digest(examples: bool) -> str:
    """The prompt's name, with or without its examples."""
    return PROMPT_DIGEST if examples else codec.digest([RULES])


_CONTROL = re.compile(r"<(?=\||/?s>|start_of_turn>|end_of_turn>)|\[(?=/?INST\])")
"""Begins what chat templates read as a turn's border; text of others must not draw one."""

Turn = dict[str, str]


def render(
    messages: Sequence[BaseMessage],
    functions: Sequence[Mapping[str, Any]],
    *,
    longest: int,
    examples: bool = True,
) -> list[Turn]:
    """A conversation with tools on offer as turns of a chat.

    Parameters
    ----------
    messages : sequence of BaseMessage
        System, user, assistant (with tool calls) and tool messages. The first user message is
        the request; tools are listed before it.
    functions : sequence of mapping
        OpenAI function objects.
    longest : int
        Characters of a tool's result that are shown; the middle is left out of longer ones.
    examples : bool
        Whether the examples are shown; a trained model may do without.

    Returns
    -------
    list of dict
        ``role`` and ``content``; two turns of one role in a row are joined.
    """
    said = [_plain(m.text) for m in messages if isinstance(m, SystemMessage)]
    turns: list[Turn] = [
        {"role": "system", "content": "\n\n".join([*said, RULES])},
        *({"role": role, "content": content} for role, content in (SHOTS if examples else ())),
    ]
    begun = len(turns)
    listed = "Tools:\n" + "\n".join(f"- {signature(f)}" for f in functions)
    for message in messages:
        match message:
            case SystemMessage():
                continue
            case AIMessage():
                turn = {"role": "assistant", "content": _said(message)}
            case ToolMessage():
                result = _cut(_plain(message.text), longest)
                turn = {"role": "user", "content": f"Result of {message.name or 'tool'}:\n{result}"}
            case _:
                text = _plain(message.text)
                turn = {"role": "user", "content": f"{listed}\nRequest: {text}" if listed else text}
                listed = ""
        _append(turns, turn, apart=len(turns) == begun)
    return turns


def render_chat(messages: Sequence[BaseMessage]) -> list[Turn]:
    """A conversation without tools as turns of a chat.

    Examples
    --------
    >>> from langchain_core.messages import HumanMessage
    >>> render_chat([HumanMessage("Hi <|im_end|>")])
    [{'role': 'user', 'content': 'Hi < |im_end|>'}]
    """
    turns: list[Turn] = []
    for message in messages:
        match message:
            case SystemMessage():
                turn = {"role": "system", "content": _plain(message.text)}
            case AIMessage() if message.tool_calls:
                turn = {"role": "assistant", "content": _said(message)}
            case AIMessage():
                turn = {"role": "assistant", "content": _plain(message.text)}
            case _:
                turn = {"role": "user", "content": _plain(message.text)}
        _append(turns, turn)
    return turns


def _append(turns: list[Turn], turn: Turn, *, apart: bool = False) -> None:
    """Add a turn, or join it to the last one where templates want the roles to alternate."""
    if turns and not apart and turns[-1]["role"] == turn["role"] != "system":
        turns[-1]["content"] += "\n\n" + turn["content"]
    else:
        turns.append(turn)


def step(thought: str, tool: str, arguments: Mapping[str, Any]) -> str:
    """One step as the model is to write it.

    Examples
    --------
    >>> step("Just ask.", "now", {})
    '{"thought": "Just ask.", "tool": "now", "arguments": {}}'
    """
    return json.dumps(
        {"thought": thought, "tool": tool, "arguments": dict(arguments)}, ensure_ascii=False
    )


def _said(message: AIMessage) -> str:
    thought = message.text
    if not message.tool_calls:
        return _plain(thought)
    return _plain("\n".join(step(thought, c["name"], c["args"]) for c in message.tool_calls))


def _plain(text: str) -> str:
    return _CONTROL.sub(lambda found: found.group() + " ", text)


def _cut(text: str, longest: int) -> str:
    """The beginning and the end of a long text.

    Examples
    --------
    >>> _cut("a" * 50 + "b" * 50, 20)
    'aaaaaaaaaaaaaaa […80 characters left out…] bbbbb'
    """
    if len(text) <= longest:
        return text
    tail = longest // 4
    left_out = len(text) - longest
    return f"{text[: longest - tail]} […{left_out} characters left out…] {text[-tail:]}"


def signature(function: Mapping[str, Any]) -> str:
    """A function in one line (:func:`toolgrove.data.signatures.signature`), safe in a template.

    Examples
    --------
    >>> signature({"name": "f", "description": "Do <|im_end|>.", "parameters": {}})
    'f(): Do < |im_end|>'
    """
    return _FINISH if function["name"] == FINISH else _plain(one_line(function))
