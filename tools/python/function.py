"""Typed Python functions described as tools: a spec from annotations and docstring.

The function's own annotations are the contract: pydantic makes the JSON Schema from them, and
checks and converts the arguments of each call by them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from toolgrove.data.records import Effect, JsonObject, ToolSpec
from toolgrove.errors import SpecError
from toolgrove.tools.python.effect import effect_of
from toolgrove.tools.python.fields import model_field, with_descriptions
from toolgrove.tools.python.injected import is_injected

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "Function",
    "arguments_model",
    "error_line",
    "function_spec",
    "json_schema",
    "names_of",
    "signature_of",
]

Function = Callable[..., Any]
"""A Python function that is a tool, sync or async."""

_SHOWN = 500
_VALUES = frozenset({"const", "default", "enum", "example", "examples"})


def function_spec(function: Function, *, effect: Effect | None = None) -> ToolSpec:
    """Describe a Python function as a tool.

    Parameters
    ----------
    function : callable
        A function or bound method whose parameters are all annotated. The summary and extended
        summary of its docstring become the description, the ``Parameters`` section (numpy, Google
        or reST) those of the parameters, the ``Returns`` section that of the result. What a
        parameter's ``Field``, ``Doc`` or text in ``Annotated`` says comes before its docstring.
    effect : Effect, optional
        Whether a call may change something. Otherwise what the function says
        (:func:`toolgrove.tools.python.effect.tool`); one that says nothing writes.

    Raises
    ------
    SpecError
        For an effect that is unknown, ``*args`` and ``**kwargs``, parameters without annotation,
        and annotations or defaults that JSON Schema cannot say.

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
    name, module, qualname = names_of(function)
    description, described, result = _documented(function)
    model = arguments_model(function)
    try:
        schema = json_schema(model, "validation")
    except SpecError as error:
        raise _blamed(function, error) from error
    parameters = {"type": "object", "properties": {}, **schema}
    for field in model.model_fields.values():
        parameter = str(field.alias)
        if described.get(parameter) and not field.description:
            parameters["properties"][parameter]["description"] = described[parameter]
    return ToolSpec(
        id=f"python/{module}/{qualname}",
        category="python",
        tool=module,
        name=name,
        description=description,
        parameters=parameters,
        returns=_returns(function, result),
        effect=effect_of(function) if effect is None else effect,
        source="python",
        binding={"kind": "python", "ref": f"{module}:{qualname}"},
    )


def names_of(function: Function) -> tuple[str, str, str]:
    """Name, module and qualified name; raises ``SpecError`` for what is no function."""
    named = inspect.isfunction(function) or inspect.ismethod(function)
    if not named and not inspect.isbuiltin(function):
        raise SpecError(f"{function!r} is not a function. Wrap it in a def with annotations.")
    return function.__name__, function.__module__ or "builtins", function.__qualname__


def signature_of(function: Function) -> inspect.Signature:
    """Signature with its annotations evaluated; raises ``SpecError`` where that fails."""
    try:
        return inspect.signature(function, eval_str=True)
    except Exception as error:  # annotations are expressions: evaluating them may raise anything
        raise SpecError(
            f"{function.__qualname__}: {_unread(function)} cannot be read ({error_line(error)}). "
            "Define the types that it names at module level."
        ) from error


def _unread(function: Function) -> str:
    """Which annotation cannot be evaluated."""
    plain = inspect.unwrap(function)
    space = getattr(plain, "__globals__", {})
    for name, annotation in getattr(plain, "__annotations__", {}).items():
        try:
            inspect.get_annotations(_Annotated({name: annotation}), globals=space, eval_str=True)
        except Exception:
            what = "the annotation of its result" if name == "return" else f"parameter {name}"
            return what if name == "return" else f"the annotation of {what}"
    return "its signature"


class _Annotated:
    """One annotation by itself, as ``inspect.get_annotations`` takes it."""

    def __init__(self, annotations: dict[str, Any]) -> None:
        self.__annotations__ = annotations

    def __call__(self) -> None: ...


