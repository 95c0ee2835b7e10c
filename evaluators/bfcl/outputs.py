"""Recorded outputs of many models, and the calls that they hold.

BFCL keeps each model's output in the form that its handler got: text that is a list of calls, a
list of ``{function: arguments as JSON}``, calls between tags, JSON text. A form reads one output;
which one a file has is known by the name of its model, or by what most of its outputs look like.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgrove.evaluators.bfcl.code_calls import java_calls, javascript_calls
from toolgrove.evaluators.bfcl.errors import NoCalls
from toolgrove.evaluators.bfcl.literals import literal, python_calls, python_statements
from toolgrove.evaluators.bfcl.package import KnownModel

__all__ = ["FORMS", "Form", "form_of_model", "likely_form", "written"]

Calls = list[Any]

_MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of reading an output that has another shape than its form."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a model's outputs are written, and whether function names in them keep their dots."""

    name: str
    dots: bool = True

    def calls(self, output: Any, language: str = "python") -> Calls:
        """The calls in an output, each ``{function: arguments}``.

        Raises
        ------
        NoCalls
            Where it holds none in this form; text that answers in words is such an output.
        """
        try:
            return FORMS[self.name](output, language)
        except NoCalls:
            raise
        except _MISFITS as error:
            raise NoCalls(f"{type(error).__name__}: {error}") from error

    def executed(self, output: Any) -> Calls:
        """The calls in an output of an executed category."""
        if self.name in ("list", "list-plain"):
            return self._read(_all_listed, output, "python")
        if self.name in ("gorilla", "think"):  # a surprise: BFCL reads no call of them there
            raise NoCalls("not read in executed categories")
        return self.calls(output)

    @staticmethod
    def _read(read: Callable[[Any, str], Calls], output: Any, language: str) -> Calls:
        try:
            return read(output, language)
        except NoCalls:
            raise
        except _MISFITS as error:
            raise NoCalls(f"{type(error).__name__}: {error}") from error


def written(calls: Iterable[Any], form: Form) -> list[str]:
    """Calls as Python text, as BFCL writes those that it executes."""
    try:
        return [
            f"{name}({', '.join(f'{k}={_argument(v, form)}' for k, v in arguments.items())})"
            for call in calls
            for name, arguments in call.items()
        ]
    except (AttributeError, LookupError) as error:
        raise NoCalls(str(error)) from error


def _argument(value: Any, form: Form) -> str:
    if form.name not in _PROMPTED or not isinstance(value, dict):
        return repr(value)
    # a surprise: BFCL takes an object of objects for a call within the call
    if all(isinstance(x, dict) for x in value.values()):
        name = next(iter(value.keys()), None)
        if name is None:
            raise NoCalls("an empty object")
        inner = ", ".join(f"{k}={_argument(v, form)}" for k, v in value[name].items())
        return f"{name}({inner})"
    return "{" + ", ".join(f"'{k}': {_argument(v, form)}" for k, v in value.items()) + "}"


def _prompted(output: Any, language: str) -> Calls:
    text = output.strip("`\n ")
    text = text if text.startswith("[") else f"[{text}"
    text = text if text.endswith("]") else f"{text}]"
    if language == "java":
        return java_calls(text[1:-1])
    return javascript_calls(text[1:-1]) if language == "javascript" else python_calls(text)


def _prompted_gemini(output: Any, language: str) -> Calls:
    return _prompted(output.replace("```tool_code\n", "").replace("\n```", ""), language)


def _prompted_phi(output: Any, language: str) -> Calls:
    text = output.strip()
    for fence in ("```json", "```python"):
        text = text.removeprefix(fence)
    return _prompted(text, language)


def _prompted_nemotron(output: Any, language: str) -> Calls:
    found = re.search(r"<TOOLCALL>(.*?)</TOOLCALL>", output, re.DOTALL)
    return _prompted(found[1], language) if found else []


def _listed(output: Any, _: str) -> Calls:
    """``[{"f": '{"a": 1}'}]``; arguments that are an object already are taken as they are."""
    return [_first(call) for call in output]


def _all_listed(output: Any, _: str) -> Calls:
    calls = [output] if isinstance(output, dict) else output
    return [{name: _arguments(x) for name, x in call.items()} for call in calls]


def _arguments(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) else given


def _first(call: Mapping[str, Any]) -> dict[str, Any]:
    name, *_ = call.keys()
    return {name: _arguments(call[name])}


