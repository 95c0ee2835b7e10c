"""ToolBench's standard names: how it spells categories, tools, APIs and parameters in code.

The rules are those of ToolBench (Qin et al., 2023, "ToolLLM", arXiv:2307.16789), whose clients and
caches name an API in this spelling and not as the hub writes it.
"""

from __future__ import annotations

import re

__all__ = ["standard_api", "standard_category", "standard_name", "standard_tool"]

_FOREIGN = re.compile(r"[^\u4e00-\u9fa5^a-zA-Z0-9_]")
_RESERVED = frozenset({"and", "class", "false", "from", "id", "return", "true"})


def standard_category(category: str) -> str:
    """A category as ToolBench names its folders.

    Examples
    --------
    >>> standard_category("News, Media"), standard_category("Food/Drinks")
    ('News_Media', 'Food_Drinks')
    """
    return re.sub("[ ,/]", "_", category).replace("__", "_")


def standard_tool(tool: str, category: str = "") -> str:
    """A tool's name; a ``_for_<category>`` behind it, which some clients write, is left out.

    Examples
    --------
    >>> standard_tool("Olato Quotes"), standard_tool("olato_quotes_for_Social", "Social")
    ('olato_quotes', 'olato_quotes')
    """
    suffix = f"_for_{standard_category(category)}"
    if category and tool.endswith(suffix):
        tool = tool.removesuffix(suffix)
    plain = re.sub("__+", "_", _FOREIGN.sub("_", tool)).lower().strip("_")
    return f"get_{plain}" if plain[:1].isdigit() else plain


def standard_name(name: str) -> str:
    """An API's or a parameter's name: as a tool's, but never one of a few reserved words.

    Examples
    --------
    >>> standard_name("/v1/Live Scores (2)"), standard_name("2-way"), standard_name("from")
    ('v1_live_scores_2', 'get_2_way', 'is_from')
    """
    plain = standard_tool(name)
    return f"is_{plain}" if plain in _RESERVED else plain


def standard_api(name: str, tool: str) -> str:
    """An API's name, also where it is written as the function ``<api>_for_<tool>``.

    Parameters
    ----------
    name : str
        As a client writes it.
    tool : str
        The tool's standard name.

    Examples
    --------
    >>> standard_api("love_quote_for_olato_quotes", "olato_quotes")
    'love_quote'
    """
    plain = standard_name(name)
    return plain.partition(f"_for_{tool}")[0] if tool else plain
