"""Tokens of a row as the model is trained on them, and the order of a training: no torch needed.

A pair's two sides have their conversation in common. They are packed into one sequence, in which
neither side sees the other: the conversation is computed once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from toolgrove.agent.policy.rows import Piece

__all__ = ["Packed", "batches", "checks", "common", "kept_back", "packed", "rate"]

_WARM = 0.1


@dataclass(frozen=True, slots=True)
class Packed:
    """Sides of a row as one sequence.

    Parameters
    ----------
    tokens, positions : tuple of int
        Each token, and where it stands in the side that it belongs to.
    segments : tuple of int
        0 for what all sides have in common, otherwise the side's number, from 1.
    targets : tuple of tuple of (int, int)
        Of each side: a place in the sequence, and the token that is to be foretold there.
    """

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    segments: tuple[int, ...]
    targets: tuple[tuple[tuple[int, int], ...], ...]


def packed(sides: Sequence[Sequence[Piece]], tokenize: Callable[[str], list[int]]) -> Packed:
    """Pack the pieces of a row's sides.

    Each piece is tokenized by itself, because the model writes a reply after a prompt that stands.

    Examples
    --------
    >>> said = [[Piece("ab", False), Piece(word, True)] for word in ("c", "de")]
    >>> pair = packed(said, lambda text: [ord(letter) for letter in text])
    >>> bytes(pair.tokens), pair.positions, pair.segments
    (b'abcde', (0, 1, 2, 2, 3), (0, 0, 1, 2, 2))
    >>> pair.targets
    (((1, 99),), ((1, 100), (3, 101)))
    """
    told: list[tuple[list[int], list[bool]]] = []
    for side in sides:
        parts = [(tokenize(piece.text), piece.learnt) for piece in side]
        learnt = [flag for tokens, flag in parts for _ in tokens]
        told.append(([token for tokens, _ in parts for token in tokens], learnt))
    shared = common([tokens for tokens, _ in told])
    tokens = told[0][0][:shared]
    positions, segments = list(range(shared)), [0] * shared
    targets = []
    for number, (own, learnt) in enumerate(told, 1):
        moved = len(tokens) - shared
        tokens += own[shared:]
        positions += range(shared, len(own))
        segments += [number] * (len(own) - shared)
        targets.append(
            tuple(
                (before if before < shared else before + moved, token)
                for before, (token, flag) in enumerate(zip(own[1:], learnt[1:], strict=True))
                if flag
            )
        )
    return Packed(tuple(tokens), tuple(positions), tuple(segments), tuple(targets))


def common(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences begin with.

    Examples
    --------
    >>> common([[1, 2, 3], [1, 2, 4]]), common([[1]])
    (2, 1)
    """
    first = sequences[0]
    for place, token in enumerate(first):
        if any(len(other) <= place or other[place] != token for other in sequences[1:]):
            return place
    return len(first)


def kept_back(tasks: Sequence[str], share: float, seed: int) -> set[str]:
    """The tasks whose rows are not trained on but tell which state is best: one, if there are two.

    Examples
    --------
    >>> len(kept_back([str(n) for n in range(20)], 0.1, seed=0)), kept_back(["a"], 0.1, seed=0)
    (2, set())
    """
    known = sorted(set(tasks))
    if len(known) < 2:
        return set()
    return set(random.Random(seed).sample(known, math.ceil(share * len(known))))


def batches(rows: int, size: int, epochs: int, seed: int) -> list[list[int]]:
    """The rows of each step, every epoch in another order: the same for a seed, so that it resumes.

    Examples
    --------
    >>> [sorted(batch) for batch in batches(3, 3, 2, seed=0)]
    [[0, 1, 2], [0, 1, 2]]
    """
    found = []
    for epoch in range(epochs):
        order = list(range(rows))
        random.Random(f"{seed}/{epoch}").shuffle(order)
        found += [order[begin : begin + size] for begin in range(0, rows, size)]
    return found


def rate(step: int, steps: int, greatest: float) -> float:
    """The learning rate of a step: up in a tenth of the steps, then down to nearly 0.

    Examples
    --------
    >>> [round(rate(step, 20, 1.0), 2) for step in (0, 1, 2, 19)]
    [0.5, 1.0, 1.0, 0.06]
    """
    warm = max(1, math.ceil(_WARM * steps))
    if step < warm:
        return greatest * (step + 1) / warm
    return greatest * (steps - step) / (steps - warm)


def checks(steps: int, times: int) -> set[int]:
    """After which steps, counted from 1, the rows kept back are looked at; the last is one.

    Examples
    --------
    >>> sorted(checks(10, 4)), checks(1, 4)
    ([3, 5, 8, 10], {1})
    """
    return {math.ceil(steps * time / times) for time in range(1, times + 1)} - {0}
