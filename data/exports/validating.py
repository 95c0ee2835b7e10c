"""What a trainer would make of each row, before it is asked: lines that are no row, rows that its
form cannot hold, sides that leave nothing to learn, and, with the model's template, lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.exports.rendering import ChatTemplate
from toolgrove.data.exports.rows import RowKind, TrainingRow, calls_of, rows_and_errors
from toolgrove.data.exports.stats import quantiles
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.exports.writing import dumper, takes
from toolgrove.data.records import JsonObject
from toolgrove.errors import FormatError

__all__ = ["MAX_LENGTH", "RowsReport", "validate_rows"]

MAX_LENGTH = 1_024
"""Tokens from which TRL (1.16) cuts a row, unless it is told otherwise."""

FINDINGS: Mapping[str, str] = {
    "not_a_row": "the line is no row",
    "unfit": "the trainer's form cannot hold the row",
    "not_taken": "the trainer takes no such rows",
    "empty_side": "a side says and calls nothing",
    "equal_sides": "both sides are the same",
    "not_an_answer": "a side begins with no message of the model",
    "results_learnt": "a side holds a tool's result, learnt by TRL's DPO as if the model wrote it",
    "unknown_tool": "the side to learn from calls a tool that is not on offer",
    "lost_result": "a result answers no call before it",
    "refused": "the chat template does not take the messages",
    "prompt_changes": "the template renders the prompt otherwise once an answer follows",
    "tools_vanish": "the template does not print the tools",
    "calls_vanish": "the template does not print a call of a side",
    "no_room": "the prompt alone fills max_length: the trainer drops the row",
    "cut": "a side does not fit into max_length: the trainer cuts it",
    "equal_when_cut": "what is left of both sides within max_length is the same",
}
"""What can be found, in words."""
BENIGN = frozenset({"cut", "results_learnt"})
"""Findings after which a row still teaches what it should, if less."""


@dataclass(slots=True)
class RowsReport:
    """What was found in a file.

    Parameters
    ----------
    rows : int
        Lines that are a row.
    findings : dict of str to list of int
        The lines of each finding (:data:`FINDINGS`).
    notes : list of str
        The words of the first few errors that have their own.
    tokens : dict of str to dict
        Quantiles of the tokens of prompts and sides, where there is a tokenizer.
    """

    rows: int = 0
    findings: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """Rows that a trainer drops, misreads or learns nothing from."""
        bad = (lines for name, lines in self.findings.items() if name not in BENIGN)
        return len({line for lines in bad for line in lines})


_NOTES = 10


def validate_rows(
    path: str | Path,
    trainer: Trainer = Trainer.TRL,
    *,
    template: ChatTemplate | None = None,
    max_length: int = MAX_LENGTH,
) -> RowsReport:
    """Check a training file for a trainer.

    Parameters
    ----------
    path : str or Path
        Rows as ``toolgrove mine`` writes them.
    trainer : Trainer
    template : ChatTemplate or None
        Of the model that is trained. Without it nothing is said of lengths and of what the template
        prints.
    max_length : int
        Tokens that the trainer is given for a row.
    """
    report = RowsReport()
    tokens: dict[str, list[int]] = {}
    for row in rows_and_errors(path):
        if isinstance(row, FormatError):
            line = int(row.path.removeprefix("line ").partition(":")[0])
            _note(report, "not_a_row", line, str(row))
            continue
        report.rows += 1
        for name, why in _found(row, trainer, template, max_length, tokens):
            _note(report, name, row.line, f"{path}: line {row.line}: {why}" if why else "")
    report.tokens = {name: quantiles(counts) for name, counts in tokens.items()}
    return report


def _note(report: RowsReport, name: str, line: int, words: str) -> None:
    lines = report.findings.setdefault(name, [])
    if line not in lines[-1:]:
        lines.append(line)
    if words and len(report.notes) < _NOTES:
        report.notes.append(words)


def _found(
    row: TrainingRow,
    trainer: Trainer,
    template: ChatTemplate | None,
    max_length: int,
    tokens: dict[str, list[int]],
) -> Iterator[tuple[str, str]]:
    yield from ((name, "") for name in _structure(row))
    if not takes(trainer, row.kind):
        yield "not_taken", ""
    try:
        if template is not None or trainer not in (Trainer.AXOLOTL, Trainer.OPENRLHF):
            dumper(trainer, row.kind, template)(row)
    except UnfitRow as error:
        yield "unfit", f"{error}"
    if template is not None:
        try:
            yield from ((name, "") for name in _rendered(row, template, max_length, tokens))
        except UnfitRow as error:
            yield "refused", f"{error}"


def _structure(row: TrainingRow) -> Iterator[str]:
    """What is wrong whatever the model is."""
    for side in row.sides.values():
        if not any(one["content"].strip() or one.get("tool_calls") for one in side):
            yield "empty_side"
        elif side[0]["role"] != "assistant":
            yield "not_an_answer"
        if row.kind is not RowKind.SFT and any(one["role"] == "tool" for one in side):
            yield "results_learnt"
        if not _answers_calls([*row.prompt, *side]):
            yield "lost_result"
    if row.kind is RowKind.DPO and _said(row.chosen) == _said(row.rejected):
        yield "equal_sides"
    offered = {tool["function"]["name"] for tool in row.tools}
    wanted = row.label is not False
    if offered and wanted and any(f["name"] not in offered for f in calls_of(row.chosen)):
        yield "unknown_tool"


def _said(messages: Sequence[JsonObject]) -> list[Any]:
    return [[one["role"], one["content"].strip(), calls_of([one])] for one in messages]


def _answers_calls(messages: Sequence[JsonObject]) -> bool:
    waiting: set[str] = set()
    for one in messages:
        if one["role"] == "tool" and one.get("tool_call_id", "") not in waiting:
            return False
        waiting |= {call.get("id", "") for call in one.get("tool_calls") or ()}
    return True


def _rendered(
    row: TrainingRow, template: ChatTemplate, max_length: int, tokens: dict[str, list[int]]
) -> Iterator[str]:
    """What is wrong once the template has made text of a row, as TRL has it made."""
    text = template.text(row.prompt, row.tools, asks=True)
    if any(tool["function"]["name"] not in text for tool in row.tools):
        yield "tools_vanish"
    prompt = template.tokens(row.prompt, row.tools, asks=True)
    tokens.setdefault("prompt", []).append(len(prompt))
    wholes = []
    for name, side in row.sides.items():
        messages = [*row.prompt, *side]
        whole = template.text(messages, row.tools)
        ids = template.tokens(messages, row.tools)
        if not whole.startswith(text):
            yield "prompt_changes"
        if not _prints(calls_of(side), whole[len(text) :]):
            yield "calls_vanish"
        tokens.setdefault(name, []).append(len(ids) - len(prompt))
        wholes.append(ids)
    if len(prompt) >= max_length:
        yield "no_room"
    elif any(len(ids) > max_length for ids in wholes):
        yield "cut"
        if len(wholes) == 2 and wholes[0][:max_length] == wholes[1][:max_length]:
            yield "equal_when_cut"


def _prints(calls: Sequence[JsonObject], text: str) -> bool:
    """Whether each call's name and all texts and numbers of its arguments stand in a text."""
    return all(
        any(form in text for form in _forms(leaf))
        for call in calls
        for leaf in _leaves([call["name"], call["arguments"]])
    )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value


def _forms(leaf: Any) -> list[str]:
    """How a template may print a text or number: as it is, or as JSON in two manners."""
    import json

    ascii_only = json.dumps(leaf).strip('"')
    return [str(leaf), codec.dumps(leaf).decode().strip('"'), ascii_only]
