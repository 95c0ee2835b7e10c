"""Answers that people judged, to hold judges against: a JSON object a line.

``{"task_id": "7", "query": "…", "response": "…", "human": "success", "judges": {"gpt-4.1":
{"verdict": "failure", "as_published": "success"}}}``. What people said is ``success`` or
``failure``. Judges whose verdicts were recorded stand under ``judges``, where there are any: a
verdict each, or several readings of its replies by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.errors import FormatError

__all__ = ["FAILURE", "SUCCESS", "UNSURE", "LabelledAnswer", "read_labels"]

SUCCESS, FAILURE, UNSURE = "success", "failure", "unsure"
_READING = "verdict"
_MEND = "Mend the line; docs/evaluation.md has the format (Judges are calibrated)."


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer with what people said of it.

    Parameters
    ----------
    task : str
        The task's id.
    query : str
        What was asked.
    answer : str
        The final answer; empty where there was none.
    human : str
        ``success`` or ``failure``.
    judges : mapping of str to mapping
        Of each recorded judge, its verdicts by the reading that they come from; None where a
        reply held none.
    """

    task: str
    query: str
    answer: str
    human: str
    judges: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)


def read_labels(file: str | Path) -> list[LabelledAnswer]:
    """The labelled answers of a file.

    Raises
    ------
    FormatError
        Where the file is missing, empty or holds something else; it names the line and the field.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        mend = "Name a JSONL file of answers that people judged."
        raise FormatError(str(file), "$", f"a text file ({why})", mend) from None
    found = [_labelled(str(file), *line) for line in _lines(text)]
    if not found:
        raise FormatError(str(file), "$", "at least one labelled answer", _MEND)
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _labelled(file: str, number: int, line: str) -> LabelledAnswer:
    def wrong(field: str, expected: str) -> FormatError:
        return FormatError(file, f"line {number}{field}", expected, _MEND)

    try:
        row = codec.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise wrong("", "a JSON object")
    for name in ("query", "response"):
        if not isinstance(row.get(name), str):
            raise wrong(f".{name}", "a text")
    if row.get("human") not in (SUCCESS, FAILURE):
        raise wrong(".human", f'"{SUCCESS}" or "{FAILURE}"')
    judges = row.get("judges") or {}
    if not isinstance(judges, dict):
        raise wrong(".judges", "an object: by a judge's name its verdict")
    readings: dict[str, dict[str, str | None]] = {}
    for judge, said in judges.items():
        by_reading = said if isinstance(said, dict) else {_READING: said}
        for reading, verdict in by_reading.items():
            if not _is_verdict(verdict):
                path = f".judges.{judge}" + (f".{reading}" if said is by_reading else "")
                raise wrong(path, f'"{SUCCESS}", "{FAILURE}", "{UNSURE}" or null')
        readings[judge] = by_reading
    task = str(row.get("task_id", number))
    return LabelledAnswer(task, row["query"], row["response"], row["human"], readings)


def _is_verdict(value: Any) -> bool:
    return value is None or value in (SUCCESS, FAILURE, UNSURE)
