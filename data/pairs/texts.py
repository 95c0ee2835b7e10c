"""Texts that no training file should hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from toolgrove.data.records import JsonObject

__all__ = ["holds_secret", "texts_of_tool"]

_KEYS = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{30,}"
    r"|[0-9a-f]{8,12}msh[0-9a-f]{12,18}p[0-9a-f]{6,8}jsn[0-9a-f]{10,14}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|[prs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{24,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|ya29\.[\w-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/\w+/\w+/\w{10,})"
    r"|-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----"
    r"|(?i:\bbearer\s+(?=[\w.~+/-]*\d)[\w.~+/-]{20,})"
    r"|(?i:\bauthorization[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}basic\s+[\w+/-]{8,})"
    r"|(?i:\bbasic\s+(?=[a-z+/]*\d)[a-z0-9+/]{12,})"
    r"|://[^/\s:@\"']{1,64}:[^/\s:@\"']{3,64}@"
    r"|(?i:\b(?:(?:x[_-])?(?:api|app|access|auth|bearer|client|consumer|id|private|refresh|secret"
    r"|session)[_-]?(?:key|secret|token)|apikey|token|secret|password|passwd)"
    r"[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}(?!0x)(?=[\w/+-]{0,40}\d)[\w/+-]{16,})"
)
_HINTS = (
    "sk-",
    "akia",
    "aiza",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "_pat_",
    "glpat",
    "xox",
    "hf_",
    "asia",
    "_live_",
    "_test_",
    "whsec_",
    "sg.",
    "ya29.",
    "npm_",
    "pypi-",
    "hooks.slack",
    "basic",
    "msh",
    "eyj",
    "bearer",
    "://",
    "key",
    "token",
    "secret",
    "passw",
)
"""Every key holds one of these. Most texts hold none, which is told sooner."""


_VALUES = ("default", "const", "example", "examples", "example_value", "enum")


def texts_of_tool(name: str, description: str, parameters: JsonObject) -> Iterator[str]:
    """What a row shows of a tool: its words, and each value beside the name of its parameter.

    Examples
    --------
    >>> schema = {"properties": {"api_key": {"type": "string", "default": "0123456789abcdef"}}}
    >>> list(texts_of_tool("far", "How far.", schema))[2:]
    ['api_key=0123456789abcdef']
    """
    yield f"{name}: {description}"
    yield str(parameters)
    waiting: list[tuple[str, Any]] = [("", parameters)]
    while waiting:
        named, part = waiting.pop()
        if isinstance(part, list):
            waiting += [(named, one) for one in part]
        elif isinstance(part, dict):
            values = [part[key] for key in _VALUES if key in part]
            values = [
                one for value in values for one in (value if type(value) is list else [value])
            ]
            yield from (f"{named}={value}" for value in values if isinstance(value, str))
            waiting += part.items()


def holds_secret(text: str) -> bool:
    """Whether a text holds what has the form of a key, a token or a password in a URL.

    Examples
    --------
    >>> holds_secret("use sk-abcdefghij0123456789"), holds_secret("an api_key is required")
    (True, False)
    """
    plain = text.lower()
    for hint in _HINTS:
        if hint in plain:
            return _KEYS.search(text) is not None
    return False
