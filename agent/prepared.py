"""What the runs of an agent share that are offered the same tools, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from toolgrove.data import codec
from toolgrove.data.runs import ASKED
from toolgrove.planners.brief import Brief
from toolgrove.planners.cascade import open_chat
from toolgrove.planners.chat import Chatting
from toolgrove.planners.context import Window
from toolgrove.planners.solve import identity
from toolgrove.tools.calls.stack import CallStack
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent

__all__ = ["Prepared", "keep", "prepare"]

T = TypeVar("T")
_KEPT = 32  # offers, and requests, that an agent keeps what was worked out for


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run begins with, but for its task; runs that are under way together share it.

    Parameters
    ----------
    offer : Offer
        The tools on offer.
    chat : Chatting
        The models with these bound.
    same : mapping
        What a run has to be gone on with as it was begun (promise 8).
    config : mapping
        What the journal's header says of the run: that, the settings, and what answers the tools.
    encoded : mapping
        The JSON of the parts of the header that are the same for all.
    calls : CallStack
        What makes the calls.
    window : Window or None
        How much of a path the model is shown.
    """

    offer: Offer
    chat: Chatting
    same: Mapping[str, Any]
    config: Mapping[str, Any]
    encoded: Mapping[str, Any]
    calls: CallStack
    window: Window | None


def prepare(agent: Agent, offer: Offer, sampling: list[dict[str, Any]], brief: Brief) -> Prepared:
    """What runs of an agent begin with that are offered these tools.

    Parameters
    ----------
    agent : Agent
    offer : Offer
    sampling : list of dict
        How its models sample now (``Agent.sampling``).
    brief : Brief
        What its runs are told.
    """
    settings = agent.settings
    chat = open_chat(agent.chat_models, offer)
    same = {
        **identity(agent.frontier(), chat, offer, brief),
        "sampling": sampling,
        "window": settings.context_tokens,
    }
    config = {
        **same,
        **brief.header(),
        "world": agent.world(agent.registry if settings.search_tools else offer.specs),
        "settings": settings.to_journal(),
    }
    if settings.calls.policy.approve is not None:
        config[ASKED] = True
    header = {"tools": offer.specs, "aliases": offer.aliases, "config": config}
    return Prepared(
        offer,
        chat,
        same,
        config,
        {name: codec.Encoded(part) for name, part in header.items()},
        CallStack(agent.registry, settings.calls, agent.secrets),
        settings.window,
    )


def keep(kept: dict[tuple[object, ...], T], key: tuple[object, ...], value: T) -> T:
    """Keep what was worked out, and not too much of it."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
    return value
