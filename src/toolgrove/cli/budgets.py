"""What a run may spend, as options of ``toolgrove run`` and ``toolgrove eval``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.planners.budget import Budget

__all__ = ["InFlight", "MaxModelCalls", "MaxMoney", "PlannerName", "Prices", "budget_of"]

PlannerName: TypeAlias = Annotated[
    str,
    typer.Option(
        help="react, cot, dfsdt, dfs_filter, beam, astar, uct, dag or dta; options as in "
        "dfsdt:width=3,depth=8.",
    ),
]
MaxModelCalls: TypeAlias = Annotated[int, typer.Option(help="Budget of model calls.", min=1)]
MaxMoney: TypeAlias = Annotated[
    float | None, typer.Option(help="Budget of money, in the prices' currency.", min=0)
]
Prices: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="MODEL=IN,OUT",
        help="Price of a million input and output tokens of a model, as in gpt-5=1.25,10.",
    ),
]
InFlight: TypeAlias = Annotated[
    int,
    typer.Option(
        help="Steps under way at once: above 1 the search looks ahead, and comes to the same.",
        min=1,
    ),
]


def budget_of(
    model_calls: int,
    *,
    tool_calls: int | None = None,
    tokens: int | None = None,
    seconds: float | None = None,
    money: float | None = None,
    prices: list[str] | None = None,
    in_flight: int = 1,
) -> Budget:
    """The budget that the options say.

    Raises
    ------
    UsageError
        Where a price cannot be read.
    """
    from toolgrove.planners.budget import Budget

    table = dict(_price(text) for text in prices or ())
    return Budget(model_calls, tool_calls, tokens, seconds, money, table, in_flight)


def _price(text: str) -> tuple[str, tuple[float, float]]:
    """A model's prices.

    Examples
    --------
    >>> _price("gpt-5=1.25,10")
    ('gpt-5', (1.25, 10.0))
    """
    name, _, numbers = text.rpartition("=")
    try:
        asked, wrote = (float(number) for number in numbers.split(","))
        if not name or min(asked, wrote) < 0:
            raise ValueError(text)
    except ValueError:
        raise UsageError(
            f"--price {text}: give a model's price of a million input and output tokens, "
            "as in gpt-5=1.25,10."
        ) from None
    return name, (asked, wrote)
