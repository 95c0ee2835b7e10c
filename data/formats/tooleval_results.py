"""ToolEval's results: what a judge said of each answer, and which of two answers it preferred.

Two shapes of pass-rate file are about. ToolBench keeps how many votes passed and failed and the
last vote's statuses; StableToolBench keeps each vote's status by its run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from toolgrove.data.formats.check import Foreign, Place, checked, read_json
from toolgrove.errors import FormatError

__all__ = [
    "RecordedPreference",
    "RecordedVotes",
    "ToolEvalResults",
    "final_step",
    "load_results",
    "parse_results",
    "steps",
]

_ROUND = "round_"
STATUSES = ("Solved", "Unsure", "Unsolved")
_TASKS = ("Solvable", "Unsure", "Unsolvable")


class _Votes(Foreign):
    is_solved: Any
    task_solvable: str | None = None
    passed: int | None = Field(default=None, ge=0)
    failed: int | None = Field(default=None, ge=0)
    query: str = ""
    final_step: str = ""


@dataclass(frozen=True, slots=True)
class RecordedVotes:
    """What a judge said of one query's answer.

    Parameters
    ----------
    votes : tuple of str
        Solved, Unsure or Unsolved, in the order of the runs; of ToolBench's files the last one.
    passed, failed : int or None
        How many votes passed and failed by ToolBench's table, where the file counts them. A coin
        settled what was unsure.
    task : str or None
        Solvable, Unsure or Unsolvable, by the last vote.
    query, final_step : str
        What was judged.
    runs : tuple of int
        The number of each vote's run; none in ToolBench's files.
    """

    votes: tuple[str, ...]
    passed: int | None = None
    failed: int | None = None
    task: str | None = None
    query: str = ""
    final_step: str = ""
    runs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedPreference:
    """How often each of two models' answers to one query was preferred.

    Parameters
    ----------
    counts : mapping
        By model, the reference first.
    rounds : int
        In how many rounds a judge was asked; in others a rule decided.
    """

    counts: Mapping[str, int]
    rounds: int


@dataclass(frozen=True, slots=True)
class ToolEvalResults:
    """The content of one file, by query id: votes on answers, or preferences between two."""

    votes: Mapping[str, RecordedVotes]
    preferences: Mapping[str, RecordedPreference]


def load_results(path: str | Path) -> ToolEvalResults:
    """ToolEval's results in a file: of its pass rate, or of its preferences.

    Raises
    ------
    FormatError
        Where the file holds neither.
    """
    return parse_results(read_json(path), str(path))


def parse_results(data: Any, file: str) -> ToolEvalResults:
    """The results of a parsed file.

    Raises
    ------
    FormatError
        Where ``data`` is not what ToolEval writes.

    Examples
    --------
    >>> solved = {"is_solved": {"1": "AnswerStatus.Unsure", "0": "AnswerStatus.Solved"}}
    >>> parse_results({"588": solved}, "votes.json").votes["588"].votes
    ('Solved', 'Unsure')
    >>> preferred = {"cot": 1, "dfs": 2, "round_0": "complete"}
    >>> parse_results({"588": preferred}, "preferences.json").preferences["588"].counts
    {'cot': 1, 'dfs': 2}
    """
    if not isinstance(data, dict):
        raise FormatError(file, "$", "an object by query id", "Name a file of ToolEval's results.")
    votes: dict[str, RecordedVotes] = {}
    preferences: dict[str, RecordedPreference] = {}
    for query, record in data.items():
        at = Place((query,))
        if isinstance(record, dict) and any(key.startswith(_ROUND) for key in record):
            preferences[query] = _preference(record, file, at)
        else:
            votes[query] = _votes(record, file, at)
    return ToolEvalResults(votes, preferences)


def _votes(record: Any, file: str, at: Place) -> RecordedVotes:
    read = checked(_Votes, record, file, at)
    said, place = read.is_solved, at.down("is_solved")
    if isinstance(said, dict):
        if not said or not all(run.isascii() and run.isdigit() for run in said):
            raise FormatError(
                file, str(place), "votes by the number of their run", "Correct the file."
            )
        runs = sorted(said, key=int)
        votes = [_word(said[run], STATUSES, file, place.down(run)) for run in runs]
    else:
        runs, votes = [], [_word(said, STATUSES, file, place)]
    return RecordedVotes(
        tuple(votes),
        read.passed,
        read.failed,
        _word(read.task_solvable, _TASKS, file, at.down("task_solvable"))
        if read.task_solvable
        else None,
        read.query,
        read.final_step,
        tuple(map(int, runs)),
    )


def _word(text: Any, words: tuple[str, ...], file: str, at: Place) -> str:
    """``AnswerStatus.Solved`` as the word that it ends with."""
    word = text.rpartition(".")[2] if isinstance(text, str) else None
    if word not in words:
        raise FormatError(file, str(at), f"one of {', '.join(words)}", "Correct the file.")
    return word


def _preference(record: dict[str, Any], file: str, at: Place) -> RecordedPreference:
    counts = {key: value for key, value in record.items() if not key.startswith(_ROUND)}
    whole = all(type(count) is int and count >= 0 for count in counts.values())
    if len(counts) != 2 or not whole:
        raise FormatError(
            file, str(at), "two models, each with how often it was preferred", "Correct the file."
        )
    rounds = sum(key.startswith(_ROUND) and said == "complete" for key, said in record.items())
    return RecordedPreference(counts, rounds)


def steps(converted: Mapping[str, Any]) -> list[str]:
    """The messages of a converted answer's calls, as ToolEval's get_steps shows them."""
    found: list[str] = []
    following = converted["answer"]["answer_details"]
    while following:
        detail = following[0]
        if detail["message"] and detail["role"] == "tool":
            found.append(str(detail["message"]))
        following = detail["next"]
    return found


def final_step(converted: Mapping[str, Any]) -> str:
    """The last of these, in ToolEval's words; "" where no call was made."""
    last = steps(converted)[-1:]
    return f"Final step: {last[0]}" if last else ""
