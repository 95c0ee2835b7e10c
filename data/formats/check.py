"""Reading foreign JSON, and the one error a bad file gives: file, JSON path, expected, mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from toolgrove.data.formats import deepjson
from toolgrove.errors import FormatError

__all__ = [
    "Foreign",
    "Place",
    "checked",
    "json_path",
    "read_json",
    "read_text",
    "unreadable",
]

M = TypeVar("M", bound=BaseModel)

SKIP = "or leave the file out"
_GZIP = b"\x1f\x8b"


class Foreign(BaseModel):
    """Base of the models of foreign shapes: types are strict, further keys are let through."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def read_text(path: str | Path) -> str:
    """A file's text as UTF-8, a byte order mark left out.

    Raises
    ------
    FormatError
        Where the file cannot be read or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise _no_utf8(path, error) from None


def _no_utf8(path: str | Path, error: UnicodeDecodeError) -> FormatError:
    if error.object[:2] == _GZIP:
        return FormatError(str(path), "$", "a file that is not packed", f"Unpack it, {SKIP}.")
    return FormatError(str(path), f"byte {error.start}", "UTF-8 text", f"Save it as UTF-8, {SKIP}.")


def unreadable(path: str | Path, error: OSError) -> FormatError:
    """The error of a file that the system does not let us read."""
    why = error.strerror or str(error)
    return FormatError(
        str(path), "$", f"a file that can be read ({why})", "Check its name and rights."
    )


def read_json(path: str | Path, content: bytes | None = None) -> Any:
    """Parse a JSON file, however deeply it is nested.

    Parameters
    ----------
    path : path
    content : bytes or None
        What is in it, where it was read before.

    Raises
    ------
    FormatError
        Where the file cannot be read or is not JSON.
    """
    try:
        text = read_text(path) if content is None else content.decode("utf-8-sig")
        return deepjson.loads(text)
    except UnicodeDecodeError as error:
        raise _no_utf8(path, error) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FormatError(
            str(path), place, f"JSON ({error.msg})", f"Mend or fetch the file again, {SKIP}."
        ) from None
    except ValueError as error:
        raise FormatError(
            str(path), "$", f"JSON ({error})", f"Mend or fetch the file again, {SKIP}."
        ) from None


def json_path(parts: tuple[int | str, ...]) -> str:
    """Keys and indices as the tail of a JSON path.

    Examples
    --------
    >>> json_path(("api_list", 3, "relevant APIs"))
    '.api_list[3]["relevant APIs"]'
    """
    return "".join(
        f"[{part}]"
        if isinstance(part, int)
        else f".{part}"
        if part.isidentifier()
        else f"[{json.dumps(part)}]"
        for part in parts
    )


class Place(NamedTuple):
    """A place in a file, known by the way down to it; its path is only written when asked for.

    Examples
    --------
    >>> str(Place().down("tree", "children", 3).down("children", 0))
    '$.tree.children[3].children[0]'
    """

    step: tuple[int | str, ...] = ()
    above: Place | None = None

    def down(self, *step: int | str) -> Place:
        """The place that keys and indices lead to from here."""
        return Place(step, self)

    def __str__(self) -> str:
        steps = [self.step]
        above = self.above
        while above is not None:
            steps.append(above.step)
            above = above.above
        return "$" + json_path(tuple(part for step in reversed(steps) for part in step))


_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "an array",
    "model_type": "an object",
    "string_type": "a string",
}


def checked(model: type[M], value: Any, file: str, at: str | Place = "$") -> M:
    """A foreign value checked against its shape.

    Parameters
    ----------
    model : type of BaseModel
        The shape; keys that it does not name are let through.
    value : Any
        Parsed JSON.
    file : str
        The file, for the error.
    at : str or Place
        JSON path of ``value`` in the file.

    Raises
    ------
    FormatError
        For the first thing that does not fit.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = f"{at}{json_path(first['loc'])}"
        if first["type"] == "missing":
            expected, mend = "this field, which is missing", "Add it"
        elif first["type"] == "too_short":
            expected, mend = "an entry at least, and it is empty", "Correct the value"
        else:
            found = _kind(first["input"])
            said = first["msg"].removeprefix("Input should be ")
            what = _EXPECTED.get(first["type"], said)
            expected, mend = f"{what}, not {found}", "Correct the value"
        raise FormatError(file, path, expected, f"{mend}, {SKIP}.") from None


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the string {value[:40]!r}"
        case list():
            return "an array"
        case _:
            return "an object"
