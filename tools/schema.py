"""Arguments against a JSON Schema that a stranger wrote, within bounded time.

Patterns run on a linear-time engine, no reference is ever fetched, and a schema whose branches
multiply through its references (ten ``$ref`` at each of twelve levels hang every validator) is
not run at all; nor is one whose branches lead back to it, on a value that nests too deep for that
(:mod:`toolgrove.tools.effort`). What cannot be checked is left unchecked, a keyword or a parameter
at a time; what is wrong with a schema is said.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import jsonschema_rs

from toolgrove.data.records import JsonObject
from toolgrove.data.schemas import LISTS, MAPS, ONE, resolve, said
from toolgrove.tools.effort import effort, refers_to_itself
from toolgrove.tools.guided import whole_numbers, without_nulls

__all__ = ["Checker", "Problem"]

Problem = jsonschema_rs.ValidationError

_HEAVY = 10_000
_NODES = 20_000
_PROBLEMS = 5
_STEPS = 100_000
"""Of checking arguments; a step takes less than a microsecond."""
_TOLD = 1_000
"""Of saying what is wrong, where a step may take a hundred."""
_COERCIBLE = frozenset({"type", "enum", "const", "anyOf", "oneOf"})
_SHARED = ("$schema", "$defs", "definitions")
_OPEN = ("patternProperties", "allOf", "anyOf", "oneOf", "if", "$ref", "$dynamicRef")


class Checker:
    """Validates and gently coerces the arguments of one tool.

    Parameters
    ----------
    schema : JsonObject
        The tool's parameters: JSON Schema of any draft, read as
        :func:`toolgrove.data.schemas.said` says it.

    Attributes
    ----------
    schema : JsonObject
        What arguments are checked by.
    unchecked : dict
        Why a parameter's schema could not be used, or not all of it; ``""`` stands for the whole.

    Examples
    --------
    >>> checker = Checker({"properties": {"n": {"type": "integer"}}, "required": ["n"]})
    >>> checker.coerced({"n": "5"})
    {'n': 5}
    >>> [problem.instance_path for problem in checker.problems({"n": "five"})]
    [['n']]
    """

    def __init__(self, schema: JsonObject) -> None:
        self.unchecked: dict[str, str] = {}
        with suppress(RecursionError):  # which is told below, where it cannot be compiled
            schema = said(schema)
        self.schema = schema
        properties = schema.get("properties")
        self.properties: JsonObject = properties if isinstance(properties, Mapping) else {}
        self.closed = not any(key in schema for key in _OPEN) and not schema.get(
            "additionalProperties", False
        )
        required = schema.get("required")
        self.required = tuple(
            name
            for name in (required if isinstance(required, list) else ())
            if isinstance(name, str) and name in self.properties
        )
        self._checked = self._usable(dict(schema))
        self._validator = _compile(self._checked)
        self._endless = refers_to_itself(self._checked)

    def _usable(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What of a schema can be compiled."""
        try:
            _compile(schema)
        except ValueError as error:
            whole = _why(error)
        else:
            return schema
        # find the parameters that are to blame, and check what can be checked of them
        mended = _sound(schema, schema)
        shared: dict[str, Any] = {key: schema[key] for key in _SHARED if key in schema}
        sound = {key: mended[key] for key in _SHARED if key in mended}
        kept: dict[str, Any] = {}
        for name, part in self.properties.items():
            kept[name] = part
            if why := _wrong({**shared, "properties": {name: part}}):
                self.unchecked[name] = why
                kept[name] = mended["properties"][name]
                if _wrong({**sound, "properties": kept}):
                    kept[name] = True
        rest = {**mended, "properties": kept}
        why = _wrong(rest)
        if why or not self.unchecked:
            self.unchecked[""] = whole
        return {"type": "object", "required": list(self.required)} if why else rest

    def _lighter(
        self, arguments: JsonObject, most: int, instead: Callable[[str], bool]
    ) -> dict[str, Any]:
        """The schema, with something else for each parameter that it takes too long to check."""
        schema = self._checked
        if effort(arguments, schema, schema, most) < most:
            return schema
        properties = {
            name: instead(name)
            if name in arguments and effort(arguments[name], part, schema, most) >= most
            else part
            for name, part in schema.get("properties", {}).items()
        }
        left = {**schema, "properties": properties}
        if effort(arguments, left, left, most) < most:
            return left
        shared = {key: schema[key] for key in _SHARED if key in schema}  # it is the whole
        return {**shared, "properties": properties, "required": list(self.required)}

    def _checks(self, arguments: JsonObject) -> jsonschema_rs.Validator:
        """What checks these arguments in bounded time: it leaves out what takes too long."""
        if not self._endless:
            return self._validator
        left = self._lighter(arguments, _STEPS, lambda _: True)
        return self._validator if left is self._checked else _compile(left)

    def _tells(self, arguments: JsonObject) -> jsonschema_rs.Validator:
        """What says in bounded time what is wrong: of a part, that it is, if there is too much."""
        shared = {key: self._checked[key] for key in _SHARED if key in self._checked}

        def fits(name: str) -> bool:
            part, value = self._checked["properties"][name], arguments[name]
            if effort(value, part, self._checked, _STEPS) >= _STEPS:
                return True
            alone = _compile({**shared, "properties": {name: part}})
            return alone.is_valid({name: value})

        left = self._lighter(arguments, _TOLD, fits)
        return self._validator if left is self._checked else _compile(left)

    def unknown(self, arguments: JsonObject) -> list[str]:
        """Argument names that the tool does not have, where its schema lists all it has."""
        if not self.closed:
            return []
        return [name for name in arguments if name not in self.properties]

    def fitted(self, arguments: JsonObject) -> tuple[JsonObject, list[Problem], list[str]]:
        """The arguments as :meth:`coerced`, with their :meth:`problems` and :meth:`unknown` names.

        Raises
        ------
        ValueError
            Where the arguments are not JSON.
        """
        coerced = self.coerced(arguments)
        return coerced, self.problems(coerced), self.unknown(coerced)

    def problems(self, arguments: JsonObject) -> list[Problem]:
        """What is wrong with the arguments, five things at most.

        Raises
        ------
        ValueError
            Where the arguments are not JSON (a NaN, a lone surrogate, a foreign object).
        """
        found: list[Problem] = []
        if self._valid(arguments):
            return found
        for problem in self._tells(arguments).iter_errors(arguments):
            found.append(problem)
            if len(found) == _PROBLEMS:
                break
        return found

    def coerced(self, arguments: JsonObject) -> JsonObject:
        """The arguments, mended where one harmless step makes a value valid.

        A string that is the JSON text of what is asked becomes that (``"5"``, ``"true"``,
        ``"[1]"``); a number or boolean becomes its JSON text where a string is asked; a null goes,
        at whatever depth, where it is not allowed and nothing is required. Nothing else changes,
        and what is valid never does, but that an integer given as ``5.0`` becomes 5.
        """
        if _has_whole_float(arguments):
            arguments = whole_numbers(arguments, self.schema)
        if self._valid(arguments):
            return arguments
        mended: dict[str, Any] = {
            name: value
            for name, value in arguments.items()
            if value is not None or name in self.required or self._allows(name, None)
        }
        for problem in self.problems(mended):
            path = problem.instance_path
            if path and problem.kind.name in _COERCIBLE:
                mended = self._mended(mended, path)
        if self._valid(mended):
            return mended
        less = without_nulls(mended, self.schema)  # a null in a branch is not named by a problem
        return less if self._valid(less) else mended

    def fields_that_fit(self, arguments: JsonObject, path: list[str | int]) -> list[str] | None:
        """Fields of the object at a path that could stand in its place; None where it fits itself.

        Examples
        --------
        >>> checker = Checker({"properties": {"text": {"type": "string"}}})
        >>> checker.fields_that_fit({"text": {"encoded": "aGk=", "length": 4}}, ["text"])
        ['encoded']
        """

        def fits(tried: Any) -> bool:
            return not any(p.instance_path[: len(path)] == path for p in self.problems(tried))

        value = _at(arguments, path)
        if not isinstance(value, Mapping) or fits(arguments):
            return None
        return [name for name in value if fits(_replaced(arguments, path, value[name]))]

    def _valid(self, arguments: JsonObject) -> bool:
        return self._checks(arguments).is_valid(arguments)

    def _allows(self, name: str, value: Any) -> bool:
        return not any(p.instance_path[:1] == [name] for p in self.problems({name: value}))

    def _mended(self, arguments: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
        if _at(arguments, path) is None and isinstance(path[-1], str):
            return self._without(arguments, path)
        for candidate in _readings(_at(arguments, path)):
            tried: dict[str, Any] = _replaced(arguments, path, candidate)
            if not any(p.instance_path[: len(path)] == path for p in self.problems(tried)):
                return tried
        return arguments

    def _without(self, arguments: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
        """The arguments less one that is null, unless something then is wrong with what is left."""
        *above, name = path
        rest = {key: value for key, value in _at(arguments, above).items() if key != name}
        tried: dict[str, Any] = _replaced(arguments, above, rest)
        before = {problem.message for problem in self.problems(arguments)}
        new = [p for p in self.problems(tried) if p.message not in before]
        needed = any(p.kind.name == "required" and p.instance_path == above for p in new)
        return arguments if needed else tried


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    if _weight(schema) > _HEAVY:
        raise ValueError("its references multiply without bound")
    return jsonschema_rs.validator_for(
        schema,
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
        ignore_unknown_formats=True,
    )


def _wrong(schema: dict[str, Any]) -> str:
    """Why a schema cannot be compiled, if it cannot."""
    try:
        _compile(schema)
    except ValueError as error:
        return _why(error)
    return ""


def _sound(schema: Any, root: Any, levels: int = 100) -> Any:
    """A schema without the keywords that cannot be used, at whatever depth; it takes no less."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping) or not levels:
        return True
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ONE:
            part = _sound(value, root, levels - 1)
            if part == value or key not in ("not", "if"):
                out[key] = part
        elif key in LISTS and isinstance(value, list) and value:
            out[key] = [_sound(one, root, levels - 1) for one in value]
        elif key in MAPS and isinstance(value, Mapping):
            out[key] = {name: _sound(one, root, levels - 1) for name, one in value.items()}
        elif key == "$ref":
            if isinstance(resolve(value, root), Mapping | bool):
                out[key] = value
        elif not _wrong({key: value}):
            out[key] = value
    if "if" not in out:
        out.pop("then", None)
        out.pop("else", None)
    patterns = out.get("patternProperties", {})
    usable = {name: one for name, one in patterns.items() if not _wrong({"pattern": name})}
    if len(usable) < len(patterns):  # what the others were for is not known
        out["patternProperties"] = usable
        out.pop("additionalProperties", None)
        out.pop("unevaluatedProperties", None)
    return out


def _why(error: ValueError) -> str:
    return " ".join(str(getattr(error, "message", error)).split())[:200]


def _weight(schema: Any) -> int:
    """How many subschemas stand in a schema once its local references are written out.

    A reference that leads back into itself counts once: following it again takes a level of the
    instance, which is finite. Counting stops where the answer is plain.
    """
    known: dict[str, int] = {}
    nodes = 0

    def weigh(part: Any) -> int:
        nonlocal nodes
        nodes += 1
        if nodes > _NODES:
            return _HEAVY + 1
        if isinstance(part, Mapping):
            total = 1
            reference = part.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                total += follow(reference)
            parts = [v for k, v in part.items() if k not in ("$defs", "definitions")]
        elif isinstance(part, list):
            total, parts = 0, part
        else:
            return 0
        for inner in parts:
            total = min(total + weigh(inner), _HEAVY + 1)
        return total

    def follow(reference: str) -> int:
        if reference not in known:
            known[reference] = 1
            known[reference] = weigh(resolve(reference, schema))
        return known[reference]

    try:
        return weigh(schema)
    except RecursionError:
        return _HEAVY + 1


def _readings(value: Any) -> Iterator[Any]:
    """Other values that a value may have been meant as."""
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in ("true", "false"):
            yield text.lower() == "true"
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(read, float):
            if not math.isfinite(read):
                return
            read = int(read) if read.is_integer() else read
        if not isinstance(read, str):
            yield read
    elif isinstance(value, bool | int | float):
        yield json.dumps(value)


def _has_whole_float(value: Any) -> bool:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, float) and part.is_integer():
            return True
        if isinstance(part, Mapping):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
    return False


def _at(value: Any, path: list[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _replaced(value: Any, path: list[str | int], new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    copy: Any = dict(value) if isinstance(value, Mapping) else list(value)
    copy[step] = _replaced(value[step], rest, new)
    return copy
