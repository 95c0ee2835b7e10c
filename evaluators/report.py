"""What a batch came to, by group and in all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from toolgrove.data.drawing.notebook import html_table
from toolgrove.data.records import JsonObject, Score
from toolgrove.evaluators.base import is_called, meant
from toolgrove.evaluators.calibration import NOT_CALIBRATED, JudgeAgreement, by_evaluator
from toolgrove.evaluators.repeated import Repeated, repeated
from toolgrove.evaluators.stats import wilson
from toolgrove.evaluators.store import DONE, INFRASTRUCTURE, WAITING, ResultRow

__all__ = [
    "TOTAL",
    "Group",
    "RateInterval",
    "Summary",
    "breakdowns",
    "figure",
    "labels",
    "leaves",
    "shortened",
    "summarise",
]

TOTAL = "total"
_MOST, _LONGEST = 5, 200
"""Reasons of breakdowns that are told, and letters of one."""


@dataclass(frozen=True, slots=True)
class RateInterval:
    """A mean of scores with Wilson's 95% interval.

    A task that was run several times counts once, with the mean of its runs: repeating a task
    makes its own score surer and tells nothing about other tasks.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Group:
    """The results of one group of tasks.

    Parameters
    ----------
    runs : int
        Runs that ended; the unanswered ones are among them.
    answered, gave_up : int
        How many of them came to an answer, and how many ended by giving up.
    infrastructure : int
        Runs that broke down for reasons that are not the agent's: in no rate.
    left : int
        Queries without a result yet.
    waiting : int
        Runs that wait for somebody's approval: in no rate, and scored once they have gone on.
    rates : Mapping[str, Rate]
        By evaluator. A score without an opinion, or that could not be had, is in none.
    tooleval : Mapping[str, Rate]
        ToolBench's own pass rate, by the judging evaluator: like the judged rate, but a task that
        the judge holds unsolvable passes whatever was answered.
    undecided : int
        Wrong answers that named the right one among several.
    unscored : int
        Scores that could not be had because a judge or evaluator broke down.
    model_calls, tool_calls, tokens, seconds : float or None
        Means over the runs that ended.
    cost : float or None
        What these runs cost together; None where one's is not known.
    measures : Mapping of str to Mapping
        By evaluator, the means over the runs of the figures that it gives beside its values. Counts
        of what is right of all are one rate of all.
    repeated : Mapping of str to Repeated
        By evaluator, what several epochs tell; empty of one.
    failures : Mapping of str to int
        Failed runs by what they are put down to, where it is known which tools a task needs:
        ``retrieval`` where one of these was not on offer, else ``planning``.
    breakdowns : Mapping of str to int
        Why runs broke down, or could not be scored, the most frequent reasons first.
    """

    runs: int
    answered: int
    gave_up: int
    infrastructure: int
    left: int
    waiting: int
    rates: Mapping[str, RateInterval]
    tooleval: Mapping[str, RateInterval]
    undecided: int
    unscored: int
    model_calls: float | None
    tool_calls: float | None
    tokens: float | None
    seconds: float | None
    cost: float | None = None
    measures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    repeated: Mapping[str, Repeated] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    breakdowns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """The results under one configuration; ``groups`` ends with ``total``.

    ``calibrations`` has each judging evaluator's agreement with people, None where none is known.
    """

    config: JsonObject
    groups: Mapping[str, Group]
    calibrations: Mapping[str, JudgeAgreement | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        rates = "".join(f", {name} {rate.value:.1%}" for name, rate in self.total.rates.items())
        return f"<Summary of {self.total.runs:,} runs{rates}>"

    def _repr_html_(self) -> str:
        evaluators = list(dict.fromkeys(e for g in self.groups.values() for e in g.rates))
        rest = ["tokens", "seconds", "cost", "broke down", "waiting", "left"]
        heads = ["group", "runs", *map(self._headed, evaluators), *rest]
        rows = [[name, *_told(group, evaluators)] for name, group in self.groups.items()]
        return html_table(heads, rows)

    def _headed(self, evaluator: str) -> str:
        known = evaluator not in self.calibrations or self.calibrations[evaluator]
        return evaluator if known else f"{evaluator} ({NOT_CALIBRATED})"

    @property
    def total(self) -> Group:
        return self.groups[TOTAL]

    @property
    def trust(self) -> list[str]:
        """What there is to say of each judge: how far it agrees with people, or that none knows."""
        return [f"{name}: {known or NOT_CALIBRATED}." for name, known in self.calibrations.items()]


def figure(value: float) -> str:
    """A mean as it is read: to four figures, and a large one to the whole.

    Examples
    --------
    >>> figure(13050.4), figure(2.27586), figure(0.000012345)
    ('13,050', '2.276', '1.234e-05')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _told(group: Group, evaluators: Sequence[str]) -> list[str]:
    """A group's figures as the cells of a row; empty where nothing is known."""
    rates = [group.rates.get(name) for name in evaluators]
    return [
        f"{group.runs:,}",
        *(f"{r.value:.1%} ({r.low:.0%} to {r.high:.0%})" if r else "" for r in rates),
        *("" if x is None else figure(x) for x in (group.tokens, group.seconds, group.cost)),
        str(group.infrastructure or ""),
        str(group.waiting or ""),
        str(group.left or ""),
    ]


def summarise(rows: Sequence[ResultRow], config: JsonObject) -> Summary:
    """Sum up rows by group and in all.

    Examples
    --------
    >>> summarise([ResultRow("1", 0, "G1", "runs/1.0", "pending")], {}).total.left
    1
    """
    names = sorted({row.group for row in rows})
    groups = {name or "other": _group([r for r in rows if r.group == name]) for name in names}
    scores = by_evaluator(score for row in rows if row.state == DONE for score in row.scores)
    return Summary(config, {**groups, TOTAL: _group(rows)}, scores)


def _group(rows: Sequence[ResultRow]) -> Group:
    done = [row for row in rows if row.state == DONE]
    figures = [row.figures for row in done if row.figures is not None]
    scores = [score for row in done for score in row.scores]
    evaluators = dict.fromkeys(score.evaluator for score in scores)
    return Group(
        runs=len(done),
        answered=sum(one.answer is not None for one in figures),
        gave_up=sum(one.gave_up for one in figures),
        infrastructure=sum(row.state == INFRASTRUCTURE for row in rows),
        left=sum(row.state not in (DONE, INFRASTRUCTURE, WAITING) for row in rows),
        waiting=sum(row.state == WAITING for row in rows),
        rates={name: rate for name in evaluators if (rate := _rate(done, name, _value))},
        tooleval={name: rate for name in evaluators if (rate := _rate(done, name, _tooleval))},
        undecided=sum(bool(score.details.get("ambiguous")) for score in scores),
        unscored=sum(score.infrastructure for score in scores),
        model_calls=_mean(one.model_calls for one in figures),
        tool_calls=_mean(one.tool_calls for one in figures),
        tokens=_mean(one.input_tokens + one.output_tokens for one in figures),
        seconds=_mean(one.seconds for one in figures),
        cost=_total(one.cost for one in figures),
        measures={name: found for name in evaluators if (found := _measures(scores, name))},
        repeated={name: over for name in evaluators if (over := _repeated(done, name))},
        failures=_failures(done, meant(evaluators)),
        breakdowns=_breakdowns(rows),
    )


def _breakdowns(rows: Iterable[ResultRow]) -> dict[str, int]:
    said = Counter[str]()
    for row in rows:
        reasons = [row.reason] if row.state == INFRASTRUCTURE else []
        if row.state == DONE:
            reasons = [score.reason for score in row.scores if score.infrastructure]
        said.update(" ".join(reason.split())[:_LONGEST] for reason in reasons)
    return dict(said.most_common())


def breakdowns(summaries: Iterable[Summary]) -> list[str]:
    """Why runs of these broke down, a line each: the most frequent reasons.

    Examples
    --------
    >>> rows = [ResultRow(task, 0, "", "", INFRASTRUCTURE, "no answer") for task in "ab"]
    >>> breakdowns([summarise(rows, {})])
    ['2 broke down: no answer']
    """
    said = Counter[str]()
    for summary in summaries:
        said.update(summary.total.breakdowns)
    lines = [f"{count:,} broke down: {reason}" for reason, count in said.most_common(_MOST)]
    rest = said.total() - sum(count for _, count in said.most_common(_MOST))
    return [*lines, *([f"{rest:,} broke down for other reasons"] if rest else [])]


def _failures(rows: Iterable[ResultRow], judge: str | None) -> dict[str, int]:
    """Runs that failed by a judge, by whether all tools were on offer that their task needs."""
    found: dict[str, int] = {}
    for row in rows:
        values = {score.evaluator: score.value for score in row.scores}
        passed = None if judge is None else values.get(judge)
        recalls = (value for name, value in values.items() if is_called(name, "offer"))
        recall = next(recalls, None)
        if recall is not None and passed is not None and passed < 1:
            cause = "planning" if recall == 1 else "retrieval"
            found[cause] = found.get(cause, 0) + 1
    return found


def _value(score: Score) -> float | None:
    return score.value


def _tooleval(score: Score) -> float | None:
    value = None if score.infrastructure else score.details.get("tooleval")
    return None if value is None else float(value)


def _rate(
    rows: Iterable[ResultRow], evaluator: str, value: Callable[[Score], float | None]
) -> RateInterval | None:
    by_task: dict[str, list[float]] = {}
    for row in rows:
        for score in row.scores:
            found = value(score) if score.evaluator == evaluator else None
            if found is not None:
                by_task.setdefault(row.task, []).append(found)
    if not by_task:
        return None
    n = len(by_task)
    passed = min(float(n), sum(fmean(values) for values in by_task.values()))
    return RateInterval(passed / n, *wilson(passed, n), n)


def _measures(scores: Iterable[Score], evaluator: str) -> dict[str, float]:
    found: dict[str, list[tuple[float, float]]] = {}
    for score in scores:
        if score.evaluator == evaluator and not score.infrastructure:
            for name, figure in _figures("", score.details):
                found.setdefault(name, []).append(figure)
    return {
        name: sum(part for part, _ in figures) / whole
        for name, figures in found.items()
        if (whole := sum(of for _, of in figures))
    }


def _figures(name: str, value: Any) -> Iterator[tuple[str, tuple[float, float]]]:
    """The numbers in a score's details by their dotted names, each with what it is a part of."""
    if isinstance(value, Mapping) and value.keys() == {"right", "of"}:
        yield name, (value["right"], value["of"])
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _figures(f"{name}.{key}".strip("."), part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, (value, 1)


def _repeated(rows: Iterable[ResultRow], evaluator: str) -> Repeated | None:
    scores: dict[str, dict[int, float]] = {}
    for row in rows:
        for score in row.scores:
            if score.evaluator == evaluator and score.value is not None:
                scores.setdefault(row.task, {})[row.epoch] = score.value
    return repeated(scores)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(fmean(found), 3) if found else None


def _total(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if known and len(known) == len(found) else None


_FOLLOWS = ("prompt", "name", "strategy_rules")
"""What goes with the planner, model or strategy in a configuration, and tells nothing itself."""
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20}\b")


def labels(configs: Sequence[JsonObject]) -> list[dict[str, str]]:
    """What each configuration has that not all of them have, by the setting's name.

    Examples
    --------
    >>> labels([{"planner": "react", "k": 3}, {"planner": "dag", "k": 3}])
    [{'planner': 'react'}, {'planner': 'dag'}]
    >>> labels([{"memory": "ab" * 16}, {}])
    [{'memory': 'abababababab'}, {'memory': ''}]
    """
    flat = [dict(leaves(config)) for config in configs]
    names = [
        name
        for name in dict.fromkeys(name for one in flat for name in one)
        if len({one.get(name, "") for one in flat}) > 1
    ]
    telling = [name for name in names if name not in _FOLLOWS]
    if len({tuple(one.get(name, "") for name in telling) for one in flat}) == len(flat):
        names = telling
    short = {name: name.rpartition(".")[2] for name in names}
    if len(set(short.values())) < len(short):
        short = {name: name for name in names}
    return [{short[name]: shortened(one.get(name, "")) for name in names} for one in flat]


def shortened(value: str) -> str:
    """A text with the digests in it cut: their first part tells them apart."""
    return _DIGEST.sub(r"\1", value)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The plain values of a configuration by their dotted names; one of one is it itself."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and len(value) == 1:
        yield from leaves(value[0], name)
    else:
        yield name, "" if value is None else str(value)
