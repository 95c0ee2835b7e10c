"""Adam on numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam"]


class Adam:
    """Adam (Kingma and Ba, 2015) with its usual constants.

    Attributes
    ----------
    values : list of array
        As they are after the last whole step.

    Examples
    --------
    >>> adam = Adam([np.array([4.0])])
    >>> for _ in range(200):
    ...     adam.step([2 * adam.values[0]], rate=0.1)
    >>> bool(abs(adam.values[0][0]) < 0.1)
    True
    """

    def __init__(self, values: Sequence[NDArray[np.float64]]) -> None:
        self.values = list(values)
        self._means = [np.zeros_like(value) for value in values]
        self._squares = [np.zeros_like(value) for value in values]
        self._steps = 0

    def step(self, slopes: Sequence[NDArray[np.float64]], rate: float) -> None:
        """Go down along the slopes, which are aligned with the values."""
        self._steps += 1
        values = []
        for i, slope in enumerate(slopes):
            self._means[i] = 0.9 * self._means[i] + 0.1 * slope
            self._squares[i] = 0.999 * self._squares[i] + 0.001 * slope**2
            mean = self._means[i] / (1 - 0.9**self._steps)
            square = self._squares[i] / (1 - 0.999**self._steps)
            values.append(self.values[i] - rate * mean / (np.sqrt(square) + 1e-8))
        self.values = values
