"""References inside one document, followed one at a time and never out of it (promise 21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

__all__ = ["Refs", "Unfit"]

_HOPS = 50
_MOST = 500_000


class Unfit(Exception):
    """An operation that cannot become a tool; the text says why."""


class Refs:
    """Follows the local references of a parsed document.

    Examples
    --------
    >>> refs = Refs({"a/b": {"$ref": "#/c"}, "c": {"type": "string"}})
    >>> refs.resolved({"$ref": "#/a~1b"})
    {'type': 'string'}
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._spent = 0
        self._found: dict[str, Any] = {}

    def spend(self, nodes: int) -> None:
        """Count nodes that are written out, of all operations together.

        Raises
        ------
        Unfit
            Where they are more than 500,000; GitHub's are 30,044.
        """
        self._spent += nodes
        if self._spent > _MOST:
            raise Unfit("the document's references multiply without bound")

    def target(self, reference: str) -> Any:
        """What a reference points at, one hop away.

        Raises
        ------
        Unfit
            Where it leads out of the document or nowhere.
        """
        if reference not in self._found:
            self._found[reference] = self._look_up(reference)
        return self._found[reference]

    def _look_up(self, reference: str) -> Any:
        shown = repr(reference[:100])
        if not reference.startswith("#"):
            raise Unfit(f"it refers to {shown}, which is outside the document and is not fetched")
        value = self.root
        if reference in ("#", "#/"):
            return value
        if not reference.startswith("#/"):
            raise Unfit(f"it refers to {shown}, which is not a path in the document")
        for step in unquote(reference[2:]).split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, Mapping) and key in value:
                value = value[key]
            elif isinstance(value, list) and key in map(str, range(len(value))):
                value = value[int(key)]
            else:
                raise Unfit(f"it refers to {shown}, which is not in the document")
        return value

    def resolved(self, value: Any) -> Any:
        """A value with the reference that it may be followed to its end.

        Raises
        ------
        Unfit
            As :meth:`target`, and where references go in a circle.
        """
        for _ in range(_HOPS):
            reference = value.get("$ref") if isinstance(value, Mapping) else None
            if not isinstance(reference, str):
                return value
            value = self.target(reference)
        raise Unfit("its references go in a circle")

    def object(self, value: Any, what: str) -> Mapping[str, Any]:
        """A value, resolved, that has to be an object.

        Raises
        ------
        Unfit
            Where it is none.
        """
        found = self.resolved(value)
        if not isinstance(found, Mapping):
            raise Unfit(f"{what} is not an object")
        return found
