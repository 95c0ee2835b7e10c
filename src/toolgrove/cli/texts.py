"""Texts of an option, which may lie in a file."""

from __future__ import annotations

from pathlib import Path

from toolgrove.errors import UsageError

__all__ = ["text_or_file"]


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
