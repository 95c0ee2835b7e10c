"""What training rows are made of trees."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

__all__ = ["PAIRED", "RowsKind"]


class RowsKind(StrEnum):
    """What rows are made of trees."""

    PAIRS = "pairs"
    """Preference pairs."""
    KTO = "kto"
    """Each step, and whether it is wanted."""
    SFT = "sft"
    """A conversation for each success, with failed tries folded away."""
    SFT_TRIES = "sft-tries"
    """A conversation for each success, with all tries that were made before it."""
    PRM = "prm"
    """Each step, and the share of ends below it that are a success."""
    DTA = "dta"
    """Each step of a success that is told as rounds of calls, as planner ``dta`` is asked."""
    TOOLPREFERENCE = "toolpreference"
    """Preference pairs as instruction, input and both outputs, as TP-LLaMA has them."""


PAIRED: Collection[RowsKind] = (RowsKind.PAIRS, RowsKind.TOOLPREFERENCE)
"""Rows that rules make: :func:`toolgrove.mine_files` mines them."""
