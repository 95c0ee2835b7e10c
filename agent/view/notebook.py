"""A run's whole page in a notebook."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolgrove.agent.outcome import Outcome
from toolgrove.agent.view.batch import batch_page, holds_runs
from toolgrove.agent.view.data import ShownRun, read_view
from toolgrove.agent.view.page import page
from toolgrove.data.drawing.markup import tag
from toolgrove.data.tree import SearchTree

__all__ = ["display"]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A page in a frame of its own, which may run its script and nothing else."""

    html: str = field(repr=False)
    height: int

    def _repr_html_(self) -> str:
        return str(
            tag("iframe", sandbox="allow-scripts", srcdoc=self.html, width="100%",
                height=self.height, style="border:0")
        )  # fmt: skip


def display(run: Outcome | SearchTree | str | Path, *, height: int = 720) -> None:
    """Show a run in a notebook, as the page that ``toolgrove view`` writes; else say it in a line.

    Parameters
    ----------
    run : Outcome, SearchTree or path
        What an agent came to, or the folder of a run, or one that holds runs.
    height : int
        Of the frame, in pixels.

    Examples
    --------
    >>> from toolgrove import Agent, ScriptedModel
    >>> from toolgrove.agent import finish
    >>> display(Agent(model=ScriptedModel(replies=[finish("42")])).invoke("What is 6 by 7?").tree)
    <SearchTree 'What is 6 by 7?': 1 step, answer '42'>
    """
    shell: Any = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        print(repr(run))
        return
    shell.display.display(_Frame(_page(run), height))


def _page(run: Outcome | SearchTree | str | Path) -> str:
    if isinstance(run, Outcome):  # which is a text, too
        return page([ShownRun("run", run.tree, run.run)])
    if isinstance(run, SearchTree):
        return page([ShownRun("run", run)])
    folder = Path(run)
    return batch_page(folder)[0] if holds_runs(folder) else page([read_view(folder)])
