"""What an evaluation came to, as a table: a line a group, or a line a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolgrove.cli.common import console
from toolgrove.cli.printable import one_line
from toolgrove.data.codec import to_json

if TYPE_CHECKING:
    from toolgrove.evaluators.repeated import Repeated
    from toolgrove.evaluators.report import Group, RateInterval, Summary

__all__ = ["as_json", "show"]


def show(summaries: Sequence[Summary], out: Path) -> None:
    """Print the table and what has to be said of it."""
    if len(summaries) == 1:
        [summary] = summaries
        lines = [({"group": name}, group) for name, group in summary.groups.items()]
    else:
        named = _labelled(summaries)
        shown = _short([label for label, _ in named])
        lines = [(label, one.total) for label, (_, one) in zip(shown, named, strict=True)]
    _table(lines)
    _notes(summaries, out)


def as_json(summaries: Sequence[Summary]) -> object:
    """One summary as it is; several with what tells them apart."""
    if len(summaries) == 1:
        return summaries[0]
    rows = [{"label": label, **to_json(one)} for label, one in _labelled(summaries)]
    return {"configurations": rows}


def _labelled(summaries: Sequence[Summary]) -> list[tuple[dict[str, str], Summary]]:
    from toolgrove.evaluators.report import labels

    return list(zip(labels([one.config for one in summaries]), summaries, strict=True))


def _short(found: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Labels for a table: a planner's options only where another has its name."""
    names = [label.get("planner", "").partition(":")[0] for label in found]
    alone = "planner" in found[0] and len(set(names)) == len({one["planner"] for one in found})
    return [
        {**label, **({"planner": name} if alone else {})}
        for label, name in zip(found, names, strict=True)
    ]


def _table(lines: Sequence[tuple[Mapping[str, str], Group]]) -> None:
    from rich.table import Table

    from toolgrove.evaluators.report import TOTAL

    rows = [_cells(group) for _, group in lines]
    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    for name in lines[0][0]:
        table.add_column(f"\n{name}", no_wrap=True)
    columns = dict.fromkeys(column for cells in rows for column in cells)
    shown = [column for column in columns if any(cells.get(column) for cells in rows)]
    for column in shown:
        table.add_column(column, justify="right", no_wrap=True)
    for (label, _), cells in zip(lines, rows, strict=True):
        style = "bold" if label.get("group") == TOTAL else None
        table.add_row(*label.values(), *(cells.get(c, "") for c in shown), style=style)
    screen = console()
    screen.print(table, width=None if screen.is_terminal else 200)


def _notes(summaries: Sequence[Summary], out: Path) -> None:
    from toolgrove.evaluators.report import breakdowns

    screen = console()
    totals = [summary.total for summary in summaries]
    undecided = sum(total.undecided for total in totals)
    if undecided:
        screen.print(f"{undecided} wrong answers named the right one among several.")
    if len(totals) == 1:
        for evaluator, rate in totals[0].tooleval.items():
            screen.print(
                f"{evaluator}: {rate.value:.1%} by ToolBench's table, where unsolvable tasks pass.",
            )
        for evaluator, measures in totals[0].measures.items():
            screen.print(f"{evaluator}: {_told(measures)}", style="dim")
    for label, summary in _labelled(summaries):
        of = "".join(f"{value}, " for value in label.values())
        for evaluator, found in summary.total.repeated.items():
            screen.print(f"{of}{evaluator}: {_over_epochs(found)}")
        if summary.total.failures:
            screen.print(f"{of}failures by cause: {_causes(summary.total.failures)}")
    for line in dict.fromkeys(line for summary in summaries for line in summary.trust):
        screen.print(line)
    if any(total.infrastructure or total.unscored for total in totals):
        for line in breakdowns(summaries):
            screen.print(one_line(line))
        screen.print("What broke down is in no rate; the same command tries it again.")
    waiting = sum(total.waiting for total in totals)
    if waiting:
        screen.print(
            f"{waiting} runs wait for somebody's approval: toolgrove approve RUN, for those "
            f"in {out}/runs; the same command scores them then."
        )
    screen.print(f"results and runs: {out}", style="dim")


def _cells(group: Group) -> dict[str, str]:
    """A group's figures by column; what is nought or unknown in all groups is not shown."""
    answer, calls = _by(group, "answer/"), _by(group, "calls/")
    judged = [rate for name, rate in group.rates.items() if name.startswith("tooleval-pass")]
    known = ("answer/", "calls/", "tooleval-pass")
    others = {
        f"\n{name}": _interval(rate)
        for name, rate in group.rates.items()
        if not name.startswith(known)
    }
    return {
        "\nruns": str(group.runs),
        "right\n(95% interval)": _interval(answer),
        "calls\nF1": f"{calls.value:.2f}" if calls else "",
        "\njudged": " ".join(f"{rate.value:.1%}" for rate in judged),
        **others,
        "gave\nup": str(group.gave_up),
        "model\ncalls": _number(group.model_calls),
        "tool\ncalls": _number(group.tool_calls),
        "\ntokens": _number(group.tokens),
        "\ns": _number(group.seconds),
        "\ncost": "" if group.cost is None else f"{group.cost:,.4g}",
        "broke\ndown": str(group.infrastructure or ""),
        "\nwaiting": str(group.waiting or ""),
        "\nleft": str(group.left or ""),
    }


def _over_epochs(found: Repeated) -> str:
    passes = [
        ", ".join(f"{sign}{k} {rate:.1%}" for k, rate in rates.items() if k > 1)
        for sign, rates in (("pass@", found.pass_at), ("pass^", found.pass_hat))
    ]
    spread = f"{found.mean:.1%} ± {found.deviation:.1%} over {found.epochs} epochs"
    return f"{spread}; {'; '.join(passes)}"


def _causes(failures: Mapping[str, int]) -> str:
    retrieval, planning = failures.get("retrieval", 0), failures.get("planning", 0)
    return f"{retrieval} retrieval (a needed tool was not on offer), {planning} planning."


def _told(measures: Mapping[str, float]) -> str:
    """An evaluator's figures in a line, of precision, recall and F1 only the last."""
    left_out = (".precision", ".recall", ".length")
    told = {name: value for name, value in measures.items() if not name.endswith(left_out)}
    return " · ".join(f"{name} {value:,.3g}" for name, value in told.items())


def _by(group: Group, evaluator: str) -> RateInterval | None:
    return next((rate for name, rate in group.rates.items() if name.startswith(evaluator)), None)


def _interval(rate: RateInterval | None) -> str:
    return f"{rate.value:.1%} ({rate.low:.0%}-{rate.high:.0%})" if rate else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
