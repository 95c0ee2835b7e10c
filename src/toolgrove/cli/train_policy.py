"""``toolgrove train policy``: an adapter of the local model, from pairs and conversations."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.models.local_adapter import Adapter
    from toolgrove.agent.policy.training import StepNote

__all__ = ["EXAMPLES", "policy"]

EXAMPLES = """
Examples:

  toolgrove train policy --pairs pairs.jsonl --out trained

  toolgrove train policy --pairs pairs.jsonl --sft solved.jsonl --method sft-dpo --out trained

  toolgrove run "How far is it from Oslo to Bergen?" --model local:trained

It needs the extra train (pip install 'toolgrove[train]') and some 9 GB of memory, no GPU and no
hub. Stop it at any moment, also by kill -9: the same command goes on from its last state.
"""


class Learning(StrEnum):
    """What the model learns from."""

    SFT = "sft"
    DPO = "dpo"
    BOTH = "sft-dpo"


def policy(
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    pairs: Annotated[
        Path | None, typer.Option(help="Preference pairs, as `toolgrove mine` writes them.")
    ] = None,
    sft: Annotated[
        Path | None,
        typer.Option(
            help="Conversations to imitate: lines with messages and tools. Without it they are "
            "the pairs' chosen sides."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="local, or local:FILE.gguf, of the Qwen2 kind.")
    ] = "local",
    method: Annotated[
        Learning,
        typer.Option(help="Imitate (sft), prefer (dpo), or the one and then the other."),
    ] = Learning.BOTH,
    layers: Annotated[int, typer.Option(help="Layers that are trained, from the top.", min=1)] = 8,
    epochs: Annotated[int, typer.Option(help="Passes over the rows, in each stage.", min=1)] = 2,
    examples: Annotated[
        bool,
        typer.Option(
            help="Show the prompt's examples in training, and from then on when it is asked."
        ),
    ] = True,
    frozen: Annotated[
        Path | None,
        typer.Option(
            help="Keep what the frozen layers give in this folder, for more trainings on the same "
            "rows. Otherwise it is deleted at the end."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Train an adapter of the local model, for --model local:DIR."""
    from toolgrove.agent.policy.run import PolicySettings, train_policy
    from toolgrove.data import codec

    settings = PolicySettings(method.value, layers, epochs, examples, seed)
    file = _file(model)
    with progress("frozen layers", unit="rows") as tick:
        adapter = train_policy(
            out, settings, pairs=pairs, sft=sft, model=file, frozen=frozen, tell=_tell, tick=tick
        )
    if json:
        print_json({"out": str(out), **codec.to_json(adapter)})
    else:
        _show(out, adapter)


def _file(model: str) -> Path | None:
    kind, _, rest = model.partition(":")
    if kind != "local" or (rest and not rest.endswith(".gguf")):
        raise UsageError(f"--model is local or local:FILE.gguf, not {model!r}.")
    return Path(rest).expanduser() if rest else None


def _tell(note: StepNote) -> None:
    margin = f", margin {note.margin:+.3f}" if note.stage == "dpo" else ""
    kept = "" if note.kept is None else f", kept back {note.kept:.4f}"
    err_console().print(
        f"{note.stage} {note.step}/{note.steps}: loss {note.loss:.4f}{margin}{kept}; "
        f"{note.left / 60:.0f} min left",
        highlight=False,
    )


def _show(out: Path, adapter: Adapter) -> None:
    said = console()
    for name, rows in adapter.data["rows"].items():
        own = adapter.measures[name]
        kept = ""
        if own["kept"]:
            kept = f"; on those kept back {own['kept_first']:.4f} to {own['kept_best']:.4f}"
        said.print(
            f"{name}: {rows:,} rows, {own['kept']} of them kept back, {own['steps']} steps, "
            f"{own['seconds']:,.0f} s; loss {own['first_loss']:.4f} to {own['last_loss']:.4f}{kept}"
        )
        for why, count in adapter.data["left_out"][name].items():
            said.print(f"  left out: {count:,} rows, {why}")
    said.print(f"{out}: adapter {adapter.digest}. Ask it with --model local:{out}")
