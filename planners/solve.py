"""Solve one task: grow the tree of a run that was begun, and say why it ended."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from toolgrove.data import codec
from toolgrove.data.events import NodeAdded
from toolgrove.data.journal import Journal
from toolgrove.data.listening import SCOPE, tell
from toolgrove.data.records import BEGIN_SUBTASK, RUN_PYTHON, SEARCH_TOOLS, Node
from toolgrove.data.request import Brief
from toolgrove.data.runs import begun_tree, concluded, fold
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.errors import UsageError
from toolgrove.planners.ahead import Ahead
from toolgrove.planners.approval import Paused
from toolgrove.planners.budget import BudgetSpent, Meter
from toolgrove.planners.chat import Chatting
from toolgrove.planners.coding import Coding
from toolgrove.planners.context import Window
from toolgrove.planners.expand import grown
from toolgrove.planners.finishing import in_words
from toolgrove.planners.frontier import Frontier, Rate
from toolgrove.planners.rating import rate
from toolgrove.planners.registry import planner_text
from toolgrove.planners.run import Run
from toolgrove.planners.tool_search import FindTools
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.offer import Offer

__all__ = ["identity", "solve"]

_TURN = 0.01
"""Seconds after which a search lets others go on, whether it had to wait itself or not."""


def identity(
    frontier: Frontier,
    chat: Chatting,
    offer: Offer,
    brief: Brief = Brief(),  # noqa: B008 - frozen
) -> dict[str, str]:
    """What a run is begun with and has to be gone on with (promise 8), as texts and digests."""
    return {
        "planner": planner_text(frontier),
        "model": chat.name,
        "prompt": brief.digest(frontier.prompts.digest),
        "tools": codec.digest([chat.functions, offer.pins]),
    }


async def solve(
    journal: Journal,
    *,
    chat: Chatting,
    offer: Offer,
    execute: Execute,
    frontier: Frontier,
    meter: Meter,
    find: FindTools | None = None,
    coding: Coding = Coding(),  # noqa: B008 - frozen
    window: Window | None = None,
    in_flight: int = 1,
) -> SearchTree:
    """Grow a search tree for a task until it is answered or there is nothing left to try.

    Parameters
    ----------
    journal : Journal
        A new run, or one to go on with: what it holds is not paid for again.
    chat : Chatting
        The model, or several, with the offered functions bound
        (:func:`~toolgrove.planners.cascade.open_chat`).
    offer : Offer
        The tools on offer.
    execute : Execute
        What makes the calls.
    frontier : Frontier
        The planner, fresh (:func:`~toolgrove.planners.registry.parse_planner`).
    meter : Meter
        What may be spent.
    find : FindTools or None
        What answers ``search_tools``, which the offer then has to have
        among its controls (:class:`~toolgrove.tools.offer.Offer`).
    coding : Coding
        What runs the code of ``run_python``, which the offer likewise has to have, and of tools
        that were made from runs.
    window : Window or None
        How much of a path the model is shown; None is all of it, but for finished subtasks where
        the offer has these.
    in_flight : int
        How many steps of the run are under way at once; above 1 the search looks ahead
        (:mod:`toolgrove.planners.ahead`), which changes no result.

    Returns
    -------
    SearchTree
        Its ``ending`` says why it ended.

    Raises
    ------
    ModelError
        Where the model did not answer. The journal stays; resume it.
    """
    if (SEARCH_TOOLS in offer.controls) != (find is not None):
        raise UsageError("search_tools is offered if and only if something can answer it.")
    if (RUN_PYTHON in offer.controls) != (coding.coder is not None):
        raise UsageError("run_python is offered if and only if there is a sandbox.")
    if window is None and BEGIN_SUBTASK in offer.controls:
        window = Window()
    tree = begun_tree(journal.record)
    run = Run(
        tree,
        chat=chat,
        offer=offer,
        execute=execute,
        journal=journal,
        meter=meter,
        frontier=frontier,
        find=find,
        window=window,
        in_flight=in_flight,
    )
    run.coding = coding
    said = frontier.prompts
    rules = said.rules if said.listing is None else said.rules + said.listing(offer.specs)
    await _add(run, Node(ROOT, None, messages=run.asked.opening(rules, said.request)))
    journal.end(await _search(run, frontier))
    if len(tree) < len(journal.record.nodes):  # a smaller budget than before came to fewer of them
        return fold(journal.record)
    return concluded(tree, journal.record)


async def _search(run: Run, frontier: Frontier) -> str:
    try:
        if run.in_flight == 1:
            await _grow(run, frontier)
        else:
            async with Ahead(run, frontier) as ahead:
                await _grow(run, frontier, ahead)
    except BudgetSpent as spent:
        await run.tell_spent(spent.what)
        return spent.what
    except Paused:
        return "waiting"
    return "answered" if run.tree.answer is not None else "exhausted"


async def _grow(run: Run, frontier: Frontier, ahead: Ahead | None = None) -> None:
    began = time.monotonic()
    while wave := frontier.next():
        for place, step in enumerate(wave):
            if isinstance(step, Rate):
                await rate(run, frontier, step)
            else:
                rest = wave[place + 1 :]
                if ahead is None:
                    node = await grown(run, frontier.expand, step)
                else:
                    node = await ahead.node(step, rest)
                if not node.calls:
                    node = in_words(run, frontier, node, rest)
                await _add(run, frontier.on_node(node))
            if time.monotonic() - began > _TURN:  # a scripted run never waits: let others go on
                await asyncio.sleep(0)
                began = time.monotonic()


async def _add(run: Run, node: Node) -> None:
    run.add(node)
    if SCOPE.get() is not None:
        await tell(partial(NodeAdded, node=node))
