"""Typed Python functions as tools: a spec from annotations and docstring, and calls in-process.

The function's own annotations are the contract: pydantic makes the JSON Schema from them and
checks and converts the arguments of each call by them.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib
import inspect
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from toolgrove.data import codec
from toolgrove.data.records import Effect, JsonObject, Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import SpecError
from toolgrove.tools.execute import Execute, failure

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from toolgrove.tools.registry import Registry

__all__ = ["function_spec", "python_backend"]

Function = Callable[..., Any]
"""A Python function that is a tool, sync or async."""

_SHOWN = 500


def function_spec(function: Function, *, effect: Effect = Effect.READ) -> ToolSpec:
    """Describe a Python function as a tool.

    Parameters
    ----------
    function : callable
        A function or bound method whose parameters are all annotated. The summary and extended
        summary of its docstring become the description, the ``Parameters`` section (numpy, Google
        or reST) those of the parameters, the ``Returns`` section that of the result.
    effect : Effect
        Whether a call may change something.

    Raises
    ------
    SpecError
        For ``*args`` and ``**kwargs``, parameters without annotation, and annotations or
        defaults that JSON Schema cannot say.

    Examples
    --------
    >>> def area(width: float, height: float = 1.0) -> float:
    ...     '''Area of a rectangle.
    ...
    ...     Parameters
    ...     ----------
    ...     width : float
    ...         In metres.
    ...     '''
    ...     return width * height
    >>> spec = function_spec(area)
    >>> spec.name, spec.description, spec.parameters["required"]
    ('area', 'Area of a rectangle.', ['width'])
    >>> spec.parameters["properties"]["width"]
    {'type': 'number', 'description': 'In metres.'}
    """
    name, module, qualname = _names(function)
    description, described, result = _documented(function)
    parameters = {
        "type": "object",
        "properties": {},
        **_json_schema(_model(function), "validation"),
    }
    for parameter, schema in parameters["properties"].items():
        if described.get(parameter):
            schema["description"] = described[parameter]
    return ToolSpec(
        id=f"python/{module}/{qualname}",
        category="python",
        tool=module,
        name=name,
        description=description,
        parameters=parameters,
        returns=_returns(function, result),
        effect=effect,
        source="python",
        binding={"kind": "python", "ref": f"{module}:{qualname}"},
    )


def python_backend(registry: Registry, modules: Collection[str] = ()) -> Execute:
    """Make calls of the Python functions that a registry knows.

    Sync functions run in a thread of their own, so that one that hangs keeps neither the event
    loop nor the process. A function of a catalogue on disk is imported only from modules that the
    caller names: a catalogue is data and must not choose what code runs.

    Parameters
    ----------
    registry : Registry
        Holds the specs, and the functions that this process added.
    modules : collection of str
        Names of modules from which functions may be imported.
    """
    prepared: dict[str, _Prepared] = {}

    def prepare(spec: ToolSpec) -> _Prepared:
        function = registry.function(spec.id) or _imported(spec, modules)
        known = prepared.get(spec.id)
        if known is None or known.function is not function:
            known = prepared[spec.id] = _Prepared(
                function, _model(function), tuple(_signature(function).parameters.values())
            )
        return known

    async def execute(call: ToolCall) -> Observation:
        from pydantic import ValidationError

        try:
            tool = prepare(registry.get(call.name))
        except SpecError as error:
            return failure(Status.NOT_WORKING, str(error), attempts=0)
        try:
            bound = tool.bound(call.arguments)
        except ValidationError as error:
            return failure(Status.INVALID_REQUEST, _explained(error), attempts=0)
        try:
            return _observed(await _result(bound))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return failure(Status.NOT_WORKING, "The function was cancelled from within.")
        except (Exception, SystemExit) as error:
            return failure(_status(error), _message(error))

    return execute


def _names(function: Function) -> tuple[str, str, str]:
    named = inspect.isfunction(function) or inspect.ismethod(function)
    if not named and not inspect.isbuiltin(function):
        raise SpecError(f"{function!r} is not a function. Wrap it in a def with annotations.")
    return function.__name__, function.__module__ or "builtins", function.__qualname__


def _signature(function: Function) -> inspect.Signature:
    try:
        return inspect.signature(function, eval_str=True)
    except Exception as error:  # annotations are expressions: evaluating them may raise anything
        raise SpecError(
            f"{function.__qualname__}: its signature cannot be read ({_message(error)}). "
            "Define the types that it names at module level."
        ) from error


def _model(function: Function) -> type[BaseModel]:
    """A pydantic model of the parameters; its fields are numbered, so that any name will do."""
    from pydantic import ConfigDict, Field, create_model
    from pydantic.errors import PydanticUserError

    fields: dict[str, Any] = {}
    for index, parameter in enumerate(_signature(function).parameters.values()):
        where = f"{function.__qualname__}: parameter {parameter.name}"
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SpecError(f"{where} takes any number of arguments. Name each one instead.")
        if parameter.annotation is parameter.empty:
            raise SpecError(f"{where} has no annotation. Say its type.")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[f"p{index}"] = (parameter.annotation, Field(default, alias=parameter.name))
    try:
        return create_model("Arguments", __config__=ConfigDict(extra="forbid"), **fields)
    except (PydanticUserError, TypeError) as error:
        raise SpecError(
            f"{function.__qualname__}: a parameter's type cannot become JSON ({_message(error)}). "
            "Use plain types, dataclasses, enums or pydantic models."
        ) from error


def _json_schema(kind: Any, mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError
    from pydantic.json_schema import GenerateJsonSchema

    class Plain(GenerateJsonSchema):
        # defaults that JSON cannot say stay out of the schema; pydantic would warn of each
        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - so declared there

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

    try:
        schema = TypeAdapter(kind).json_schema(mode=mode, schema_generator=Plain)
    except PydanticUserError as error:
        raise SpecError(f"{kind}: cannot be said in JSON Schema ({_message(error)}).") from error
    definitions = schema.pop("$defs", {})
    looping: set[str] = set()
    plain: dict[str, Any] = _inlined(schema, definitions, (), looping)
    if looping:
        plain["$defs"] = {
            name: _inlined(definitions[name], definitions, tuple(definitions), looping)
            for name in definitions
        }
    return plain


_VALUES = frozenset({"const", "default", "enum", "example", "examples"})


def _inlined(
    schema: Any, definitions: Mapping[str, Any], within: tuple[str, ...], looping: set[str]
) -> Any:
    """A schema without titles, and with references only where a type contains itself.

    Models read a parameter's type best where the parameter stands.
    """
    if isinstance(schema, list):
        return [_inlined(part, definitions, within, looping) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if name in definitions and name not in within:
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        target = {**definitions[name], **siblings}
        return _inlined(target, definitions, (*within, name), looping)
    if name in definitions:
        looping.add(name)
    return {
        key: value if key in _VALUES else _inlined(value, definitions, within, looping)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def _returns(function: Function, described: str) -> JsonObject | None:
    """JSON Schema of the result, or None where the annotation has none."""
    annotation = _signature(function).return_annotation
    if annotation in (None, inspect.Signature.empty):
        return None
    try:
        schema = _json_schema(annotation, "serialization")
    except SpecError:
        return None
    return {**schema, "description": " ".join(described.split())} if described else schema


def _documented(function: Function) -> tuple[str, dict[str, str], str]:
    """What the docstring says of the function, of each parameter, and of the result."""
    from docstring_parser import ParseError, parse

    text = inspect.getdoc(function) or ""
    try:
        doc = parse(text)
    except ParseError:
        return text, {}, ""
    described = {
        name.strip(): " ".join((parameter.description or "").split())
        for parameter in doc.params
        for name in parameter.arg_name.split(",")  # numpy's "x, y : float"
    }
    parts = [part for part in (doc.short_description, doc.long_description) if part]
    result = (doc.returns.description or "") if doc.returns else ""
    return "\n\n".join(parts), described, " ".join(result.split())


def _imported(spec: ToolSpec, modules: Collection[str]) -> Function:
    """The function that a spec from disk names, if its module is allowed and it is still the same.

    Raises
    ------
    SpecError
        Where it is not.
    """
    module, _, qualname = str(spec.binding.get("ref", "")).partition(":")
    if module not in modules:
        raise SpecError(
            f"The function {module}:{qualname} is not loaded: add it with Registry.add_function, "
            f"or allow the module {module!r} when the stack is built."
        )
    try:
        found: Any = importlib.import_module(module)
        for step in qualname.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError) as error:
        raise SpecError(f"{module}:{qualname} cannot be imported: {_message(error)}") from error
    # what the module itself imported (subprocess.run, say) is not what was allowed
    if _names(found) != (spec.name, module, qualname):
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

    def bound(self, arguments: JsonObject) -> partial[Any]:
        """The call to make; what was not given is left to the function's defaults."""
        checked = self.model.model_validate_json(codec.dumps(dict(arguments)))
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for index, parameter in enumerate(self.parameters):
            field = f"p{index}"
            if parameter.kind is parameter.POSITIONAL_ONLY:
                args.append(getattr(checked, field))
            elif field in checked.model_fields_set:
                kwargs[parameter.name] = getattr(checked, field)
        return partial(self.function, *args, **kwargs)


