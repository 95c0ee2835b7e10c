"""What the person who runs something has to know of a run, short."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolgrove.cli.common import err_console
from toolgrove.cli.printable import one_line

if TYPE_CHECKING:
    from toolgrove.data.tree import SearchTree

__all__ = ["tell", "told"]

_HOST = re.compile(r"is not a public host, .*?(--allow-host \S+)", re.DOTALL)
_SECRET = re.compile(r"(TOOLGROVE_SECRET_\w+)=… and (TOOLGROVE_ORIGIN_\w+=\S+?),")
_ORIGIN = re.compile(r"the secret \w+ is not for \S+\. .*?(TOOLGROVE_ORIGIN_\w+=\S+)")
_UNUSABLE = re.compile(
    r"the secret \w+ cannot be used: it has to be [^,]*|TOOLGROVE_ORIGIN_\w+ holds [^.]*"
)
_MOST = 5


def tell(runs: Iterable[tuple[SearchTree, Path | None]]) -> None:
    """Print it on standard error, a line each.

    Parameters
    ----------
    runs : iterable of (SearchTree, path or None)
        Each with its folder, whose journal holds what a provider refused.
    """
    pairs = list(runs)
    refused: dict[str, str] = {}
    for _, run in pairs:
        refused |= {} if run is None else _refused(run)
    for line in told((tree for tree, _ in pairs), refused):
        err_console().print(f"note: {line}", style="yellow")


def told(trees: Iterable[SearchTree], refused: Mapping[str, str]) -> list[str]:
    """Which calls failed and what lets them work, what was only shown, what a provider refused."""
    failed: Counter[str] = Counter()
    made = previewed = 0
    mends: dict[str, None] = {}
    for tree in trees:
        for node in tree:
            for call, observation in zip(node.calls, node.observations, strict=False):
                made += 1
                previewed += observation.status.value == "previewed"
                if observation.status.failed:
                    failed[f"{call.name} ({observation.status.value.replace('_', ' ')})"] += 1
                    mends |= dict.fromkeys(_mends(observation.content))
    lines = []
    if failed:
        which = [f"{one_line(name, 100)}{_times(n)}" for name, n in failed.most_common(_MOST)]
        rest = len(failed) - len(which)
        more = f" and {rest} more" if rest > 0 else ""
        lines.append(f"{failed.total()} of {made} calls failed: {', '.join(which)}{more}.")
    lines += list(mends)[:_MOST]
    if previewed:
        lines.append(f"{previewed} requests were only shown, not sent (--dry-run).")
    for name, why in list(refused.items())[:_MOST]:
        lines.append(f"the model's provider refused {one_line(name, 100)}: {one_line(why, 200)}")
    return lines


def _times(n: int) -> str:
    return f" {n} times" if n > 1 else ""


def _refused(run: Path) -> dict[str, str]:
    """The tools that the model's provider refused, and why (:class:`toolgrove.planners.chat`)."""
    from toolgrove.data.runs import read_run

    found: dict[str, str] = {}
    for value in read_run(run).results.values():
        notes = value.get("notes") if isinstance(value, dict) else None
        which = notes.get("refused") if isinstance(notes, dict) else None
        if isinstance(which, dict):
            found |= {str(name): str(why) for name, why in which.items()}
    return found


def _mends(content: str) -> list[str]:
    """What whoever runs this can do, where our own refusal says it.

    A tool's answer can hold the same words; so only their form is taken, and what is printed says
    what it would allow.
    """
    if host := _HOST.search(content[:1000]):
        return [f"a host was refused; it is called with {one_line(host[1], 200)}"]
    if secret := _SECRET.search(content[:1000]):
        return [f"a secret is missing: set {secret[1]} and {one_line(secret[2], 200)}"]
    if origin := _ORIGIN.search(content[:1000]):
        return [f"a secret is not for this host; it is sent with {one_line(origin[1], 200)}"]
    if unusable := _UNUSABLE.search(content[:1000]):
        return [one_line(unusable[0], 200)]
    return []
