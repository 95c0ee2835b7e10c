"""Intervals for rates."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from random import Random

__all__ = ["paired", "wilson"]


def wilson(passed: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a rate.

    It stays inside 0 to 1 and is sensible for few tasks and for rates near 0 or 1, where the usual
    ``p ± z·sqrt(p(1-p)/n)`` is not.

    Parameters
    ----------
    passed : float
        How many passed, 0 to ``n``. Half passes are taken as they are, which makes the interval
        a little too wide, never too narrow: a half varies less than a whole.
    n : int
        Of how many independent tasks.
    z : float
        Normal quantile; the default gives 95%.

    Returns
    -------
    (float, float)
        Lower and upper end; (0, 1) where ``n`` is 0, because nothing is known.

    Raises
    ------
    ValueError
        Where ``passed`` is not between 0 and ``n``.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927); recommended for small n by Brown, Cai and DasGupta, Statist. Sci. 16 (2001).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} passed of {n} is no rate")
    if n == 0:
        return 0.0, 1.0
    rate = passed / n
    centre = rate + z * z / (2 * n)
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def paired(pairs: Sequence[tuple[float, float]], seed: int = 0) -> tuple[float, float, float]:
    """How much better one side did than the other on the same tasks.

    Parameters
    ----------
    pairs : sequence of (float, float)
        Both sides' scores, a pair for each task.
    seed : int
        Draws the resamples.

    Returns
    -------
    (float, float, float)
        Mean difference, first side less second, and the ends of its 95% percentile bootstrap
        interval over tasks (10,000 resamples; Efron 1979); zeros where there is no pair.

    Examples
    --------
    >>> paired([(1, 0), (1, 1), (0, 0), (1, 0)])
    (0.5, 0.0, 1.0)
    """
    differences = [one - other for one, other in pairs]
    if not differences:
        return 0.0, 0.0, 0.0
    n, draw = len(differences), Random(seed)
    means = sorted(sum(draw.choices(differences, k=n)) / n for _ in range(10_000))
    return sum(differences) / n, means[250], means[9_749]
