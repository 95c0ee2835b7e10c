"""What decides a run, in one record: kept in its journal, and in the key of its result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, get_args

from toolgrove.data import settings as declared
from toolgrove.data.records import ToolSpec
from toolgrove.data.request import Finish
from toolgrove.data.secret_forms import without_passwords
from toolgrove.data.settings import decides, passes
from toolgrove.errors import JournalError, UsageError
from toolgrove.planners.budget import Budget, Prices
from toolgrove.planners.context import Count, Window, approximately
from toolgrove.tools.answer_form import AnswerForm
from toolgrove.tools.calls.settings import CallSettings

if TYPE_CHECKING:
    from toolgrove.agent.memory import Memory
    from toolgrove.retriever.rerank import Reranker
    from toolgrove.tools.calls.policy import Policy
    from toolgrove.tools.calls.wrappers import Wrapper
    from toolgrove.tools.http.network import Network

__all__ = ["Instructions", "Retrieve", "RunOptions", "RunSettings", "public_name"]

Retrieve: TypeAlias = Callable[[str, int], Sequence[ToolSpec]]
"""Gives the ``k`` tools that a request is most likely about."""
Instructions: TypeAlias = Callable[..., Any]
"""Gives a run's instructions from its task, and from its context where it takes two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What decides a run, but for its task and the tools that it is offered.

    Parameters
    ----------
    planner : str
        ``react``, ``cot``, ``dfsdt``, …, with options as in ``dfsdt:width=3,depth=8``.
    model, strong : str
        The models by their names; empty where an object was given or there is none.
    cascade : str
        How two models share the work: ``specreason`` or ``planact``, with options as in
        ``specreason:threshold=5`` (:mod:`toolgrove.planners.cascade`).
    sampling : mapping
        What named models are loaded with: ``temperature``, ``top_p``, ``max_tokens``, ``seed``.
    instructions : str or callable
        What a run is told below its planner's own words; ``instructions(task)`` or
        ``instructions(task, context)`` gives it for each run, whose journal keeps it.
    response_format : type, JsonObject or None
        What the final answer has to be: a pydantic class, a ``TypedDict`` or a JSON Schema.
    finish : str
        When a reply that calls no tool is the answer: ``text`` always, ``tool`` never, ``auto``
        where the planner has no other path to try.
    catalog : str
        The folder that tools are retrieved from; empty where there is none.
    k : int
        How many tools are retrieved for a task that names none.
    search_tools : bool
        Whether the model may look for further tools in the catalogue in mid-search.
    subtasks : bool
        Whether the model may divide a long task (:mod:`toolgrove.planners.subtasks`).
    code : bool or str
        Whether the model may write code that calls the tools (:mod:`toolgrove.planners.coding`):
        True in the sandbox ``monty``, or the name of another one
        (:mod:`toolgrove.tools.sandbox.choosing`).
    solve : bool
        Whether every run is offered a solver of formulas, too, whatever else it is offered
        (:func:`toolgrove.tools.solver.check.check_formulas`).
    context_tokens : int or None
        The most tokens that the messages of a prompt may take; the tools' schemas and the reply
        come on top (:mod:`toolgrove.planners.context`).
    count_tokens : callable
        Counts the tokens of messages, as ``model.get_num_tokens_from_messages`` does; by default
        one for four characters.
    budget : Budget
        What one run may spend.
    prices : mapping of str to (float, float)
        By a model's name, the price of a million input and of a million output tokens.
    in_flight : int
        How many steps of a run are under way at once; above 1 a search looks ahead.
    retrieve : callable or None
        ``retrieve(query, k)`` gives the specs of the tools for a task that names none, in the place
        of the catalogue's search.
    rerank : Reranker or None
        Looks at what the catalogue's search found again (:mod:`toolgrove.retriever.rerank`).
    memory : Memory or None
        Lessons of earlier runs, of which each run is told the few that fit it
        (:mod:`toolgrove.agent.memory`).
    update_memory : bool
        Whether an evaluation's runs are learnt from as soon as they are scored.
    examples : Memory or None
        Solved requests, of which each run is shown the nearest.
    made_tools : bool
        Whether a run is offered the tools, made from solved runs, that its request is about
        (:mod:`toolgrove.agent.making`).
    calls : CallSettings
        How tool calls are made.
    """

    planner: str = decides("dfsdt")
    model: str = decides("")
    strong: str = decides("")
    cascade: str = decides("specreason")
    sampling: Mapping[str, Any] = decides(factory=dict)
    instructions: str | Instructions = decides("")
    response_format: Any = decides(None, kept=False)
    finish: Finish = decides("auto")
    catalog: str = passes("")
    k: int = decides(5)
    search_tools: bool = decides(False)
    subtasks: bool = decides(False)
    code: bool | str = decides(False)
    solve: bool = decides(False)
    context_tokens: int | None = decides(None)
    count_tokens: Count = decides(approximately, kept=False)
    budget: Budget = decides(factory=Budget)
    prices: Prices = decides(factory=dict)
    in_flight: int = passes(1)
    retrieve: Retrieve | None = decides(None, kept=False)
    rerank: Reranker | None = decides(None, kept=False)
    memory: Memory | None = decides(None, kept=False)
    update_memory: bool = decides(False)
    examples: Memory | None = decides(None, kept=False)
    made_tools: bool = decides(False)
    calls: CallSettings = decides(factory=CallSettings)

    @property
    def window(self) -> Window | None:
        """How much of a path the model is shown; None is all of it."""
        if self.context_tokens is None:
            return None
        return Window(self.context_tokens, self.count_tokens)

    @property
    def sandbox(self) -> str:
        """The name of the sandbox that code is run in; empty where none is."""
        named = self.code if isinstance(self.code, str) else ""
        return named or ("monty" if self.code or self.made_tools else "")

    @property
    def form(self) -> AnswerForm | None:
        """The form that the answer is asked in; None where any words will do."""
        return None if self.response_format is None else AnswerForm.of(self.response_format)

    def changed(self, **options: Any) -> RunSettings:
        """The same settings but for some, of the run or of its calls, by their names.

        Raises
        ------
        TypeError
            For a name that is no setting.

        Examples
        --------
        >>> RunSettings().changed(k=3, timeout=5.0).calls.timeout
        5.0
        """
        own = {name: options.pop(name) for name in _RUN & options.keys()}
        calls = {name: options.pop(name) for name in _CALLS & options.keys()}
        if options:
            raise TypeError(f"no setting is called {', '.join(sorted(options))}")
        return replace(self, **own, calls=replace(own.get("calls", self.calls), **calls))

    def check(self, *, tools: bool, catalog: bool) -> None:
        """Refuse what does not fit together, or to an agent with these.

        Raises
        ------
        UsageError
            Saying what to leave out or to add.
        """
        calls = self.calls
        if calls.replay is not None and (calls.record is not None or calls.apis is not None):
            raise UsageError("a replay answers all calls: leave record and apis out.")
        if tools and catalog:
            raise UsageError("give tools or a catalog, not both: add the tools to the catalog.")
        if self.search_tools and not catalog:
            raise UsageError("search_tools needs a catalog to search.")
        if self.rerank is not None and not catalog:
            raise UsageError("rerank looks again at what a catalog's search found: give a catalog.")
        if self.made_tools and not catalog:
            raise UsageError("made_tools needs a catalog that tools were made for: give one.")
        if self.sandbox:
            from toolgrove.tools.sandbox.choosing import sandbox_named

            sandbox_named(self.sandbox)
        if self.solve:
            from toolgrove.tools.solver.check import needs_solver

            needs_solver()
        if self.update_memory and self.memory is None:
            raise UsageError("update_memory needs a memory to update: give one.")
        if self.finish not in get_args(Finish):
            raise UsageError(f"finish={self.finish!r}: say {', '.join(get_args(Finish))}.")

    def to_journal(self) -> dict[str, Any]:
        """The settings as JSON, less what cannot be kept: functions, and what a machine trusts."""
        kept = declared.to_journal(self)
        if callable(self.instructions):  # the text that it gave is in the header
            del kept["instructions"]
        return kept

    @classmethod
    def from_journal(cls, config: Mapping[str, Any], run: str | Path) -> RunSettings:
        """The settings that a run was begun with.

        Parameters
        ----------
        config : mapping
            Of the journal's header.
        run : path
            For the error.

        Raises
        ------
        JournalError
            Where the header holds none that can be read.
        """
        try:
            return declared.from_journal(cls, config["settings"])
        except (KeyError, TypeError, ValueError) as error:
            why = " ".join(str(error).split())[:200]
            raise JournalError(
                f"{run}: the settings in its journal's header cannot be read ({why}). It was made "
                "by another version, or is damaged: start a new run."
            ) from error

    def key(self) -> dict[str, Any]:
        """What decides a result, as JSON; the same for settings that come to the same."""
        found = declared.key(self)
        if self.budget.money is None:
            del found["prices"]
        if not self.strong:
            del found["cascade"]
        if self.response_format is not None:
            found["response_format"] = AnswerForm.of(self.response_format).schema
        if self.memory is not None:
            grows = self.update_memory
            found["memory"] = self.memory.identity if grows else self.memory.digest
        if self.examples is not None:
            found["examples"] = self.examples.digest
        for name in ("instructions", "response_format", "finish", "code", "solve", *_LEARNT):
            if getattr(self, name) == _DEFAULTS[name]:  # results of before keep their key
                del found[name]
        return found

    def named(self, run: str | Path) -> RunSettings:
        """The settings, where everything in them has a name that another process can load.

        Raises
        ------
        UsageError
            Where the run was begun from Python with an object.
        """
        if not self.model or not self.catalog:
            raise UsageError(
                f"{run} was begun from Python with objects that have no name here. "
                "Resume it there: Agent(…).resume(run)."
            )
        return self


_LEARNT = ("memory", "update_memory", "examples", "made_tools")
_CALLS = frozenset(one.name for one in fields(CallSettings))
_RUN = frozenset(one.name for one in fields(RunSettings))
_DEFAULTS = {one.name: one.default for one in fields(RunSettings)}


class RunOptions(TypedDict, total=False):
    """The fields of :class:`RunSettings` and of its ``calls`` that an agent takes by name."""

    cascade: str
    sampling: Mapping[str, Any]
    instructions: str | Instructions
    response_format: Any
    finish: Finish
    k: int
    search_tools: bool
    subtasks: bool
    code: bool | str
    solve: bool
    context_tokens: int | None
    count_tokens: Count
    budget: Budget
    prices: Prices
    in_flight: int
    retrieve: Retrieve | None
    rerank: Reranker | None
    memory: Memory | None
    update_memory: bool
    examples: Memory | None
    made_tools: bool
    timeout: float | None
    attempts: int
    observation_limit: int
    policy: Policy
    network: Network
    hosts: Mapping[str, str]
    apis: str | None
    trusted: Collection[str]
    record: str | None
    replay: str | None
    wrappers: Sequence[Wrapper | str]
    backends: Mapping[str, Any]


def public_name(model: str) -> str:
    """A model's name without the password that its URL may hold.

    Examples
    --------
    >>> public_name("openai-compatible:http://me:secret@127.0.0.1:8080/v1#small")
    'openai-compatible:http://127.0.0.1:8080/v1#small'
    """
    return without_passwords(model)
