"""How tool calls are made: the settings of a stack, in one record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from toolgrove.data.settings import decides, passes
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.calls.wrappers import Wrapper
from toolgrove.tools.http.network import Network

__all__ = ["CallSettings"]

_TIMEOUT = 30.0
_VIRTUAL_TIMEOUT = 180.0  # for a server that first calls an API and then lets a model stand in


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """How tool calls are made.

    Parameters
    ----------
    timeout : float or None
        Seconds a tool call may take, retries included: 30 if None, and 180 of virtual ``apis``.
    attempts : int
        How often a read is made at most.
    observation_limit : int
        Characters of an answer that the model is shown; the whole is kept in the run.
    policy : Policy
        What may be done: which tools, whether writes, and who is asked before one.
    network : Network
        Where calls may go, and how often; its limits are shared by all stacks that get it.
    hosts : mapping
        Base URL by host name, for APIs that are served elsewhere than their spec says; only these
        may be on this machine or in a private network.
    apis : str or None
        URL of a virtual API server (``toolgrove serve apis``) that answers all calls, whatever
        their tools are bound to.
    trusted : collection of str
        What a catalogue on disk may run: modules and sources ``module:object`` whose Python code
        may be imported, and addresses of MCP servers that may be started or spoken to.
    record, replay : path or None
        Folder with one cassette a task, which keeps the HTTP exchanges of its run or answers in
        their place (:mod:`toolgrove.tools.calls.cassette`).
    wrappers : tuple of callables or names
        Each takes an :data:`~toolgrove.tools.calls.execute.Execute` and gives one that goes around
        it. They see what the policy lets through, the first one outermost.
    backends : mapping
        What makes the calls of tools whose ``binding["kind"]`` is of the name, before those that
        Toolgrove and installed packages have (:mod:`toolgrove.tools.calls.backends`).
    """

    timeout: float | None = decides(None)
    attempts: int = decides(3)
    observation_limit: int = decides(2048)
    policy: Policy = decides(factory=Policy)
    network: Network = decides(factory=Network)
    hosts: Mapping[str, str] = decides(factory=dict, kept=False)
    apis: str | None = decides(None)
    trusted: Collection[str] = passes(frozenset(), kept=False)
    record: str | None = passes(None, kept=False)
    replay: str | None = decides(None, kept=False)
    wrappers: tuple[Wrapper | str, ...] = decides((), kept=False)
    backends: Mapping[str, Any] = decides(factory=dict, kept=False)

    @property
    def seconds(self) -> float:
        """Seconds a call may take, retries included.

        Examples
        --------
        >>> CallSettings().seconds, CallSettings(apis="http://127.0.0.1:8080").seconds
        (30.0, 180.0)
        """
        if self.timeout is not None:
            return self.timeout
        return _TIMEOUT if self.apis is None else _VIRTUAL_TIMEOUT
