"""What a run lends its tools: a context that no model and no journal sees, and a place for files.

It is set for as long as the run lasts, in a context variable, so that it reaches a tool in a
thread or task of its own and nothing between has to hand it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LENT", "FromRun", "RunScope"]


class FromRun:
    """Marks a parameter that the run fills in, and no model sees: ``Annotated[Ctx, FromRun]``.

    Its value is what ``invoke(…, context=…)`` was given.

    Examples
    --------
    >>> from typing import Annotated
    >>> from toolgrove import Registry
    >>> def greet(word: str, user: Annotated[dict, FromRun]) -> str:
    ...     '''Greet the user.'''
    ...     return f"{word}, {user['name']}"
    >>> with Registry() as registry:
    ...     list(registry.add_function(greet).parameters["properties"])
    ['word']
    """


@dataclass(frozen=True, slots=True)
class RunScope:
    """What a run lends its tools.

    Parameters
    ----------
    context : Any
        What ``invoke`` was given; None where it was given nothing.
    config : mapping
        LangChain's ``RunnableConfig`` of the run, for tools that ask for one.
    keep : callable or None
        Keeps bytes of a kind (``image/png``) beside the journal and gives the text that stands for
        them; None where nothing is kept.
    """

    context: Any = None
    config: Mapping[str, Any] = field(default_factory=dict)
    keep: Callable[[bytes, str], str] | None = None


_NOTHING = RunScope()
LENT: ContextVar[RunScope] = ContextVar("toolgrove run", default=_NOTHING)
"""What the run that is under way here lends; nothing outside of one."""
