"""What the study of learning measures, and its table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tables import gained, passed_of

from toolgrove.evaluators.stats import mcnemar
from toolgrove.planners.budget import Budget

__all__ = [
    "BASE",
    "BUDGET",
    "EXAMPLES",
    "MEMORY",
    "PARTS",
    "PLANNER",
    "SETTINGS",
    "TOOLS",
    "Result",
    "Setting",
    "last_line",
    "table",
]

PLANNER, BUDGET = "react:depth=8", Budget(model_calls=20)
TOOLS, MEMORY, EXAMPLES = PARTS = ("tools", "memory", "examples")
BASE, TOGETHER = "base", "together"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is taught, and how several runs are composed."""

    parts: tuple[str, ...] = ()
    strategy: str = "sample(1)"

    @property
    def budget(self) -> Budget:
        """One run's, or three times as much for several."""
        return BUDGET if self.strategy == "sample(1)" else Budget(model_calls=60)


SETTINGS = {
    BASE: Setting(),
    "tools": Setting((TOOLS,)),
    "memory": Setting((MEMORY,)),
    "examples": Setting((EXAMPLES,)),
    "vote": Setting(strategy="sample(3) | vote"),
    "rank": Setting(strategy="sample(3) | rank(1)"),
    "code": Setting(strategy="first(code, 3)"),
    TOGETHER: Setting(PARTS),
    "together-vote": Setting(PARTS, "sample(3) | vote"),
}
"""Chosen before anything was measured, the same for all tasks."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one setting came to on one task.

    ``lessons``, ``examples`` and ``tools`` are how many of each its runs were told or offered,
    ``made_calls`` how often the run whose answer was taken called a made tool. ``digest`` names all
    that decides the setting's results.
    """

    task: str
    group: str
    split: str
    setting: str
    digest: str
    passed: bool
    answered: bool
    ended: str
    model_calls: int
    tool_calls: int
    tokens: int
    seconds: float
    lessons: int
    examples: int
    tools: int
    made_calls: int


def table(results: Sequence[Result]) -> list[str]:
    """The results as lines of Markdown, each setting against the base on the tasks both did."""
    base = {one.task: one for one in results if one.setting == BASE}
    lines = [
        "| setting | tasks | passed | 95% | against `base` | 95% | McNemar | model calls "
        "| a passed task | tool calls | tokens | seconds | told | made tools called |",
        "|---|---:|---:|---|---:|---|---:|---:|---:|---:|---:|---:|---|---:|",
    ]
    for name, setting in SETTINGS.items():
        own = [one for one in results if one.setting == name]
        if own:
            both = [(one, base[one.task]) for one in own if one.task in base and name != BASE]
            lines.append(f"| {' | '.join(_cells(name, setting, own, both))} |")
    return lines


def _cells(
    name: str, setting: Setting, own: Sequence[Result], both: Sequence[tuple[Result, Result]]
) -> Iterator[str]:
    n, passed = len(own), sum(one.passed for one in own)
    yield f"`{name}`"
    yield str(n)
    yield passed_of(passed, n)
    yield gained([(float(one.passed), float(other.passed)) for one, other in both])
    better = sum(one.passed and not other.passed for one, other in both)
    worse = sum(other.passed and not one.passed for one, other in both)
    yield f"{mcnemar(better, worse):.2f}" if both else ""
    yield f"{sum(one.model_calls for one in own) / n:.1f}"
    calls = calls_a_pass(own)
    yield "" if calls is None else f"{calls:.1f}"
    yield f"{sum(one.tool_calls for one in own) / n:.1f}"
    yield f"{sum(one.tokens for one in own) / n:,.0f}"
    yield f"{sum(one.seconds for one in own) / n:.0f}"
    kinds = ("lessons", "examples", "tools")
    heard = {kind: sum(bool(getattr(one, kind)) for one in own) for kind in kinds}
    yield ", ".join(f"{kind} {count}" for kind, count in heard.items() if count)
    yield str(sum(one.made_calls for one in own)) if TOOLS in setting.parts else ""


def calls_a_pass(results: Sequence[Result]) -> float | None:
    """Model calls of all tasks for each that was passed."""
    passed = sum(one.passed for one in results)
    return sum(one.model_calls for one in results) / passed if passed else None


def last_line(results: Sequence[Result]) -> dict[str, Any]:
    """All parts together against none, on the tasks that both did: chosen before, not the best."""
    done = {
        name: {one.task: one for one in results if one.setting == name} for name in (TOGETHER, BASE)
    }
    both = sorted(done[TOGETHER].keys() & done[BASE].keys())
    ours, peer = ([done[name][task] for task in both] for name in (TOGETHER, BASE))
    spent, peer_spent = calls_a_pass(ours), calls_a_pass(peer)
    return {
        "name": "learning",
        "ours": None if spent is None else round(spent, 2),
        "peer": None if peer_spent is None else round(peer_spent, 2),
        "peer_name": "the same agent without",
        "unit": "model calls a passed task",
        "ratio": round(spent / peer_spent, 3) if spent and peer_spent else None,
        "n": len(both),
        "passed": round(sum(one.passed for one in ours) / len(both), 3) if both else None,
        "peer_passed": round(sum(one.passed for one in peer) / len(both), 3) if both else None,
    }
