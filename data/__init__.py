"""Records, trees, files in and out, the bundled world, and every error.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.data import world
    from toolgrove.data.events import (
        BudgetUsed,
        Event,
        ModelEnded,
        ModelStarted,
        ModelToken,
        NodeAdded,
        NodeScored,
        RetrievalEnded,
        RetrievalStarted,
        RunEnded,
        RunScored,
        RunStarted,
        StepEnded,
        StepStarted,
        ToolEnded,
        ToolStarted,
    )
    from toolgrove.data.expected import ExpectedCall
    from toolgrove.data.exports.rendering import ChatTemplate
    from toolgrove.data.exports.trainers import Trainer
    from toolgrove.data.exports.validating import validate_rows
    from toolgrove.data.exports.writing import export_rows
    from toolgrove.data.formats.importers import Holds, Importer, Loaded
    from toolgrove.data.formats.openapi import load_openapi
    from toolgrove.data.formats.query_sets import QuerySet
    from toolgrove.data.formats.sources import SPECS, TASKS, TREES, load_sources
    from toolgrove.data.formats.task_lines import load_tasks, save_tasks
    from toolgrove.data.formats.trl import save_pairs
    from toolgrove.data.pairs.faults import Fault
    from toolgrove.data.pairs.modes import Rule
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
    from toolgrove.data.runs import read_tree
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
    "BudgetUsed",
    "CatalogError",
    "ChatTemplate",
    "Effect",
    "Ending",
    "Event",
    "ExpectedCall",
    "Fault",
    "FormatError",
    "Holds",
    "Importer",
    "JournalError",
    "JournalLocked",
    "Loaded",
    "Message",
    "ModelEnded",
    "ModelError",
    "ModelStarted",
    "ModelToken",
    "Node",
    "NodeAdded",
    "NodeScored",
    "NodeState",
    "Observation",
    "QuerySet",
    "Reference",
    "ReplayMiss",
    "ResumeMismatch",
    "RetrievalEnded",
    "RetrievalStarted",
    "Role",
    "Rule",
    "RunEnded",
    "RunScored",
    "RunStarted",
    "Score",
    "SearchTree",
    "SpecError",
    "Status",
    "StepEnded",
    "StepStarted",
    "Task",
    "ToolCall",
    "ToolEnded",
    "ToolSpec",
    "ToolStarted",
    "ToolgroveError",
    "Trainer",
    "Usage",
    "UsageError",
    "WeightsError",
    "child_id",
    "export_rows",
    "load_openapi",
    "load_sources",
    "load_tasks",
    "mine",
    "read_tree",
    "save_pairs",
    "save_tasks",
    "validate_rows",
    "world",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "BudgetUsed": "data.events",
        "CatalogError": "errors",
        "ChatTemplate": "data.exports.rendering",
        "Effect": "data.records",
        "Ending": "data.tree",
        "Event": "data.events",
        "ExpectedCall": "data.expected",
        "Fault": "data.pairs.faults",
        "FormatError": "errors",
        "Holds": "data.formats.importers",
        "Importer": "data.formats.importers",
        "JournalError": "errors",
        "JournalLocked": "errors",
        "Loaded": "data.formats.importers",
        "Message": "data.records",
        "ModelEnded": "data.events",
        "ModelError": "errors",
        "ModelStarted": "data.events",
        "ModelToken": "data.events",
        "Node": "data.records",
        "NodeAdded": "data.events",
        "NodeScored": "data.events",
        "NodeState": "data.records",
        "Observation": "data.records",
        "QuerySet": "data.formats.query_sets",
        "ROOT": "data.tree",
        "Reference": "data.records",
        "ReplayMiss": "errors",
        "Rule": "data.pairs.modes",
        "ResumeMismatch": "errors",
        "RetrievalEnded": "data.events",
        "RetrievalStarted": "data.events",
        "Role": "data.records",
        "RunEnded": "data.events",
        "RunScored": "data.events",
        "RunStarted": "data.events",
        "SPECS": "data.formats.sources",
        "Score": "data.records",
        "SearchTree": "data.tree",
        "SpecError": "errors",
        "Status": "data.records",
        "StepEnded": "data.events",
        "StepStarted": "data.events",
        "TASKS": "data.formats.sources",
        "TREES": "data.formats.sources",
        "Task": "data.records",
        "ToolCall": "data.records",
        "ToolEnded": "data.events",
        "ToolSpec": "data.records",
        "ToolStarted": "data.events",
        "ToolgroveError": "errors",
        "Trainer": "data.exports.trainers",
        "Usage": "data.records",
        "UsageError": "errors",
        "WeightsError": "errors",
        "child_id": "data.tree",
        "export_rows": "data.exports.writing",
        "load_openapi": "data.formats.openapi",
        "load_sources": "data.formats.sources",
        "load_tasks": "data.formats.task_lines",
        "mine": "data.preferences",
        "read_tree": "data.runs",
        "save_pairs": "data.formats.trl",
        "save_tasks": "data.formats.task_lines",
        "validate_rows": "data.exports.validating",
        "world": "data.world",
    },
)
