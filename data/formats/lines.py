"""A line of a file with one JSON object a line, and the errors that name it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeVar

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, checked, json_path
from toolgrove.errors import FormatError

__all__ = ["LinePlace"]

M = TypeVar("M", bound=Foreign)


class LinePlace(NamedTuple):
    """A line of a file."""

    file: str
    line: int

    def at(self, path: str) -> str:
        """A JSON path of the line as an error tells it."""
        return f"line {self.line}: {path}"

    def error(self, path: str, expected: str, mend: str) -> FormatError:
        """The error of what stands at a path of the line."""
        return FormatError(self.file, self.at(path), expected, mend)

    def parsed(self, text: str) -> Any:
        """The line's JSON; a key that an object has twice is refused, for one value would be lost.

        Raises
        ------
        FormatError
            Where it is no JSON.
        """
        try:
            value = codec.loads(text)
            json.loads(text, object_pairs_hook=self._once)
        except ValueError as error:
            if text.lstrip().startswith("["):
                mend = "Write one object a line, without the array around them."
            else:
                mend = "Mend the line."
            raise self.error("$", f"one JSON object ({error})", mend) from None
        return value

    def _once(self, pairs: list[tuple[str, Any]]) -> None:
        keys: set[str] = set()
        for key, _ in pairs:
            if key in keys:
                raise self.error(
                    "$", f"the key {key[:40]!r} once in an object", "Leave one of the two out."
                )
            keys.add(key)

    def read(self, model: type[M], value: Any, at: str = "$") -> M:
        """What stands at a path, as a model has it; fields that it does not know are refused.

        Raises
        ------
        FormatError
            For the first thing that does not fit.
        """
        self.names(at, value, model)
        return checked(model, value, self.file, self.at(at))

    def names(self, at: str, value: Any, model: type[Foreign]) -> None:
        """Refuse fields that are misspelt: a reference that is overlooked would score nothing."""
        if not isinstance(value, dict):
            raise self.error(at, "an object", "Write one JSON object a line, without an array.")
        known = list(model.model_fields)
        for name in value:
            if name not in known:
                raise self.error(
                    at + json_path((name,)),
                    f"one of the fields {', '.join(known)}",
                    "Correct the name; what is your own goes under meta.",
                )
