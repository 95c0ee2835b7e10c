"""One run of an agent: begun or gone on with, its calls stacked, its tree grown."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.deciding import decide
from toolgrove.agent.inputs import RunInputs
from toolgrove.agent.outcome import Outcome
from toolgrove.agent.prepared import Prepared, offer_of, prepare, prepared_anew
from toolgrove.agent.settings import RunSettings
from toolgrove.agent.telling import LOGGER
from toolgrove.agent.tool_search import finder
from toolgrove.agent.watching import EVERYWHERE, watched
from toolgrove.data import codec
from toolgrove.data.events import RetrievalEnded, RetrievalStarted
from toolgrove.data.journal import Journal
from toolgrove.data.listening import SCOPE
from toolgrove.data.records import MADE, Task, ToolSpec
from toolgrove.data.request import Brief, in_context
from toolgrove.data.runs import fold, has_begun
from toolgrove.data.tree import SearchTree
from toolgrove.errors import ResumeMismatch, UsageError
from toolgrove.planners.budget import Meter
from toolgrove.planners.coding import Coding
from toolgrove.planners.direct_call import heard_here
from toolgrove.planners.solve import solve
from toolgrove.tools.answer_form import AnswerForm
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.calls.idempotency import KeyFile
from toolgrove.tools.calls.stack import CallStack, with_scrubbing, with_truncation
from toolgrove.tools.scope import LENT, RunScope
from toolgrove.tools.secrets import SecretStore

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from toolgrove.agent.agent import Agent
    from toolgrove.planners.coding import Coder
    from toolgrove.tools.calls.cassette import Cassette

__all__ = ["answered", "prepared_for", "run_task"]


async def answered(agent: Agent, task: Task, run: Path | None, inputs: RunInputs) -> Outcome:
    """What a task's run comes to, begun in a folder or gone on with; all who listen are told.

    See :func:`run_task`.
    """
    secrets = agent.secrets.also(inputs.secrets) if inputs.secrets else agent.secrets

    async def work() -> Outcome:
        return Outcome.of(await run_task(agent, task, run, inputs, secrets), run, agent.form)

    if _unheard(agent, inputs.config):
        return await work()
    return await watched(agent, task, run, inputs.config, work, secrets)


def _unheard(agent: Agent, config: RunnableConfig | None) -> bool:
    """Whether nobody would be told of a run: then it is not put into the words of events."""
    return (
        config is None
        and SCOPE.get() is None
        and not (agent.listeners or EVERYWHERE or LOGGER.isEnabledFor(logging.INFO))
        and not heard_here()
    )


async def run_task(
    agent: Agent, task: Task, run: Path | None, inputs: RunInputs, secrets: SecretStore
) -> SearchTree:
    """Begin a task's run in a folder, or go on with the one that is there; None keeps nothing.

    ``secrets`` are the agent's, with those of ``inputs``.

    Raises
    ------
    ResumeMismatch
        Where the folder's run was begun under other settings, or for another task.
    UsageError
        Where a decision is about no call that waits, or does not fit it; where the instructions
        gave no text.
    JournalLocked
        Where another process is at it.
    """
    settings = agent.settings
    if run is not None and has_begun(run):
        begun = _resumed(agent, task, run)
    else:
        if run is not None:
            inputs.put(run)
        brief = await _brief(agent, task, inputs.context)
        begun = _begun(task, run, await _prepared(agent, task, brief))
    prepared, journal, pins = begun.prepared, begun.journal, begun.pins
    lent = LENT.set(RunScope(inputs.context, inputs.config or {}, journal.keep))
    try:
        meter = Meter(settings.budget, journal.record, prepared.chat.models, settings.prices)
        calls = begun.calls.with_secrets(secrets)
        if run is None:
            inputs.put(journal.run)
        if inputs.decisions:
            decide(journal, inputs.decisions, agent.registry.get)
        async with calls.opened(
            offered=prepared.offer.specs,
            store=journal.store,
            keys=KeyFile(journal.run / "idempotency.jsonl").key,
            pins=pins,
            cassette=_cassette(agent, task, secrets, resumed=journal.record.size > 0),
            gated=journal.record.asked,
        ) as execute:
            return await solve(
                journal,
                chat=prepared.chat,
                offer=prepared.offer,
                execute=execute,
                frontier=agent.frontier(),
                meter=meter,
                find=finder(agent, pins) if settings.search_tools else None,
                coding=_coding(settings, secrets, journal),
                window=prepared.window,
                in_flight=settings.in_flight,
            )
    finally:
        LENT.reset(lent)
        journal.close()


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run that can be worked on."""

    prepared: Prepared
    journal: Journal
    pins: dict[str, str]
    calls: CallStack


async def _brief(agent: Agent, task: Task, context: Any) -> Brief:
    """What a task's run is told."""
    settings = agent.settings
    schema = None if agent.form is None else agent.form.schema
    return Brief(await _instructions(settings.instructions, task, context), schema, settings.finish)


def _brief_to_go_on(agent: Agent, begun: Brief) -> Brief:
    """What a run that is gone on with is told: what it was, unless the agent says another thing."""
    settings, brief = agent.settings, begun
    if settings.instructions and not callable(settings.instructions):
        brief = replace(brief, instructions=settings.instructions)
    if agent.form is not None:
        brief = replace(brief, schema=agent.form.schema)
    return brief if settings.finish == "auto" else replace(brief, finish=settings.finish)


