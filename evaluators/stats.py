"""Intervals for rates, and how sure a difference or an agreement is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, sqrt
from random import Random

__all__ = ["Interval", "Z", "kappa", "mcnemar", "paired", "wilson"]

Z = 1.959964
"""The normal quantile of 95%."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its 95% interval."""

    value: float
    low: float
    high: float


def wilson(passed: float, n: int, z: float = Z) -> tuple[float, float]:
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


def mcnemar(first: int, second: int) -> float:
    """McNemar's test, exact: how easily chance alone parts two sides so far.

    Only pairs on which the sides differ tell anything. Where nothing but chance decides which side
    passes such a pair, a coin does.

    Parameters
    ----------
    first, second : int
        How many pairs only the first side passed, and how many only the second.

    Returns
    -------
    float
        The two-sided p-value; 1 where no pair differs.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947).

    Examples
    --------
    >>> mcnemar(9, 1)
    0.021484375
    """
    n = first + second
    tail = sum(comb(n, k) for k in range(min(first, second) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**n)))


def kappa(pairs: Sequence[tuple[str, str]]) -> Interval | None:
    """Cohen's κ: how far two judges agree beyond what their habits alone would bring about.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Both judges' labels, a pair for each item.

    Returns
    -------
    Interval or None
        1 is always, 0 what chance brings, below 0 less. The interval is that of the large-sample
        standard error, and has no width where all items agree: for few items it is too narrow.
        None where both judges gave all items one and the same label, or there are none: then κ is
        not defined.

    References
    ----------
    J. Cohen, "A coefficient of agreement for nominal scales", Educ. Psychol. Meas. 20 (1960);
    J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of kappa and weighted
    kappa", Psychol. Bull. 72 (1969).

    Examples
    --------
    >>> found = kappa([("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10
    ...               + [("no", "no")] * 15)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.4, 0.151, 0.649)
    """
    n = len(pairs)
    rows, columns = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(rows[label] * columns[label] for label in rows) / (n * n) if n else 1.0
    if expected == 1:
        return None
    agreed = sum(one == other for one, other in pairs) / n
    found = (agreed - expected) / (1 - expected)
    variance = -((found - expected * (1 - found)) ** 2)
    for (one, other), count in Counter(pairs).items():
        if one == other:
            habit = (rows[one] + columns[one]) / n
            variance += count / n * (1 - habit * (1 - found)) ** 2
        else:
            habit = (columns[one] + rows[other]) / n
            variance += count / n * ((1 - found) * habit) ** 2
    half = Z * sqrt(max(0.0, variance) / n) / (1 - expected)
    return Interval(found, max(-1.0, found - half), min(1.0, found + half))
