"""Solve one task: open or resume the run, grow the tree, say why it ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.journal import Journal, fold
from toolgrove.data.records import BEGIN_SUBTASK, SEARCH_TOOLS, JsonObject, Node, Task
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.errors import ResumeMismatch, UsageError
from toolgrove.planners.ahead import Ahead
from toolgrove.planners.budget import Budget, BudgetSpent, Meter
from toolgrove.planners.cascade import Cascade, open_chat
from toolgrove.planners.chat import Chatting
from toolgrove.planners.context import Window
from toolgrove.planners.frontier import Expand, Frontier, Step
from toolgrove.planners.rating import rate
from toolgrove.planners.registry import planner_text
from toolgrove.planners.run import Run
from toolgrove.planners.tool_search import FindTools
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["run_config", "solve"]


def run_config(
    frontier: Frontier,
    chat: Chatting,
    offer: Offer,
    budget: Budget,
    window: Window | None = None,
) -> dict[str, Any]:
    """What a journal's header says of a run; all but the budget must match to resume it."""
    return {
        "planner": planner_text(frontier),
        "model": chat.name,
        "prompt": frontier.prompts.digest,
        "tools": codec.digest([chat.functions, offer.pins]),
        "budget": codec.to_json(budget),
        "window": window.tokens if window is not None else None,
    }


def check_resumable(run: str, journalled: JsonObject, now: JsonObject) -> None:
    """Refuse to go on with a run under other settings (promise 8); the budget may change.

    Raises
    ------
    ResumeMismatch
        Naming what differs.
    """
    differ = {
        field: (str(journalled.get(field)), str(now[field]))
        for field in ("planner", "model", "prompt", "tools", "window")
        if journalled.get(field) != now[field]
    }
    if differ:
        raise ResumeMismatch(run, differ)


async def solve(
    task: Task,
    *,
    model: BaseChatModel | Cascade,
    offer: Offer,
    execute: Execute,
    frontier: Frontier,
    budget: Budget | None = None,
    journal: Journal,
    find: FindTools | None = None,
    window: Window | None = None,
) -> SearchTree:
    """Grow a search tree for a task until it is answered or there is nothing left to try.

    Parameters
    ----------
    task : Task
        What is asked.
    model : BaseChatModel or Cascade
        Any LangChain chat model with ``bind_tools``, or two of them.
    offer : Offer
        The tools on offer.
    execute : Execute
        What makes the calls.
    frontier : Frontier
        The planner, fresh (:func:`~toolgrove.planners.frontier.parse_planner`).
    budget : Budget or None
        What may be spent; None is ToolBench's 200 model calls.
    journal : Journal
        A new run, or one to go on with: what it holds is not paid for again.
    find : FindTools or None
        What answers ``search_tools``, which the offer then has to have
        among its controls (:class:`~toolgrove.tools.offer.Offer`).
    window : Window or None
        How much of a path the model is shown; None is all of it, but for finished subtasks where
        the offer has these.

    Returns
    -------
    SearchTree
        ``tree.meta["ended"]`` is ``answered``, ``exhausted`` (every path was tried) or the limit
        of the budget that was met.

    Raises
    ------
    ModelError
        Where the model did not answer. The journal stays; resume it.
    ResumeMismatch
        Where the journal was begun under other settings.
    """
    if (SEARCH_TOOLS in offer.controls) != (find is not None):
        raise UsageError("search_tools is offered if and only if something can answer it.")
    budget = budget or Budget()
    if window is None and BEGIN_SUBTASK in offer.controls:
        window = Window()
    chat = open_chat(model, offer)
    config = run_config(frontier, chat, offer, budget, window)
    check_resumable(str(journal.run), journal.record.header["config"], config)
    header = journal.record.header
    tree = SearchTree(task, offer.specs, dict(offer.aliases), {**header["config"]})
    meter = Meter(budget, journal.record, chat.models)
    run = Run(
        tree,
        chat=chat,
        offer=offer,
        execute=execute,
        journal=journal,
        meter=meter,
        find=find,
        prompts=frontier.prompts,
        remembers=frontier.remembers,
        window=window,
    )
    run.add(Node(ROOT, None, messages=frontier.prompts.opening(task.query, offer.specs)))
    ended = await _search(run, frontier)
    journal.end(ended)
    return fold(journal.record)


async def _search(run: Run, frontier: Frontier) -> str:
    try:
        async with Ahead(run, frontier) as ahead:
            while wave := frontier.next():
                for place, step in enumerate(wave):
                    await _take(run, frontier, ahead, step, wave[place + 1 :])
                    await asyncio.sleep(0)  # a scripted run never waits: let others go on
    except BudgetSpent as spent:
        return spent.what
    return "answered" if run.tree.answer is not None else "exhausted"


async def _take(
    run: Run, frontier: Frontier, ahead: Ahead, step: Step, rest: tuple[Step, ...]
) -> None:
    if isinstance(step, Expand):
        run.add(frontier.on_node(await ahead.node(step, rest)))
    else:
        await rate(run, frontier, step)
