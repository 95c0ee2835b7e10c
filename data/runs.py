"""The journal of a run: what was asked, then what came back, one JSON object a line.

A run is a folder::

    RUN/journal.jsonl      append-only events
    RUN/observations/      whole observations that were too long for a prompt, by content digest
    RUN/lock               held while a process writes

Events (``t``): ``run`` the header, ``intent`` before a model or tool call leaves, ``result`` when
it is back, ``node`` when a step is complete or its state changed, ``waiting`` and ``decision`` of a
call that somebody is asked about, before its intent, ``end``. Intents, results and the like are
keyed by node id, kind, digest of what was asked, and attempt: a journal keyed by position hands
one concurrent branch's result to another after a crash. Each event is flushed before it is used,
which a killed process survives; the intent of a write is synced to disk, which a power cut
survives. Each line ends with a checksum of its own (``crc``): what a disk changed is noticed, and
journals of before, which have none, are read as they are.
"""

from __future__ import annotations

import stat
from collections import ChainMap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from toolgrove.data import codec
from toolgrove.data.decisions import Decision, decided
from toolgrove.data.records import JsonObject, Node, Observation, Task, ToolCall, ToolSpec, Usage
from toolgrove.data.tree import Ending, SearchTree, Spending
from toolgrove.errors import JournalError

__all__ = [
    "ASKED",
    "JOURNAL",
    "MODEL_KINDS",
    "OBSERVATIONS",
    "STRATEGY",
    "USER",
    "VERDICT",
    "VERSION",
    "CallKey",
    "Record",
    "asked_models",
    "begun_tree",
    "concluded",
    "fold",
    "has_begun",
    "priced",
    "read_run",
    "read_tree",
    "spending",
    "took_in",
    "whole_observation",
]

JOURNAL = "journal.jsonl"
OBSERVATIONS = "observations"
STRATEGY, VERDICT, USER = "strategy.json", "verdict.json", "user.json"
"""What runs that belong together keep beside them: samples of a strategy, turns with a user."""
VERSION = 1
ASKED = "asked"
"""In a header's config where somebody is asked about the run's writes."""
MODEL_KINDS = frozenset({"model", "judge"})
"""Kinds of journalled calls that ask a model; the others reach a tool or search for tools."""


@dataclass(frozen=True, slots=True)
class CallKey:
    """What a journalled call is known by, wherever in the run it happens."""

    node: str
    kind: str
    asked: str
    attempt: int = 0


@dataclass(slots=True)
class Record:
    """A journal, read back or as it is written.

    ``lost`` counts the bytes of a torn last line that were left out (a process died mid-write).
    ``summed`` says that every line has to have its checksum.
    """

    header: JsonObject
    results: dict[CallKey, Any] = field(default_factory=dict)
    intents: dict[CallKey, bool] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    waited: dict[CallKey, ToolCall] = field(default_factory=dict)
    decisions: dict[CallKey, tuple[str, Decision]] = field(default_factory=dict)
    ended: str | None = None
    lost: int = 0
    size: int = 0
    summed: bool = False
    _began: tuple[Task, tuple[ToolSpec, ...]] | None = None

    @property
    def asked(self) -> bool:
        """Whether the run was begun so that somebody is asked about its writes, or has waited."""
        return bool(self.waited) or ASKED in self.header["config"]

    @property
    def waiting(self) -> dict[CallKey, ToolCall]:
        """The calls that wait for somebody's decision, as the model asked for them."""
        if self.ended not in (None, "waiting"):
            return {}
        known = self.decisions.keys() | self.results.keys()
        return {key: call for key, call in self.waited.items() if key not in known}

    @property
    def began(self) -> tuple[Task, tuple[ToolSpec, ...]]:
        """The task, and the tools that the run began with: the header's, as records."""
        if self._began is None:
            specs = tuple(codec.decode(ToolSpec, spec) for spec in self.header["tools"])
            self._began = codec.decode(Task, self.header["task"]), specs
        return self._began


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    at = 0
    with path.open("rb") as stream:
        for line in stream:
            yield at, line
            at += len(line)


