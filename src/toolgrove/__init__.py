"""Toolgrove: tool-using agents over thousands of APIs, searched, judged and mined.

Importing this package loads nothing heavy; each name below is loaded at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

__version__ = "0.2.0"

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.gateway import Gateway
    from toolgrove.agent.langchain_tools import to_langchain
    from toolgrove.agent.models.loading import load_model
    from toolgrove.agent.models.scripted import ScriptedModel
    from toolgrove.agent.outcome import Outcome
    from toolgrove.agent.settings import RunSettings
    from toolgrove.agent.tool_retriever import ToolRetriever
    from toolgrove.agent.view.notebook import display
    from toolgrove.agent.voting import vote
    from toolgrove.data.preferences import mine
    from toolgrove.data.records import Observation, Status, Task, ToolCall, ToolSpec
    from toolgrove.data.runs import read_tree
    from toolgrove.data.tree import SearchTree
    from toolgrove.evaluators.mining import mine_files
    from toolgrove.planners.budget import Budget
    from toolgrove.tools.calls.settings import CallSettings
    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.python.effect import tool
    from toolgrove.tools.registry import Registry
    from toolgrove.tools.scope import FromRun

__all__ = [
    "Agent",
    "Budget",
    "CallSettings",
    "Catalog",
    "FromRun",
    "Gateway",
    "Observation",
    "Outcome",
    "Registry",
    "RunSettings",
    "ScriptedModel",
    "SearchTree",
    "Status",
    "Task",
    "ToolCall",
    "ToolRetriever",
    "ToolSpec",
    "display",
    "load_mcp",
    "load_model",
    "mine",
    "mine_files",
    "read_tree",
    "to_langchain",
    "tool",
    "vote",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Agent": "agent.agent",
        "Budget": "planners.budget",
        "CallSettings": "tools.calls.settings",
        "Catalog": "agent.catalog",
        "FromRun": "tools.scope",
        "Gateway": "agent.gateway",
        "Observation": "data.records",
        "Outcome": "agent.outcome",
        "Registry": "tools.registry",
        "RunSettings": "agent.settings",
        "ScriptedModel": "agent.models.scripted",
        "SearchTree": "data.tree",
        "Status": "data.records",
        "Task": "data.records",
        "ToolCall": "data.records",
        "ToolRetriever": "agent.tool_retriever",
        "ToolSpec": "data.records",
        "display": "agent.view.notebook",
        "load_mcp": "tools.mcp.source",
        "load_model": "agent.models.loading",
        "mine": "data.preferences",
        "mine_files": "evaluators.mining",
        "read_tree": "data.runs",
        "to_langchain": "agent.langchain_tools",
        "tool": "tools.python.effect",
        "vote": "agent.voting",
    },
)
