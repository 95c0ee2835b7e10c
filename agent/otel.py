"""Runs as traces of OpenTelemetry, made from their events (extra ``otel``).

A run is a trace, or a part of the one that is under way: ``invoke_agent``, below it a span a step,
below that ``chat``, ``execute_tool`` and ``retrieval``. A step that goes on from another one has a
link to it, so that a search tree can be drawn from its spans. Attributes are those of
OpenTelemetry's GenAI conventions, and beside them OpenInference's. What is said and given is left
out unless it is asked for; secrets were taken out of it before.
"""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolgrove.agent.otel_content import SpanWords, said_by
from toolgrove.agent.watching import EVERYWHERE
from toolgrove.data.events import (
    STARTS,
    BudgetUsed,
    Event,
    ModelStarted,
    ModelToken,
    NodeAdded,
    NodeScored,
    RunEnded,
    RunScored,
    RunStarted,
    StepEnded,
    StepStarted,
)
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, TracerProvider

    from toolgrove.agent.agent import Agent

__all__ = ["instrument"]

_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
_REMEMBERED = 4096
"""Runs that have ended and whose scores may still come."""
_log = logging.getLogger(__name__)


def instrument(
    agent: Agent | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    content: bool | None = None,
) -> Callable[[], None]:
    """Have runs traced, from now on.

    Parameters
    ----------
    agent : Agent or None
        Whose runs; None is every agent of this process.
    tracer_provider : TracerProvider or None
        Where spans go; None is the process's own.
    content : bool or None
        Whether questions, replies, arguments and results are in the spans. None does as the
        environment says, which by default says no
        (``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT``).

    Returns
    -------
    callable
        Ends it.

    Raises
    ------
    UsageError
        Where the extra ``otel`` is not installed.
    """
    try:
        import openinference.semconv.trace  # noqa: F401 - said now, not at the first run
        from opentelemetry import trace
    except ImportError as error:
        raise UsageError(
            f"traces need the extra otel ({error.name} is missing): pip install 'toolgrove[otel]'"
        ) from error
    from toolgrove import __version__

    if content is None:
        content = os.environ.get(_CONTENT, "").lower() in ("true", "1", "span_only", *_BOTH)
    provider = tracer_provider or trace.get_tracer_provider()
    tracer = provider.get_tracer("toolgrove", __version__, schema_url=_SCHEMA)
    tracing = _Tracing(tracer, content)
    listeners = EVERYWHERE if agent is None else agent.listeners
    listeners.append(tracing)

    def end() -> None:
        if tracing in listeners:
            listeners.remove(tracing)

    return end


_BOTH = ("span_and_event", "span_and_events")


@dataclass(slots=True)
class _Steps:
    """The steps of a run: where each one's span is, and those that wait for the planner's word."""

    places: dict[str, SpanContext] = field(default_factory=dict)
    waiting: dict[str, tuple[Span, int]] = field(default_factory=dict)


class _Tracing:
    """Makes spans of events."""

    def __init__(self, tracer: Any, content: bool) -> None:
        self._tracer, self._content = tracer, content
        self._spans: dict[str, Span] = {}
        self._tokens: dict[str, Any] = {}
        self._steps: dict[str, _Steps] = {}
        self._runs: OrderedDict[str, SpanContext] = OrderedDict()

    async def __call__(self, event: Event) -> None:
        try:
            self._hear(event)
        except Exception as error:  # a trace that cannot be made ends no run
            _log.warning("an event could not be traced: %s", error, exc_info=True)

    def _hear(self, event: Event) -> None:
        match event:
            case ModelToken() | BudgetUsed():
                pass
            case NodeAdded():
                self._taken(event)
            case NodeScored():
                self._scored(event)
            case RunScored():
                self._judged(event)
            case _ if isinstance(event, STARTS):
                self._begin(event)
            case _:
                self._end(event)

    def _begin(self, event: Event) -> None:
        from opentelemetry import context
        from opentelemetry.trace import Link, SpanKind, set_span_in_context

        said = said_by(event, self._content)
        links = []
        if isinstance(event, StepStarted):
            before = self._steps[event.run].places.get(event.after)
            links = [] if before is None else [Link(before, {"toolgrove.link": "goes on from"})]
        kind = SpanKind.CLIENT if isinstance(event, ModelStarted) else SpanKind.INTERNAL
        span = self._tracer.start_span(
            said.name,
            self._above(event.parent),
            kind,
            attributes=said.attributes,
            links=links,
            start_time=_nanoseconds(event.time),
        )
        if isinstance(event, RunStarted):
            self._steps[event.run] = _Steps()
            self._runs[event.run] = span.get_span_context()
            while len(self._runs) > _REMEMBERED:
                self._runs.popitem(last=False)
        elif isinstance(event, StepStarted):
            self._steps[event.run].places[event.node] = span.get_span_context()
        self._spans[event.id] = span
        self._tokens[event.id] = context.attach(set_span_in_context(span))

    def _above(self, parent: str | None) -> Context | None:
        """Where a span belongs; None is whatever trace is under way."""
        from opentelemetry.trace import set_span_in_context

        span = self._spans.get(parent or "")
        return None if span is None else set_span_in_context(span)

    def _end(self, event: Event) -> None:
        from opentelemetry import context

        span = self._spans.pop(event.id, None)
        if span is None:
            return
        context.detach(self._tokens.pop(event.id))
        _say(span, said_by(event, self._content))
        ended = _nanoseconds(event.time)
        if isinstance(event, StepEnded) and event.node is not None:
            self._steps[event.run].waiting[event.node.id] = span, ended
            return
        if isinstance(event, RunEnded):
            for step, when in self._steps.pop(event.run).waiting.values():
                step.set_attribute("toolgrove.node.unused", True)
                step.end(when)
        span.end(ended)

    def _taken(self, event: NodeAdded) -> None:
        found = self._steps[event.run].waiting.pop(event.node.id, None)
        if found is not None:
            span, ended = found
            _say(span, said_by(event, self._content))
            span.end(ended)

    def _scored(self, event: NodeScored) -> None:
        span = self._spans.get(event.parent or "")
        if span is not None:
            said = said_by(event, self._content)
            span.add_event(said.name, said.attributes, _nanoseconds(event.time))

    def _judged(self, event: RunScored) -> None:
        """A score is a span below the run that it judges, though that has ended."""
        from opentelemetry.trace import NonRecordingSpan, set_span_in_context

        judged = self._runs.get(event.run)
        above = None if judged is None else set_span_in_context(NonRecordingSpan(judged))
        said = said_by(event, self._content)
        now = _nanoseconds(event.time)
        span = self._tracer.start_span(said.name, above, attributes=said.attributes, start_time=now)
        result = {k: v for k, v in said.attributes.items() if k.startswith("gen_ai.evaluation.")}
        span.add_event("gen_ai.evaluation.result", result, now)
        span.end(now)


def _say(span: Span, said: SpanWords) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attributes(said.attributes)
    if said.failed:
        span.set_status(Status(StatusCode.ERROR, said.failed))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