def has_begun(run: str | Path) -> bool:
    """Whether there is a journal with its whole header; else nothing was asked or paid for yet."""
    try:
        with (Path(run) / JOURNAL).open("rb") as stream:
            return stream.readline().endswith(b"\n")
    except FileNotFoundError:
        return False


def read_run(run: str | Path) -> Record:
    """Read a run's journal, whole or cut at any byte.

    Parameters
    ----------
    run : path
        The run's folder, or its ``journal.jsonl``.

    Raises
    ------
    JournalError
        Where there is no journal, its header is not whole, or a line before the last is damaged.
    """
    path = Path(run)
    path = path / JOURNAL if path.is_dir() else path
    if not path.is_file():
        raise JournalError(f"{run}: no {JOURNAL} here. Name the folder of a run.")
    record: Record | None = None
    size = path.stat().st_size
    for number, (at, line) in enumerate(_lines(path), 1):
        if not line.endswith(b"\n"):
            if record is not None:
                record.lost, record.size = size - at, at
            break
        record = took_in(record, path, number, line)
        record.size = at + len(line)
    if record is None:
        raise JournalError(
            f"{path}: the header is not whole; the run had not begun. Start it anew."
        )
    return record


def took_in(record: Record | None, path: Path, number: int, line: bytes) -> Record:
    """A journal's record with one more whole line; the first line begins it.

    Raises
    ------
    JournalError
        Where the line is damaged, or the first is no header.
    """
    try:
        if not codec.is_intact(line, summed=record is not None and record.summed):
            raise ValueError("its checksum is another. The disk or somebody changed it")
        event = codec.loads(line)
    except ValueError as error:
        raise JournalError(f"{path}: line {number} is damaged: {error}") from error
    if isinstance(event, dict):
        event.pop("crc", None)
    if record is None:
        if not isinstance(event, dict) or (event.get("t"), event.get("version")) != (
            "run",
            VERSION,
        ):
            raise JournalError(f"{path}: line 1 is not the header of a version {VERSION} run")
        record = Record(header=event, summed=codec.has_sum(line))
    try:
        _fold(record, event)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise JournalError(f"{path}: line {number} is damaged: {why}") from error
    return record


def _fold(record: Record, event: dict[str, Any]) -> None:
    match event["t"]:
        case "intent" | "result":
            key = _key_of(event)
            if event["t"] == "intent":
                record.intents[key] = bool(event.get("write"))
            else:
                record.results[key] = event["value"]
        case "node":
            node = codec.decode(Node, event["node"])
            record.nodes[node.id] = node
        case "waiting":
            record.waited[_key_of(event)] = codec.decode(ToolCall, event["call"])
        case "decision":
            record.decisions[_key_of(event)] = event["call"], decided(event["decision"])
            record.ended = None
        case "end":
            record.ended = event["reason"]


def _key_of(event: dict[str, Any]) -> CallKey:
    return CallKey(event["node"], event["kind"], event["asked"], event["attempt"])


def read_tree(run: str | Path) -> SearchTree:
    """Fold a run's journal into its search tree.

    Raises
    ------
    JournalError
        As :func:`read_run`.
    """
    record = read_run(run)
    try:
        return fold(record)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise JournalError(f"{run}: the journal's header or nodes are damaged: {why}") from error


def fold(record: Record) -> SearchTree:
    """The tree that a journal's nodes make, whatever order concurrent branches ended in.

    Its tools are those that the run began with, then what its searches found.
    """
    tree = begun_tree(record)
    for node in record.nodes.values():
        tree.add(node)
    return concluded(tree, record)


def begun_tree(record: Record) -> SearchTree:
    """The tree of a run before its first node."""
    task, tools = record.began
    header = record.header
    meta = {**header["config"], "run": header["run"]}
    return SearchTree(task, tools, dict(header["aliases"]), meta)


def concluded(tree: SearchTree, record: Record) -> SearchTree:
    """The tree of a run's nodes, with what its searches found and how the run ended."""
    found = [value for key, value in record.results.items() if key.kind == "search"]
    if found:
        specs = {spec.id: spec for spec in tree.tools}
        for value in found:
            for spec in value["tools"]:
                if spec["id"] not in specs:
                    specs[spec["id"]] = codec.decode(ToolSpec, spec)
        tree.tools = tuple(specs.values())
        tree.aliases = dict(ChainMap(*(value["aliases"] for value in found), dict(tree.aliases)))
        tree.aliases |= record.header["aliases"]
    tree.ending = Ending(record.ended, *spending(record), tuple(record.waiting.values()))
    return tree


