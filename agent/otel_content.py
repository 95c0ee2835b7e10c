"""What an event says as attributes of a span: OpenTelemetry's for GenAI, and OpenInference's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgrove.data import codec
from toolgrove.data.events import (
    Event,
    ModelEnded,
    ModelStarted,
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
from toolgrove.data.records import Message, Node, Role, ToolSpec

__all__ = ["SpanWords", "said_by"]

_PROVIDERS = ("openai", "anthropic", "mistral", "cohere", "deepseek", "groq", "perplexity")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class SpanWords:
    """A span's name, attributes, and why it failed."""

    name: str
    attributes: Mapping[str, Any]
    failed: str = ""


def said_by(event: Event, content: bool) -> SpanWords:
    """What a span says of an event; with ``content`` also what was said and given."""
    name, attributes, more, failed = _said(event)
    failed = failed or getattr(event, "error", "")
    if failed:
        attributes = {"error.type": failed.partition(":")[0], **attributes}
    whole = {**attributes, **(more if content else {})}
    known = {key: value for key, value in whole.items() if value not in (None, "", ())}
    return SpanWords(name, known, _short(failed) if content else failed.partition(":")[0])


def _said(event: Event) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    """Name, attributes, those that are content, and why it failed."""
    match event:
        case RunStarted():
            return _run(event)
        case RunEnded():
            return _run_end(event)
        case StepStarted():
            step = {
                **_kind("CHAIN"),
                "graph.node.id": event.node,
                "graph.node.parent_id": event.after,
                "graph.node.name": event.variant,
            }
            return f"step {event.variant}", step, {}, ""
        case StepEnded(node=node):
            return "", {} if node is None else _node(node), {}, ""
        case NodeAdded(node=node):
            return "", _node(node), {}, ""
        case NodeScored(node=node):
            return "toolgrove.node.scored", {"graph.node.id": node.id, **_node(node)}, {}, ""
        case ModelStarted():
            return _model(event)
        case ModelEnded():
            return _model_end(event)
        case ToolStarted():
            return _tool(event)
        case ToolEnded():
            return _tool_end(event)
        case RetrievalStarted():
            asked = {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": "tools",
                "gen_ai.retrieval.top_k": event.k,
                "toolgrove.retrieval.asked_by": event.asked_by,
                **_kind("RETRIEVER"),
            }
            query = {"gen_ai.retrieval.query.text": event.query, "input.value": event.query}
            return "retrieval tools", asked, query, ""
        case RetrievalEnded():
            return "", *_found(event.tools), ""
        case RunScored():
            return _score(event)
    raise TypeError(f"no span is made of a {type(event).__name__}")


def _kind(kind: str) -> dict[str, str]:
    from openinference.semconv.trace import OpenInferenceSpanKindValues, SpanAttributes

    return {SpanAttributes.OPENINFERENCE_SPAN_KIND: OpenInferenceSpanKindValues[kind].value}


def _run(event: RunStarted) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": event.name,
        "gen_ai.request.model": event.model,
        "toolgrove.planner": event.planner,
        "toolgrove.task.id": event.task.id,
        "toolgrove.run.id": event.run,
        **_kind("AGENT"),
        "agent.name": event.name,
        "tag.tags": tuple(event.tags),
        "metadata": _json(dict(event.metadata)) if event.metadata else None,
    }
    asked = Message(Role.USER, event.task.query)
    more = {"gen_ai.input.messages": _messages([asked]), "input.value": event.task.query}
    return f"invoke_agent {event.name}", attributes, more, ""


def _run_end(event: RunEnded) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    outcome = event.outcome
    if outcome is None:
        return "", {}, {}, ""
    usage = outcome.tree.usage
    attributes = {
        "toolgrove.ended": outcome.ended,
        "toolgrove.nodes": len(outcome.tree),
        "toolgrove.model_calls": outcome.tree.model_calls,
        "toolgrove.tool_calls": outcome.tree.tool_calls,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
    }
    if outcome.answer is None:
        return "", attributes, {}, ""
    said = Message(Role.ASSISTANT, outcome.answer)
    more = {"gen_ai.output.messages": _messages([said]), "output.value": outcome.answer}
    return "", attributes, more, ""


def _node(node: Node) -> dict[str, Any]:
    return {
        "toolgrove.node.state": node.state.value,
        "toolgrove.node.reason": node.reason,
        "toolgrove.node.depth": node.depth,
        "toolgrove.node.score": node.score,
    }


def _model(event: ModelStarted) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    known = (name for name in _PROVIDERS if name in event.provider)
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": next(known, event.provider),
        "gen_ai.request.model": event.model,
        **_kind("LLM"),
        "llm.model_name": event.model,
    }
    more = {
        "gen_ai.input.messages": _messages(event.messages),
        "input.value": event.messages[-1].content if event.messages else "",
        **_flat("llm.input_messages", event.messages),
    }
    return f"chat {event.model}", attributes, more, ""


