"""What may be decided of a call that somebody is asked about before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError

__all__ = ["Allow", "Decision", "Edit", "Pause", "Refuse", "as_decision", "decided", "journalled"]


@dataclass(frozen=True, slots=True)
class Allow:
    """The call is made as it is."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call is not made.

    Parameters
    ----------
    reason : str
        Why, in words that the model reads; empty where none is given.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """The call is made with other arguments, which are checked against the tool's schema again.

    Parameters
    ----------
    arguments : JsonObject
        All of them, under the tool's own names; they take the place of those that the model wrote.
    """

    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody has decided yet: the run ends as ``waiting``, and goes on once it is resumed."""


Decision: TypeAlias = Allow | Refuse | Edit | Pause
"""What may be decided of a call."""


def as_decision(answer: object) -> Decision:
    """The decision that an answer is; True is :class:`Allow`, False and None are :class:`Refuse`.

    Raises
    ------
    UsageError
        For anything else: what is not plainly said must not let a write go.

    Examples
    --------
    >>> as_decision(True), as_decision(Refuse("Not on a Friday."))
    (Allow(), Refuse(reason='Not on a Friday.'))
    """
    if isinstance(answer, Allow | Refuse | Edit | Pause):
        return answer
    if answer is True:
        return Allow()
    if answer is False or answer is None:
        return Refuse()
    raise UsageError(
        f"approve has to give True, False, Allow(), Refuse(…), Edit(…) or Pause(); it gave a "
        f"{type(answer).__name__}."
    )


def journalled(decision: Decision) -> dict[str, Any]:
    """A decision as JSON.

    Examples
    --------
    >>> journalled(Refuse("no")), journalled(Allow())
    ({'refuse': 'no'}, {'allow': True})
    """
    match decision:
        case Refuse(reason):
            return {"refuse": reason}
        case Edit(arguments):
            return {"edit": dict(arguments)}
        case Allow():
            return {"allow": True}
        case Pause():
            return {"pause": True}


def decided(value: Any) -> Decision:
    """The decision that :func:`journalled` wrote.

    Raises
    ------
    ValueError
        Where it is none.

    Examples
    --------
    >>> decided({"edit": {"text": "shorter"}})
    Edit(arguments={'text': 'shorter'})
    """
    match value:
        case {"allow": True}:
            return Allow()
        case {"pause": True}:
            return Pause()
        case {"refuse": str(reason)}:
            return Refuse(reason)
        case {"edit": arguments} if isinstance(arguments, Mapping):
            return Edit(arguments)
    raise ValueError("this is no decision: allow, refuse, edit or pause")