def priced(asked: Iterable[tuple[str, Usage]], prices: Any) -> float | None:
    """What tokens cost by the prices of a million of them; None where one of the models has none.

    Examples
    --------
    >>> priced([("m", Usage(1000, 100))], {"m": [2.0, 10.0]}), priced([("n", Usage(1, 1))], {})
    (0.003, None)
    """
    money = 0.0
    for model, usage in asked:
        price = prices.get(model) if isinstance(prices, dict) else None
        if not isinstance(price, list | tuple) or len(price) != 2:
            return None
        money += (usage.input_tokens * price[0] + usage.output_tokens * price[1]) / 1e6
    return money


def spending(record: Record) -> tuple[Spending, Spending]:
    """All calls of a journal that came back, and those of steps that are not in the tree.

    Unused are steps that were made ahead and not wanted in the end; calls of theirs that were
    cancelled count among the unused ones only, without tokens, because nobody knows these.
    """
    paid: list[_Made] = []
    unused: list[_Made] = []
    back = {(key.node, key.kind, key.asked) for key in record.results}
    for key, value in record.results.items():
        made = _made(key.kind, value)
        paid += made
        if key.node not in record.nodes:
            unused += made
    cancelled = {(key.node, key.kind, key.asked) for key in record.intents} - back
    unused += [
        (kind in MODEL_KINDS, None) for node, kind, _ in cancelled if node not in record.nodes
    ]
    settings = record.header["config"].get("settings")
    prices = settings.get("prices") if isinstance(settings, dict) else None
    return _sum(paid, prices), _sum(unused, prices)


def asked_models(reply: Any) -> list[tuple[str, Usage]]:
    """Model and tokens of each model call that a kept reply took; several models may have a part.

    Parameters
    ----------
    reply : Reply or JsonObject
        As it was journalled, or as it is read back.

    Examples
    --------
    >>> asked_models({"usage": {"input_tokens": 9, "output_tokens": 1}, "model": "m"})
    [('m', Usage(input_tokens=9, output_tokens=1))]
    """
    if not isinstance(reply, dict):
        return list(reply.spent) or [(reply.model, reply.usage)]
    spent = reply.get("spent") or [(reply.get("model", ""), reply["usage"])]
    return [(model, Usage(**usage)) for model, usage in spent]


_Made: TypeAlias = tuple[bool, tuple[str, Usage] | None]
"""Whether a model was called, and which with how many tokens, where that is known."""


def _made(kind: str, value: Any) -> list[_Made]:
    """What a kept result stands for: a tool call, or the model calls that its reply took."""
    if kind not in MODEL_KINDS:
        return [(False, None)]
    return [(True, asked) for asked in asked_models(value)]


def _sum(calls: list[_Made], prices: Any) -> Spending:
    asked = sum(1 for model, _ in calls if model)
    counted = [one for _, one in calls if one is not None]
    tokens = Usage(
        sum(usage.input_tokens for _, usage in counted),
        sum(usage.output_tokens for _, usage in counted),
    )
    return Spending(asked, len(calls) - asked, tokens, priced(counted, prices) if prices else None)


def whole_observation(run: str | Path, observation: Observation) -> str:
    """An observation's uncut content, from the run's folder where it was cut.

    A run may be somebody else's, so no symbolic link is followed out of it.

    Raises
    ------
    JournalError
        Where what is there is not what was stored.
    """
    if observation.stored is None:
        return observation.content
    if Path(observation.stored).name != observation.stored:
        raise JournalError(f"{observation.stored!r} is not the name of a stored observation")
    folder = Path(run) / OBSERVATIONS
    path = folder / observation.stored
    if folder.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
        raise JournalError(f"{path} is a link, or no file")
    content = path.read_bytes().decode("utf-8", "surrogatepass")
    if path.stem != codec.digest(content):
        raise JournalError(f"{path}: is not what was stored. The disk or somebody changed it.")
    return content
