"""A run as the viewer's page shows it: facts for its header, and its nodes as inert JSON.

Everything shown is text made here, so that the page's script only places it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from toolgrove.data.drawing.look import (
    failed_calls,
    failed_words,
    kind_of,
    label,
    node_seconds,
    seconds_text,
    tool_names,
)
from toolgrove.data.drawing.words import one_line
from toolgrove.data.formats import deepjson
from toolgrove.data.records import Node, NodeState, Observation, Role, Status, Task
from toolgrove.data.runs import read_tree, whole_observation
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError, JournalError
from toolgrove.evaluators.judgements import UNJUDGED, Judgement, Judgements, not_judged

__all__ = [
    "ShownRun",
    "cost_text",
    "ended_words",
    "facts",
    "node_rows",
    "opening",
    "pretty",
    "read_view",
    "seconds_of",
    "wholes",
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
    "money": "the budget of money was spent",
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
    return sum(map(node_seconds, tree))


def cost_text(cost: float | None) -> str:
    """A cost in figures that tell something; empty where it is not known.

    Examples
    --------
    >>> cost_text(0.01234567), cost_text(12.5), cost_text(None)
    ('0.01235', '12.5', '')
    """
    return "" if cost is None else f"{cost:,.4g}"


def opening(tree: SearchTree) -> int:
    """Where a reader begins: at the answer, or at the first failure; its place in the tree's order.

    A failed call comes before a branch that was left, and the last step is as good as any.
    """
    places = {node.id: place for place, node in enumerate(tree)}
    if tree.answered:
        return places[tree.answered[0].id]
    failed = next((node for node in tree if failed_calls(node)), None)
    failed = failed or next((node for node in tree if node.state is not NodeState.OPEN), None)
    return max(len(tree) - 1, 0) if failed is None else places[failed.id]


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
        ("Of these", failed_words(tree)),
        ("Tokens", of(f"{usage.total:,}", "tokens") + tokens if usage.total else ""),
        ("Time in calls", of(spent, "seconds") + in_model if seconds_of(tree) else ""),
        ("Cost", of(cost_text(tree.cost), "money") if tree.cost is not None else ""),
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


def node_rows(run: ShownRun) -> list[dict[str, Any]]:
    """A run's nodes in the order in which they were visited, as plain JSON."""
    tree = run.tree
    names = tool_names(tree)
    numbers = {node.id: number for number, node in enumerate(tree)}
    rows = []
    for node in tree:
        did, with_ = label(tree, node, names)
        took = node_seconds(node)
        row = {
            "up": -1 if node.parent is None else numbers[node.parent],
            "place": node.index,
            "kind": kind_of(tree, node, run.judgement.verdict),
            "did": did,
            "with": with_,
            "mark": _mark(node),
            "took": seconds_text(took) if took >= 0.001 else "",
            **_node(node),
        }
        rows.append({key: value for key, value in row.items() if value not in ("", [], None)})
    return rows


def _mark(node: Node) -> str:
    """What went wrong in a step, in a word or two."""
    failed = failed_calls(node)
    if failed and len(node.calls) > 1:
        return f"{len(failed)} of {len(node.calls)} calls failed"
    if failed:
        return failed[0].status.value.replace("_", " ")
    return "pruned" if node.state is NodeState.PRUNED else ""


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
        "inner": [
            {"name": one.call.name, "arguments": pretty(one.call.arguments)}
            | _observation(one.observation)
            for one in observation.inner
        ],
    }


def wholes(run: ShownRun) -> dict[str, dict[str, str]]:
    """Note and text of each whole observation that was stored, by its name, within the limits."""
    found: dict[str, dict[str, str]] = {}
    left = WHOLES_LIMIT
    for node in run.tree:
        for observation in node.observations:
            name = observation.stored
            if name is None or name in found or run.folder is None:
                continue
            try:
                whole = whole_observation(run.folder, observation)
            except (JournalError, OSError, ValueError) as error:
                found[name] = {"note": f"cannot be read: {error}"}
                continue
            text = whole[: min(WHOLE_LIMIT, left)]
            left -= len(text)
            cut = f"the first {len(text):,} of " if len(text) < len(whole) else ""
            note = f"{cut}{len(whole):,} characters, from observations/{name}"
            found[name] = {"note": note, "text": text}
    return found


def pretty(value: Any) -> str:
    """A JSON value on indented lines; on one line where it is nested too deep for that."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:
        return deepjson.dumps(value).decode()
