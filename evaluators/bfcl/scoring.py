"""Verdicts on BFCL's result files, ``BFCL_v4_<category>_result.json``, without running a model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgrove.errors import FormatError
from toolgrove.evaluators.bfcl.checker import check_calls
from toolgrove.evaluators.bfcl.errors import NoCalls
from toolgrove.evaluators.bfcl.multi_turn import check_turns
from toolgrove.evaluators.bfcl.outputs import Form, form_of_model, likely_form
from toolgrove.evaluators.bfcl.package import CATEGORIES, BfclItem, items, models

__all__ = [
    "RULE",
    "ItemVerdict",
    "Share",
    "find_items",
    "form_of",
    "is_results",
    "judge",
    "read_results",
    "score_results",
    "shares",
]

RULE = "bfcl/4"
_LONGEST = 4_000_000
"""Bytes of a line that is looked at to tell a result file."""
_FILE = re.compile(r"BFCL_v\d+_(\w+?)(?:_result)?\.jsonl?$")


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """Whether the output for an item is right, and why not; ``valid`` is None without a verdict."""

    id: str
    valid: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a category's items got a verdict, and how many of those are right."""

    category: str
    items: int
    judged: int
    valid: int

    @property
    def rate(self) -> float:
        """The share of right ones among the judged."""
        return self.valid / self.judged


def shares(verdicts: Sequence[ItemVerdict]) -> list[Share]:
    """What verdicts come to, by category in their order."""
    by_category: dict[str, list[ItemVerdict]] = {}
    for verdict in verdicts:
        if verdict.valid is not None:
            by_category.setdefault(verdict.id.rpartition("_")[0], []).append(verdict)
    return [
        Share(name, len(items(name)), len(some), sum(v.valid is True for v in some))
        for name, some in by_category.items()
    ]


def is_results(path: Path) -> bool:
    """Whether the file's first line is a result of an item of BFCL, by its id."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.readline(_LONGEST).decode("utf-8-sig", "replace")
    try:
        entry = json.loads(head)
    except (ValueError, RecursionError):
        return False
    if not isinstance(entry, dict) or "result" not in entry:
        return False
    found = re.fullmatch(r"(\w+)_\d[\d-]*", str(entry.get("id")))
    return bool(found and found[1] in CATEGORIES)


def _named_category(path: Path) -> str | None:
    found = _FILE.search(path.name)
    return found[1] if found and found[1] in CATEGORIES else None


def read_results(path: Path) -> list[Mapping[str, Any]]:
    """The lines of a result file.

    Raises
    ------
    FormatError
        Where a line is no JSON object with an ``id``.
    """
    found: list[Mapping[str, Any]] = []
    for number, line in enumerate(path.read_text("utf-8-sig", "replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not (isinstance(entry, dict) and isinstance(entry.get("id"), str)):
            raise FormatError(
                str(path),
                f"line {number}",
                "a JSON object with `id` and `result`",
                "BFCL writes one a line; remove the line, or run its item again.",
            )
        found.append(entry)
    return found


def score_results(
    entries: Sequence[Mapping[str, Any]], *, path: Path | None = None
) -> Iterator[ItemVerdict]:
    """A verdict on each entry, in their order.

    Parameters
    ----------
    entries : sequence of mappings
        Each with an ``id`` and a ``result``, all of one model.
    path : Path or None
        Where they come from. A folder in it that has a model's name tells how its outputs are
        written, and the file's name the category; else the outputs and the ids do.
    """
    found = find_items(entries, path)
    form = form_of(entries, found, path)
    for entry, item in zip(entries, found, strict=True):
        if item is None:
            yield ItemVerdict(str(entry["id"]), None, "BFCL has no item of this id")
        elif form is None:
            yield ItemVerdict(item.id, None, "this model's outputs have a form that is not read")
        else:
            reason = judge(entry.get("result"), item, form)
            yield ItemVerdict(item.id, not reason, reason)


def judge(result: Any, item: BfclItem, form: Form) -> str:
    """Why a recorded output is wrong for an item; empty where it is right."""
    if item.category.startswith("multi_turn"):
        return check_turns(result, item, form)
    language = next((x for x in ("javascript", "java") if x in item.category), "python")
    try:
        calls = form.calls(result, language)
    except NoCalls as error:
        return "" if "irrelevance" in item.category else f"no calls can be read: {error}"
    well_formed = _well_formed(calls)
    if "relevance" in item.category:
        called = well_formed and bool(calls)
        if called == ("irrelevance" in item.category):
            return "a call where none was due" if called else "no call where one was due"
        return ""
    if not well_formed:
        return "no list of calls with their arguments"
    try:
        return check_calls(
            calls, item.functions, item.answers, category=item.category, dots=form.dots
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return f"arguments that cannot be compared: {error}"  # BFCL's own checker stops here


def _well_formed(calls: Any) -> bool:
    return isinstance(calls, list) and all(
        isinstance(call, dict)
        and len(call) == 1
        and all(isinstance(arguments, dict) for arguments in call.values())
        for call in calls
    )


def find_items(
    entries: Sequence[Mapping[str, Any]], path: Path | None = None
) -> list[BfclItem | None]:
    """The item of each entry, by its id and the category that the file's name tells."""
    named = _named_category(path) if path else None
    return [_item(str(entry["id"]), named) for entry in entries]


def _item(name: str, category: str | None) -> BfclItem | None:
    by_id = name.rpartition("_")[0]
    for each in dict.fromkeys((category, by_id)):
        if each in CATEGORIES and name in items(each):
            return items(each)[name]
    return None


def form_of(
    entries: Sequence[Mapping[str, Any]], found: Sequence[BfclItem | None], path: Path | None = None
) -> Form | None:
    """How the outputs of these entries are written: by the model's name, else by their look.

    None where the model's are of a form that is not read.
    """
    for part in path.absolute().parts if path else ():
        if part in models():
            return form_of_model(models()[part])
    outputs = [x for e in entries for x in _outputs(e.get("result"), str(e["id"]))]
    names = {f["name"] for item in found if item for f in item.functions}
    return likely_form(outputs, names)


def _outputs(result: Any, name: str) -> Iterator[Any]:
    if not name.startswith("multi_turn"):
        yield result
    elif isinstance(result, list):
        for turn in result:
            yield from turn if isinstance(turn, list) else ()
