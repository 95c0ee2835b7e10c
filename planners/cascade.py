"""Two models for one run: a cheap one does what it can, a strong one what it must.

Both ways here are chats (:class:`toolgrove.planners.chat.Chatting`), so that no search can tell
them from one model. They keep no state: what a step needs to know stands in the conversation, and
what was done for it in the reply, which is journalled as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from weakref import WeakKeyDictionary

from toolgrove.data import codec, options
from toolgrove.data.records import JsonObject, Usage
from toolgrove.data.reply import Reply
from toolgrove.data.spoken import spoken
from toolgrove.planners import cascade_prompts as prompts
from toolgrove.planners.chat import Chat, Chatting, model_name
from toolgrove.planners.wrapped import inside
from toolgrove.tools.offer import Offer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from toolgrove.planners.wrapped import ChatModel

__all__ = ["CASCADES", "Cascade", "PlanAct", "SpecReason", "open_chat", "parse_cascade"]

Functions: TypeAlias = Sequence[Mapping[str, Any]]
_DIGIT = re.compile(r"\W*(?:score\W*)?([0-9])(?:\s*/\s*(?:9|10))?\W*", re.IGNORECASE)
_LONGEST_PLAN = 2000


@dataclass(frozen=True, slots=True)
class SpecReason:
    """The cheap model proposes each step; the strong one scores it, and takes over below a bar.

    After SpecReason (Pan et al. 2025), with tool calls in the place of reasoning steps. What may
    write is never left to the cheap model: where a proposal calls anything but tools known to read
    only, the strong one is asked for the step without a score. It is asked, too, where the score
    is no digit.

    Parameters
    ----------
    threshold : int
        The lowest score, of 0 to 9, that a proposal is taken with (the paper's 7).
    score_tokens : int
        Longest reply to the question for a score, where the strong model's class has a
        ``max_tokens``; a model that thinks before it answers needs more.
    """

    name: ClassVar[str] = "specreason"
    threshold: int = 7
    score_tokens: int = 4


@dataclass(frozen=True, slots=True)
class PlanAct:
    """The strong model writes a short plan, the cheap one acts under it.

    A slow and a fast mind, as in SwiftSage (Lin et al. 2023) and Plan-and-Act (Erdogan et al.
    2025). The plan becomes the first words of the step that it was written for, and so stays in
    the conversation.

    Parameters
    ----------
    every : int
        Steps after which the plan is made anew; 0 is never.
    """

    name: ClassVar[str] = "planact"
    every: int = 0


CASCADES: dict[str, Callable[..., SpecReason | PlanAct]] = {
    "planact": PlanAct,
    "specreason": SpecReason,
}
"""Ways to share the work by the name that ``--cascade`` takes."""


def parse_cascade(text: str) -> SpecReason | PlanAct:
    """A way for two models to share the work, from ``name`` or ``name:option=value,…``.

    Raises
    ------
    UsageError
        For an unknown name or option, or a value of the wrong kind.

    Examples
    --------
    >>> parse_cascade("specreason:threshold=5")
    SpecReason(threshold=5, score_tokens=4)
    """
    return options.parse(text, CASCADES, "cascade")


@dataclass(frozen=True, slots=True)
class Cascade:
    """A cheap and a strong model, and how they share the work.

    Parameters
    ----------
    fast, strong : BaseChatModel
        Any chat models with ``bind_tools``.
    how : SpecReason or PlanAct
        Who does what.
    """

    fast: ChatModel
    strong: ChatModel
    how: SpecReason | PlanAct = SpecReason()

    @property
    def model_name(self) -> str:
        """Both models, and everything that decides how they share the work.

        Examples
        --------
        >>> from toolgrove import ScriptedModel
        >>> Cascade(ScriptedModel(model_name="a"), ScriptedModel(model_name="b")).model_name
        'a, b (specreason:threshold=7,score_tokens=4)'
        """
        both = f"{model_name(self.fast)}, {model_name(self.strong)}"
        return f"{both} ({options.as_text(self.how)})"


def open_chat(model: ChatModel | Cascade, offer: Offer) -> Chatting:
    """A model, or two, with the tools of an offer bound.

    Raises
    ------
    ModelError
        Where a model cannot bind tools.
    """
    if not isinstance(model, Cascade):
        return _chat(model, offer)
    functions = offer.functions()
    fast, strong = Chat(model.fast, functions), Chat(model.strong, functions)
    name, how = model.model_name, model.how
    if isinstance(how, PlanAct):
        return _PlanActChat(name, how, fast, strong.offering(()), functions)
    scorer = Chat(_brief(model.strong, how.score_tokens), ())
    return _SpecReasonChat(name, how, fast, strong, scorer, functions, offer.reads())


_bound: WeakKeyDictionary[Offer, tuple[ChatModel, Chat]] = WeakKeyDictionary()


def _chat(model: ChatModel, offer: Offer) -> Chat:
    """A model with an offer's tools bound, which takes a while where they are a thousand."""
    known, chat = _bound.get(offer, (None, None))
    if known is not model or chat is None:
        chat = Chat(model, offer.functions())
        _bound[offer] = model, chat
    return chat


def _brief(model: ChatModel, tokens: int) -> ChatModel:
    """The model with short replies, where its class has a setting for that."""

    def short(one: Any) -> ChatModel:
        fields = getattr(type(one), "model_fields", {})
        brief: ChatModel = (
            one.model_copy(update={"max_tokens": tokens}) if "max_tokens" in fields else one
        )
        return brief

    return inside(model, short)


@dataclass(frozen=True, slots=True)
class _SpecReasonChat:
    """See :class:`SpecReason`."""

    calls: ClassVar[int] = 3
    name: str
    how: SpecReason
    fast: Chat
    strong: Chat
    scorer: Chat
    tools: Functions
    reads: Collection[str]

    @property
    def models(self) -> tuple[str, ...]:
        return *self.fast.models, *self.strong.models

    @property
    def functions(self) -> str:
        return codec.digest([self.fast.functions, prompts.PROMPTS])

    def offering(self, functions: Functions, reads: Collection[str] = ()) -> Chatting:
        """The same two with other functions bound; without any, the strong model alone."""
        strong = self.strong.offering(functions)
        if not functions:
            return strong
        fast = self.fast.offering(functions)
        return replace(self, fast=fast, strong=strong, tools=functions, reads=reads)

    async def ask(self, messages: Sequence[BaseMessage], name_calls: str) -> Reply:
        """Ask for the next message; see :meth:`toolgrove.planners.chat.Chat.ask`."""
        proposal = await self.fast.ask(messages, name_calls)
        step, replies, score = proposal.message, [proposal], None
        if all(call.name in self.reads for call in step.calls):
            question = prompts.score_question(messages, step, self.tools)
            scored = await self.scorer.ask(question, name_calls)
            replies.append(scored)
            score = _score(spoken(scored.message.content))
        notes = {"proposal": prompts.said(step), "score": score}
        if score is None or score < self.how.threshold:
            replies.append(await self.strong.ask(messages, name_calls))
            return _joined(replies[-1], replies, notes)
        return _joined(proposal, replies, notes)


@dataclass(frozen=True, slots=True)
class _PlanActChat:
    """See :class:`PlanAct`."""

    calls: ClassVar[int] = 2
    name: str
    how: PlanAct
    fast: Chat
    planner: Chat
    tools: Functions

    @property
    def models(self) -> tuple[str, ...]:
        return *self.fast.models, *self.planner.models

    @property
    def functions(self) -> str:
        return codec.digest([self.fast.functions, prompts.PROMPTS])

    def offering(self, functions: Functions, reads: Collection[str] = ()) -> Chatting:
        """The same two with other functions bound; without any, the strong model alone."""
        if not functions:
            return self.planner
        return replace(self, fast=self.fast.offering(functions), tools=functions)

    async def ask(self, messages: Sequence[BaseMessage], name_calls: str) -> Reply:
        """Ask for the next message; see :meth:`toolgrove.planners.chat.Chat.ask`."""
        since = _steps_since_plan(messages)
        if since is not None and not 0 < self.how.every <= since:
            acted = await self.fast.ask(messages, name_calls)
            return _beginning(acted, "")
        question = prompts.plan_question(messages, self.tools)
        planned = await self.planner.ask(question, name_calls)
        plan = spoken(planned.message.content)[:_LONGEST_PLAN].strip()
        acted = await self.fast.ask([*messages, prompts.under(plan)], name_calls)
        acted = _beginning(acted, f"{prompts.PLAN_MARK} {plan}\n\n")
        return _joined(acted, [planned, acted], {"plan": plan})


def _steps_since_plan(messages: Sequence[BaseMessage]) -> int | None:
    """Replies since the one that begins with a plan, itself included; None where there is none."""
    steps = 0
    for message in reversed(messages):
        if message.type == "ai":
            steps += 1
            if str(message.text).startswith(prompts.PLAN_MARK):
                return steps
    return None


def _beginning(reply: Reply, lead: str) -> Reply:
    """The reply with these words before its own, of which an imitated plan's mark is taken off."""
    text = reply.message.content.removeprefix(prompts.PLAN_MARK)
    return replace(reply, message=replace(reply.message, content=(lead + text).strip()))


def _score(text: str) -> int | None:
    """The one digit that a reply consists of.

    Examples
    --------
    >>> [_score(text) for text in (" 7", "Score: 8/9", "7 or 8", "10", "")]
    [7, 8, None, None, None]
    """
    found = _DIGIT.fullmatch(text)
    return int(found[1]) if found else None


def _joined(taken: Reply, replies: Sequence[Reply], notes: JsonObject) -> Reply:
    """The reply that was taken, with what all of them cost and took."""
    return replace(
        taken,
        usage=sum((reply.usage for reply in replies), Usage()),
        seconds=sum(reply.seconds for reply in replies),
        spent=tuple((reply.model, reply.usage) for reply in replies),
        notes={**taken.notes, **notes},
    )
