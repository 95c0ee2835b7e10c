"""ToolBench tool files, ``tools/<Category>/<tool>.json``: one tool of a hub and its APIs.

The format is that of ToolBench (Qin et al., 2023, "ToolLLM", arXiv:2307.16789).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from toolgrove.data.formats.check import Foreign, checked, read_json
from toolgrove.data.formats.toolbench_schema import (
    ToolBenchParameter,
    Unique,
    effect_of,
    parameters_schema,
)
from toolgrove.data.records import JsonObject, ToolSpec

__all__ = ["load_tool_file", "parse_tool", "parse_tool_file"]


class _Api(Foreign):
    name: str
    url: str | None = None
    description: str | None = None
    method: str
    required_parameters: list[ToolBenchParameter]
    optional_parameters: list[ToolBenchParameter]
    response_schema: Any = Field(default=None, alias="schema")
    template_response: Any = None
    test_endpoint: Any = None
    body: Any = None


class _Tool(Foreign):
    tool_name: str
    tool_description: str | None = None
    host: str | None = None
    api_list: list[_Api]


class _Response(Foreign):
    name: str
    response: Any = Field(default=None, alias="schema")


class _Responses(Foreign):
    api_list: list[_Response]


def load_tool_file(path: str | Path) -> list[ToolSpec]:
    """The APIs of one tool file; the category is the name of its folder.

    Where ToolBench's folders stand side by side (``tools/`` and ``response_examples/``), the
    example responses are taken along.

    Parameters
    ----------
    path : path
        ``tools/<Category>/<tool>.json``.

    Returns
    -------
    list of ToolSpec
        With ids ``<Category>/<tool_name>/<api name>``; a second API of the same name gets
        ``#2`` behind it, in the file's order.

    Raises
    ------
    FormatError
        Where the file, or the file of example responses beside it, is not what it should be.
    """
    return parse_tool_file(read_json(path), path)


def parse_tool_file(data: Any, path: str | Path) -> list[ToolSpec]:
    """As :func:`load_tool_file`, for a file that is parsed already."""
    category = Path(path).absolute().parent.name
    return parse_tool(data, category, str(path), _responses(Path(path).absolute()))


def _responses(path: Path) -> JsonObject:
    """Example responses by API name, from the file that stands beside a tool file."""
    folder = path.parent.parent
    beside = folder.parent / "response_examples" / path.parent.name / path.name
    if folder.name != "tools" or not beside.is_file():
        return {}
    found = checked(_Responses, read_json(beside), str(beside))
    return {api.name: api.response for api in found.api_list}


def parse_tool(
    data: Any, category: str, file: str, responses: JsonObject | None = None
) -> list[ToolSpec]:
    """The APIs of a parsed tool file.

    Parameters
    ----------
    data : Any
        Parsed JSON.
    category : str
        The hub's category.
    file : str
        The file's name, for errors.
    responses : JsonObject or None
        Example responses by API name, where there are any.

    Raises
    ------
    FormatError
        Where ``data`` is not a tool.

    Examples
    --------
    >>> api = {"name": "Love", "url": "https://h.example/love/{who}", "method": "GET",
    ...        "required_parameters": [{"name": "who", "type": "STRING"}],
    ...        "optional_parameters": [{"name": "lang", "type": "STRING", "default": "en"}]}
    >>> [spec] = parse_tool({"tool_name": "Quotes", "api_list": [api]}, "Social", "quotes.json")
    >>> spec.id, spec.binding["in"]
    ('Social/Quotes/Love', {'who': 'path', 'lang': 'query'})
    """
    tool = checked(_Tool, data, file)
    specs: dict[str, ToolSpec] = {}
    unique = Unique()
    for api in tool.api_list:
        spec_id = unique(f"{category}/{tool.tool_name}/{api.name}")
        examples = (
            (responses or {}).get(api.name),
            api.response_schema,
            api.template_response,
            api.test_endpoint,
            api.body,
        )
        specs[spec_id] = ToolSpec(
            id=spec_id,
            category=category,
            tool=tool.tool_name,
            name=api.name,
            description=(api.description or "").strip(),
            parameters=parameters_schema(api.required_parameters, api.optional_parameters),
            returns=next((e for e in examples if isinstance(e, dict) and e), None),
            effect=effect_of(api.method),
            source="toolbench",
            binding=_binding(api, tool.host or ""),
            tool_description=(tool.tool_description or "").strip(),
        )
    return list(specs.values())


def _binding(api: _Api, host: str) -> JsonObject:
    """How to call the API over HTTP; empty where the file has no URL."""
    url = (api.url or "").strip()
    if url.startswith("/") and host:
        url = f"https://{host}{url}"
    if not urlsplit(url).hostname:
        return {}
    method = api.method.strip().upper()
    elsewhere = "query" if method in ("GET", "HEAD", "DELETE") else "body"
    names = [p.name for p in (*api.required_parameters, *api.optional_parameters)]
    places = {name: "path" if f"{{{name}}}" in url else elsewhere for name in names}
    return {"kind": "http", "method": method, "url": url, "in": places}
