"""What goes over the wire to a virtual API server, and the key that a call's answer is kept under.

The protocol is that of StableToolBench (Guo et al., 2024, arXiv:2403.07714): a POST of category,
tool, API and arguments, answered by ``{"error": …, "response": …}``. Its cache is keyed by Python's
text of the arguments, so that the same call in another order is another call, and it does not say
which answers a model made up. Here the key is canonical, and every answer names its source.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from toolgrove.data import codec
from toolgrove.data.formats.toolbench_names import (
    standard_api,
    standard_category,
    standard_name,
    standard_tool,
)
from toolgrove.data.records import JsonObject, Status

__all__ = [
    "KEYS",
    "ApiName",
    "Source",
    "VirtualAnswer",
    "canonical",
    "error_of",
    "key_of",
    "status_of_error",
]

KEYS = frozenset({"rapidapi_key", "toolbench_key", "toolbench_rapidapi_key"})
"""Arguments of ToolBench's clients that are secrets of theirs: never kept, sent on or logged."""


class Source(StrEnum):
    """Where an answer comes from, in the order in which one is preferred to another."""

    REAL = "real"
    IMPORTED = "imported"
    """From a cache of StableToolBench's, which does not say whether it is real."""
    SIMULATED = "simulated"
    NONE = "none"
    """Nobody was asked: there is no such API, or the arguments do not fit it."""


@dataclass(frozen=True, slots=True)
class ApiName:
    """An API in ToolBench's spelling.

    ``apart`` are the names of its parameters that ToolBench would spell the same, such as ``id``
    and ``is_id``. Where a catalogue says that there are such, they are told apart.

    Examples
    --------
    >>> ApiName.of("Social", "Olato Quotes", "Love Quote")
    ApiName(category='Social', tool='olato_quotes', api='love_quote')
    >>> ApiName.of("Social", "olato_quotes_for_Social", "love_quote_for_olato_quotes") == _
    True
    """

    category: str
    tool: str
    api: str
    apart: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    @classmethod
    def of(cls, category: str, tool: str, api: str) -> ApiName:
        """The name of an API however a client spells it."""
        plain = standard_tool(tool, category)
        return cls(standard_category(category), plain, standard_api(api, plain))


@dataclass(frozen=True, slots=True)
class VirtualAnswer:
    """An answer and where it comes from.

    Parameters
    ----------
    status : Status
        How the call ended; of a simulated call, how it would have.
    response : Any
        A JSON value: the API's answer, or what to tell the caller of a failure.
    source : Source
    cached : bool
        Whether it was kept before.
    model, prompt : str
        Who simulated it, and the digest of the prompt; empty otherwise.
    """

    status: Status
    response: Any
    source: Source
    cached: bool = False
    model: str = ""
    prompt: str = ""

    def wire(self) -> dict[str, Any]:
        """The two fields that StableToolBench's clients read, and ours beside them."""
        return {
            "error": error_of(self.status),
            "response": self.response,
            "status": self.status.value,
            "source": self.source.value,
            "cached": self.cached,
            "model": self.model,
        }


_ERRORS = {
    Status.OK: "",
    Status.NOT_WORKING: "API not working error...",
    Status.UNAUTHORIZED: "Unauthorized error...",
    Status.UNSUBSCRIBED: "Unsubscribed error...",
    Status.TOO_MANY_REQUESTS: "Too many requests error...",
    Status.RATE_LIMITED: "Rate limit per minute error...",
    Status.ERROR_IN_MESSAGE: "Message error...",
}
"""The phrases that ToolBench's clients know, and compare in full."""


def error_of(status: Status) -> str:
    """What ToolBench's clients are told: the phrase of the nearest of the statuses they know.

    Examples
    --------
    >>> error_of(Status.OK), error_of(Status.TIMEOUT), error_of(Status.INVALID_REQUEST)
    ('', 'API not working error...', 'Message error...')
    """
    if status in (Status.TIMEOUT, Status.IN_DOUBT):
        status = Status.NOT_WORKING
    return _ERRORS.get(status, _ERRORS[Status.ERROR_IN_MESSAGE])


def status_of_error(error: str) -> Status:
    """The status behind an error of a server that gives none; unknown words are a message's.

    Examples
    --------
    >>> status_of_error("Unsubscribed error..."), status_of_error("Blocked error...")
    (<Status.UNSUBSCRIBED: 'unsubscribed'>, <Status.ERROR_IN_MESSAGE: 'error_in_message'>)
    """
    known = {phrase: status for status, phrase in _ERRORS.items()}
    return known.get(error, Status.ERROR_IN_MESSAGE)


def canonical(arguments: JsonObject) -> dict[str, Any]:
    """Arguments in the form that the same call always has.

    Names are in ToolBench's spelling (unless two would fall together), a number has one form
    (``5.0`` is ``5``), and what is null or a client's key is left out. Strings are left as they
    are: ``"02139"`` is no number.

    Raises
    ------
    ValueError
        Where a number is not finite.

    Examples
    --------
    >>> canonical({"Limit": 5.0, "zip-code": "02139", "at": None, "toolbench_key": "k"})
    {'limit': 5, 'zip_code': '02139'}
    """
    given = {
        name: value for name, value in arguments.items() if value is not None and name not in KEYS
    }
    counts = Counter(standard_name(name) for name in given)
    if not all(standard and count == 1 for standard, count in counts.items()):
        return {name: _number_form(value) for name, value in given.items()}
    return {standard_name(name): _number_form(value) for name, value in given.items()}


def _number_form(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _number_form(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_number_form(part) for part in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("NaN and infinity are not JSON")
        return int(value) if value.is_integer() else value
    return value


def key_of(name: ApiName, arguments: JsonObject) -> str:
    """The key of a call's answer: 32 hex digits.

    Examples
    --------
    >>> name = ApiName.of("Data", "Zip", "Find")
    >>> key_of(name, {"code": "02139", "limit": 5}) == key_of(name, {"limit": 5.0, "code": "02139"})
    True
    """
    # which of the names it was that are spelled the same; no other call's key knows of this
    which = sorted(one for one in name.apart.intersection(arguments) if arguments[one] is not None)
    asked = [name.category, name.tool, name.api, canonical(arguments)]
    return codec.digest([*asked, which] if which else asked)