def _plain(output: Any, _: str) -> Calls:
    if isinstance(output, dict):
        return [output]
    if not isinstance(output, list):
        raise NoCalls("no list of calls")
    return output


def _named(name: str, arguments: str) -> Callable[[Any, str], Calls]:
    def read(output: Any, _: str) -> Calls:
        if not isinstance(output, list):
            raise NoCalls("no list of calls")
        return [{call[name]: call[arguments]} for call in output]

    return read


_with_arguments = _named("name", "arguments")


def _tagged(output: Any, language: str) -> Calls:
    found = []
    for text in re.findall(r"<tool_call>\n(.*?)\n</tool_call>", output, re.DOTALL):
        try:
            found.append(json.loads(text))
        except ValueError:  # as BFCL does: what is no JSON is passed over
            continue
    return [{call["name"]: dict(call["arguments"].items())} for call in found]


def _tagged_falcon(output: Any, language: str) -> Calls:
    text = output.split("<tool_call>")[1].split("</tool_call>")[0].strip()
    if text.startswith("```") and text.endswith("```"):
        text = text.strip("`").strip().removeprefix("json").strip()
    calls = json.loads(text)
    return _with_arguments(calls if isinstance(calls, list) else [calls], language)


def _json(output: Any, language: str) -> Calls:
    try:
        calls = json.loads(output)
    except ValueError:
        return _with_arguments([json.loads(x.strip()) for x in output.split(";")], language)
    return _with_arguments(calls if isinstance(calls, list) else [calls], language)


def _json_hammer(output: Any, language: str) -> Calls:
    try:
        calls = json.loads(output.replace("```", ""))
    except ValueError:
        return []
    return _with_arguments(list(calls), language)


def _json_llama(output: Any, _: str) -> Calls:
    text = output.replace("<|python_tag|>", "")
    calls = [json.loads(x) for x in text.split(";")] if ";" in text else literal(text)
    return [{c["name"]: c["parameters"]} for c in ([calls] if isinstance(calls, dict) else calls)]


def _gorilla(output: Any, language: str) -> Calls:
    if language == "java":
        return java_calls(output)
    return javascript_calls(output) if language == "javascript" else python_calls(f"[{output}]")


def _granite(output: Any, _: str) -> Calls:
    parts = [part.strip() for part in output.split("<function_call>")]
    calls = [json.loads(part) for part in parts if part]
    if any(call.get("name", "").strip() == "no_function" for call in calls):
        raise NoCalls("says that no function is called")
    return [{call.get("name", "").strip(): call.get("arguments", {})} for call in calls]


def _lines(output: Any, _: str) -> Calls:
    """A function's name, and below it its arguments as JSON."""
    name, arguments, *_rest = output.split("\n")
    return [{name: json.loads(arguments)}]


def _minicpm(output: Any, _: str) -> Calls:
    text = output.rsplit("<|thought_end|>", 1)[-1] if "<|thought_start|>" in output else output
    found = re.search(r"<\|tool_call_start\|>(.*)<\|tool_call_end\|>", text, re.DOTALL)
    if not found:
        raise NoCalls("no tool call")
    code = found[1].strip()
    if code.startswith("```"):
        code = code.lstrip("`").strip().removeprefix("python").strip()
    return python_statements(code.rstrip("`").strip() if code.endswith("```") else code)


def _think(output: Any, language: str) -> Calls:
    _, _, told = output.replace("'", '"').partition("</think>")
    return _with_arguments(json.loads(told.strip() or "[]"), language)


FORMS: Mapping[str, Callable[[Any, str], Calls]] = {
    "prompt": _prompted,
    "prompt-gemini": _prompted_gemini,
    "prompt-phi": _prompted_phi,
    "prompt-nemotron": _prompted_nemotron,
    "list": _listed,
    "list-plain": _plain,
    "list-cohere": _named("tool_name", "parameters"),
    "list-named": _with_arguments,
    "tags": _tagged,
    "tags-falcon": _tagged_falcon,
    "json": _json,
    "json-hammer": _json_hammer,
    "json-llama": _json_llama,
    "gorilla": _gorilla,
    "granite": _granite,
    "lines": _lines,
    "minicpm": _minicpm,
    "think": _think,
}
"""What reads each form: an output and its language to calls."""

