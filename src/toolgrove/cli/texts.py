"""Texts of an option, which may lie in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.errors import UsageError

__all__ = ["schema_file", "text_or_file"]


def text_or_file(given: str) -> str:
    """A text as it is, or with ``@`` before it that of the file it names.

    Raises
    ------
    UsageError
        Where the file cannot be read.

    Examples
    --------
    >>> text_or_file("Answer in French.")
    'Answer in French.'
    """
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise UsageError(f"{given}: cannot be read ({why}). Name a text file after @.") from error


def schema_file(path: str) -> dict[str, Any]:
    """The JSON Schema in a file.

    Raises
    ------
    UsageError
        Where there is none.
    """
    try:
        found = codec.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: cannot be read ({error}). Name a file of JSON Schema."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}: a JSON Schema is an object.")
    return found
