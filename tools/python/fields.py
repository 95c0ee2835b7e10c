"""Parameters as fields of pydantic models, with what pydantic's ``Field`` and ``Annotated`` say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

__all__ = ["has_default", "model_field", "with_descriptions"]


def model_field(parameter: inspect.Parameter) -> Any:
    """A parameter as pydantic's ``create_model`` takes it; its alias is the parameter's name."""
    from pydantic import Field

    kind, own = parameter.annotation, has_default(parameter)
    said = [] if own or parameter.default is parameter.empty else [parameter.default]
    if not any(getattr(part, "description", None) for part in (*_extras(kind), *said)):
        text = _text(kind)
        said += [Field(description=text)] if text else []
    name = Field(alias=parameter.name, validation_alias=parameter.name)  # whatever aliases it has
    field = Annotated[(kind, *said, name)]  # type: ignore[valid-type]  # made here, not written
    return (field, parameter.default) if own else field


def has_default(parameter: inspect.Parameter) -> bool:
    """Whether Python itself fills a parameter in; a pydantic ``Field`` is no value."""
    from pydantic.fields import FieldInfo

    return not (parameter.default is parameter.empty or isinstance(parameter.default, FieldInfo))


def with_descriptions(schema: dict[str, Any], cls: Any) -> dict[str, Any]:
    """The schema of a class, with what ``Annotated`` says in words of its fields."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception:  # annotations are expressions: evaluating them may raise anything
        return schema
    for name, part in schema.get("properties", {}).items():
        text = _text(hints.get(name))
        if text and "description" not in part:
            part["description"] = text
    return schema


def _text(kind: Any) -> str:
    """What ``Annotated`` says of a type in words: a ``Doc`` (PEP 727), else a plain text."""
    extras = list(_extras(kind))
    for part in extras:
        said = getattr(part, "documentation", None)
        if isinstance(said, str):
            return _line(said)
    for part in extras:
        if isinstance(part, str):
            return _line(part)
    if get_origin(kind) in (Union, UnionType):
        return next(filter(None, map(_text, get_args(kind))), "")
    return ""


def _extras(kind: Any) -> Iterator[Any]:
    """What stands beside a type in ``Annotated``."""
    yield from getattr(kind, "__metadata__", ())


def _line(text: str) -> str:
    return " ".join(text.split())
