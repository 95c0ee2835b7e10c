"""The pictures of a report: pass rates, what became of the runs, and what they cost.

They are made here, as SVG of the page's own colours. Every mark is a link to the runs behind it: it
names their rows in the page's table, and the table's script shows these alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolgrove.data.codec import to_json
from toolgrove.data.drawing.markup import Element, inert_json, tag
from toolgrove.data.drawing.words import one_line
from toolgrove.evaluators.report import TOTAL, Group, RateInterval
from toolgrove.evaluators.reporting import BatchReport, SettingReport, told_table

__all__ = ["report_section"]

_LABEL, _WIDTH, _RIGHT, _ROW = 300, 520, 150, 26
_PANEL, _HIGH = 240, 170
_COSTS: Mapping[str, Callable[[Group], float | None]] = {
    "tokens": lambda group: group.tokens,
    "calls": lambda group: _sum(group.model_calls, group.tool_calls),
    "seconds": lambda group: group.seconds,
}
Numbers = Mapping[tuple[int, str, int, str], int]
"""Of each run, by its setting's place, task, epoch and seed, its row in the page's table."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A setting's group, as a line of a picture; ``runs`` are rows of the table, by outcome."""

    name: str
    group: Group
    rate: RateInterval | None
    runs: Mapping[str, Sequence[int]]

    @property
    def all(self) -> list[int]:
        return sorted(number for runs in self.runs.values() for number in runs)


def report_section(report: BatchReport, numbers: Numbers) -> Element:
    """A report's pictures and figures, before the table of its runs."""
    lines = list(_lines(report, numbers))
    totals = [line for line in lines if line.name.endswith(TOTAL)]
    heads, rows = told_table(report)
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)),
    )
    passed = f"Passed by {report.evaluator}" if report.evaluator else "Passed (nobody scored a run)"
    return tag(
        "section",
        tag("h1", f"Report on {report.folder}", class_="query"),
        *[tag("p", line, class_="none") for line in report.notes],
        _figure(f"{passed}, with 95% intervals over tasks", _rates(lines)),
        _figure("What became of the runs", _outcomes(lines)),
        *[
            _figure(f"Passed, by mean {cost} of a run", _scatter(totals, cost, of))
            for cost, of in _COSTS.items()
        ],
        tag("h2", "Figures"),
        tag("div", table, class_="scroll"),
        tag("script", inert_json(to_json(report)), type="application/json", id="report"),
        class_="figures",
    )


def _lines(report: BatchReport, numbers: Numbers) -> Iterator[_Line]:
    for place, setting in enumerate(report.settings):
        for name, group in setting.summary.groups.items():
            runs: dict[str, list[int]] = {outcome: [] for outcome in setting.outcomes[name]}
            for run in setting.runs:
                if name in (TOTAL, run.group or "other"):
                    runs[run.outcome].append(numbers[place, run.task, run.epoch, run.seed])
            yield _Line(_named(setting, name), group, group.rates.get(report.evaluator), runs)


def _named(setting: SettingReport, group: str) -> str:
    return f"{one_line(setting.name)} · {one_line(group)}"


def _figure(title: str, picture: Element) -> Element:
    return tag("figure", tag("figcaption", title), picture)


def _svg(width: int, height: int, *inside: Element) -> Element:
    return tag("svg", *inside, viewBox=f"0 0 {width} {height}", width=width, height=height)


def _mark(runs: Sequence[int], said: str, *inside: Element, **figures: float | str) -> Element:
    """What a reader may click: the runs behind it, in words and in numbers."""
    shown = " ".join(map(str, runs))
    data = {f"data_{name}": value for name, value in figures.items()}
    return tag("a", tag("title", said), *inside, href="#", data_runs=shown, aria_label=said, **data)


def _text(said: str, x: float, y: float, anchor: str = "start") -> Element:
    return tag("text", said, x=round(x, 1), y=round(y, 1), text_anchor=anchor)


