"""A package in the place of ``bfcl-eval``: its layout, with items and APIs written for these tests.

The module and its classes are ours; nothing of BFCL's data or code is in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolgrove.evaluators.bfcl import package

CONVERT = {
    "name": "unit.convert",
    "description": "Converts a length.",
    "parameters": {
        "type": "dict",
        "properties": {
            "value": {"type": "float"},
            "to": {"type": "string"},
            "digits": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "more": {"type": "dict"},
        },
        "required": ["value", "to"],
    },
}
RIGHT = {
    "value": [3.0],
    "to": ["feet", "ft."],
    "digits": [2, ""],
    "tags": [["long way", "b"], ""],
    "more": [{"deep": [1], "name": ["x", ""]}, ""],
}
JAVA = {
    "name": "Shop.order",
    "parameters": {
        "type": "dict",
        "properties": {
            "id": {"type": "long"},
            "names": {"type": "ArrayList", "items": {"type": "String"}},
            "now": {"type": "boolean"},
        },
        "required": ["id"],
    },
}
JAVA_RIGHT = {"id": [5], "names": [["a", "b"], ""], "now": [True, ""]}
SCRIPT = {
    "name": "draw",
    "parameters": {
        "type": "dict",
        "properties": {
            "points": {"type": "array", "items": {"type": "float"}},
            "style": {"type": "dict"},
        },
        "required": ["points"],
    },
}
SCRIPT_RIGHT = {"points": [[1.5, 2.0]], "style": [{"wide": [True]}, ""]}

MODELS = """
MODELS = {
    "maker/caller-FC": ModelConfig(
        model_handler=OpenAIResponsesHandler, is_fc_model=True, underscore_to_dot=True
    ),
    "maker/odd": ModelConfig(
        model_handler=FunctionGemmaHandler, is_fc_model=True, underscore_to_dot=False
    ),
    "maker/writer": ModelConfig(
        model_handler=LlamaHandler, is_fc_model=False, underscore_to_dot=False
    ),
}
"""
FILES_API = """
class GorillaFileSystem:
    def _load_scenario(self, scenario, long_context=False):
        self.files = scenario["files"]
        self._reads = 0

    def read(self, name):
        self._reads += 1
        return {"text": self.files[name]}

    def write(self, name, text):
        self.files[name] = text

    def count(self):
        return len(self.files)
"""


MATH_API = """
import mpmath


class MathAPI:
    def logarithm(self, value, base, precision):
        mpmath.mp.dps = precision
        return {"result": mpmath.log(value) / mpmath.log(base)}
"""


def items() -> dict[str, list[tuple[dict[str, Any], list[Any]]]]:
    """The items of each category, with what is right."""

    def asked(name: str, functions: list[Any], right: list[Any]) -> tuple[Any, list[Any]]:
        question = [[{"role": "user", "content": "Do it."}]]
        return {"id": name, "question": question, "function": functions}, right

    other = {**CONVERT, "name": "unit.other"}
    turns = {
        "id": "multi_turn_base_0",
        "question": [[], [], []],
        "initial_config": {"GorillaFileSystem": {"files": {"a": "one"}}},
        "involved_classes": ["GorillaFileSystem"],
    }
    sums = {
        "id": "multi_turn_base_1",
        "question": [[]],
        "initial_config": {},
        "involved_classes": ["MathAPI"],
    }
    sum_calls = [["logarithm(value=630.0, base=10, precision=5)"]]
    calls = [["read(name='a')"], [], ["write('b', 'two')", "count()"]]
    two = [{"unit.convert": RIGHT}, {"unit.convert": {**RIGHT, "value": [4.0]}}]
    return {
        "simple_python": [
            asked(f"simple_python_{n}", [CONVERT], [{"unit.convert": RIGHT}]) for n in range(3)
        ],
        "simple_java": [asked("simple_java_0", [JAVA], [{"Shop.order": JAVA_RIGHT}])],
        "simple_javascript": [asked("simple_javascript_0", [SCRIPT], [{"draw": SCRIPT_RIGHT}])],
        "multiple": [asked("multiple_0", [other, CONVERT], [{"unit.convert": RIGHT}])],
        "live_parallel": [asked("live_parallel_0-0-0", [CONVERT], two)],
        "irrelevance": [asked("irrelevance_0", [CONVERT], [])],
        "live_relevance": [asked("live_relevance_0-0-0", [CONVERT], [])],
        "multi_turn_base": [(turns, calls), (sums, sum_calls)],
    }


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Let ``bfcl_eval`` be this small package, and nothing else."""
    root = folder / "bfcl_eval"
    source = root / "eval_checker" / "multi_turn_eval" / "func_source_code"
    answers = root / "data" / "possible_answer"
    for each in (source, answers, root / "constants"):
        each.mkdir(parents=True)
    for each in (root, root / "eval_checker", root / "eval_checker" / "multi_turn_eval", source):
        (each / "__init__.py").touch()
    (root / "constants" / "model_config.py").write_text(MODELS, encoding="utf-8")
    (source / "gorilla_file_system.py").write_text(FILES_API, encoding="utf-8")
    (source / "math_api.py").write_text(MATH_API, encoding="utf-8")
    for category, rows in items().items():
        name = f"BFCL_v4_{category}.json"
        asked = "".join(json.dumps(item) + "\n" for item, _ in rows)
        (root / "data" / name).write_text(asked, encoding="utf-8")
        if any(right for _, right in rows):
            lines = (json.dumps({"id": i["id"], "ground_truth": right}) for i, right in rows)
            (answers / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = {name: sys.modules.pop(name) for name in _loaded()}
    sys.path.insert(0, str(folder))
    forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in _loaded():
            del sys.modules[name]
        sys.modules.update(before)
        forget()


def forget() -> None:
    """Let the package be looked for anew."""
    for kept in (package.items, package.models, package.folder):
        kept.cache_clear()


def _loaded() -> list[str]:
    return [name for name in sys.modules if name.split(".")[0] == "bfcl_eval"]
