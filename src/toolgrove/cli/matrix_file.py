"""A matrix as a YAML file: the options of ``toolgrove eval`` by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from toolgrove.errors import FormatError

__all__ = ["tasks_or_file"]

_MEND = "Write an option a line, as in 'planner: [react, dag]'; toolgrove eval --help lists them."


def tasks_or_file(context: typer.Context, value: str) -> str:
    """The tasks that the argument names; where it is a matrix file, what the file says counts.

    Whatever stands on the command line besides goes before what the file says.

    Raises
    ------
    FormatError
        Where the file is not of that shape.
    """
    if not value.endswith((".yaml", ".yml")):
        return value
    given = _read(value)
    tasks = given.pop("tasks", None)
    if not isinstance(tasks, str):
        raise FormatError(value, "$.tasks", "world or a query file", "Say which tasks it is of.")
    known = {one.name: one for one in context.command.params if one.name != "tasks"}
    context.default_map = {
        name.replace("-", "_"): _value(value, name, known.get(name.replace("-", "_")), found)
        for name, found in given.items()
    }
    return tasks


def _read(file: str) -> dict[str, Any]:
    import yaml

    try:
        with open(file, encoding="utf-8") as stream:
            found = yaml.safe_load(stream)
    except OSError as error:
        why = f"a matrix file that can be read ({error.strerror})"
        raise FormatError(file, "$", why, "Name another file.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())[:200]
        raise FormatError(file, "$", f"YAML ({said})", _MEND) from error
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise FormatError(file, "$", "options by their names", _MEND)
    return dict(found)


def _value(file: str, name: str, option: Any, found: Any) -> Any:
    """What an option is given, as a command line would give it."""
    if option is None:
        raise FormatError(file, f"$.{name}", "an option of toolgrove eval", _MEND)
    values = found if isinstance(found, list) else [found]
    plain = all(isinstance(one, str | int | float) for one in values)  # a bool is an int
    if not (plain and values):
        raise FormatError(file, f"$.{name}", "a value, or a list of them", _MEND)
    if getattr(option, "multiple", False):
        return [str(one) for one in values]
    if isinstance(found, list):
        raise FormatError(file, f"$.{name}", "one value", "Only what may be repeated takes a list.")
    return found if isinstance(found, bool) else str(found)
