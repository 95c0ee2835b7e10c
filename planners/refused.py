"""Which function a provider refused a request by: one bad tool must not lose the run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolgrove.data.records import FINISH

__all__ = ["refused_function"]

_REFUSED = (400, 422)
_PLACE = re.compile(r"(?:tools|functions?|function_declarations)[.\[](\d+)\b")
_QUOTED = re.compile(
    r"""(?:function|tool)s?(?: named)?:? ['"`“]([A-Za-z0-9_.-]{1,64})['"`”]""", re.I
)
_LONGEST = 500


def refused_function(error: BaseException, names: Sequence[str]) -> tuple[str, str] | None:
    """The one function that a refusal names, and the words of it; None where it is no such thing.

    Parameters
    ----------
    error : Exception
        What asking a model raised. It counts if a status of 400 or 422 stands on it or on its
        cause.
    names : sequence of str
        The functions that were offered, in their order: some providers give a place.

    Examples
    --------
    >>> class BadRequest(Exception):
    ...     status_code = 400
    >>> refused_function(BadRequest("Invalid schema for function 'b': no items"), ["a", "b"])
    ('b', "Invalid schema for function 'b': no items")
    >>> refused_function(BadRequest("tools.0.custom.input_schema: bad"), ["a", "b"])[0]
    'a'
    >>> refused_function(BadRequest("too many tokens"), ["a", "b"]) is None
    True
    """
    if _status(error) not in _REFUSED:
        return None
    text = str(error)
    found = [name for name in _QUOTED.findall(text) if name in names]
    if not found:
        found = [names[int(place)] for place in _PLACE.findall(text) if int(place) < len(names)]
    if not found:
        found = [
            name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
        ]
        found = found if len(found) == 1 else []  # which of several is at fault is not said
    if not found or found[0] == FINISH:
        return None
    return found[0], " ".join(text.split())[:_LONGEST]


def _status(error: BaseException | None) -> int | None:
    """The HTTP status that an error, or what caused it, came with."""
    for _ in range(5):
        if error is None:
            break
        for holder in (error, getattr(error, "response", None)):
            for attribute in ("status_code", "code"):
                status = getattr(holder, attribute, None)
                if isinstance(status, int):
                    return status
        error = error.__cause__
    return None
