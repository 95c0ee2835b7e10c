"""``toolgrove``: the commands, and how they end.

Exit codes: 0 done; 1 an error of ours, told in one line; 2 options that do not fit; 3 a run waits
for somebody's approval; 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

from toolgrove import __version__
from toolgrove.cli.common import err_console
from toolgrove.errors import ToolgroveError, UsageError

__all__ = ["app", "main"]

COMMANDS: tuple[str, ...] = (
    "approve",
    "calibrate",
    "compare",
    "demo",
    "eval",
    "eval_retrieval",
    "index",
    "learn",
    "make",
    "memory",
    "mine",
    "model",
    "pairs",
    "recommend",
    "regrade",
    "report",
    "run",
    "score",
    "search",
    "serve",
    "tools",
    "train",
    "tune",
    "validate",
    "verify",
    "view",
    "world",
)

app = typer.Typer(
    name="toolgrove",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Tool-using agents over thousands of APIs: retrieve, search, judge, mine.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"toolgrove {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tool-using agents over thousands of APIs: retrieve, search, judge, mine."""


for _name in COMMANDS:
    import_module(f"toolgrove.cli.{_name}").register(app)


def main() -> None:
    """Run the command line; errors of ours are one line, not a traceback."""
    try:
        app()
    except UsageError as error:
        _say(error)
        sys.exit(2)
    except ToolgroveError as error:
        _say(error)
        sys.exit(1)
    except KeyboardInterrupt:
        err_console().print("stopped; what was done is kept")
        sys.exit(130)


def _say(error: Exception) -> None:
    from rich.text import Text

    err_console().print(Text.assemble(("error", "bold red"), f": {error}"))