async def _instructions(instructions: str | Callable[..., Any], task: Task, context: Any) -> str:
    if not callable(instructions):
        return instructions
    takes = len(inspect.signature(instructions).parameters)
    text = instructions(task) if takes == 1 else instructions(task, context)
    text = await text if inspect.isawaitable(text) else text
    if not isinstance(text, str):
        raise UsageError(
            f"instructions gave {type(text).__name__} for task {task.id}: let it return a text."
        )
    return text


async def _prepared(agent: Agent, task: Task, brief: Brief) -> Prepared:
    """What a run begins with; where its tools are looked for, that is told."""
    own = task.tools is not None or (agent.catalog is None and agent.settings.retrieve is None)
    scope = SCOPE.get()
    if own or scope is None:
        return prepared_for(agent, task, brief)

    async def looked_for() -> Prepared:
        return prepared_for(agent, task, brief)

    query = in_context(task)
    begin = partial(RetrievalStarted, query=query, k=agent.settings.k)
    return await scope.around(looked_for(), begin, partial(_found, query=query), "prepared")


def prepared_for(agent: Agent, task: Task, brief: Brief) -> Prepared:
    """What a task's run begins with: that of the run before, if all it rests on is the same.

    That is the tools there are, the request they are retrieved for, and how the models sample.
    """
    catalog = agent.catalog
    version = agent.registry.version if catalog is None else catalog.version
    retrieved = catalog is not None and task.tools is None
    key = (version, brief, task.tools, in_context(task) if retrieved else "")
    known = agent.kept.prepared.get(key)
    if known is None or known.same["sampling"] != agent.sampling:
        return prepared_anew(agent, task, brief, key)
    return known


def _found(*, query: str, prepared: Prepared | None = None, **place: Any) -> RetrievalEnded:
    tools = () if prepared is None else prepared.offer.specs
    return RetrievalEnded(query=query, tools=tools, **place)


def _begun(task: Task, run: Path | None, prepared: Prepared) -> _Begun:
    offer = prepared.offer
    begin = Journal.in_memory if run is None else partial(Journal.create, run)
    journal = begin(
        task=task,
        tools=offer.specs,
        aliases=offer.aliases,
        config=prepared.config,
        encoded=prepared.encoded,
    )
    return _Begun(prepared, journal, dict(offer.pins), prepared.calls)


def _resumed(agent: Agent, task: Task, run: Path) -> _Begun:
    """A run to go on with, if it was begun as this agent would; its restrictions stay."""
    journal = Journal.resume(run)
    try:
        record = journal.record
        config = record.header["config"]
        begun_for, begun_with = record.began
        known = fold(record).tools if record.nodes else begun_with  # with what searches found
        if not agent.settings.made_tools and any(spec.source == MADE for spec in known):
            raise ResumeMismatch(str(run), {"made_tools": ("True", "False")})
        brief = _brief_to_go_on(agent, Brief.of(record))
        form = agent.form or (None if brief.schema is None else AnswerForm(brief.schema))
        offer = offer_of(agent, [agent.registry.get(spec.id) for spec in begun_with], form)
        prepared = prepare(agent, offer, agent.sampling, brief)
        now = {**prepared.same, "task": task.id, "virtual APIs": agent.apis_identity}
        _same(run, {**config, "task": begun_for.id}, now)
        pins = dict(offer.pins) if begun_with == offer.specs else _pins(begun_with)
        pins |= _pins(known)
        policy = RunSettings.from_journal(config, run).calls.policy
        calls = agent.settings.calls
        calls = replace(calls, policy=calls.policy.within(policy))
        return _Begun(prepared, journal, pins, CallStack(agent.registry, calls, agent.secrets))
    except BaseException:
        journal.close()
        raise


def _same(run: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    world = str(before.get("world", ""))
    before = {**before, "virtual APIs": world if world.startswith("virtual:") else ""}
    differ = {
        field: (str(before.get(field)), str(value))
        for field, value in now.items()
        if before.get(field) != value
    }
    if differ:
        raise ResumeMismatch(str(run), differ)


def _pins(specs: Iterable[ToolSpec]) -> dict[str, str]:
    return {spec.id: codec.digest(spec) for spec in specs}


def _coder(settings: RunSettings, secrets: SecretStore, journal: Journal) -> Coder:
    """What runs the code that the model writes; its output is treated as a tool's."""
    from toolgrove.planners.coding import Coder
    from toolgrove.tools.sandbox.choosing import sandbox_named

    def wrap(execute: Execute) -> Execute:
        clean = with_scrubbing(execute, secrets.scrub)
        return with_truncation(clean, settings.calls.observation_limit, journal.store)

    return Coder(sandbox_named(settings.sandbox), wrap)


def _coding(settings: RunSettings, secrets: SecretStore, journal: Journal) -> Coding:
    """What runs code inside the run; nothing where it may not."""
    if not (settings.code or settings.made_tools):
        return Coding()
    from toolgrove.planners.made_tools import MadeTools

    coder = _coder(settings, secrets, journal)
    made_tools = MadeTools(coder) if settings.made_tools else None
    return Coding(coder if settings.code else None, made_tools)


def _cassette(agent: Agent, task: Task, secrets: SecretStore, *, resumed: bool) -> Cassette | None:
    """What records a task's exchanges, or replays them."""
    calls = agent.settings.calls
    if calls.record is None and calls.replay is None:
        return None
    from toolgrove.tools.calls.cassette import Recording, Replay, cassette_path

    if calls.replay is not None:
        return Replay(cassette_path(calls.replay, task.id))
    assert calls.record is not None
    path = cassette_path(calls.record, task.id)
    return Recording(path, secrets.scrub, resume=resumed)
