"""A run as the viewer's page shows it: facts for its header, and its nodes as inert JSON.

Everything shown is text made here, so that the page's script only places it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from toolgrove.agent.view.look import kind_of, label, one_line, preorder, tool_names
from toolgrove.data.formats import deepjson
from toolgrove.data.journal import read_tree, whole_observation
from toolgrove.data.records import Node, Observation, Role, Status, Task
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, JournalError
from toolgrove.evaluators.judgements import UNJUDGED, Judgement, Judgements, not_judged

__all__ = [
    "ShownRun",
    "ended_words",
    "facts",
    "nodes_json",
    "pretty",
    "read_view",
    "seconds_of",
    "seconds_text",
]

WHOLE_LIMIT = 50_000
"""Characters of one stored whole observation that the page carries."""
WHOLES_LIMIT = 5_000_000
"""Characters of all of a run's stored observations together."""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A tree to show, the folder that its whole observations lie in, and who judged its answers."""

    name: str
    tree: SearchTree
    folder: Path | None = None
    judgement: Judgement = UNJUDGED


def read_view(source: Path, judgements: Judgements | None = None) -> ShownRun:
    """Read a run's folder, or a ToolBench answer tree (``.json``).

    Parameters
    ----------
    source : path
        Where it lies.
    judgements : Judgements or None
        Knows what batches said of their runs; one for many runs reads a batch's results once.

    Raises
    ------
    JournalError
        Where a folder holds no journal, or a damaged one.
    FormatError
        Where a file is not an answer tree.
    """
    if source.suffix == ".json":
        from toolgrove.data.formats.toolbench_trees import load_answer_tree

        return ShownRun(source.stem, load_answer_tree(source))
    folder = source if source.is_dir() else source.parent
    try:
        tree = read_tree(source)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise JournalError(
            f"{source}: the journal is damaged ({one_line(str(error))}). Run the task anew."
        ) from error
    try:
        judged = (judgements or Judgements()).of(tree, folder)
    except FormatError as error:  # a run can be looked at without its scores
        judged = not_judged(str(error))
    return ShownRun(folder.resolve().name, tree, folder, judged)


_ENDED = {
    "answered": "an answer was found",
    "exhausted": "every path was tried",
    "model_calls": "the budget of model calls was spent",
    "tool_calls": "the budget of tool calls was spent",
    "tokens": "the budget of tokens was spent",
    "seconds": "the budget of seconds was spent",
}


def ended_words(tree: SearchTree) -> str:
    """Why a run ended, in words."""
    ended = tree.ended
    if ended is None and tree.ending is not None:
        return "it has not ended: it is still running, or was stopped and can be resumed"
    if ended is None:
        return "an answer was found" if tree.answer is not None else "no path came to an answer"
    return _ENDED.get(str(ended), str(ended))


def seconds_of(tree: SearchTree) -> float:
    """Seconds spent in model and tool calls."""
    return sum(n.seconds + sum(o.seconds for o in n.observations) for n in tree)


def facts(tree: SearchTree) -> list[tuple[str, str]]:
    """What a run's header says, label and value."""
    settings = tree.meta.get("settings")
    said = settings.get("budget") if isinstance(settings, dict) else None
    budget = said if isinstance(said, dict) else {}

    def of(spent: str, field: str) -> str:
        limit = budget.get(field)
        return f"{spent} of {limit:,}" if isinstance(limit, int | float) else spent

    models = {node.model for node in tree if node.model}
    usage = tree.usage
    tokens = f" ({usage.input_tokens:,} in, {usage.output_tokens:,} out)"
    spent = seconds_text(seconds_of(tree))
    in_model = f" ({seconds_text(sum(node.seconds for node in tree))} in the model)"
    found = [
        ("Planner", str(tree.meta.get("planner", ""))),
        ("Model", str(tree.meta.get("model") or ", ".join(sorted(models)))),
        ("Ended because", ended_words(tree)),
        ("Model calls", of(f"{tree.model_calls:,}", "model_calls")),
        ("Tool calls", of(f"{tree.tool_calls:,}", "tool_calls")),
        ("Tokens", of(f"{usage.total:,}", "tokens") + tokens if usage.total else ""),
        ("Time in calls", of(spent, "seconds") + in_model if seconds_of(tree) else ""),
        ("Right answer", _reference(tree.task)),
    ]
    return [(name, value) for name, value in found if value]


def _reference(task: Task) -> str:
    known = task.reference
    if known is None:
        return ""
    if known.kind == "unsolvable":
        return "none: no tool on offer can tell"
    value = known.value if isinstance(known.value, str) else pretty(known.value)
    return f"{value} {known.unit}".strip()