def arguments_model(function: Function) -> type[BaseModel]:
    """A pydantic model of the parameters, its fields ``p0``, ``p1``… so that any name will do.

    A pydantic ``Field`` counts wherever it stands, as the default or in ``Annotated``.

    Raises
    ------
    SpecError
        As :func:`function_spec`.
    """
    fields: dict[str, Any] = {}
    for index, parameter in enumerate(signature_of(function).parameters.values()):
        if is_injected(parameter):
            continue
        where = f"{function.__qualname__}: parameter {parameter.name}"
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SpecError(f"{where} takes any number of arguments. Name each one instead.")
        if parameter.annotation is parameter.empty:
            raise SpecError(f"{where} has no annotation. Say its type.")
        fields[f"p{index}"] = parameter
    try:
        return _model(fields)
    except Exception as error:  # annotations are of any kind, and so is what comes of them
        raise _blamed(function, error) from error


def _model(parameters: Mapping[str, inspect.Parameter]) -> type[BaseModel]:
    from pydantic import ConfigDict, create_model

    # Python's own expressions: pydantic's have no look-around
    config = ConfigDict(extra="forbid", regex_engine="python-re")
    fields: dict[str, Any] = {name: model_field(one) for name, one in parameters.items()}
    return create_model("Arguments", __config__=config, **fields)


def _blamed(function: Function, error: Exception) -> SpecError:
    """What is wrong with a function, by the parameter that it is wrong with."""
    where = function.__qualname__
    for parameter in signature_of(function).parameters.values():
        try:
            json_schema(_model({"p": parameter}), "validation")
        except Exception as own:
            kind = getattr(parameter.annotation, "__origin__", parameter.annotation)
            annotated = hasattr(parameter.annotation, "__metadata__")
            shown = inspect.formatannotation(kind if annotated else parameter.annotation)
            where, error = f"{where}: parameter {parameter.name}: {shown}", own
            break
    return SpecError(
        f"{where} cannot become JSON ({_why(error)}). "
        "Use plain types, dataclasses, enums or pydantic models."
    )


def _why(error: BaseException) -> str:
    """The part of a library's error that is about the type."""
    cause = error.__cause__ if isinstance(error, SpecError) and error.__cause__ else error
    if "not fully defined" in str(cause):
        return "it names a type that is not defined"
    lines = str(cause).splitlines() or [""]
    last = type(cause).__name__ == "SchemaError"  # pydantic's begins with the way to the fault
    return re.split(r"\. |; | For further", lines[-1 if last else 0])[0][:_SHOWN]


def json_schema(kind: Any, mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    """JSON Schema of a type, without titles and with its definitions written where they are used.

    Raises
    ------
    SpecError
        Where JSON Schema cannot say it.
    """
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError
    from pydantic.json_schema import GenerateJsonSchema

    class Plain(GenerateJsonSchema):
        def dataclass_schema(self, schema: Any) -> dict[str, Any]:
            return with_descriptions(super().dataclass_schema(schema), schema["cls"])

        def model_schema(self, schema: Any) -> dict[str, Any]:
            return with_descriptions(super().model_schema(schema), schema["cls"])

        def typed_dict_schema(self, schema: Any) -> dict[str, Any]:
            return with_descriptions(super().typed_dict_schema(schema), schema.get("cls"))

        # defaults that JSON cannot say stay out of the schema; pydantic would warn of each
        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - so declared there

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

    try:
        schema = TypeAdapter(kind).json_schema(mode=mode, schema_generator=Plain)
    except PydanticUserError as error:
        raise SpecError(f"{kind}: cannot be said in JSON Schema ({error_line(error)}).") from error
    definitions = schema.pop("$defs", {})
    looping: set[str] = set()
    plain: dict[str, Any] = _inlined(schema, definitions, (), looping)
    if looping:
        plain["$defs"] = {
            name: _inlined(definitions[name], definitions, tuple(definitions), looping)
            for name in definitions
        }
    return plain


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
        and not (key == "default" and isinstance(value, float) and not isfinite(value))
    }


def _returns(function: Function, described: str) -> JsonObject | None:
    """JSON Schema of the result, or None where the annotation has none."""
    annotation = signature_of(function).return_annotation
    if annotation in (None, inspect.Signature.empty):
        return None
    try:
        schema = json_schema(annotation, "serialization")
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


def error_line(error: BaseException) -> str:
    """An error in a line, without the traceback that no model needs."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_SHOWN]
