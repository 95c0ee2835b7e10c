"""What a recorded output may be instead of calls."""

from __future__ import annotations

__all__ = ["NoCalls"]


class NoCalls(ValueError):
    """An output that holds no calls in the form that is looked for. It is wrong, not an error."""
