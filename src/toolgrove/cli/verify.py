"""``toolgrove verify``: do our rules give the verdicts of the benchmarks that they are of?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from toolgrove.cli.common import console, print_json
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolgrove.evaluators.bfcl.verifying import Agreement
    from toolgrove.evaluators.tau.verifying import TauAgreement

    AnyAgreement: TypeAlias = Agreement | TauAgreement

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove verify bfcl

  toolgrove verify bfcl --category simple_python --category multi_turn_base

  toolgrove verify bfcl result/gpt-4o-FC/non_live/BFCL_v4_simple_python_result.json

  toolgrove verify tau historical_trajectories/gpt-4o-airline.json

BFCL's checker is run as the package `bfcl-eval` has it, and τ²-bench's tools as `inspect-evals` has
them; nothing of either is part of Toolgrove.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify", epilog=EXAMPLES)(verify)


def verify(
    benchmark: Annotated[str, typer.Argument(help="Whose verdicts to compare with: bfcl or tau.")],
    recorded: Annotated[
        list[Path] | None,
        typer.Argument(help="Its result files; without any, outputs are made for every item."),
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="Only this category (repeatable; default: all).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another one makes other outputs.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with each difference.")] = False,
) -> None:
    """Judge outputs by our rule and by the benchmark's own checker, and count equal verdicts.

    Exits with 1 where one differs.
    """
    if benchmark not in _BENCHMARKS:
        known = " and ".join(_BENCHMARKS)
        raise UsageError(f"no benchmark {benchmark!r} to verify against: there are {known}.")
    if recorded and category:
        raise UsageError("--category chooses among made outputs: leave it or the files out.")
    found = []
    for agreement in _BENCHMARKS[benchmark](recorded or [], category or [], seed):
        found.append(agreement)
        if not json:
            _tell(agreement, benchmark)
    if json:
        print_json(found)
    if any(agreement.different for agreement in found):
        raise typer.Exit(1)


def _bfcl(recorded: list[Path], categories: list[str], seed: int) -> Iterator[AnyAgreement]:
    from toolgrove.evaluators.bfcl.package import CATEGORIES
    from toolgrove.evaluators.bfcl.verifying import verify, verify_recorded

    if recorded:
        yield from (verify_recorded(path) for path in recorded)
    else:
        yield from verify(categories or CATEGORIES, seed=seed)


def _tau(recorded: list[Path], categories: list[str], seed: int) -> Iterator[AnyAgreement]:
    from toolgrove.evaluators.tau.package import DOMAINS
    from toolgrove.evaluators.tau.verifying import verify, verify_recorded

    if seed:
        raise UsageError("the conversations made for tau are the same for every --seed.")
    if recorded:
        yield from (verify_recorded(path) for path in recorded)
    else:
        yield from verify(categories or tuple(DOMAINS))


_BENCHMARKS = {"bfcl": _bfcl, "tau": _tau}
_NAMES = {"bfcl": "BFCL", "tau": "τ-bench"}


def _tell(agreement: AnyAgreement, benchmark: str) -> None:
    screen = console()
    of = f"{agreement.category}: equal {agreement.equal} of {agreement.outputs}"
    screen.print(f"{of} outputs for {agreement.items} items, {agreement.valid} of them right")
    if agreement.broken and benchmark == "bfcl":
        screen.print(f"  BFCL's checker stops with an error on {agreement.broken}; ours: wrong")
    elif agreement.broken:
        screen.print(f"  {agreement.broken} without a verdict of ours")
    for each in agreement.different[:5]:
        theirs = f"{_NAMES[benchmark]} {each[benchmark]}"
        screen.print(f"  {each['id']} ({each['form']}): {theirs}, ours {each['ours']}")
