"""Texts that no training file should hold."""

from __future__ import annotations

import re

__all__ = ["holds_secret"]

_KEYS = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|AIza[\w-]{35}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{30,}"
    r"|[0-9a-f]{8,12}msh[0-9a-f]{12,18}p[0-9a-f]{6,8}jsn[0-9a-f]{10,14}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
    r"|-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----"
    r"|(?i:\bbearer\s+(?=[\w.~+/-]*\d)[\w.~+/-]{20,})"
    r"|://[^/\s:@\"']{1,64}:[^/\s:@\"']{3,64}@"
    r"|(?i:\b(?:api[_-]?key|access[_-]?token|client[_-]?secret|password|passwd)"
    r"[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}(?=[\w-]{0,40}\d)[\w-]{16,})"
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