def _shown(name: str, most: int = 44) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _rates(lines: Sequence[_Line]) -> Element:
    inside = list(_axis(len(lines)))
    for place, line in enumerate(lines):
        y = place * _ROW + _ROW / 2
        inside.append(_text(_shown(line.name), _LABEL - 10, y + 4, "end"))
        if line.rate is None:
            continue
        rate = line.rate
        said = f"{rate.value:.1%} ({rate.low:.0%}-{rate.high:.0%}) of {rate.n:,} tasks"
        ends = _LABEL + rate.low * _WIDTH, _LABEL + rate.high * _WIDTH
        whisker = tag("line", x1=round(ends[0], 1), x2=round(ends[1], 1), y1=y, y2=y)
        dot = tag("circle", cx=round(_LABEL + rate.value * _WIDTH, 1), cy=y, r=5)
        inside.append(
            _mark(
                line.all, f"{line.name}: {said}", whisker, dot,
                value=rate.value, low=rate.low, high=rate.high,
            )
        )  # fmt: skip
        inside.append(_text(said.partition(" of")[0], _LABEL + _WIDTH + 12, y + 4))
    return _svg(_LABEL + _WIDTH + _RIGHT, len(lines) * _ROW + 22, *inside)


def _axis(rows: int) -> Iterator[Element]:
    for part in (0, 0.25, 0.5, 0.75, 1):
        x = _LABEL + part * _WIDTH
        yield tag("line", x1=x, x2=x, y1=0, y2=rows * _ROW, class_="grid")
        yield _text(f"{part:.0%}", x, rows * _ROW + 16, "middle")


def _outcomes(lines: Sequence[_Line]) -> Element:
    inside = []
    for place, line in enumerate(lines):
        y, x, n = place * _ROW + 3, float(_LABEL), len(line.all) or 1
        inside.append(_text(_shown(line.name), _LABEL - 10, y + 14, "end"))
        for outcome, runs in line.runs.items():
            width = len(runs) / n * (_WIDTH + _RIGHT)
            box = tag(
                "rect", x=round(x, 1), y=y, width=round(max(width - 1, 1), 1), height=_ROW - 6,
                class_=outcome.replace(" ", "-"),
            )  # fmt: skip
            told = f"{outcome} {len(runs)}" if width > 7 * len(outcome) + 24 else str(len(runs))
            label = [_text(told, x + 5, y + 14)] if width > 16 else []
            said = f"{line.name}: {outcome}, {len(runs):,} of {n:,} runs"
            inside.append(_mark(runs, said, box, *label, outcome=outcome, count=len(runs)))
            x += width
    return _svg(_LABEL + _WIDTH + _RIGHT, len(lines) * _ROW, *inside)


def _scatter(lines: Sequence[_Line], cost: str, of: Callable[[Group], float | None]) -> Element:
    """One point a setting: what a run of it costs on the mean, and how many pass."""
    left, top = 44, 8
    found = [(line, line.rate, x) for line in lines if (x := of(line.group)) is not None]
    most = max((x for _, _, x in found), default=0) or 1.0
    inside = [
        tag("line", x1=left, x2=left + _PANEL, y1=top + _HIGH, y2=top + _HIGH, class_="grid"),
        tag("line", x1=left, x2=left, y1=top, y2=top + _HIGH, class_="grid"),
        _text("100%", left - 6, top + 8, "end"),
        _text("0%", left - 6, top + _HIGH, "end"),
        _text("0", left, top + _HIGH + 16, "middle"),
        _text(f"{most:,.4g} {cost}", left + _PANEL, top + _HIGH + 16, "end"),
    ]
    for line, rate, cost_of_run in found:
        if rate is None:
            continue
        x = round(left + cost_of_run / most * _PANEL, 1)
        y = [round(top + (1 - part) * _HIGH, 1) for part in (rate.value, rate.low, rate.high)]
        said = f"{line.name}: {rate.value:.1%} ({rate.low:.0%}-{rate.high:.0%})"
        inside.append(
            _mark(
                line.all, f"{said}, {cost_of_run:,.4g} {cost} a run",
                tag("line", x1=x, x2=x, y1=y[1], y2=y[2]), tag("circle", cx=x, cy=y[0], r=5),
                value=rate.value, cost=cost_of_run,
            )
        )  # fmt: skip
        turned = x > left + _PANEL / 2
        name = _shown(line.name.removesuffix(f" · {TOTAL}"), 24)
        inside.append(
            _text(name, x + (-9 if turned else 9), y[0] + 4, "end" if turned else "start")
        )
    return _svg(left + _PANEL + 12, top + _HIGH + 22, *inside)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
