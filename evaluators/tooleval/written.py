"""Results written as ToolEval lays them out, so that its scripts and readers go on from them.

The layout is StableToolBench's: ``model_predictions_converted/MODEL/SET.json``,
``pass_rate_results/MODEL/SET_MODEL.json`` and ``.csv``, ``preference_results/SET_MODEL_OTHER.json``
and ``.csv``. Queries without an answer are in none of them, as there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolgrove.data.formats import deepjson
from toolgrove.data.formats.toolbench_answers import dump_answers
from toolgrove.data.formats.tooleval_results import final_step, steps
from toolgrove.evaluators.tooleval.answered import AnswerSet
from toolgrove.evaluators.tooleval.rulings import Ruling
from toolgrove.evaluators.tooleval.wins import AGAINST, ANSWERS, DuelOutcome
from toolgrove.machine.files import write_beside

__all__ = ["write_passes", "write_preferences"]

_PASS = ("query", "available_tools", "model_intermediate_steps", "model_final_step", "model",
         "query_id", "is_solved")  # fmt: skip
_PREFERENCE = ("query", "available_tools", "ref_model_intermediate_steps", "ref_model_final_step",
               "output_model_intermediate_steps", "output_model_final_step", "preference_label",
               "query_id", "ref_model", "output_model")  # fmt: skip


def write_passes(folder: Path, answers: AnswerSet, rulings: Sequence[Ruling]) -> list[Path]:
    """The converted answers of a system and the votes on them; the files that were written."""
    written: list[Path] = []
    model = _safe(answers.name)
    for test_set, some in _by_set(answers).items():
        ruled = {(one.test_set or answers.test_set, one.query): one for one in rulings}
        records: dict[str, Any] = {}
        rows = []
        for query, converted in some.items():
            ruling = ruled[test_set, query]
            if ruling.status is None:
                continue
            shown = _shown(converted)
            records[query] = {**shown, **_said(ruling)}
            said = records[query]["is_solved"]
            text = (
                str({int(run): vote for run, vote in said.items()}) if type(said) is dict else said
            )
            rows.append((*shown.values(), model, query, text))
        name = f"{_safe(test_set or 'all')}_{model}"
        results = folder / "pass_rate_results" / model
        predictions = folder / "model_predictions_converted" / model
        written += [
            _json(predictions / f"{_safe(test_set or 'all')}.json", some),
            _json(results / f"{name}.json", records),
            _csv(results / f"{name}.csv", _PASS, rows),
        ]
    return written


def _said(ruling: Ruling) -> dict[str, Any]:
    """What was held of an answer: each run's vote, or ToolBench's counts where there are these."""
    found: dict[str, Any] = {}
    if ruling.counts is None:
        votes = (
            zip(ruling.runs, ruling.votes, strict=True) if ruling.votes else [(0, ruling.status)]
        )
        found["is_solved"] = {str(run): f"AnswerStatus.{vote}" for run, vote in votes}
    else:
        found["is_solved"] = f"AnswerStatus.{ruling.status}"
        found["passed"], found["failed"] = ruling.counts
    if ruling.task is not None:
        found["task_solvable"] = f"TaskStatus.{ruling.task}"
    return found


def write_preferences(
    folder: Path, answers: AnswerSet, against: AnswerSet, comparisons: Sequence[DuelOutcome]
) -> list[Path]:
    """Who wins each query by StableToolBench's rule, ``against`` as the reference model."""
    written: list[Path] = []
    reference, output = _safe(against.name), _safe(answers.name)
    if reference == output:
        reference += "_reference"
    ours, theirs = _by_set(answers), _by_set(against)
    rounds = max((one.choice.rounds for one in comparisons), default=0) or 1
    for test_set in ours:
        records: dict[str, Any] = {}
        rows = []
        for one in comparisons:
            sides = [side.get(test_set, {}).get(one.query) for side in (theirs, ours)]
            if (one.test_set or answers.test_set) != test_set or None in (*sides, one.sowr):
                continue
            won, lost = _won(one, rounds)
            done = {f"round_{n}": "complete" for n in range(one.choice.rounds or rounds)}
            records[one.query] = {reference: lost, output: won, **done}
            label = {AGAINST: 1, ANSWERS: 2}.get(str(one.sowr), 3)
            first, second = (_shown(side) for side in sides if side is not None)
            query, tools, *before = first.values()
            after = [second["answer_steps"], second["final_step"]]
            rows.append((query, tools, *before, *after, label, one.query, reference, output))
        name = f"{_safe(test_set or 'all')}_{reference}_{output}"
        results = folder / "preference_results"
        written += [
            _json(results / f"{name}.json", records),
            _csv(results / f"{name}.csv", _PREFERENCE, rows),
        ]
    return written


def _won(one: DuelOutcome, rounds: int) -> tuple[int, int]:
    """How often each side was chosen; where a rule decided, in every round."""
    if one.sowr_by == "judge":
        return one.choice.votes
    return rounds * (one.sowr == ANSWERS), rounds * (one.sowr == AGAINST)


def _by_set(answers: AnswerSet) -> dict[str, dict[str, Any]]:
    """The converted answers by test set and query id."""
    found: dict[str, dict[str, Any]] = {}
    for query, tree in answers.trees.items():
        [converted] = dump_answers([tree]).values()
        found.setdefault(query.test_set or answers.test_set, {})[query.id] = converted
    return found


def _shown(converted: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as ToolEval's results show it."""
    called = steps(converted)
    return {
        "query": converted["query"],
        "tool_names": [_tool_name(tool) for tool in converted["available_tools"]],
        "answer_steps": "\n".join(f"Step {n}: {step}" for n, step in enumerate(called, 1)),
        "final_step": final_step(converted),
    }


def _tool_name(tool: Mapping[str, Any]) -> Any:
    return tool.get("function", tool).get("name")


def _safe(name: str) -> str:
    """A part of a file's name: a system's or a test set's."""
    return re.sub(r"[^\w.@-]+", "_", name).lstrip(".") or "answers"


def _json(path: Path, value: Any) -> Path:
    write_beside(path, [deepjson.dumps(value)])
    return path


def _csv(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t")
    table.writerow(heads)
    table.writerows(rows)
    write_beside(path, [text.getvalue().encode()])
    return path
