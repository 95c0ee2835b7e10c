"""The table of options that set a run's settings: what each is called, sets and says."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from toolgrove.cli.approval import Approval
from toolgrove.cli.prices import prices
from toolgrove.cli.texts import schema_file, text_or_file

if TYPE_CHECKING:
    from toolgrove.agent.memory import Memory

__all__ = ["CALLS", "MODEL", "OPTIONS", "RUN", "Option"]

MODEL, RUN, CALLS = "model", "run", "calls"


@dataclass(frozen=True, slots=True)
class Option:
    """An option, and the field that it sets.

    Parameters
    ----------
    group : str
        ``MODEL``, ``RUN`` or ``CALLS``.
    name : str
        Of the parameter.
    sets : str
        The field of ``RunSettings``; dotted where that is a record's in the record.
    fixed : bool
        Whether a run that is gone on with has its own, and takes no other.
    read : callable
        What is given, as the field has it.
    parameter : inspect.Parameter
        As typer reads it.
    variable : str
        The environment variable that gives it, too.
    """

    group: str
    name: str
    sets: str
    fixed: bool
    read: Callable[[Any], Any]
    parameter: inspect.Parameter
    variable: str = ""

    @property
    def flag(self) -> str:
        """How it is written on the command line."""
        return "-k" if self.name == "k" else f"--{self.name.replace('_', '-')}"

    @property
    def repeatable(self) -> inspect.Parameter:
        """The parameter of a command that takes several values, and tries each.

        Its variable is none of click's business, which takes each word for a value of its own and
        would put it before what a matrix file says.
        """
        hint, info = get_args(self.parameter.annotation)
        info = copy.copy(info)
        variable = f" Else {self.variable}." if self.variable else ""
        info.envvar, info.help = None, f"{info.help} Repeatable: each is tried.{variable}"
        kind: Any = get_args(hint)[0]
        return self.parameter.replace(annotation=Annotated[list[kind] | None, info])


def _option(
    name: str,
    kind: Any,
    group: str,
    sets: str,
    about: str,
    *,
    fixed: bool = False,
    read: Callable[[Any], Any] = lambda value: value,
    **more: Any,
) -> Option:
    flag = "-k" if name == "k" else f"--{name.replace('_', '-')}"
    info: Any = typer.Option(flag, help=about, **more)
    kind = Annotated[kind | None, info]
    only = inspect.Parameter.KEYWORD_ONLY
    parameter = inspect.Parameter(name, only, default=None, annotation=kind)
    return Option(group, name, sets, fixed, read, parameter, more.get("envvar", ""))


def _memory(folder: str) -> Memory:
    from toolgrove.agent.memory import Memory

    return Memory.open(folder, create=False)


_FORMS = "local, scripted:FILE, openai-compatible:URL#NAME or provider:name."
OPTIONS = (
    _option(
        "model",
        str,
        MODEL,
        "model",
        f"Who answers: {_FORMS}",
        fixed=True,
        envvar="TOOLGROVE_MODEL",
        show_default="local",
    ),
    _option(
        "temperature",
        float,
        MODEL,
        "sampling.temperature",
        "Of the models' sampling.",
        fixed=True,
        min=0.0,
    ),
    _option(
        "top_p",
        float,
        MODEL,
        "sampling.top_p",
        "Of the models' sampling.",
        fixed=True,
        min=0.0,
        max=1.0,
    ),
    _option(
        "max_output_tokens",
        int,
        MODEL,
        "sampling.max_tokens",
        "Longest reply of a model.",
        fixed=True,
        min=1,
    ),
    _option(
        "seed",
        int,
        MODEL,
        "sampling.seed",
        "Of the models' sampling, where they take one.",
        fixed=True,
        min=-(2**63),
        max=2**63 - 1,
    ),
    _option(
        "planner",
        str,
        RUN,
        "planner",
        "react, cot, dfsdt, dfs_filter, beam, astar, uct, dag, dta or auto; options as in "
        "dfsdt:width=3,depth=8.",
        fixed=True,
        show_default="dfsdt",
    ),
    _option(
        "strong",
        str,
        RUN,
        "strong",
        "A second, stronger model, which shares the work with --model.",
        fixed=True,
        envvar="TOOLGROVE_STRONG_MODEL",
    ),
    _option(
        "cascade",
        str,
        RUN,
        "cascade",
        "How they share it: specreason (propose, score, take over) or planact (plan, act); options "
        "as in specreason:threshold=5.",
        fixed=True,
        show_default="specreason",
    ),
    _option(
        "instructions",
        str,
        RUN,
        "instructions",
        "Told to the model below the planner's own words; @FILE reads them from a file.",
        fixed=True,
        read=text_or_file,
        metavar="TEXT|@FILE",
    ),
    _option(
        "response_format",
        str,
        RUN,
        "response_format",
        "JSON Schema that the final answer has to fit.",
        fixed=True,
        read=schema_file,
        metavar="FILE",
    ),
    _option(
        "finish",
        str,
        RUN,
        "finish",
        "When a reply that calls no tool is the answer: text (always), tool (never) or auto.",
        fixed=True,
        show_default="auto",
    ),
    _option(
        "k",
        int,
        RUN,
        "k",
        "Tools to retrieve for a request.",
        fixed=True,
        min=1,
        max=1_000,
        show_default="5",
    ),
    _option(
        "search_tools",
        bool,
        RUN,
        "search_tools",
        "Let the model look for further tools while it works.",
        fixed=True,
    ),
    _option(
        "subtasks",
        bool,
        RUN,
        "subtasks",
        "Let the model divide a long task; what is done is shown in short.",
        fixed=True,
    ),
    _option(
        "code",
        bool,
        RUN,
        "code",
        "Let the model write code that calls the tools, in the sandbox monty.",
        fixed=True,
    ),
    _option(
        "sandbox",
        str,
        RUN,
        "code",
        "The same in this sandbox: monty (part of Python), sandlock or bwrap (all, on Linux).",
        fixed=True,
    ),
    _option(
        "solve",
        bool,
        RUN,
        "solve",
        "Offer each run a solver that checks formulas (z3).",
        fixed=True,
    ),
    _option(
        "memory",
        str,
        RUN,
        "memory",
        "Tell each run the lessons that fit it, from the memory in this folder (learn memory).",
        fixed=True,
        read=_memory,
        metavar="DIR",
    ),
    _option(
        "update_memory",
        bool,
        RUN,
        "update_memory",
        "Learn from each run of eval as soon as it is scored.",
        fixed=True,
    ),
    _option(
        "examples",
        str,
        RUN,
        "examples",
        "Show each run the nearest solved requests, from the memory in this folder.",
        fixed=True,
        read=_memory,
        metavar="DIR",
    ),
    _option(
        "made_tools",
        bool,
        RUN,
        "made_tools",
        "Offer each run the made tools that fit it, besides those retrieved (make tools).",
        fixed=True,
    ),
    _option(
        "context_tokens",
        int,
        RUN,
        "context_tokens",
        "Most tokens of a prompt's messages; tools and reply come on top.",
        fixed=True,
        min=500,
    ),
    _option(
        "max_model_calls",
        int,
        RUN,
        "budget.model_calls",
        "Budget of model calls.",
        min=1,
        show_default="200",
    ),
    _option("max_tool_calls", int, RUN, "budget.tool_calls", "Budget of tool calls.", min=0),
    _option("max_tokens", int, RUN, "budget.tokens", "Budget of input and output tokens.", min=1),
    _option("max_seconds", float, RUN, "budget.seconds", "Budget of seconds.", min=0),
    _option(
        "max_money", float, RUN, "budget.money", "Budget of money, in the prices' currency.", min=0
    ),
    _option(
        "price",
        list[str],
        RUN,
        "prices",
        "Price of a million input and output tokens of a model, as in gpt-5=1.25,10.",
        read=prices,
        metavar="MODEL=IN,OUT",
    ),
    _option(
        "in_flight",
        int,
        RUN,
        "in_flight",
        "Steps of a run under way at once: above 1 the search looks ahead, and comes to the same.",
        min=1,
        show_default="1",
    ),
    _option(
        "apis",
        str,
        RUN,
        "calls.apis",
        "URL of a virtual API server (serve apis) that answers all calls.",
    ),
    _option(
        "timeout",
        float,
        CALLS,
        "calls.timeout",
        "Seconds a tool call may take, retries included.",
        min=0.1,
        show_default="30",
    ),
    _option(
        "allow",
        list[str],
        CALLS,
        "calls.policy.allow",
        "Call only tools with this id; * and ? as in 'GitHub/*' (repeatable).",
        read=tuple,
    ),
    _option("read_only", bool, CALLS, "calls.policy.read_only", "Refuse every write."),
    _option(
        "approve",
        Approval,
        CALLS,
        "",
        "Writes outside the bundled world: ask at the terminal first.",
    ),
    _option("dry_run", bool, CALLS, "calls.policy.dry_run", "Show calls instead of making them."),
    _option(
        "allow_private",
        bool,
        CALLS,
        "calls.network.addresses.private",
        "Let calls go to this machine and private networks.",
    ),
    _option(
        "allow_host",
        list[str],
        CALLS,
        "calls.network.addresses.hosts",
        "Let calls go to this HOST or HOST:PORT, wherever (repeatable).",
        read=frozenset,
    ),
    _option(
        "record",
        str,
        RUN,
        "calls.record",
        "Keep the HTTP exchanges in a cassette in this folder.",
    ),
    _option("replay", str, RUN, "calls.replay", "Answer calls from the cassettes in this folder."),
    _option(
        "path_slashes",
        list[str],
        CALLS,
        "calls.network.path_slashes",
        "Let path values of tools like 'GitHub/*' hold slashes, sent as %2F (repeatable).",
        read=tuple,
    ),
    _option(
        "wrapper",
        list[str],
        CALLS,
        "calls.wrappers",
        "Put this wrapper of an installed package around calls (repeatable).",
        read=tuple,
    ),
)
"""Every option that sets something of a run or its calls."""
