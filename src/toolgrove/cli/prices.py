"""What models cost, as ``--price`` says it."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from toolgrove.errors import UsageError

__all__ = ["prices"]


def prices(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """By a model's name, the price of a million input and of a million output tokens.

    Raises
    ------
    UsageError
        Where a price cannot be read.

    Examples
    --------
    >>> prices(["gpt-5=1.25,10"])
    {'gpt-5': (1.25, 10.0)}
    """
    return dict(_price(text) for text in texts)


def _price(text: str) -> tuple[str, tuple[float, float]]:
    name, _, numbers = text.rpartition("=")
    try:
        asked, wrote = (float(number) for number in numbers.split(","))
        if not name or not all(0 <= price < inf for price in (asked, wrote)):  # no nan either
            raise ValueError(text)
    except ValueError:
        raise UsageError(
            f"--price {text}: give a model's price of a million input and output tokens, "
            "as in gpt-5=1.25,10."
        ) from None
    return name, (asked, wrote)
