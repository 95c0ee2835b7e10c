"""What tools a task is offered, and what the runs share that are offered the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from toolgrove.data import codec
from toolgrove.data.records import RUN_PYTHON, SEARCH_TOOLS, Task, ToolSpec
from toolgrove.data.request import Brief, in_context
from toolgrove.data.runs import ASKED
from toolgrove.errors import CatalogError
from toolgrove.planners import subtasks
from toolgrove.planners.cascade import open_chat
from toolgrove.planners.chat import Chatting
from toolgrove.planners.context import Window
from toolgrove.planners.solve import identity
from toolgrove.tools.answer_form import AnswerForm
from toolgrove.tools.calls.stack import CallStack
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.making.made import MadeTool
    from toolgrove.agent.settings import RunSettings
    from toolgrove.tools.registry import Registry

__all__ = [
    "Kept",
    "Prepared",
    "lent",
    "made_key",
    "made_tools",
    "offer_of",
    "offered",
    "prepare",
    "prepared_anew",
]

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
        **({"sandbox": settings.sandbox} if settings.sandbox else {}),
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


@dataclass(slots=True)
class Kept:
    """What an agent has worked out: offers by what they show, beginnings by what they rest on."""

    offers: dict[tuple[object, ...], Offer] = field(default_factory=dict)
    prepared: dict[tuple[object, ...], Prepared] = field(default_factory=dict)


def lent(settings: RunSettings, registry: Registry) -> tuple[ToolSpec, ...]:
    """The tools of the settings, which are offered beside whatever tools there are."""
    if not settings.solve:
        return ()
    from toolgrove.tools.solver.check import check_formulas

    return (registry.lend(check_formulas),)


def made_tools(settings: RunSettings, catalog: Catalog | None) -> tuple[MadeTool, ...]:
    """The made tools of a catalogue, where the settings ask for them."""
    if not settings.made_tools or catalog is None:
        return ()
    from toolgrove.agent.making.offering import lent_tools

    return lent_tools(catalog)


def made_key(tools: Sequence[MadeTool]) -> dict[str, str]:
    """What decides of the made tools to which requests they are offered, and what they give."""
    return {"made_tools": codec.digest([one.offer_digest for one in tools])} if tools else {}


def offered(agent: Agent, task: Task) -> list[ToolSpec]:
    """The tools that a task is offered: its own, the retrieved, or all; and those of the settings.

    Raises
    ------
    CatalogError
        Where nothing is found in the catalogue: a model would make an answer up.
    """
    found = _found(agent, task)
    if agent.made_tools:
        from toolgrove.agent.making.offering import with_made_tools

        found = with_made_tools(agent, task, found)
    return [*found, *agent.lent]


def _found(agent: Agent, task: Task) -> list[ToolSpec]:
    settings, catalog = agent.settings, agent.catalog
    if task.tools is not None:
        return [agent.registry.get(tool) for tool in task.tools]
    if settings.retrieve is not None:
        found = list(settings.retrieve(in_context(task), settings.k))
        if catalog is None:
            agent.registry.add(found)
        return found
    if catalog is not None:
        hits = catalog.search(in_context(task), settings.k, rerank=settings.rerank)
        if not hits:
            raise CatalogError(
                f"{catalog.folder}: no tool was found there. Add some with "
                f"'toolgrove index SOURCE --catalog {catalog.folder}'."
            )
        return [spec for _, spec in hits]
    return list(agent.registry)


def offer_of(agent: Agent, specs: Sequence[ToolSpec], form: AnswerForm | None = None) -> Offer:
    """What a run shows its model; runs that show the same share it, with all it keeps."""
    controls = [SEARCH_TOOLS] if agent.settings.search_tools else []
    controls += [RUN_PYTHON] if agent.settings.code else []
    controls += subtasks.CONTROLS if agent.settings.subtasks else ()
    form, registry = form or agent.form, agent.registry
    key = (registry, registry.version, form, *controls, *(spec.id for spec in specs))
    found = agent.kept.offers.get(key)
    return found or _keep(agent.kept.offers, key, registry.offer_of(specs, controls, form))


def prepared_anew(agent: Agent, task: Task, brief: Brief, key: tuple[object, ...]) -> Prepared:
    """What a task's run begins with, kept under a key of what it rests on.

    It is not kept where the model is taught, or where a retriever may find others each time.
    """
    settings, catalog = agent.settings, agent.catalog
    offer = offer_of(agent, offered(agent, task))
    taught = settings.memory is not None or settings.examples is not None
    if taught:
        from toolgrove.agent.teaching import taught_brief

        brief = taught_brief(settings, task, brief, offer)
    made = prepare(agent, offer, agent.sampling, brief)
    varies = taught or (task.tools is None and (settings.retrieve or settings.rerank))
    if not varies and (catalog is None or catalog.whole):
        _keep(agent.kept.prepared, key, made)  # one that is not whole is mended by the next search
    return made


def _keep(kept: dict[tuple[object, ...], T], key: tuple[object, ...], value: T) -> T:
    """Keep what was worked out, and not too much of it."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
    return value
