"""The calls that a conversation rules out: a small model makes them again, however it is asked.

Told "do not make any of these calls again", the 1.5B model repeats the first of them more often
than not: its first choice is far more likely than any other, and temperature 0 takes it each time.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from toolgrove.data import codec

__all__ = ["identity", "ruled_out"]

_QUOTED = re.compile(r"^\W*([A-Za-z_][\w-]*)\((?=\{)", re.MULTILINE)
"""A call that a line begins with: ``- name({…``. Results are quoted within a line, never first."""


def ruled_out(messages: Sequence[BaseMessage]) -> set[str]:
    r"""Calls that must not be made next, by :func:`identity`.

    These are the calls that a later user message lists (a diversity prompt does), and those that
    the conversation holds twice already: once more may help where a server was busy, not twice.

    Examples
    --------
    >>> asked, told = HumanMessage("When?"), HumanMessage("Earlier:\n- now({}) -> error")
    >>> ruled_out([asked, told]) == {identity("now", {})}
    True
    """
    made: Counter[str] = Counter()
    listed: set[str] = set()
    users = [message for message in messages if isinstance(message, HumanMessage)]
    for message in messages:
        if isinstance(message, AIMessage):
            made.update(identity(call["name"], call["args"]) for call in message.tool_calls)
    for message in users[1:]:
        listed.update(_quoted(message.text))
    return listed | {call for call, times in made.items() if times > 1}


def identity(name: str, arguments: Mapping[str, Any]) -> str:
    """One name for a call, whatever the order of its arguments."""
    return codec.digest([name, dict(arguments)])


def _quoted(text: str) -> set[str]:
    found = set()
    for match in _QUOTED.finditer(text):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(text, match.end())
        except ValueError:
            continue
        found.add(identity(match[1], arguments))
    return found