async def _result(bound: partial[Any]) -> Any:
    """What a function gives, awaited where it is async, from a thread where it is not."""
    outcome = bound() if inspect.iscoroutinefunction(bound.func) else await _in_thread(bound)
    return await outcome if inspect.isawaitable(outcome) else outcome


async def _in_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a daemon thread.

    A pool would be blocked by as many hung calls as it has threads, and would keep the process
    from ending; a thread costs some 50 µs.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(outcome: tuple[Any, BaseException | None]) -> None:
        if not done.done():
            done.set_result(outcome)

    def work() -> None:
        outcome: tuple[Any, BaseException | None]
        try:
            outcome = context.run(function), None
        except BaseException as error:  # raised again where it is awaited
            outcome = None, error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name=f"tool-{id(done):x}", daemon=True).start()
    value, error = await done
    if error is not None:
        raise error
    return value


def _observed(result: Any) -> Observation:
    from pydantic_core import PydanticSerializationError, to_json

    if isinstance(result, str):
        return Observation(Status.OK, result, len(result))
    try:
        content = to_json(result, inf_nan_mode="strings").decode()
    except PydanticSerializationError as error:
        text = f"The function gave a {type(result).__name__} that is not JSON: {_message(error)}"
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
    if isinstance(error, ConnectionError | NotImplementedError):
        return Status.NOT_WORKING
    return Status.ERROR_IN_MESSAGE


def _message(error: BaseException) -> str:
    """An error in a line, without the traceback that no model needs."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_SHOWN]
