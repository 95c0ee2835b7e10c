"""Records, trees, files in and out, the bundled world, and every error.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.data import world
    from toolgrove.data.formats.importers import Holds, Importer, Loaded
    from toolgrove.data.formats.openapi import load_openapi
    from toolgrove.data.formats.query_sets import QuerySet
    from toolgrove.data.formats.sources import SPECS, TASKS, TREES, load_sources
    from toolgrove.data.formats.trl import save_pairs
    from toolgrove.data.journal import read_tree
    from toolgrove.data.preferences import mine
    from toolgrove.data.records import (
        Effect,
        Message,
        Node,
        NodeState,
        Observation,
        Reference,
        Role,
        Score,
        Status,
        Task,
        ToolCall,
        ToolSpec,
        Usage,
    )
    from toolgrove.data.tree import ROOT, Ending, SearchTree, child_id
    from toolgrove.errors import (
        CatalogError,
        FormatError,
        JournalError,
        JournalLocked,
        ModelError,
        ReplayMiss,
        ResumeMismatch,
        SpecError,
        ToolgroveError,
        UsageError,
        WeightsError,
    )

__all__ = [
    "ROOT",
    "SPECS",
    "TASKS",
    "TREES",
    "CatalogError",
    "Effect",
    "Ending",
    "FormatError",
    "Holds",
    "Importer",
    "JournalError",
    "JournalLocked",
    "Loaded",
    "Message",
    "ModelError",
    "Node",
    "NodeState",
    "Observation",
    "QuerySet",
    "Reference",
    "ReplayMiss",
    "ResumeMismatch",
    "Role",
    "Score",
    "SearchTree",
    "SpecError",
    "Status",
    "Task",
    "ToolCall",
    "ToolSpec",
    "ToolgroveError",
    "Usage",
    "UsageError",
    "WeightsError",
    "child_id",
    "load_openapi",
    "load_sources",
    "mine",
    "read_tree",
    "save_pairs",
    "world",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "CatalogError": "errors",
        "Effect": "data.records",
        "Ending": "data.tree",
        "FormatError": "errors",
        "Holds": "data.formats.importers",
        "Importer": "data.formats.importers",
        "JournalError": "errors",
        "JournalLocked": "errors",
        "Loaded": "data.formats.importers",
        "Message": "data.records",
        "ModelError": "errors",
        "Node": "data.records",
        "NodeState": "data.records",
        "Observation": "data.records",
        "QuerySet": "data.formats.query_sets",
        "ROOT": "data.tree",
        "Reference": "data.records",
        "ReplayMiss": "errors",
        "ResumeMismatch": "errors",
        "Role": "data.records",
        "SPECS": "data.formats.sources",
        "Score": "data.records",
        "SearchTree": "data.tree",
        "SpecError": "errors",
        "Status": "data.records",
        "TASKS": "data.formats.sources",
        "TREES": "data.formats.sources",
        "Task": "data.records",
        "ToolCall": "data.records",
        "ToolSpec": "data.records",
        "ToolgroveError": "errors",
        "Usage": "data.records",
        "UsageError": "errors",
        "WeightsError": "errors",
        "child_id": "data.tree",
        "load_openapi": "data.formats.openapi",
        "load_sources": "data.formats.sources",
        "mine": "data.preferences",
        "read_tree": "data.journal",
        "save_pairs": "data.formats.trl",
        "world": "data.world",
    },
)
