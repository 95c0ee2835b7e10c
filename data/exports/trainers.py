"""The trainers whose forms rows are written in."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Trainer"]


class Trainer(StrEnum):
    """Whose form rows are written in."""

    TRL = "trl"
    LLAMAFACTORY = "llamafactory"
    MS_SWIFT = "ms-swift"
    AXOLOTL = "axolotl"
    OPENRLHF = "openrlhf"
    VERL = "verl"
    PARQUET = "parquet"
    """No trainer's: parquet files with a dataset card."""
