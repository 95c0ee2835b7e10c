"""What a strategy's folder says of itself, beside its runs: how to go on with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolgrove.data import codec
from toolgrove.data.runs import STRATEGY
from toolgrove.errors import FormatError
from toolgrove.machine.files import write_beside
from toolgrove.planners.budget import Budget

__all__ = ["StrategyRecord"]


@dataclass(frozen=True, slots=True)
class StrategyRecord:
    """The strategy that a folder's runs are of.

    Parameters
    ----------
    strategy : str
        Its text.
    budget : Budget
        That of all runs together; a run's journal has but its share.
    """

    strategy: str
    budget: Budget

    def write(self, folder: Path) -> None:
        """Keep it in the folder; another one takes the place of the former."""
        write_beside(folder / STRATEGY, [codec.dumps(codec.to_json(self))])

    @classmethod
    def read(cls, folder: Path) -> StrategyRecord | None:
        """That of a folder; None where it has none.

        Raises
        ------
        FormatError
            Where it cannot be read.
        """
        file = folder / STRATEGY
        if not file.is_file():
            return None
        try:
            return codec.decode(cls, codec.loads(file.read_bytes()))
        except (KeyError, TypeError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            mend = "Remove it, and say the strategy again: toolgrove run --resume … --strategy …."
            raise FormatError(
                str(file), "$", f"a strategy and its budget ({said})", mend
            ) from error
