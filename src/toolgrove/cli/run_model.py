"""Who answers ``toolgrove run``, and how much of a long run it is shown, as options."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

__all__ = ["CascadeName", "ContextTokens", "Strong", "Subtasks"]

Strong: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="A second, stronger model, which shares the work with --model.",
        envvar="TOOLGROVE_STRONG_MODEL",
    ),
]
CascadeName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--cascade",
        help="How they share it: specreason (the default: propose, score, take over) or planact "
        "(plan, act); options as in specreason:threshold=5.",
    ),
]
Subtasks: TypeAlias = Annotated[
    bool, typer.Option(help="Let the model divide a long task; what is done is shown in short.")
]
ContextTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(help="Most tokens of a prompt's messages; tools and reply come on top.", min=500),
]
