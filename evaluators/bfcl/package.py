"""BFCL's own package, ``bfcl-eval``: its items, answers and the models that it knows.

Everything is read where it is installed, at run time; none of its modules is imported here.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from toolgrove.errors import UsageError

__all__ = ["CATEGORIES", "INSTALL", "BfclItem", "KnownModel", "folder", "items", "models"]

INSTALL = "pip install --no-deps bfcl-eval"

_LIVE = ("simple", "multiple", "parallel", "parallel_multiple", "irrelevance", "relevance")
_MULTI = ("base", "miss_func", "miss_param", "long_context")
CATEGORIES: tuple[str, ...] = (
    *(f"simple_{language}" for language in ("python", "java", "javascript")),
    *("multiple", "parallel", "parallel_multiple", "irrelevance"),
    *(f"live_{kind}" for kind in _LIVE),
    *(f"multi_turn_{kind}" for kind in _MULTI),
)
"""The categories that are judged here."""


@dataclass(frozen=True, slots=True)
class BfclItem:
    """One item: what is asked, what is offered, and what is right.

    ``answers`` has one mapping a right call; in the ``multi_turn`` categories a list of calls, as
    Python text, for each turn. ``classes`` are the APIs that those work on, in ``config``'s state.
    """

    id: str
    category: str
    question: list[list[Mapping[str, Any]]]
    functions: list[Mapping[str, Any]]
    answers: list[Any]
    classes: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class KnownModel:
    """How BFCL reads a model: its handler, whether it calls by schema, and is offered dots."""

    handler: str
    calls: bool
    dots: bool


@cache
def folder() -> Path:
    """Where the package is installed.

    Raises
    ------
    UsageError
        Where it is not.
    """
    spec = importlib.util.find_spec("bfcl_eval")
    found = list(spec.submodule_search_locations or ()) if spec else []
    if not found:
        raise UsageError(
            f"BFCL's items are read from its own package, which is not installed: {INSTALL}"
        )
    return Path(found[0])


@cache
def items(category: str) -> Mapping[str, BfclItem]:
    """The items of a category by their ids, in BFCL's order.

    Raises
    ------
    UsageError
        Where the package is not installed, or has no such category.
    """
    name = f"BFCL_v4_{category}.json"
    data = folder() / "data"
    if category not in CATEGORIES or not (data / name).is_file():
        raise UsageError(f"BFCL has no category {category!r} here; it has {', '.join(CATEGORIES)}")
    answers = {}
    if (data / "possible_answer" / name).is_file():
        answers = {x["id"]: x["ground_truth"] for x in _lines(data / "possible_answer" / name)}
    return {
        raw["id"]: BfclItem(
            id=raw["id"],
            category=category,
            question=raw["question"],
            functions=raw.get("function", []),
            answers=answers.get(raw["id"], []),
            classes=tuple(raw.get("involved_classes", ())),
            config=raw.get("initial_config"),
        )
        for raw in _lines(data / name)
    }


def _lines(path: Path) -> list[Any]:
    text = path.read_text("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


@cache
def models() -> Mapping[str, KnownModel]:
    """The models that BFCL knows, by the names that its result folders have.

    They are read from the source of its configuration, whose import needs every vendor's package.
    """
    path = folder() / "constants" / "model_config.py"
    if not path.is_file():
        return {}
    found = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(value, ast.Call):
                given = {k.arg: ast.unparse(k.value) for k in value.keywords}
                model = KnownModel(
                    handler=given.get("model_handler", ""),
                    calls=given.get("is_fc_model") == "True",
                    dots=given.get("underscore_to_dot") != "True",
                )
                found[str(key.value).replace("/", "_")] = model
    return found
