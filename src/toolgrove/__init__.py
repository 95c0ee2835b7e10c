"""Toolgrove: tool-using agents over thousands of APIs, searched, judged and mined.

Importing this package loads nothing heavy; each name below is loaded at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent, Outcome
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.gateway import Gateway
    from toolgrove.agent.langchain_tools import to_langchain
    from toolgrove.agent.models.loading import load_model
    from toolgrove.agent.models.scripted import ScriptedModel
    from toolgrove.agent.tool_retriever import ToolRetriever
    from toolgrove.agent.voting import vote
    from toolgrove.data.journal import read_tree
    from toolgrove.data.preferences import mine
    from toolgrove.data.records import Observation, Status, Task, ToolCall, ToolSpec
    from toolgrove.data.tree import SearchTree
    from toolgrove.planners import Budget
    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.python.effect import tool
    from toolgrove.tools.registry import Registry

__all__ = [
    "Agent",
    "Budget",
    "Catalog",
    "Gateway",
    "Observation",
    "Outcome",
    "Registry",
    "ScriptedModel",
    "SearchTree",
    "Status",
    "Task",
    "ToolCall",
    "ToolRetriever",
    "ToolSpec",
    "load_mcp",
    "load_model",
    "mine",
    "read_tree",
    "to_langchain",
    "tool",
    "vote",
]

_HOMES = {
    "Agent": "agent.agent",
    "Budget": "planners.budget",
    "Catalog": "agent.catalog",
    "Gateway": "agent.gateway",
    "Observation": "data.records",
    "Outcome": "agent.agent",
    "Registry": "tools.registry",
    "ScriptedModel": "agent.models.scripted",
    "SearchTree": "data.tree",
    "Status": "data.records",
    "Task": "data.records",
    "ToolCall": "data.records",
    "ToolRetriever": "agent.tool_retriever",
    "ToolSpec": "data.records",
    "load_mcp": "tools.mcp.source",
    "load_model": "agent.models.loading",
    "mine": "data.preferences",
    "read_tree": "data.journal",
    "to_langchain": "agent.langchain_tools",
    "tool": "tools.python.effect",
    "vote": "agent.voting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'toolgrove' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"toolgrove.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
