"""The agent: a model, tools or a catalogue of them, and a planner, as one LangChain Runnable."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import (
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.runnables import Runnable, RunnableConfig

from toolgrove.agent.hosting import world_version
from toolgrove.agent.tool_search import finder
from toolgrove.data import codec
from toolgrove.data.journal import JOURNAL, Journal, fold
from toolgrove.data.records import SEARCH_TOOLS, Task, ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.errors import CatalogError, ResumeMismatch, UsageError
from toolgrove.planners import Budget, parse_planner, run_config, solve, subtasks
from toolgrove.planners.cascade import Cascade, open_chat, parse_cascade
from toolgrove.planners.context import Count, Window, approximately
from toolgrove.tools.calls.idempotency import KeyFile
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.network import Network
from toolgrove.tools.offer import Offer
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool

    from toolgrove.agent.catalog import Catalog
    from toolgrove.tools.calls.cassette import Cassette

__all__ = ["Agent", "Outcome", "as_task", "wait"]

T = TypeVar("T")
_TIMEOUT = 30.0
_OFFERS = 16  # of which an agent keeps what was worked out for them
_VIRTUAL_TIMEOUT = 180.0  # for a server that first calls an API and then lets a model stand in


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an agent came to.

    Parameters
    ----------
    answer : str or None
        The final answer; None where no path came to one.
    ended : str
        ``answered``, ``exhausted``, or the limit of the budget that was met.
    tree : SearchTree
        Everything that was tried.
    run : Path or None
        The run's folder, where it was kept.
    """

    answer: str | None
    ended: str
    tree: SearchTree
    run: Path | None = None


