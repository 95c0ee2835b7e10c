"""Values that are written as Java or JavaScript code, read as BFCL reads them.

Whatever is not written as its type asks stays the text that it is, and so has the wrong type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["JAVA", "JAVASCRIPT", "java", "javascript"]

JAVA: Mapping[str, type] = {
    **dict.fromkeys(("byte", "short", "integer", "long"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("char", "String", "any"), str),
    **dict.fromkeys(("Array", "ArrayList", "Queue", "Stack"), list),
    **dict.fromkeys(("HashMap", "Hashtable"), dict),
    "boolean": bool,
    "Set": set,
}
"""What each Java type becomes."""

JAVASCRIPT: Mapping[str, type] = {
    "String": str,
    "integer": int,
    "float": float,
    "Bigint": int,
    "Boolean": bool,
    "dict": dict,
    "array": list,
    "any": str,
}
"""What each JavaScript type becomes."""

_WHOLE = r"^-?\d+"
_FRACTION = r"^-?\d+(\.\d+)?"
_EXPONENT = r"([eE][+-]?\d+)?"


def java(code: str, kind: str, nested: str | None = None) -> Any:
    """The value of Java code for a parameter of this type, else the code.

    Examples
    --------
    >>> java("5L", "long"), java("5", "long")
    (5, '5')
    >>> java("new int[]{1, 2}", "Array", "integer")
    [1, 2]
    """
    if kind in ("byte", "short", "integer"):
        return int(code) if re.match(rf"{_WHOLE}$", code) else code
    if kind == "long":
        return int(code.strip()[:-1]) if re.match(rf"{_WHOLE}[lL]$", code) else code
    if kind == "float":
        return _number(code, rf"{_FRACTION}{_EXPONENT}[fF]$")
    if kind == "double":
        return _number(code, rf"{_FRACTION}{_EXPONENT}$")
    if kind == "boolean":
        return {"true": True, "false": False}.get(code, code)
    if kind == "Array":
        return _java_array(code, nested)
    if kind == "ArrayList":
        return _java_list(code, nested)
    if kind == "HashMap":
        return _java_map(code)
    if kind in ("char", "String", "any"):
        return code
    raise ValueError(f"no way to read Java's {kind}")


def _number(code: str, pattern: str) -> Any:
    return float(code.strip().rstrip("fF")) if re.match(pattern, code) else code


def _java_array(code: str, nested: str | None) -> Any:
    found = re.search(r"new\s+\w+\[\]\s*\{(.*?)\}", code)
    if not found:
        return code
    parts = [part.strip() for part in found[1].split(",")]
    return [_java_element(part, nested) for part in parts if part]


def _java_list(code: str, nested: str | None) -> Any:
    start = r"new\s+ArrayList<\w*>"
    if found := re.search(rf"{start}\(Arrays\.asList\((.+?)\)\)", code):
        parts = found[1].split(",")
    elif found := re.search(rf"{start}\(\)\s*\{{\{{\s*(.+?)\s*\}}\}}", code, re.DOTALL):
        parts = re.findall(r"add\((.+?)\)", found[1])
    else:
        return [] if re.search(rf"{start}\(\)", code) else code
    if nested in ("char", "String"):
        return [part.strip()[1:-1] for part in parts]
    return [_java_element(part.strip(), nested) for part in parts]


def _java_element(code: str, nested: str | None) -> Any:
    return java(code, nested) if nested else _java_value(code)


def _java_map(code: str) -> Any:
    start = r"new\s+HashMap<.*?>\s*\(\)"
    found = re.search(rf"{start}\s*\{{\s*\{{?\s*(.*?)\s*\}}?\s*\}}", code, re.DOTALL)
    if not found:
        return {} if re.search(start, code) else code
    pairs = re.findall(r"put\(\"(.*?)\",\s*(.*?)\)", found[1])
    return {key: _java_value(value.strip()) for key, value in pairs}


def _java_value(code: str) -> Any:
    if code in ("true", "false"):
        return code == "true"
    if code.startswith('"') and code.endswith('"'):
        return code[1:-1]
    if re.match(rf"{_WHOLE}[lL]$", code):
        return int(code[:-1])
    if re.match(rf"{_FRACTION}{_EXPONENT}[fF]$", code):
        return float(code[:-1])
    return _any_number(code)


def _any_number(code: str) -> Any:
    kinds: tuple[Callable[[str], Any], ...] = (int, float)
    for kind in kinds:
        try:
            return kind(code)
        except ValueError:
            continue
    return code


def javascript(code: str, kind: str, nested: str | None = None) -> Any:
    """The value of JavaScript code for a parameter of this type, else the code.

    Examples
    --------
    >>> javascript("['a', 'b']", "array", "String")
    ['a', 'b']
    >>> javascript("{'n': 5}", "dict"), javascript("5.5", "integer")
    ({'n': 5}, '5.5')
    """
    if kind == "String":
        return code[1:-1] if _quoted(code) else code
    if kind == "integer":
        return int(code) if re.match(rf"{_WHOLE}$", code) else code
    if kind == "float":
        return float(code) if re.match(rf"{_FRACTION}$", code) else code
    if kind == "Bigint":
        return int(code[:-1]) if re.match(rf"{_WHOLE}n$", code) else code
    if kind == "Boolean":
        return {"true": True, "false": False}.get(code, code)
    if kind == "dict":
        return _js_object(code.strip())
    if kind == "array":
        return _js_array(code.strip(), nested)
    if kind == "any":
        return code
    raise ValueError(f"no way to read JavaScript's {kind}")


def _quoted(code: str) -> bool:
    return any(code.startswith(mark) and code.endswith(mark) for mark in ('"', "'"))


def _js_array(code: str, nested: str | None) -> Any:
    rows = r"\[.*?\]\s*(,\s*\[.*?\]\s*)*"
    if found := re.match(rf"\[\s*{rows}\]|\bnew\s+Array\(\s*{rows}\)", code):
        inner = re.findall(r"\[(.*?)\]", found[0])
        texts = [text.strip().removeprefix("[") if not i else text for i, text in enumerate(inner)]
        return [[_js_value(x) for x in text.strip().split(",")] for text in texts]
    found = re.match(r"\[(.*?)\]|\bnew\s+Array\((.*?)\)", code)
    if not found:
        return code
    text = (found[1] if found[1] is not None else found[2]).strip()
    parts = [part.strip() for part in text.split(",")] if text else []
    if not nested:
        return [_js_value(part) for part in parts]
    try:
        return [javascript(part, nested) for part in parts]
    except ValueError:
        return code


def _js_object(code: str) -> Any:
    if code == "{}":
        return {}
    found = re.match(r"\{(.*?)\}", code)
    if not found:
        return code
    pairs = re.findall(r"([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)", found[1])
    return {key.strip().strip("'\""): _js_member(value.strip()) for key, value in pairs}


def _js_member(code: str) -> Any:
    if code.startswith("[") and code.endswith("]"):
        return _js_array(code, None)
    if code.startswith("{") and code.endswith("}"):
        return _js_object(code)
    return _js_value(code.strip("'\""))


def _js_value(code: str) -> Any:
    code = code.strip()
    if code in ("true", "false"):
        return code == "true"
    return code[1:-1] if _quoted(code) else _any_number(code)