_UNDOTTED = ("list", "list-cohere")  # their APIs allow no dots in names
_PROMPTED = frozenset(name for name in FORMS if name.startswith("prompt"))
_HANDLERS: Mapping[str, str] = {
    **dict.fromkeys(("GeminiHandler", "NovaHandler", "ArchHandler"), "list-plain"),
    **dict.fromkeys(("Granite3FCHandler", "PhiFCHandler", "MistralFCHandler"), "list-plain"),
    **dict.fromkeys(("QwenFCHandler", "NanbeigeFCHandler", "PelicanVLFCHandler"), "tags"),
    **dict.fromkeys(("SalesforceLlamaHandler", "SalesforceQwenHandler", "BitAgentHandler"), "json"),
    "CohereHandler": "list-cohere",
    "Falcon3FCHandler": "tags-falcon",
    "GLMHandler": "lines",
    "GorillaHandler": "gorilla",
    "Granite4FCHandler": "tags",
    "GraniteFunctionCallingHandler": "granite",
    "HammerHandler": "json-hammer",
    "LlamaHandler": "prompt",
    "LlamaHandler_3_1": "json-llama",
    "MiniCPMFCHandler": "minicpm",
    "ThinkAgentHandler": "think",
    "MiningHandler": "list-named",
    "NemotronHandler": "prompt-nemotron",
}
_PROMPT_HANDLERS: Mapping[str, str] = {
    "DMCitoHandler": "list-named",
    "GeminiHandler": "prompt-gemini",
    "MistralFCHandler": "list-plain",
    "PhiHandler": "prompt-phi",
}


_UNREAD = frozenset(("FunctionGemmaHandler",))


def form_of_model(model: KnownModel) -> Form | None:
    """The form of a model that BFCL knows; None where it is one of its own, which is not read."""
    if model.handler in _UNREAD:
        return None
    known, usual = (_HANDLERS, "list") if model.calls else (_PROMPT_HANDLERS, "prompt")
    return Form(known.get(model.handler, usual), model.dots)


def likely_form(outputs: Sequence[Any], functions: Iterable[str]) -> Form:
    """The form that most of these outputs have, by their look.

    Parameters
    ----------
    outputs : sequence
        Those of one model.
    functions : iterable of str
        The names of the functions that it was offered, with their dots.
    """
    looks = Counter(look for look in map(_look, outputs) if look)
    lists = Counter({look: n for look, n in looks.items() if look.startswith("list")})
    # a model that answers with lists also answers in words; one that writes text makes no lists
    name = next((look for look, _ in (lists or looks).most_common(1)), "prompt")
    dotted = {x.replace(".", "_"): x for x in functions if "." in x}
    called = Counter(_called(outputs, Form(name)))
    kept = sum(called[x] for x in dotted.values())
    changed = sum(called[x] for x in dotted)
    return Form(name, dots=kept >= changed if kept or changed else name not in _UNDOTTED)


def _look(output: Any) -> str:
    if isinstance(output, list):
        return _look_of_list(output)
    if not isinstance(output, str):
        return ""
    if "<TOOLCALL>" in output:
        return "prompt-nemotron"
    if "<|tool_call_start|>" in output:
        return "minicpm"
    if "<function_call>" in output:
        return "granite"
    if re.match(r"[\w.]+\n\{", output):
        return "lines"
    if "<tool_call>" in output:
        return "tags" if "<tool_call>\n" in output else "tags-falcon"
    text = output.replace("<|python_tag|>", "").strip("`\n ").removeprefix("json").lstrip()
    if re.match(r"\[?\s*\{\s*[\"']", text):
        if re.search(r"[\"']parameters[\"']\s*:", text):
            return "json-llama"
        return "json-hammer" if "```" in output else "json"
    return "prompt" if re.match(r"\[?\s*[^\W\d][\w.]*\(", text) else ""


def _look_of_list(output: Sequence[Any]) -> str:
    first = output[0] if output else None
    if not isinstance(first, dict):
        return ""
    if {"tool_name", "parameters"} <= first.keys():
        return "list-cohere"
    return "list-named" if {"name", "arguments"} <= first.keys() else "list"


def _called(outputs: Iterable[Any], form: Form) -> Iterable[str]:
    for output in outputs:
        try:
            yield from (name for call in form.calls(output) for name in call)
        except (NoCalls, TypeError):
            continue
