"""ToolBench query files: queries with their candidate APIs and the relevant ones among them.

Both the instruction files of ToolBench and StableToolBench's solvable splits have this format. Two
keys that it does not know are read where a file has them, as the bundled world's do: ``reference``,
the right answer as our :class:`~toolgrove.data.records.Reference`, and ``group``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, checked, json_path, read_json
from toolgrove.data.formats.toolbench_schema import (
    ToolBenchParameter,
    Unique,
    effect_of,
    parameters_schema,
)
from toolgrove.data.records import Reference, Task, ToolSpec
from toolgrove.errors import FormatError

__all__ = ["Api", "ApiSet", "load_queries", "parse_queries"]


class Api(Foreign):
    """An API as query files and the retriever's corpus describe it."""

    category_name: str
    tool_name: str
    api_name: str
    api_description: str | None = None
    required_parameters: list[ToolBenchParameter] = Field(default_factory=list)
    optional_parameters: list[ToolBenchParameter] = Field(default_factory=list)
    method: str | None = None
    template_response: Any = None


_Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
"""Tool name and API name."""


class _Query(Foreign):
    query: str
    query_id: int | str | None = None
    api_list: list[Api]
    relevant: list[_Pair] = Field(default_factory=list, alias="relevant APIs")
    group: Literal["G1", "G2", "G3"] | None = None
    reference: Any = None


class ApiSet:
    """Specs of APIs that are described again and again; a description met before is one spec.

    Two APIs of one name in one tool stay apart: the second gets ``#2`` behind its id, in the
    order they are met in.
    """

    def __init__(self) -> None:
        self.specs: dict[str, ToolSpec] = {}
        self._known: dict[str, str] = {}
        self._unique = Unique()

    def add(self, api: Api) -> ToolSpec:
        """The spec of an API, made where it is new."""
        spec_id = f"{api.category_name}/{api.tool_name}/{api.api_name}"
        described = api.model_dump(exclude={"template_response"})
        key = codec.digest([spec_id, described])
        if key not in self._known:
            self._known[key] = self._unique(spec_id)
            self.specs[self._known[key]] = _spec(self._known[key], api)
        return self.specs[self._known[key]]


def _spec(spec_id: str, api: Api) -> ToolSpec:
    response = api.template_response
    return ToolSpec(
        id=spec_id,
        category=api.category_name,
        tool=api.tool_name,
        name=api.api_name,
        description=(api.api_description or "").strip(),
        parameters=parameters_schema(api.required_parameters, api.optional_parameters),
        returns=response if isinstance(response, dict) and response else None,
        effect=effect_of(api.method),
        source="toolbench",
    )


def load_queries(path: str | Path) -> tuple[list[Task], list[ToolSpec]]:
    """The queries of a file, and every API that one of them offers.

    Query files give no URL, so the specs have no binding: index the tool files to call them.

    Raises
    ------
    FormatError
        Where the file is not a ToolBench query file.
    """
    return parse_queries(read_json(path), str(path))


def parse_queries(data: Any, file: str) -> tuple[list[Task], list[ToolSpec]]:
    """The tasks and specs of a parsed query file.

    A task's ``relevant`` are the ids of its relevant APIs; pairs that name none of its
    candidates are kept in ``meta["unresolved"]``. Its group is the one it names, or the split in
    the file's name, or follows from the candidates: one tool, several of a category, several
    categories.

    Raises
    ------
    FormatError
        Where ``data`` is not a list of queries, or a query's reference is none.

    Examples
    --------
    >>> api = {"category_name": "Data", "tool_name": "zip", "api_name": "get", "method": "GET"}
    >>> query = {"query": "Where is 02139?", "query_id": 7, "api_list": [api],
    ...          "relevant APIs": [["zip", "get"]]}
    >>> [task], [spec] = parse_queries([query], "queries.json")
    >>> task.id, task.relevant, task.group
    ('7', ('Data/zip/get',), 'G1')
    """
    if not isinstance(data, list):
        raise FormatError(file, "$", "an array of queries", "Name a ToolBench query file.")
    apis = ApiSet()
    tasks = []
    for number, item in enumerate(data):
        query = checked(_Query, item, file, f"$[{number}]")
        specs = [apis.add(api) for api in query.api_list]
        group = query.group or _split(file) or _group(query.api_list)
        task = _task(query, number, specs, group)
        tasks.append(replace(task, reference=_reference(query, file, f"$[{number}].reference")))
    return tasks, list(apis.specs.values())


def _task(query: _Query, number: int, specs: Sequence[ToolSpec], group: str) -> Task:
    relevant = [spec.id for spec in specs if [spec.tool, spec.name] in query.relevant]
    named = {(spec.tool, spec.name) for spec in specs}
    unresolved = [pair for pair in query.relevant if tuple(pair) not in named]
    return Task(
        id=str(number if query.query_id is None else query.query_id),
        query=query.query,
        tools=tuple(dict.fromkeys(spec.id for spec in specs)),
        group=group,
        relevant=tuple(dict.fromkeys(relevant)),
        meta={"unresolved": unresolved} if unresolved else {},
    )


def _reference(query: _Query, file: str, at: str) -> Reference | None:
    if query.reference is None:
        return None
    try:
        return codec.decode(Reference, query.reference)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = at + json_path(first["loc"])
        raise FormatError(
            file, where, f"a reference answer ({first['msg']})", "Correct it or leave it out."
        ) from None


def _split(file: str) -> str:
    found = re.search(r"(?:^|_)(G[123])(?=_|$)", Path(file).stem)
    return found[1] if found else ""


def _group(apis: Sequence[Api]) -> str:
    if len({api.category_name for api in apis}) > 1:
        return "G3"
    return "G2" if len({api.tool_name for api in apis}) > 1 else "G1"
