"""How well the local model calls tools: one JSON line.

    python benchmarks/local_model.py [--offer 8] [--chains] [--verbose]

Counts, of 40 requests for one call, those with the right tool and those with the right tool and
arguments, with ``--offer`` tools offered beside Finish; with ``--chains`` also, of ten two-step
requests, those that ReAct answers rightly. Replies do not repeat bit by bit across machines and
states of the prompt cache, so expect to be one or two off.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import HumanMessage, SystemMessage
from local_model_tasks import CHAINS, REQUESTS, TOOLS

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.loading import load_model
from toolgrove.planners.budget import Budget
from toolgrove.planners.prompts import OURS
from toolgrove.tools.registry import Registry

__all__: list[str] = []


def _accepted(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return given.keys() == wanted.keys() and all(
        _plain(given[name]) in {_plain(v) for v in (want if isinstance(want, set) else {want})}
        for name, want in wanted.items()
    )


def _plain(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _mean(values: list[float]) -> float | None:
    return round(statistics.mean(values), 3) if values else None


def single_calls(model: Any, offered: int, verbose: bool) -> dict[str, Any]:
    """The first reply to each request."""
    registry = Registry()
    ids = {f.__name__: registry.add_function(f).id for f in TOOLS}
    names = list(ids)
    tool_right = args_right = 0
    sure: dict[bool, list[float]] = {True: [], False: []}
    seconds, cpu, cached = [], time.process_time(), 0
    for query, tool, arguments in REQUESTS:
        first = names.index(tool) // offered * offered
        shown = names[first : first + offered]
        offer = registry.offer([ids[name] for name in shown])
        bound = model.bind_tools([{"type": "function", "function": f} for f in offer.functions()])
        began = time.monotonic()
        reply = bound.invoke([SystemMessage(OURS.rules), HumanMessage(query)])
        seconds.append(time.monotonic() - began)
        cached += reply.usage_metadata["input_token_details"]["cache_read"]
        call = (reply.tool_calls or [{"name": "", "args": {}}])[0]
        right = offer.aliases.get(call["name"]) == ids[tool]
        tool_right += right
        sure[right].append(math.exp(reply.response_metadata.get("tool_logprob") or 0.0))
        good = right and _accepted(call["args"], arguments)
        args_right += good
        if verbose and not good:
            print(f"{query}\n  {reply.text!r} {call['name']} {call['args']}", file=sys.stderr)
    return {
        "requests": len(REQUESTS),
        "offered": offered,
        "right_tool": tool_right,
        "right_arguments": args_right,
        "tool_probability_when_right": _mean(sure[True]),
        "tool_probability_when_wrong": _mean(sure[False]),
        "first_call_s": round(seconds[0], 2),
        "median_warm_call_s": round(statistics.median(seconds[1:]), 2),
        "cpu_s_per_call": round((time.process_time() - cpu) / len(REQUESTS), 2),
        "cached_prompt_tokens_per_call": round(cached / len(REQUESTS)),
    }


def chains(model: Any, verbose: bool) -> dict[str, Any]:
    """The answers of ReAct to two-step requests."""
    agent = Agent(model=model, tools=TOOLS, planner="react:depth=5", budget=Budget(model_calls=8))
    right = calls = 0
    began = time.monotonic()
    for query, wanted in CHAINS:
        outcome = agent.invoke(query)
        calls += outcome.tree.model_calls
        answer = (outcome.answer or "").replace(",", "")
        good = re.search(wanted, answer, re.IGNORECASE) is not None
        right += good
        if verbose:
            print(f"{query}\n  {outcome.answer!r}, wanted {wanted!r}", file=sys.stderr)
            for node in outcome.tree:
                for call, seen in zip(node.calls, node.observations, strict=True):
                    made = f"{node.messages[0].content!r} {call.name} {dict(call.arguments)}"
                    print(f"    {made} -> {seen.content[:90]}", file=sys.stderr)
    return {
        "chains": len(CHAINS),
        "right_answers": right,
        "model_calls": calls,
        "s_per_chain": round((time.monotonic() - began) / len(CHAINS), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="local")
    parser.add_argument("--offer", type=int, default=8, choices=(2, 4, 8))
    parser.add_argument("--chains", action="store_true", help="run the two-step requests too")
    parser.add_argument("--no-singles", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="print what went wrong")
    args = parser.parse_args()
    model = load_model(args.model)
    figures: dict[str, Any] = {"model": args.model, "load_average": os.getloadavg()[0]}
    if not args.no_singles:
        figures |= single_calls(model, args.offer, args.verbose)
    if args.chains:
        figures |= chains(model, args.verbose)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
