"""A call that a reference expects, with every value that is right for each argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ExpectedCall"]


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A right call, as a set of right values for each argument (BFCL's possible answers).

    Parameters
    ----------
    name : str
        A ``ToolSpec.id``.
    arguments : Mapping of str to tuple
        The right values of each argument, any one of which will do. An argument that is not named
        here has to be left out, or to be given its schema's default.
    optional : tuple of str
        Arguments of these that may also be left out.
    ask : tuple of str
        Arguments that the request does not tell and no tool gives. The call must not be made
        before somebody was asked for them.
    needs : tuple of int or None
        Positions in the set, from 0, of the calls whose results it uses; None where that is not
        known.
    """

    name: str
    arguments: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    needs: tuple[int, ...] | None = None
