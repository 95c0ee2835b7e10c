"""Strategies as text: ``sample(5) | verify(code) | vote``.

The text is read with Python's own grammar and never evaluated: names, calls, ``|`` and constants
are all that it may have.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from toolgrove.agent.strategies.algebra import Steps
from toolgrove.agent.strategies.asking import ByCode, ByModel, Condition, Critique, Fuse, Verify
from toolgrove.agent.strategies.checks import Check, supported
from toolgrove.agent.strategies.choosing import Fallback, First, Majority, Rank, Sample
from toolgrove.agent.strategies.pool import StrategyStep
from toolgrove.agent.voting import By
from toolgrove.errors import UsageError

__all__ = ["Strategy"]


@dataclass(frozen=True, slots=True)
class Strategy(Steps):
    """What is done with several runs of a task: sampled, verified, ranked, fused, voted on.

    Make one with :meth:`parse`, join two with ``|``, and use it with ``await
    strategy.solve(agent, task)``.

    Parameters
    ----------
    steps : tuple of StrategyStep
        In the order in which they are taken.
    """

    @classmethod
    def parse(cls, text: str, **checks: Check) -> Strategy:
        """A strategy from its text.

        Parameters
        ----------
        text : str
            ``sample(n)``, ``first(condition, n)``, ``verify(condition)``, ``rank(k)``,
            ``critique``, ``fuse``, ``vote``, ``vote(calls)`` and ``cascade(strategy,
            strategy)``, joined by ``|``. A condition is ``code``, ``tools`` or ``judge``.
        **checks : callable
            Conditions of your own by their names: ``check(outcome)`` says whether it passes.

        Raises
        ------
        UsageError
            For what cannot be read, saying what could stand there.

        Examples
        --------
        >>> print(Strategy.parse("sample(5)|verify(code)|vote"))
        sample(5) | verify(code) | vote(answer)
        """
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise _wrong(text, "is no row of steps joined by |") from None
        reader = _Reader(
            {**_CONDITIONS, **{name: ByCode(name, check) for name, check in checks.items()}}
        )
        return cls(reader.row(tree))

    def __or__(self, other: Strategy) -> Strategy:
        return Strategy((*self.steps, *other.steps))


_CONDITIONS: dict[str, Condition] = {
    "code": ByCode("code", supported),
    "judge": ByModel(tools=False),
    "tools": ByModel(tools=True),
}
_MOST = 26


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the parts of a strategy's text."""

    conditions: Mapping[str, Condition]

    def row(self, tree: ast.expr) -> tuple[StrategyStep, ...]:
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
            return *self.row(tree.left), *self.row(tree.right)
        return (self.step(tree),)

    def step(self, tree: ast.expr) -> StrategyStep:
        named, given = (tree.func, tree.args) if isinstance(tree, ast.Call) else (tree, [])
        if not isinstance(named, ast.Name) or named.id not in _STEPS or _keywords(tree):
            raise _wrong(ast.unparse(tree), f"is none of the steps {', '.join(sorted(_STEPS))}")
        least, most, make = _STEPS[named.id]
        if not least <= len(given) <= most:
            raise _wrong(ast.unparse(tree), f"takes {least} to {most} values in brackets")
        return make(self, given)

    def condition(self, tree: ast.expr) -> Condition:
        return self.conditions[_name(tree, self.conditions)]


def _number(given: list[ast.expr], place: int, default: int) -> int:
    if place >= len(given):
        return default
    tree = given[place]
    value = tree.value if isinstance(tree, ast.Constant) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise _wrong(ast.unparse(tree), f"is no number of 1 to {_MOST}")
    return value


def _name(tree: ast.expr, known: Mapping[str, Any]) -> str:
    if not isinstance(tree, ast.Name) or tree.id not in known:
        raise _wrong(ast.unparse(tree), f"is none of {', '.join(sorted(known))}")
    return tree.id


def _keywords(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Call) and bool(tree.keywords)


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(f"strategy {text!r}: {why}. For instance: sample(5) | verify(code) | vote.")


def _majority(reader: _Reader, given: list[ast.expr]) -> StrategyStep:
    kinds: dict[str, By] = {kind: kind for kind in get_args(By)}
    return Majority(kinds[_name(given[0], kinds)]) if given else Majority()


_Make = Callable[[_Reader, list[ast.expr]], StrategyStep]
_STEPS: dict[str, tuple[int, int, _Make]] = {
    "cascade": (2, 8, lambda r, given: Fallback(tuple(Steps(r.row(one)) for one in given))),
    "critique": (0, 0, lambda r, given: Critique()),
    "first": (1, 2, lambda r, given: First(r.condition(given[0]), _number(given, 1, 5))),
    "fuse": (0, 0, lambda r, given: Fuse()),
    "rank": (0, 1, lambda r, given: Rank(_number(given, 0, 1))),
    "sample": (0, 1, lambda r, given: Sample(_number(given, 0, 1))),
    "verify": (1, 1, lambda r, given: Verify(r.condition(given[0]))),
    "vote": (0, 1, _majority),
}
"""By a step's name: how few and how many values it takes, and what makes it of them."""