def _model_end(event: ModelEnded) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    reply = event.reply
    if reply is None:
        return "", {}, {}, ""
    usage = reply.usage
    why = "tool_call" if reply.message.calls else "length" if "cut" in reply.notes else "stop"
    attributes = {
        "gen_ai.response.model": reply.model,
        "gen_ai.response.finish_reasons": (why,),
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "llm.token_count.prompt": usage.input_tokens,
        "llm.token_count.completion": usage.output_tokens,
        "llm.token_count.total": usage.total,
    }
    said = reply.message.content or ", ".join(call.name for call in reply.message.calls)
    more = {
        "gen_ai.output.messages": _messages([reply.message], finish_reason=why),
        "output.value": said,
        **_flat("llm.output_messages", [reply.message]),
    }
    return "", attributes, more, ""


def _tool(event: ToolStarted) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    spec = event.spec
    description = "" if spec is None else spec.description
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": event.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": event.call.id,
        "gen_ai.tool.description": description,
        "toolgrove.tool.id": event.call.name,
        "toolgrove.tool.effect": None if spec is None else spec.effect.value,
        **_kind("TOOL"),
        "tool.name": event.name,
        "tool.description": description,
        "tool.id": event.call.id,
    }
    asked = _json(dict(event.call.arguments))
    more = {
        "gen_ai.tool.call.arguments": asked,
        "input.value": asked,
        "input.mime_type": "application/json",
        "tool.parameters": asked,
    }
    return f"execute_tool {event.name}", attributes, more, ""


def _tool_end(event: ToolEnded) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    seen = event.observation
    if seen is None:
        return "", {}, {}, ""
    attributes = {
        "toolgrove.tool.status": seen.status.value,
        "toolgrove.tool.attempts": seen.attempts,
        "toolgrove.tool.size": seen.size,
    }
    more = {"gen_ai.tool.call.result": seen.content, "output.value": seen.content}
    return "", attributes, more, seen.status.value if seen.status.failed else ""


def _found(tools: Sequence[ToolSpec]) -> tuple[dict[str, Any], dict[str, Any]]:
    attributes: dict[str, Any] = {}
    more: dict[str, Any] = {
        "gen_ai.retrieval.documents": _json([{"id": spec.id} for spec in tools]),
    }
    for place, spec in enumerate(tools):
        document = f"retrieval.documents.{place}.document"
        attributes[f"{document}.id"] = spec.id
        more[f"{document}.content"] = spec.description
    return attributes, more


def _score(event: RunScored) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    score = event.score
    attributes = {
        "gen_ai.evaluation.name": score.evaluator,
        "gen_ai.evaluation.score.value": score.value,
        "toolgrove.run.id": event.run,
        "toolgrove.judge": score.judge,
        **_kind("EVALUATOR"),
    }
    more = {"gen_ai.evaluation.explanation": score.reason, "output.value": score.reason}
    failed = "infrastructure" if score.infrastructure else ""
    return f"evaluation {score.evaluator}", attributes, more, failed


def _messages(messages: Iterable[Message], **more: Any) -> str:
    """Messages as the GenAI conventions write them: a role, and parts."""
    return _json([{"role": m.role.value, "parts": _parts(m), **more} for m in messages])


def _parts(message: Message) -> list[dict[str, Any]]:
    if message.role is Role.TOOL:
        answer = {"id": message.call_id, "response": message.content}
        return [{"type": "tool_call_response", **answer}]
    parts: list[dict[str, Any]] = []
    if message.content:
        parts.append({"type": "text", "content": message.content})
    for call in message.calls:
        asked = {"id": call.id, "name": call.name, "arguments": dict(call.arguments)}
        parts.append({"type": "tool_call", **asked})
    return parts


def _flat(prefix: str, messages: Iterable[Message]) -> dict[str, Any]:
    """Messages as OpenInference writes them: an attribute each part."""
    flat: dict[str, Any] = {}
    for place, message in enumerate(messages):
        at = f"{prefix}.{place}.message"
        flat[f"{at}.role"] = message.role.value
        flat[f"{at}.content"] = message.content
        flat[f"{at}.tool_call_id"] = message.call_id
        for number, call in enumerate(message.calls):
            one = f"{at}.tool_calls.{number}.tool_call"
            flat[f"{one}.id"] = call.id
            flat[f"{one}.function.name"] = call.name
            flat[f"{one}.function.arguments"] = _json(dict(call.arguments))
    return flat


def _json(value: Any) -> str:
    return codec.dumps(value).decode()


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
