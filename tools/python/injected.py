"""Parameters that a run fills in: found in a signature, and what they are filled with."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, cast, get_args, get_origin

from toolgrove.errors import SpecError
from toolgrove.tools.python.fields import has_default
from toolgrove.tools.scope import LENT, FromRun, RunScope

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langchain_core.tools import BaseTool

__all__ = ["filled_in", "injected_arguments", "injected_names", "is_injected", "lent_config"]

_TOLD = ("configurable", "metadata", "tags")


def is_injected(parameter: inspect.Parameter) -> bool:
    """Whether the run fills a function's parameter in: it says ``FromRun``, or wants the config."""
    kind = parameter.annotation
    return _marked(kind, FromRun) or _wants_config(kind)


def filled_in(parameters: Iterable[inspect.Parameter], name: str) -> dict[str, Any]:
    """Values for a function's injected parameters; what has a default keeps that, if need be.

    Raises
    ------
    SpecError
        Where the run has nothing that fits. It says nothing of what the run has.
    """
    scope = LENT.get()
    found: dict[str, Any] = {}
    for one in parameters:
        if _wants_config(one.annotation):
            found[one.name] = _config(scope)
        elif scope.context is not None and _fits(scope.context, get_args(one.annotation)[0]):
            found[one.name] = scope.context
        elif not has_default(one):
            raise SpecError(_missing(name, one.name))
    return found


def injected_names(tool: BaseTool) -> dict[str, Any]:
    """The annotations of a LangChain tool's arguments that no model gives, by their names."""
    from langchain_core.tools import InjectedToolCallId
    from langchain_core.tools.base import get_all_basemodel_annotations

    try:
        whole: Any = tool.get_input_schema()
        shown: Any = tool.tool_call_schema
        names = {*whole.model_fields} - {*shown.model_fields}
        hints = get_all_basemodel_annotations(whole)
    except Exception:  # a schema that is a dict, or of pydantic 1: nothing of it is injected
        return {}
    found = {name: hints[name] for name in names if name in hints}
    return {
        name: kind
        for name, kind in found.items()
        if get_origin(kind) is Annotated and not _marked(kind, InjectedToolCallId)
    }


def injected_arguments(tool: BaseTool) -> dict[str, Any]:
    """Values for them, as far as the run has any.

    Of its context an argument gets what lies under its name (or under that of LangGraph's
    ``InjectedState("name")``), else all of it, where that fits the argument's type.
    """
    context = LENT.get().context
    found: dict[str, Any] = {}
    if context is None:
        return found
    for name, kind in injected_names(tool).items():
        wanted, *marks = get_args(kind)
        field = next((m.field for m in marks if getattr(m, "field", None)), name)
        if isinstance(context, Mapping) and field in context:
            found[name] = context[field]
        elif not isinstance(context, Mapping) and hasattr(context, field):
            found[name] = getattr(context, field)
        elif _fits(context, wanted):
            found[name] = context
    return found


def _config(scope: RunScope) -> dict[str, Any]:
    """The run's config; who listens is told of the call, and no secret, as where none is given."""
    config = dict(scope.config)
    if "callbacks" in config:
        from langchain_core.runnables.config import ensure_config

        config["callbacks"] = ensure_config().get("callbacks")
    return config


def lent_config() -> RunnableConfig | None:
    """What a run's LangChain tools are told of its config; who listens is told by others."""
    config = LENT.get().config
    found = {name: config[name] for name in _TOLD if name in config}
    return cast("RunnableConfig", found) if found else None


def _missing(tool: str, parameter: str) -> str:
    return (
        f"{parameter} of {tool} is filled in by the run, which has nothing that fits: "
        "give it with invoke(…, context=…)."
    )


def _marked(kind: Any, mark: type) -> bool:
    extras = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return any(
        one is mark or isinstance(one, mark) or (isinstance(one, type) and issubclass(one, mark))
        for one in extras
    )


def _wants_config(kind: Any) -> bool:
    if getattr(kind, "__name__", "") != "RunnableConfig" and not get_args(kind):
        return False  # what most parameters are, told without LangChain
    from langchain_core.runnables import RunnableConfig

    return RunnableConfig in (kind, *get_args(kind))


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, as far as that can be told of the value alone."""
    plain = get_origin(kind) or kind
    if plain in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    try:
        return isinstance(value, plain) if isinstance(plain, type) else True
    except TypeError:  # a protocol that is not for run time, a TypedDict
        return True
