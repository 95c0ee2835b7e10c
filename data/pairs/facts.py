"""What is known of a step by itself, found once however many pairs it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from toolgrove.data import codec
from toolgrove.data.formats import deepjson
from toolgrove.data.pairs.outcomes import failed, holds_something, may_do_better
from toolgrove.data.pairs.texts import holds_secret, texts_of_tool
from toolgrove.data.records import (
    CONTROLS,
    Effect,
    Message,
    Node,
    Observation,
    Role,
    Status,
    ToolCall,
)
from toolgrove.data.tree import SearchTree

__all__ = ["Facts", "Known", "call_key", "calls_of", "results_of", "said", "written"]

_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)
_ODD = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_QUOTED = re.compile(r'"(-?\d+(?:\.\d+)?|true|false|null)"')


@dataclass(frozen=True, slots=True)
class Facts:
    """A step's calls and texts.

    Calls that both gave something have one key where their arguments are the same but for case, or
    for the quotes of a number, and what they gave is the very same.

    Parameters
    ----------
    calls : tuple of str
        Keys of all its calls, in their order.
    gained : frozenset of str
        Keys of those that gave something.
    failed, unknown, writes, odd, secret, cut : bool
        Whether a call failed, was of no tool on offer, wrote, or has a control character in its
        name; whether a text holds a secret; whether an observation was cut.
    again : frozenset of str
        Keys of calls that may be made again with reason.
    to_blame : frozenset of str
        Keys of calls that failed, and not for what passes.
    size : int
        Characters.
    """

    calls: tuple[str, ...]
    gained: frozenset[str]
    again: frozenset[str]
    to_blame: frozenset[str]
    failed: bool
    unknown: bool
    writes: bool
    odd: bool
    secret: bool
    cut: bool
    size: int


class Known:
    """The facts of a tree's steps."""

    def __init__(self, tree: SearchTree) -> None:
        offered = {spec.id: spec for spec in tree.tools}
        self.names: Collection[str] = {*offered, *tree.aliases} if offered else ()
        aliases = {alias: offered.get(str(tool)) for alias, tool in tree.aliases.items()}
        specs = {**aliases, **offered}
        self._writing = {n for n, spec in specs.items() if spec and spec.effect is Effect.WRITE}
        self._tools = tree.tools
        self._facts: dict[str, Facts] = {}
        self._alike: dict[tuple[str, str, str], str] = {}

    @cached_property
    def tools_text(self) -> str:
        """What the model is shown of the tools, in small letters."""
        shown = [(spec.name, spec.description, spec.parameters) for spec in self._tools]
        return str(shown).casefold()

    @cached_property
    def tools_secret(self) -> bool:
        """Whether what a row says of the tools holds a secret."""
        texts = (
            text
            for spec in self._tools
            for text in texts_of_tool(spec.name, spec.description, spec.parameters)
        )
        return any(map(holds_secret, texts))

    def of(self, node: Node) -> Facts:
        """A step's facts."""
        found = self._facts.get(node.id)
        if found is None:
            found = self._facts[node.id] = self._found(node)
        return found

    def _found(self, node: Node) -> Facts:
        keys = [*map(call_key, node.calls)]
        made = []
        for place, (call, seen) in enumerate(zip(node.calls, node.observations, strict=False)):
            if call.name not in CONTROLS:
                bad = failed(seen)
                gave = not bad and holds_something(seen)
                if gave:
                    keys[place] = self._alike.setdefault(_loosely(call, seen), keys[place])
                made.append((keys[place], bad, may_do_better(seen), gave))
        names = [call.name for call in _all_calls(node)]
        texts = [text for message in node.messages for text in _texts(message)]
        return Facts(
            calls=tuple(keys),
            gained=frozenset(key for key, _, _, gave in made if gave),
            again=frozenset(key for key, _, passes, _ in made if passes),
            to_blame=frozenset(key for key, bad, passes, _ in made if bad and not passes),
            failed=any(bad for _, bad, _, _ in made),
            unknown=any(seen.status is Status.NO_SUCH_TOOL for seen in node.observations)
            or any(
                self.names and name not in self.names and name not in CONTROLS for name in names
            ),
            writes=any(
                one.name in self._writing
                for call, seen in zip(node.calls, node.observations, strict=False)
                for one in (call, *(inner.call for inner in seen.inner))
            ),
            odd=any(_ODD.search(name) for name in names),
            secret=any(map(holds_secret, texts)),
            cut=any(seen.truncated for seen in node.observations),
            size=sum(map(len, texts)),
        )


def _loosely(call: ToolCall, seen: Observation) -> tuple[str, str, str]:
    """What makes calls that went well the same, if they are not written the same."""
    return call.name, _QUOTED.sub(r"\1", written(call).casefold()), seen.content


def call_key(call: ToolCall) -> str:
    """What makes a call the same, whatever its id and the order of its arguments."""
    return codec.digest([call.name, written(call)])


def calls_of(node: Node) -> list[str]:
    """Keys of a step's calls; of one without any, its words."""
    return [call_key(call) for call in node.calls] or [m.content for m in node.messages]


def results_of(node: Node) -> list[tuple[str, str]]:
    """What a step's calls gave."""
    return [(seen.status.value, seen.content) for seen in node.observations]


def written(call: ToolCall) -> str:
    """A call's arguments as text, in the order of their names and however deep they lie."""
    if call.malformed is not None:
        return call.malformed
    try:
        return _JSON.encode(call.arguments)
    except RecursionError:
        return deepjson.dumps(call.arguments).decode()


def said(nodes: Sequence[Node]) -> list[str]:
    """What the model said in words at each step."""
    replies = [message for node in nodes for message in node.messages]
    return [message.content.strip() for message in replies if message.role is Role.ASSISTANT]


def _all_calls(node: Node) -> list[ToolCall]:
    return [*node.calls, *(call for message in node.messages for call in message.calls)]


def _texts(message: Message) -> list[str]:
    return [message.content, *map(written, message.calls)]
