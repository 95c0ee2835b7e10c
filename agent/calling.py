"""Calls of tools from sync code, outside of any run; they only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from toolgrove.agent.hosting import hosted
from toolgrove.data.records import Observation, ToolCall
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore

__all__ = ["executing"]


@contextmanager
def executing(
    registry: Registry,
    settings: CallSettings = CallSettings(),
    secrets: SecretStore | None = None,
) -> Iterator[Callable[[ToolCall], Observation]]:
    """What makes calls of a registry's tools; writes are refused, whatever the settings allow.

    The bundled world is started where a tool is one of its own.

    Parameters
    ----------
    registry : Registry
        As ``agent.registry``. What is a write, it says, and not who asks for the call.
    settings : CallSettings
        As ``agent.settings.calls``.
    secrets : SecretStore or None
        Where credentials are found; None looks in the environment and the keyring.

    Examples
    --------
    >>> from toolgrove import Agent, ScriptedModel, ToolCall, tool
    >>> @tool(effect="read")
    ... def double(x: int) -> int:
    ...     "Twice a number."
    ...     return 2 * x
    >>> agent = Agent(model=ScriptedModel(replies=[]), tools=[double])
    >>> [spec] = agent.registry
    >>> with executing(agent.registry) as execute:
    ...     execute(ToolCall("c", spec.id, {"x": 21})).content
    '42'
    """
    from anyio.from_thread import start_blocking_portal

    with hosted(registry) as hosts, start_blocking_portal() as portal:
        made = replace(
            settings,
            policy=replace(settings.policy, read_only=True),
            hosts={**settings.hosts, **hosts},
        )
        opened = build_stack(registry, made, secrets=secrets)
        with portal.wrap_async_context_manager(opened) as execute:
            yield lambda call: portal.call(execute, call)
