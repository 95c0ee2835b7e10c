"""What others kept of APIs' answers, into a cache: StableToolBench's and ToolBench's folders.

StableToolBench keeps ``tool_response_cache/<Category>/<tool>_for_<Category>/<api>.json``, an object
from Python's text of the arguments to the answer, and does not say which answers a model made up.
ToolBench's ``response_examples/<Category>/<tool>.json`` say what responses look like.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, checked, read_json
from toolgrove.data.records import Status
from toolgrove.errors import FormatError, UsageError
from toolgrove.machine.progress import Tick, silent
from toolgrove.tools.http.verdict import verdict
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.directory import Directory
from toolgrove.tools.virtual.protocol import ApiName, Source, VirtualAnswer, canonical

__all__ = ["Seeded", "literal_arguments", "seed"]

_LONGEST = 10_000


@dataclass
class Seeded:
    """How much was taken, and by reason how many answers were left."""

    answers: int = 0
    shapes: int = 0
    left: Counter[str] = field(default_factory=Counter)


class _Example(Foreign):
    name: str
    response: Any = Field(default=None, alias="schema")


class _Examples(Foreign):
    api_list: list[_Example]


def seed(
    cache: AnswerCache,
    folder: str | Path,
    directory: Directory,
    tick: Tick = silent,
) -> Seeded:
    """Take what a folder holds into a cache; what the cache has of a better source stays.

    Failures are left out, whatever their cause was: they are not what the API answers.

    Parameters
    ----------
    cache : AnswerCache
    folder : path
        A cache folder of StableToolBench's, or ToolBench's ``response_examples``.
    directory : Directory
        Gives arguments the form in which the catalogue's APIs take them.
    tick : callable
        Told how many files are done, and of how many.

    Raises
    ------
    FormatError
        Where a file is no JSON or of neither shape.
    UsageError
        Where there is no such folder, or nothing in it.
    """
    files = sorted(Path(folder).rglob("*.json"))
    if not files:
        raise UsageError(f"{folder}: no .json files there. Name a folder of cached answers.")
    seeded = Seeded()
    for done, file in enumerate(files, start=1):
        data = read_json(file)
        if isinstance(data, dict) and "api_list" in data:
            for example in checked(_Examples, data, str(file)).api_list:
                if example.response:
                    name = ApiName.of(file.parent.name, file.stem, example.name)
                    cache.save_shape(name, example.response)
                    seeded.shapes += 1
        elif isinstance(data, dict):
            name = ApiName.of(file.parent.parent.name, file.parent.name, file.stem)
            _take(cache, directory, name, data, seeded)
        else:
            raise FormatError(str(file), "$", "an object", "Take the file out of the folder.")
        tick(done, len(files))
    return seeded


def _take(
    cache: AnswerCache,
    directory: Directory,
    name: ApiName,
    answers: Mapping[str, Any],
    seeded: Seeded,
) -> None:
    entry = directory.find(name)
    name = name if entry is None else entry.name
    found = []
    for written, kept in answers.items():
        answer = _answer(kept)
        if answer is None:
            seeded.left["failures"] += 1
            continue
        try:
            arguments = literal_arguments(written)
            found.append((name, entry.arguments(arguments) if entry else arguments, answer))
        except ValueError:
            seeded.left["unreadable arguments"] += 1
    cache.save_all(found)
    seeded.answers += len(found)


def _answer(kept: Any) -> VirtualAnswer | None:
    """An answer of StableToolBench's, where it is one of success."""
    if (
        not isinstance(kept, dict)
        or kept.get("error")
        or kept.get("response") in (None, "", {}, [])
    ):
        return None
    response = kept["response"]
    value = response if isinstance(response, dict | list) else None
    text = str(response).strip()
    page = text[:14].lower().startswith(("<!doctype html", "<html"))
    if verdict(value, text, page=page) is not Status.OK:
        return None
    return VirtualAnswer(Status.OK, response, Source.IMPORTED)


def literal_arguments(text: str) -> dict[str, Any]:
    """Arguments from Python's text of them, of a bounded length.

    Raises
    ------
    ValueError
        Where it is not the text of a JSON object.

    Examples
    --------
    >>> literal_arguments("{'code': '02139', 'exact': True}")
    {'code': '02139', 'exact': True}
    """
    if len(text) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    try:
        value = ast.literal_eval(text)
        codec.dumps(value)
        canonical(value if isinstance(value, dict) else {})  # no number but finite ones
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"not the text of a JSON object ({type(error).__name__})") from None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError("not the text of a JSON object")
    return value