class Agent(Runnable[str | Task, Outcome]):
    """Answers requests by searching over tool calls.

    Parameters
    ----------
    model : str or BaseChatModel
        A chat model, or the name of one (:func:`toolgrove.agent.models.loading.load_model`).
    strong : str, BaseChatModel or None
        A second, stronger model, which shares the work with the first.
    cascade : str
        How they share it: ``specreason`` or ``planact``, with options as in
        ``specreason:threshold=5`` (:mod:`toolgrove.planners.cascade`).
    tools : sequence of callables, BaseTool or ToolSpec
        Typed Python functions, LangChain tools or specs; offered all, unless a task names its own.
        A function writes unless it is decorated with ``@tool(effect="read")``.
    catalog : Catalog or None
        Where tools are retrieved from for tasks that name none.
    planner : str
        ``react``, ``cot``, ``dfsdt``, with options as in ``dfsdt:width=3,depth=8``.
    search_tools : bool
        Whether the model may look for further tools in the catalogue in mid-search.
    subtasks : bool
        Whether the model may divide a long task (:mod:`toolgrove.planners.subtasks`).
    context_tokens : int or None
        The most tokens that the messages of a prompt may take; the tools' schemas and the reply
        come on top (:mod:`toolgrove.planners.context`).
    count_tokens : callable
        Counts the tokens of messages, as ``model.get_num_tokens_from_messages`` does; by default
        one for four characters.
    budget : Budget or None
        What one run may spend.
    runs : path or None
        Folder under which each run keeps its journal; None keeps none after the run.
    k : int
        How many tools are retrieved for a task that names none.
    timeout : float or None
        Seconds a tool call may take, retries included: 30 if None, and 180 of virtual ``apis``.
    observation_limit : int
        Characters of a tool's output that the model is shown; the whole is kept in the run.
    hosts : mapping
        Base URL by host name, for APIs that are served elsewhere than their spec says.
    trusted : collection of str
        What the catalogue may run: addresses of MCP servers, ``module:object`` and modules
        (:func:`toolgrove.tools.calls.stack.build_stack`).
    apis : str or None
        URL of a virtual API server (``toolgrove serve apis``) that answers all tool calls; it has
        to be up already.
    policy : Policy
        What a run may do: which tools, whether writes, and who is asked before one.
    network : Network or None
        Where calls may go, and how often; the limits are shared by all runs of this agent.
    record, replay : path or None
        Folder with one cassette a task, which keeps the HTTP exchanges of its run or answers in
        their place (:mod:`toolgrove.tools.calls.cassette`).

    Examples
    --------
    >>> from toolgrove.agent.models.scripted import ScriptedModel, call, finish
    >>> from toolgrove.tools.python.effect import tool
    >>> @tool(effect="read")
    ... def double(x: int) -> int:
    ...     '''Double a number.'''
    ...     return 2 * x
    >>> model = ScriptedModel(replies=[call("double", x=21), finish("42")])
    >>> Agent(model=model, tools=[double]).invoke("What is 21 doubled?").answer
    '42'
    """

    def __init__(
        self,
        *,
        model: str | BaseChatModel,
        strong: str | BaseChatModel | None = None,
        cascade: str = "specreason",
        tools: Sequence[Callable[..., Any] | BaseTool | ToolSpec] = (),
        catalog: Catalog | None = None,
        planner: str = "dfsdt",
        search_tools: bool = False,
        subtasks: bool = False,
        context_tokens: int | None = None,
        count_tokens: Count = approximately,
        budget: Budget | None = None,
        runs: str | Path | None = None,
        k: int = 5,
        timeout: float | None = None,
        observation_limit: int = 2048,
        hosts: Mapping[str, str] | None = None,
        trusted: Collection[str] = (),
        apis: str | None = None,
        policy: Policy = Policy(),  # noqa: B008 - frozen
        network: Network | None = None,
        record: str | Path | None = None,
        replay: str | Path | None = None,
    ) -> None:
        if replay is not None and (record is not None or apis is not None):
            raise UsageError("a replay answers all calls: leave record and apis out.")
        if tools and catalog is not None:
            raise UsageError("give tools or a catalog, not both: add the tools to the catalog.")
        if search_tools and catalog is None:
            raise UsageError("search_tools needs a catalog to search.")
        parse_planner(planner)
        self.planner = planner
        self.search_tools = search_tools
        self.subtasks = subtasks
        self.window = None if context_tokens is None else Window(context_tokens, count_tokens)
        self.budget = budget
        self.catalog = catalog
        self.runs = None if runs is None else Path(runs)
        self.k = k
        self.timeout = timeout or (_TIMEOUT if apis is None else _VIRTUAL_TIMEOUT)
        self.observation_limit = observation_limit
        self.hosts: Mapping[str, str] = hosts or {}
        self.trusted = frozenset(trusted)
        self.apis = apis
        self.apis_identity = "" if apis is None else _identity(apis)
        self.policy = policy
        self.network = network or Network()
        self.record, self.replay = record, replay
        self.model_spec = model if isinstance(model, str) else ""
        self.strong_spec = strong if isinstance(strong, str) else ""
        self.model = _loaded(model)
        how = parse_cascade(cascade)
        self.chat_models = (
            self.model if strong is None else Cascade(self.model, _loaded(strong), how)
        )
        self.cascade = cascade if strong is not None else ""
        self.registry = catalog.registry if catalog is not None else _registry(tools)
        self._secrets = SecretStore()
        self._offers: OrderedDict[tuple[object, ...], Offer] = OrderedDict()
        self._runs_of: dict[str, Iterator[int]] = {}

    def invoke(
        self, input: str | Task, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Outcome:
        """Answer a request; see :meth:`ainvoke`."""
        return wait(self.ainvoke(input, config, **kwargs))

    async def ainvoke(
        self, input: str | Task, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Outcome:
        """Answer a request.

        Parameters
        ----------
        input : str or Task
            The request in words, or a task that names its tools.

        Raises
        ------
        ModelError
            Where the model did not answer; the run, if kept, can be resumed.
        TypeError
            For any other keyword argument.
        """
        if kwargs:
            names = ", ".join(map(repr, kwargs))
            raise TypeError(f"Agent.invoke takes no {names}: say it to Agent(…).")
        task = input if isinstance(input, Task) else as_task(input)
        if self.runs is None:
            return _outcome(await self.solve(task, None), None)
        run = self.new_run(task)
        return _outcome(await self.solve(task, run), run)

    async def solve(self, task: Task, run: Path | None) -> SearchTree:
        """Begin a task's run in a folder, or go on with the one that is there; None keeps nothing.

        Raises
        ------
        ResumeMismatch
            Where the folder's run was begun under other settings.
        JournalLocked
            Where another process is at it.
        """
        async with AsyncExitStack() as stack:
            journal = self._journal(task, run)
            stack.enter_context(journal)
            _, begun_with = journal.record.began
            offer = self._offer([spec.id for spec in begun_with])
            pins = dict(offer.pins) if begun_with == offer.specs else _pins(begun_with)
            if journal.record.nodes:  # what searches found until the run was interrupted
                pins |= _pins(fold(journal.record).tools)
            execute = await stack.enter_async_context(
                build_stack(
                    self.registry,
                    timeout=self.timeout,
                    limit=self.observation_limit,
                    store=journal.store,
                    hosts=self.hosts,
                    trusted=self.trusted,
                    virtual=self.apis,
                    network=self.network,
                    policy=self.policy,
                    secrets=self._secrets,
                    keys=KeyFile(journal.run / "idempotency.jsonl").key,
                    pins=pins,
                    cassette=self._cassette(task, resumed=journal.record.size > 0),
                )
            )
            return await solve(
                task,
                model=self.chat_models,
                offer=offer,
                execute=execute,
                frontier=parse_planner(self.planner),
                budget=self.budget,
                journal=journal,
                find=finder(self.catalog, self.k, pins) if self.search_tools else None,
                window=self.window,
            )

    def _cassette(self, task: Task, *, resumed: bool) -> Cassette | None:
        """What records a task's exchanges, or replays them."""
        if self.record is None and self.replay is None:
            return None
        from toolgrove.tools.calls.cassette import Recording, Replay, cassette_path

        if self.replay is not None:
            return Replay(cassette_path(self.replay, task.id))
        assert self.record is not None
        path = cassette_path(self.record, task.id)
        return Recording(path, self._secrets.scrub, resume=resumed)

    def new_run(self, task: Task) -> Path:
        """A folder under ``runs`` that no run has yet, named after the task."""
        runs = self.runs or Path("runs")
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in task.id)[:60] or "run"
        number = self._runs_of.setdefault(safe, count(1))
        return next(p for i in number if _made(p := runs / f"{safe}-{i}"))

    def candidates(self, task: Task) -> list[str]:
        """Ids of the tools that a task is offered: its own, the retrieved, or all.

        Raises
        ------
        CatalogError
            Where nothing is found in the catalogue: a model would make an answer up.
        """
        if task.tools is not None:
            return list(task.tools)
        if self.catalog is not None:
            found = [spec.id for _, spec in self.catalog.search(task.query, self.k)]
            if not found:
                raise CatalogError(
                    f"{self.catalog.folder}: no tool was found there. Add some with "
                    f"'toolgrove index SOURCE --catalog {self.catalog.folder}'."
                )
            return found
        return self.registry.ids()

    def reachable(self, task: Task) -> Iterable[ToolSpec]:
        """The tools that a task's run may call: those it is offered, with ``search_tools`` any."""
        if self.search_tools:
            return self.registry
        return [self.registry.get(tool) for tool in self.candidates(task)]

    def _offer(self, ids: Sequence[str]) -> Offer:
        """What a run shows its model; runs that show the same share it, with all it keeps."""
        controls = [SEARCH_TOOLS] if self.search_tools else []
        controls += subtasks.CONTROLS if self.subtasks else ()
        key = (self.registry, self.registry.version, *controls, *ids)
        if key not in self._offers:
            offer = self.registry.offer(ids)
            self._offers[key] = Offer(offer.specs, offer.aliases, controls=controls)
        self._offers.move_to_end(key)
        if len(self._offers) > _OFFERS:
            self._offers.popitem(last=False)
        return self._offers[key]

    def world(self, specs: Iterable[ToolSpec]) -> str:
        """What answers these tools, for scores: a virtual server, the bundled world, or ""."""
        return self.apis_identity or world_version(specs)

    def _resumed(self, run: Path) -> Journal:
        """The run's journal, if its calls were answered by the same virtual server, or by none."""
        journal = Journal.resume(run)
        before = str(journal.record.header["config"].get("world", ""))
        before = before if before.startswith("virtual:") else ""
        if before != self.apis_identity:
            journal.close()
            raise ResumeMismatch(str(run), {"virtual APIs": (before, self.apis_identity)})
        return journal

    def _journal(self, task: Task, run: Path | None) -> Journal:
        if run is not None and (run / JOURNAL).is_file() and (run / JOURNAL).stat().st_size:
            return self._resumed(run)
        offer = self._offer(self.candidates(task))
        frontier = parse_planner(self.planner)
        chat = open_chat(self.chat_models, offer)
        settings = {
            "model": self.model_spec,
            "strong": self.strong_spec,
            "cascade": self.cascade,
            "catalog": "" if self.catalog is None else str(self.catalog.folder),
            "timeout": self.timeout,
            "observation_limit": self.observation_limit,
            "apis": self.apis or "",
            "search_tools": self.search_tools,
            "subtasks": self.subtasks,
            "context_tokens": self.window.tokens if self.window else None,
            "policy": self.policy.settings,
        }
        begin = Journal.in_memory if run is None else partial(Journal.create, run)
        return begin(
            task=task,
            tools=offer.specs,
            aliases=offer.aliases,
            config=run_config(frontier, chat, offer, self.budget or Budget(), self.window)
            | {
                "world": self.world(self.registry if self.search_tools else offer.specs),
                "settings": settings,
            },
        )


def _loaded(model: str | BaseChatModel) -> BaseChatModel:
    if not isinstance(model, str):
        return model
    from toolgrove.agent.models.loading import load_model

    return load_model(model)


def _pins(specs: Iterable[ToolSpec]) -> dict[str, str]:
    return {spec.id: codec.digest(spec) for spec in specs}


def _made(folder: Path) -> bool:
    """Whether a folder could be made, which then nobody else has."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _identity(apis: str) -> str:
    from toolgrove.tools.virtual.backend import identity

    return identity(apis)


def _registry(tools: Sequence[Callable[..., Any] | BaseTool | ToolSpec]) -> Registry:
    from langchain_core.tools import BaseTool

    registry = Registry()
    for tool in tools:
        if isinstance(tool, ToolSpec):
            registry.add([tool])
        elif isinstance(tool, BaseTool):
            registry.add_langchain(tool)
        else:
            registry.add_function(tool)
    return registry


def as_task(query: str) -> Task:
    """A request in words as a task, named by a digest of its words."""
    return Task(codec.digest(query)[:12], query)


def _outcome(tree: SearchTree, run: Path | None) -> Outcome:
    return Outcome(tree.answer, str(tree.meta["ended"]), tree, run)


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also from a thread whose event loop is running (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
