"""The verdicts of BFCL's own checker, from the package ``bfcl-eval``."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from toolgrove.errors import UsageError
from toolgrove.evaluators.bfcl.package import INSTALL, BfclItem

__all__ = ["OwnChecker"]

_CONFIGURATION = "bfcl_eval.constants.model_config"
_NEEDS = (
    "filelock python-dotenv tenacity mpmath tree_sitter==0.21.3 tree-sitter-java==0.21.0 "
    "tree-sitter-javascript==0.21.4"
)
_MODEL = {True: "prompt", False: "list"}


class OwnChecker:
    """BFCL's checker, as its runner calls it.

    Its models' configuration is stood in for: it imports every vendor's package, and the checker
    reads from it only whether names keep their dots. Each output gets a model's name of its own,
    because the checker keeps the APIs of an item under that name for the life of the process.
    """

    def __init__(self) -> None:
        with _configuration():
            self._ast = _load("bfcl_eval.eval_checker.ast_eval.ast_checker")
            self._turns = _load("bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker")
            self._execution = _load("bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils")
            self._handler = _load("bfcl_eval.model_handler.utils")
            self._enums = _load("bfcl_eval.constants.enums")
            self._utils = _load("bfcl_eval.utils")

    def valid(
        self, output: Any, item: BfclItem, form: str, *, dots: bool | None = None
    ) -> bool | None:
        """Its verdict; None where it breaks off with an error.

        Names keep their dots in the form ``prompt`` only, unless ``dots`` says otherwise.
        """
        try:
            if item.category.startswith("multi_turn"):
                return self._valid_turns(output, item, form)
            kept = form == "prompt" if dots is None else dots
            return self._valid_calls(output, item, form, _MODEL[kept])
        except Exception:  # whatever it raises, it is no verdict
            return None

    def _valid_calls(self, output: Any, item: BfclItem, form: str, model: str) -> bool:
        name = next((x for x in ("javascript", "java") if x in item.category), "python").upper()
        formats, languages = self._enums.ReturnFormat, self._enums.Language
        try:
            calls = self._decoded(output, form, formats[name])
        except Exception:
            return "irrelevance" in item.category
        if "relevance" in item.category:
            called = not self._utils.is_empty_output(calls)
            return called != ("irrelevance" in item.category)
        if not self._utils.is_function_calling_format_output(calls):
            return False
        result = self._ast.ast_checker(
            item.functions, calls, item.answers, languages[name], item.category, model
        )
        return bool(result["valid"])

    def _decoded(self, output: Any, form: str, language: Any) -> Any:
        if form == "prompt":
            return self._handler.default_decode_ast_prompting(output, language, False)
        # as its OpenAI handlers do
        decoded = []
        for call in output:
            name = list(call.keys())[0]  # noqa: RUF015 - an empty object has to fail as there
            decoded.append({name: json.loads(call[name])})
        return decoded

    def _valid_turns(self, output: Any, item: BfclItem, form: str) -> bool:
        if type(output) is not list or len(output) != len(item.answers):
            return False
        turns = []
        for turn in output:
            steps = []
            for step in turn:
                try:
                    calls = self._executable(step, form)
                except Exception:
                    continue
                if not self._execution.is_empty_execute_response(calls):
                    steps.append(calls)
            turns.append(steps)
        entry = {
            "id": item.id,
            "initial_config": item.config,
            "involved_classes": list(item.classes),
        }
        try:
            result = self._turns.multi_turn_checker(
                turns, item.answers, entry, item.category, "model"
            )
        finally:
            kept = vars(self._execution)
            for name in [x for x in kept if x.endswith("_instance")]:
                del kept[name]
        return bool(result["valid"])

    def _executable(self, step: Any, form: str) -> Any:
        if form == "prompt":
            return self._handler.default_decode_execute_prompting(step, False)
        return self._handler.convert_to_function_call(step)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        mend = INSTALL if str(error.name).startswith("bfcl_eval") else f"pip install {_NEEDS}"
        raise UsageError(
            f"BFCL's own checker needs {error.name}, which is not installed: {mend}"
        ) from error


@contextlib.contextmanager
def _configuration() -> Iterator[None]:
    module: Any = ModuleType(_CONFIGURATION)
    models: Mapping[str, Any] = {
        name: SimpleNamespace(underscore_to_dot=not dots) for dots, name in _MODEL.items()
    }
    module.MODEL_CONFIG_MAPPING = models
    before = sys.modules.get(_CONFIGURATION)
    sys.modules[_CONFIGURATION] = module
    try:
        yield
    finally:
        if before is None:
            del sys.modules[_CONFIGURATION]
        else:
            sys.modules[_CONFIGURATION] = before
