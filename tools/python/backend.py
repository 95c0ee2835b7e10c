"""Calls of Python functions in this process, with checked arguments and a result as JSON text."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from toolgrove.data import codec
from toolgrove.data.passing import retry_after
from toolgrove.data.records import JsonObject, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import SpecError
from toolgrove.machine.threads import in_thread
from toolgrove.tools.calls.execute import Execute, failure
from toolgrove.tools.python.fields import has_default
from toolgrove.tools.python.function import (
    Function,
    arguments_model,
    error_line,
    function_spec,
    names_of,
    signature_of,
)
from toolgrove.tools.python.injected import filled_in, is_injected
from toolgrove.tools.python.source import from_source

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from toolgrove.tools.registry import Registry

__all__ = ["python_backend"]

_SHOWN = 500


def python_backend(registry: Registry, trusted: Collection[str] = ()) -> Execute:
    """Make calls of the Python functions that a registry knows.

    Sync functions run in a thread of their own, so that one that hangs keeps neither the event
    loop nor the process. What a function raises because of trouble that may pass (a connection that
    was lost, a status 503) is told as such, so that reads are tried again. A function of a
    catalogue on disk is imported only from modules that the caller names: a catalogue is data and
    must not choose what code runs.

    Parameters
    ----------
    registry : Registry
        Holds the specs, and the functions that this process added.
    trusted : collection of str
        Names of modules from which functions may be imported, and sources ``module:object`` whose
        tools may be.
    """
    from pydantic import ValidationError

    prepared = _PREPARED.setdefault(registry, {})  # which takes longer than a call

    @cache
    def imported(spec_id: str, digest: str) -> Function:
        return _imported(registry.get(spec_id), trusted)

    def prepare(spec_id: str) -> _Prepared:
        function = registry.functions.get(spec_id) or imported(spec_id, registry.digest(spec_id))
        known = prepared.get(spec_id)
        if known is None or known.function is not function:
            parameters = tuple(signature_of(function).parameters.values())
            known = prepared[spec_id] = _Prepared(
                function,
                arguments_model(function),
                parameters,
                tuple(one for one in parameters if is_injected(one)),
                inspect.iscoroutinefunction(function),
            )
        return known

    async def execute(call: ToolCall) -> Observation:
        try:
            tool = prepare(call.name)
        except SpecError as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        try:
            bound = tool.bound(call.arguments)
        except ValidationError as error:
            return failure(Status.INVALID_REQUEST, _explained(error), attempts=0)
        except SpecError as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        try:
            outcome = bound() if tool.is_async else await in_thread(bound)
            return _observed(await outcome if inspect.isawaitable(outcome) else outcome)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return failure(Status.NOT_WORKING, "The function was cancelled from within.")
        except (Exception, SystemExit) as error:
            return failure(_status(error), error_line(error), retry_after=retry_after(error))

    return execute


def _imported(spec: ToolSpec, trusted: Collection[str]) -> Function:
    """The function that a spec from disk names, if its module is trusted and it is still the same.

    Raises
    ------
    SpecError
        Where it is not.
    """
    if "source" in spec.binding:
        made: Function = from_source(spec, trusted)
        return made
    module, _, qualname = str(spec.binding.get("ref", "")).partition(":")
    if module not in trusted:
        raise SpecError(
            f"The function {module}:{qualname} is not loaded: add it with Registry.add_function, "
            f"or trust the module {module!r} when the stack is built."
        )
    try:
        found: Any = importlib.import_module(module)
        for step in qualname.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError) as error:
        raise SpecError(f"{module}:{qualname} cannot be imported: {error_line(error)}") from error
    # what the module itself imported (subprocess.run, say) is not what was trusted
    if names_of(found) != (spec.name, module, qualname):
        raise SpecError(f"{module}:{qualname} is no function of that module.")
    if function_spec(found, effect=spec.effect).parameters != spec.parameters:
        raise SpecError(f"{module}:{qualname} has changed since it was added. Add it again.")
    function: Function = found
    return function


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A function with what checks its arguments."""

    function: Function
    model: type[BaseModel]
    parameters: tuple[inspect.Parameter, ...]
    injected: tuple[inspect.Parameter, ...]
    is_async: bool

    def bound(self, arguments: JsonObject) -> partial[Any]:
        """The call to make; what was not given is left to the function's own defaults."""
        checked = self.model.model_validate_json(codec.dumps(dict(arguments)))
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for index, parameter in enumerate(self.parameters):
            if parameter in self.injected:
                continue
            field = f"p{index}"
            if parameter.kind is parameter.POSITIONAL_ONLY:
                args.append(getattr(checked, field))
            elif field in checked.model_fields_set or not has_default(parameter):
                kwargs[parameter.name] = getattr(checked, field)
        if self.injected:
            kwargs |= filled_in(self.injected, self.function.__name__)
        return partial(self.function, *args, **kwargs)


_PREPARED: WeakKeyDictionary[Registry, dict[str, _Prepared]] = WeakKeyDictionary()


def _observed(result: Any) -> Observation:
    if isinstance(result, str):
        return Observation(Status.OK, result, len(result))
    from pydantic_core import PydanticSerializationError, to_json

    try:
        content = to_json(result, inf_nan_mode="strings").decode()
    except PydanticSerializationError as error:
        text = f"The function gave a {type(result).__name__} that is not JSON: {error_line(error)}"
        return failure(Status.NOT_WORKING, text)
    return Observation(Status.OK, content, len(content))


def _explained(error: ValidationError) -> str:
    lines = [
        f"- {'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False)[:5]
    ]
    return "\n".join(["The arguments do not fit:", *lines])[:_SHOWN]


def _status(error: BaseException) -> Status:
    if isinstance(error, TimeoutError):
        return Status.TIMEOUT
    if isinstance(error, NotImplementedError) or retry_after(error) is not None:
        return Status.NOT_WORKING
    return Status.ERROR_IN_MESSAGE