def nodes_json(run: ShownRun) -> dict[str, Any]:
    """A run's nodes in preorder, and the whole observations that they name, as plain JSON."""
    tree = run.tree
    names = tool_names(tree)
    nodes = preorder(tree)
    numbers = {node.id: number for number, node in enumerate(nodes)}
    rows = []
    for node in nodes:
        did, with_ = label(tree, node, names)
        row = {
            "up": -1 if node.parent is None else numbers[node.parent],
            "kind": kind_of(tree, node),
            "did": did,
            "with": with_,
            **_node(node),
        }
        rows.append({key: value for key, value in row.items() if value not in ("", [], None)})
    return {"nodes": rows, "wholes": _wholes(run)}


def _node(node: Node) -> dict[str, Any]:
    shown = [observation.content for observation in node.observations]
    aliases = {call.id: call.name for message in node.messages for call in message.calls}
    needs: dict[int, list[int]] = {}
    for earlier, later in node.needs:
        needs.setdefault(later, []).append(earlier + 1)
    return {
        "facts": _node_facts(node),
        "reason": node.reason,
        "prompt": [[message.role.value, message.content] for message in node.prompt],
        "says": [
            [message.role.value, message.content]
            for message in node.messages
            if message.content and (message.role is not Role.TOOL or message.content not in shown)
        ],
        "calls": [
            {
                "name": call.name,
                "alias": aliases.get(call.id, call.name),
                "uses": ", ".join(map(str, needs.get(place, ()))),
                "arguments": pretty(call.arguments) if call.malformed is None else call.malformed,
                "malformed": call.malformed is not None,
                **({} if observation is None else _observation(observation)),
            }
            for place, (call, observation) in enumerate(
                zip_longest(node.calls, node.observations[: len(node.calls)])
            )
        ],
        "meta": pretty(node.meta) if node.meta else "",
    }


def _node_facts(node: Node) -> list[list[str]]:
    usage = node.usage
    found = [
        (
            "tokens",
            f"{usage.input_tokens:,} in, {usage.output_tokens:,} out" if usage.total else "",
        ),
        ("model time", seconds_text(node.seconds) if node.seconds else ""),
        ("calls on the path", f"{node.depth:,}"),
        ("prompt", node.variant if node.variant != "plain" else ""),
        ("score", "" if node.score is None else f"{node.score:.3g}"),
        ("model", node.model),
    ]
    return [[name, value] for name, value in found if value and node.parent is not None]


def _observation(observation: Observation) -> dict[str, Any]:
    status = observation.status
    size = max(observation.size, len(observation.content))
    found = [
        f"ToolBench code {status.code}" if status.code else "",
        f"{size:,} characters" + (", cut for the model" if observation.truncated else ""),
        seconds_text(observation.seconds) if observation.seconds else "",
        "made up by a model" if observation.simulated else "",
        "answered without a call" if observation.cached else "",
        f"{observation.attempts:,} attempts" if observation.attempts > 1 else "",
    ]
    return {
        "status": status.value.replace("_", " "),
        "failed": status.failed,
        "shown": status is Status.PREVIEWED,
        "about": " · ".join(filter(None, found)),
        "content": observation.content,
        "stored": observation.stored,
    }


def _wholes(run: ShownRun) -> dict[str, dict[str, str]]:
    """Note and text of each whole observation that was stored, by its name, within the limits."""
    wholes: dict[str, dict[str, str]] = {}
    left = WHOLES_LIMIT
    for node in run.tree:
        for observation in node.observations:
            name = observation.stored
            if name is None or name in wholes or run.folder is None:
                continue
            try:
                whole = whole_observation(run.folder, observation)
            except (JournalError, OSError, ValueError) as error:
                wholes[name] = {"note": f"cannot be read: {error}"}
                continue
            text = whole[: min(WHOLE_LIMIT, left)]
            left -= len(text)
            cut = f"the first {len(text):,} of " if len(text) < len(whole) else ""
            note = f"{cut}{len(whole):,} characters, from observations/{name}"
            wholes[name] = {"note": note, "text": text}
    return wholes


def seconds_text(seconds: float) -> str:
    """Seconds as people write them.

    Examples
    --------
    >>> seconds_text(0.0312), seconds_text(9.25), seconds_text(754)
    ('31 ms', '9.2 s', '12 min 34 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:,.0f} min {seconds % 60:.0f} s"


def pretty(value: Any) -> str:
    """A JSON value on indented lines; on one line where it is nested too deep for that."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:
        return deepjson.dumps(value).decode()
