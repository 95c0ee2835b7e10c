"""What can be called and how: importers, registry, the Execute stack, backends.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.data.decisions import Allow, Decision, Edit, Pause, Refuse
    from toolgrove.tools.calls.backends import Backend, BackendContext, BackendFactory
    from toolgrove.tools.calls.execute import Execute, failure
    from toolgrove.tools.calls.policy import Policy
    from toolgrove.tools.calls.settings import CallSettings
    from toolgrove.tools.calls.stack import build_stack
    from toolgrove.tools.calls.wrappers import Wrapper, parse_wrappers
    from toolgrove.tools.http.address import AddressPolicy, Blocked
    from toolgrove.tools.http.network import Network
    from toolgrove.tools.http.request import build_request
    from toolgrove.tools.http.serialize import Refused
    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.registry import Registry
    from toolgrove.tools.scope import FromRun
    from toolgrove.tools.secrets import SecretStore
    from toolgrove.tools.solver.check import check_formulas
    from toolgrove.tools.virtual.cache import AnswerCache

__all__ = [
    "AddressPolicy",
    "Allow",
    "AnswerCache",
    "Backend",
    "BackendContext",
    "BackendFactory",
    "Blocked",
    "CallSettings",
    "Decision",
    "Edit",
    "Execute",
    "FromRun",
    "Network",
    "Pause",
    "Policy",
    "Refuse",
    "Refused",
    "Registry",
    "SecretStore",
    "Wrapper",
    "build_request",
    "build_stack",
    "check_formulas",
    "failure",
    "load_mcp",
    "parse_wrappers",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AddressPolicy": "tools.http.address",
        "Allow": "data.decisions",
        "AnswerCache": "tools.virtual.cache",
        "Backend": "tools.calls.backends",
        "BackendContext": "tools.calls.backends",
        "BackendFactory": "tools.calls.backends",
        "Blocked": "tools.http.address",
        "CallSettings": "tools.calls.settings",
        "Decision": "data.decisions",
        "Edit": "data.decisions",
        "Execute": "tools.calls.execute",
        "FromRun": "tools.scope",
        "Network": "tools.http.network",
        "Pause": "data.decisions",
        "Policy": "tools.calls.policy",
        "Refuse": "data.decisions",
        "Refused": "tools.http.serialize",
        "Registry": "tools.registry",
        "SecretStore": "tools.secrets",
        "Wrapper": "tools.calls.wrappers",
        "build_request": "tools.http.request",
        "build_stack": "tools.calls.stack",
        "check_formulas": "tools.solver.check",
        "failure": "tools.calls.execute",
        "load_mcp": "tools.mcp.source",
        "parse_wrappers": "tools.calls.wrappers",
    },
)
