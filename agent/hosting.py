"""Where the APIs of a run are served: the bundled world is started when its tools are on offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolgrove.data.records import Task, ToolSpec

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent

__all__ = ["apis_identity", "hosted", "hosted_agent", "of_the_world", "world_version"]


def of_the_world(specs: Iterable[ToolSpec]) -> bool:
    """Whether any of these tools is one of the bundled world's."""
    from toolgrove.data.world import HOST

    # a run asks this of each of its tools, and few of them so much as name the host
    urls = (str(spec.binding["url"]) for spec in specs if "url" in spec.binding)
    return any(HOST in url.lower() and _host(url) == HOST for url in urls)


def _host(url: str) -> str | None:
    """The host that a URL names; what is no URL names none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def world_version(specs: Iterable[ToolSpec]) -> str:
    """Version of the bundled world, where any of these tools is one of its own; else empty."""
    if not of_the_world(specs):
        return ""
    from toolgrove.data.world import VERSION

    return VERSION


def apis_identity(apis: str | None) -> str:
    """What names the virtual API server at a URL; empty where there is none."""
    if apis is None:
        return ""
    from toolgrove.tools.virtual.backend import identity

    return identity(apis)


@contextmanager
def hosted(specs: Iterable[ToolSpec], *, seed: int = 0) -> Iterator[Mapping[str, str]]:
    """Start the bundled world if any of these tools is one of its own.

    Yields
    ------
    Mapping[str, str]
        Base URL by host name, for ``Agent(hosts=…)``; empty where the world is not needed.
    """
    if not of_the_world(specs):
        yield {}
        return
    from toolgrove.data.world import HOST, running

    with running(seed=seed) as url:
        yield {HOST: url}


@contextmanager
def hosted_agent(agent: Agent, task: Task) -> Iterator[Agent]:
    """The agent with the bundled world started for a task, where its tools are the world's.

    Nothing is started where a virtual API server or a recording answers.
    """
    calls = agent.settings.calls
    elsewhere = calls.apis is not None or calls.replay is not None
    with hosted(() if elsewhere else _reachable(agent, task)) as hosts:
        yield agent.changed(hosts={**calls.hosts, **hosts}) if hosts else agent


def _reachable(agent: Agent, task: Task) -> Iterable[ToolSpec]:
    """The tools that a task's run may call: those it is offered, with ``search_tools`` any."""
    return agent.registry if agent.settings.search_tools else agent.offered(task)
