"""``toolgrove approve``: what a run waits for, and what is decided of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.approval import WAITING, Approval, ask, described, edit_of, on_a_terminal
from toolgrove.cli.common import console, err_console, print_json
from toolgrove.cli.run import Say, go_on
from toolgrove.cli.settings import Given
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.data.decisions import Decision
    from toolgrove.data.records import ToolCall, ToolSpec
    from toolgrove.data.runs import Record

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove approve runs/1b9d1a6f0c2e-1

  toolgrove approve runs/1b9d1a6f0c2e-1 --json

  toolgrove approve runs/1b9d1a6f0c2e-1 --allow call_5f2e_0

  toolgrove approve runs/1b9d1a6f0c2e-1 --refuse 'call_5f2e_0=Not before Friday.'

  toolgrove approve runs/1b9d1a6f0c2e-1 --edit 'call_5f2e_0={"to": "Ann"}'
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(approve)


def approve(
    run: Annotated[Path, typer.Argument(help="The folder of a run that waits.")],
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Let this call be made (repeatable)."),
    ] = None,
    refuse: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=REASON",
            help="Do not let it be made; the model reads the reason (repeatable).",
        ),
    ] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=JSON", help="Let it be made with these arguments instead (repeatable)."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, and ask nothing.")
    ] = False,
) -> None:
    """Show the calls that a run waits to make, decide about them, and go on with the run.

    Without a decision it asks at the terminal; where there is none, it lists the calls. What is not
    decided waits on.
    """
    from toolgrove.data.runs import fold, read_run

    record = read_run(run)
    calls = {call.id: call for call in record.waiting.values()}
    specs = {spec.id: spec for spec in fold(record).tools}
    decisions = _given(calls, specs, allow or (), refuse or (), edit or ())
    if not decisions and on_a_terminal() and not json:
        decisions = asyncio.run(_asked(calls, specs))
    if decisions:
        _decide(run, decisions, specs)
        later = calls.keys() - decisions.keys()
        if _named(record, run):
            say = Say(json, quiet=json)
            go_on(run, Given({}, Approval.ASK), say, later)
        return
    _list(run, calls.values(), specs, json)
    if calls:
        raise typer.Exit(WAITING)


def _given(
    calls: Mapping[str, ToolCall],
    specs: Mapping[str, ToolSpec],
    allow: Iterable[str],
    refuse: Iterable[str],
    edit: Iterable[str],
) -> dict[str, Decision]:
    """What the options decide."""
    from toolgrove.data.decisions import Allow, Refuse

    pairs: list[tuple[str, Decision]] = [(one, Allow()) for one in allow]
    for one in refuse:
        name, _, reason = one.partition("=")
        pairs.append((name, Refuse(reason)))
    for one in edit:
        name, given, text = one.partition("=")
        if not given:
            raise UsageError("--edit takes a call's id and its arguments: --edit 'ID={…}'.")
        call = _waiting(calls, name)
        pairs.append((name, edit_of(specs[call.name], call, text)))
    decisions = dict(pairs)
    if len(decisions) < len(pairs):
        raise UsageError("decide once about each call: one of them is named twice.")
    return decisions


def _waiting(calls: Mapping[str, ToolCall], name: str) -> ToolCall:
    if name not in calls:
        there = ", ".join(calls) or "none"
        raise UsageError(f"no call {name!r} waits there. Waiting: {there}.")
    return calls[name]


async def _asked(
    calls: Mapping[str, ToolCall], specs: Mapping[str, ToolSpec]
) -> dict[str, Decision]:
    """What somebody decides at the terminal; what is put off is left out."""
    from toolgrove.data.decisions import Pause

    found = {name: await ask(specs[call.name], call) for name, call in calls.items()}
    return {name: one for name, one in found.items() if not isinstance(one, Pause)}


def _decide(run: Path, decisions: Mapping[str, Decision], specs: Mapping[str, ToolSpec]) -> None:
    from toolgrove.agent.deciding import decide
    from toolgrove.data.journal import Journal

    with Journal.resume(run) as journal:
        decide(journal, decisions, specs.__getitem__)


def _named(record: Record, run: Path) -> bool:
    """Whether the run can be gone on with here; what was decided is kept anyway."""
    from toolgrove.agent.settings import RunSettings

    try:
        RunSettings.from_journal(record.header["config"], run).named(run)
    except UsageError as error:
        err_console().print(f"decided. {error}")
        return False
    return True


def _list(run: Path, calls: Iterable[ToolCall], specs: Mapping[str, ToolSpec], json: bool) -> None:
    if json:
        rows = [
            {
                "id": call.id,
                "tool": call.name,
                "description": specs[call.name].description,
                "arguments": call.arguments,
            }
            for call in calls
        ]
        print_json({"run": str(run), "waiting": rows})
        return
    out = console()
    for line in _lines(calls, specs, out.width):
        out.print(line)


def _lines(calls: Iterable[ToolCall], specs: Mapping[str, ToolSpec], width: int) -> Iterator[str]:
    none = True
    for call in calls:
        none = False
        yield from described(specs[call.name], call, width)
    yield (
        "no call waits here"
        if none
        else ("decide with --allow ID, --refuse ID=REASON or --edit ID=JSON, or at a terminal")
    )
