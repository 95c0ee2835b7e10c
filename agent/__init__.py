"""The agent and what runs around it: models, the catalogue, gateways, the viewer, the demo.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.calling import executing
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.evaluation import Evaluation
    from toolgrove.agent.gateway import Gateway, mcp_server
    from toolgrove.agent.langchain_tools import to_langchain
    from toolgrove.agent.matrix import run_matrix
    from toolgrove.agent.memory import Memory
    from toolgrove.agent.mined_rows import mine_rows, save_rows
    from toolgrove.agent.models.loading import ModelFactory, load_model
    from toolgrove.agent.models.local import LocalChatModel
    from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
    from toolgrove.agent.otel import instrument
    from toolgrove.agent.outcome import Outcome
    from toolgrove.agent.ray_engine import RayEngine
    from toolgrove.agent.settings import RunSettings
    from toolgrove.agent.simulated_user import SimulatedUser
    from toolgrove.agent.strategies.text import Strategy
    from toolgrove.agent.strategies.tuning import tune_strategy
    from toolgrove.agent.thread import Thread
    from toolgrove.agent.tool_retriever import ToolRetriever
    from toolgrove.agent.virtual.server import VirtualServer
    from toolgrove.agent.voting import vote
    from toolgrove.data.drawing.svg import svg

__all__ = [
    "Agent",
    "Catalog",
    "Evaluation",
    "Gateway",
    "LocalChatModel",
    "Memory",
    "ModelFactory",
    "Outcome",
    "RayEngine",
    "RunSettings",
    "ScriptedModel",
    "SimulatedUser",
    "Strategy",
    "Thread",
    "ToolRetriever",
    "VirtualServer",
    "call",
    "executing",
    "finish",
    "give_up",
    "instrument",
    "load_model",
    "mcp_server",
    "mine_rows",
    "run_matrix",
    "save_rows",
    "svg",
    "to_langchain",
    "tune_strategy",
    "vote",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Agent": "agent.agent",
        "Catalog": "agent.catalog",
        "Evaluation": "agent.evaluation",
        "executing": "agent.calling",
        "Gateway": "agent.gateway",
        "LocalChatModel": "agent.models.local",
        "Memory": "agent.memory",
        "ModelFactory": "agent.models.loading",
        "Outcome": "agent.outcome",
        "RayEngine": "agent.ray_engine",
        "RunSettings": "agent.settings",
        "ScriptedModel": "agent.models.scripted",
        "SimulatedUser": "agent.simulated_user",
        "Strategy": "agent.strategies.text",
        "Thread": "agent.thread",
        "ToolRetriever": "agent.tool_retriever",
        "VirtualServer": "agent.virtual.server",
        "call": "agent.models.scripted",
        "finish": "agent.models.scripted",
        "give_up": "agent.models.scripted",
        "instrument": "agent.otel",
        "load_model": "agent.models.loading",
        "mcp_server": "agent.gateway",
        "mine_rows": "agent.mined_rows",
        "run_matrix": "agent.matrix",
        "save_rows": "agent.mined_rows",
        "svg": "data.drawing.svg",
        "to_langchain": "agent.langchain_tools",
        "tune_strategy": "agent.strategies.tuning",
        "vote": "agent.voting",
    },
)
