"""The agent: a model, tools or a catalogue of them, and a planner, as one LangChain Runnable."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from langchain_core.runnables import RunnableConfig

from toolgrove.agent.deciding import Decisions
from toolgrove.agent.hosting import apis_identity, world_version
from toolgrove.agent.inputs import RunInputs, as_task
from toolgrove.agent.models.identity import samplings
from toolgrove.agent.models.loading import loaded
from toolgrove.agent.outcome import Outcome
from toolgrove.agent.prepared import Kept, lent, made_key, made_tools, offered
from toolgrove.agent.runnable import RunnableAgent
from toolgrove.agent.running import answered
from toolgrove.agent.settings import RunOptions, RunSettings, public_name
from toolgrove.agent.sources import registered
from toolgrove.agent.thread import Thread
from toolgrove.data.chat_text import model_name
from toolgrove.data.listening import Listener
from toolgrove.data.records import Task, ToolSpec
from toolgrove.data.runs import read_run
from toolgrove.data.tree import SearchTree
from toolgrove.machine.files import safe_name
from toolgrove.machine.threads import wait
from toolgrove.planners.cascade import Cascade, parse_cascade
from toolgrove.planners.frontier import Frontier
from toolgrove.planners.registry import as_frontier, planner_text
from toolgrove.tools.secrets import SecretStore

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool

    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.inputs import Request

__all__ = ["Agent"]


class Agent(RunnableAgent):
    """Answers requests by searching over tool calls.

    Parameters
    ----------
    model : str or BaseChatModel
        A chat model, or the name of one (:func:`toolgrove.agent.models.loading.load_model`).
    strong : str, BaseChatModel or None
        A second, stronger model, which shares the work with the first as ``cascade`` says.
    tools : sequence of callables, BaseTool or ToolSpec
        Typed Python functions, LangChain tools or specs; offered all, unless a task names its own.
        A function writes unless it is decorated with ``@tool(effect="read")``.
    catalog : Catalog or None
        Where tools are retrieved from for tasks that name none.
    planner : str or Frontier
        ``react``, ``cot``, ``dfsdt``, …, with options as in ``dfsdt:width=3,depth=8``, or a
        frontier of your own, of which each run gets a copy.
    runs : path or None
        Folder under which each run keeps its journal; None keeps none after the run.
    settings : RunSettings
        Everything else that decides a run.
    **options
        Fields of :class:`~toolgrove.agent.settings.RunSettings`, or of
        :class:`~toolgrove.tools.calls.settings.CallSettings`: ``k=3``, ``timeout=10.0``.

    Raises
    ------
    UsageError
        Where what is given does not fit together.
    TypeError
        For an option that is no setting.

    Examples
    --------
    >>> from toolgrove import ScriptedModel, tool
    >>> from toolgrove.agent import call, finish
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
        tools: Sequence[Callable[..., Any] | BaseTool | ToolSpec] = (),
        catalog: Catalog | None = None,
        planner: str | Frontier | None = None,
        runs: str | Path | None = None,
        settings: RunSettings = RunSettings(),  # noqa: B008 - frozen
        **options: Unpack[RunOptions],
    ) -> None:
        settings = settings.changed(**options)
        planner = settings.planner if planner is None else planner
        self._frontier = as_frontier(planner)
        self.settings = settings.changed(
            planner=planner_text(self._frontier),
            model=public_name(model) if isinstance(model, str) else "",
            strong=public_name(strong) if isinstance(strong, str) else "",
            catalog="" if catalog is None else str(catalog.folder),
        )
        self.settings.check(tools=bool(tools), catalog=catalog is not None)
        self.catalog = catalog
        self.runs = None if runs is None else Path(runs)
        self.registry = catalog.registry if catalog is not None else registered(tools)
        self.lent = lent(self.settings, self.registry)
        self.made_tools = made_tools(self.settings, catalog)
        self.secrets = SecretStore()
        self.listeners: list[Listener] = []  # who hears of its runs
        self.model = loaded(model, **self.settings.sampling)
        self.chat_models: BaseChatModel | Cascade = self.model
        if strong is not None:
            both = self.model, loaded(strong, **self.settings.sampling)
            self.chat_models = Cascade(*both, parse_cascade(self.settings.cascade))
        self.form = self.settings.form
        self.apis_identity = apis_identity(self.settings.calls.apis)
        self.kept = Kept()
        self._runs_of: dict[str, tuple[str, Iterator[int]]] = {}  # name, and numbers to try

    def changed(self, **options: Unpack[RunOptions]) -> Agent:
        """The same agent with other settings; it shares its tools and limits with this one."""
        other = copy.copy(self)
        other.settings = self.settings.changed(**options)
        other.lent = lent(other.settings, other.registry)
        if "made_tools" in options:
            other.made_tools = made_tools(other.settings, other.catalog)
        other.kept = Kept(self.kept.offers)
        if "response_format" in options:
            other.form = other.settings.form
        if "apis" in options:
            other.apis_identity = apis_identity(options["apis"])
        return other

    @property
    def planner(self) -> str:
        """The planner as a text, every option spelled out."""
        return self.settings.planner

    def frontier(self) -> Frontier:
        """The planner, fresh for a run."""
        return copy.deepcopy(self._frontier)

    @property
    def sampling(self) -> list[dict[str, Any]]:
        """How its models sample, as far as they say."""
        return samplings(self.chat_models)

    def key(self) -> dict[str, Any]:
        """What decides a result, but for its task and the tools: results are kept under it."""
        return {
            **self.settings.key(),
            "name": model_name(self.chat_models),
            "sampling": self.sampling,
            "prompt": self._frontier.prompts.digest,
            "retrieved": self.catalog is not None or self.settings.retrieve is not None,
            **made_key(self.made_tools),
        }

    def invoke(
        self, input: Request, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Outcome:
        """Answer a request, from sync code; see :meth:`ainvoke`."""
        return wait(self.ainvoke(input, config, **kwargs))

    async def ainvoke(
        self,
        input: Request,
        config: RunnableConfig | None = None,
        *,
        context: Any = None,
        secrets: Mapping[str, str | tuple[str, str]] | None = None,
        **kwargs: Any,
    ) -> Outcome:
        """Answer a request.

        Parameters
        ----------
        input : str, Task, messages, mapping or prompt value
            The request in words, a task that names its tools, or a conversation that ends with the
            request: messages in LangChain's forms, ``{"messages": […]}``, what a prompt gives.
        config : RunnableConfig or None
            LangChain's; tools that ask for one get its ``configurable``, metadata and tags.
        context : Any
            For tools that ask for it (``Annotated[Ctx, FromRun]``) and instructions that do; no
            model sees it, and no journal.
        secrets : mapping or None
            For this run only: by name a value, or a value and the origin that it may be sent to.

        Raises
        ------
        ModelError
            Where the model did not answer; the run, if kept, can be resumed.
        TypeError
            For a keyword argument: an agent's settings are its own.
        """
        if kwargs:
            unknown = ", ".join(map(repr, sorted(kwargs)))
            raise TypeError(f"Agent.invoke takes no {unknown}: give settings to Agent(…) instead")
        inputs = RunInputs(context, secrets or {}, config)
        task = as_task(input, inputs.hold)
        return await answered(self, task, self.runs and self.new_run(task), inputs)

    def thread(self, name: str) -> Thread:
        """A conversation that is kept on disk, under ``runs``, and gone on with by its name.

        Raises
        ------
        UsageError
            Where the agent keeps no runs.
        """
        return Thread.of(self, name)

    def resume(self, run: str | Path, **kwargs: Any) -> Outcome:
        """Go on with a run that was cut short or waits; see :meth:`aresume`."""
        return wait(self.aresume(run, **kwargs))

    async def aresume(
        self,
        run: str | Path,
        config: RunnableConfig | None = None,
        *,
        decisions: Decisions | None = None,
        context: Any = None,
        secrets: Mapping[str, str | tuple[str, str]] | None = None,
    ) -> Outcome:
        """Go on with a run that was cut short or waits; one that ended gives what it came to.

        The budget may be another one; what the run's policy forbade stays forbidden. Context and
        secrets are given again: no journal holds them.

        Parameters
        ----------
        run : path
            The run's folder.
        decisions : mapping of str to Decision, optional
            What is decided of the calls that wait (``outcome.waiting``), by id: ``Allow()``,
            ``Refuse("why")``, ``Edit({…})``. Others are asked about where there is an ``approve``.

        Raises
        ------
        JournalError
            Where the folder holds no run.
        UsageError
            Where a decision is about no call that waits, or does not fit it.
        ResumeMismatch
            Where the run was begun with another planner, model or tools.
        JournalLocked
            Where another process is at it.
        """
        task, _ = read_run(run).began
        inputs = RunInputs(context, secrets or {}, config, decisions or {})
        return await answered(self, task, Path(run), inputs)

    async def solve(
        self,
        task: Task,
        run: str | Path | None,
        inputs: RunInputs = RunInputs(),  # noqa: B008 - frozen
    ) -> SearchTree:
        """Begin a task's run in a folder, or go on with the one that is there; None keeps nothing.

        It raises what :meth:`aresume` does, also for a folder that holds another task's run.
        """
        return (await answered(self, task, None if run is None else Path(run), inputs)).tree

    def new_run(self, task: Task) -> Path:
        """A new folder under ``runs``, named after the task; of several makers one gets it."""
        if task.id not in self._runs_of:
            self._runs_of[task.id] = safe_name(task.id), count(1)
        name, numbers = self._runs_of[task.id]
        while True:
            folder = (self.runs or Path("runs")) / f"{name}-{next(numbers)}"
            with suppress(FileExistsError):
                folder.mkdir(parents=True)
                return folder

    def offered(self, task: Task) -> list[ToolSpec]:
        """The tools that a task is offered: its own, the retrieved, or all."""
        return offered(self, task)

    def candidates(self, task: Task) -> list[str]:
        """Ids of the tools that a task is offered."""
        return [spec.id for spec in offered(self, task)]

    def world(self, specs: Iterable[ToolSpec]) -> str:
        """What answers these tools, for scores: a virtual server, the bundled world, or ""."""
        return self.apis_identity or world_version(specs)
