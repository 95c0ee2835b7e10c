"""Recorded conversations: τ-bench's result files, and τ²-bench's.

τ-bench writes a list of ``{"task_id", "reward", "info", "traj", "trial"}``, τ²-bench one object
with ``info``, ``tasks`` and ``simulations``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgrove.data.formats.check import read_json
from toolgrove.errors import FormatError

__all__ = [
    "Action",
    "Criteria",
    "MadeCall",
    "RecordedConversation",
    "criteria_of",
    "is_results",
    "read_all",
]

STOP = "###STOP###"
TRANSFER = "transfer_to_human_agents"
_BASIS = ("DB", "COMMUNICATE")
_OLD = re.compile(r'\s*\[\s*\{\s*"(?:task_id|reward|info|traj|trial)"\s*:')
_OLD_TOLD = re.compile(r'"(?:reward|traj)"\s*:')
_NEW = re.compile(r'\s*\{\s*"(?:timestamp|info|tasks|simulations)"\s*:')
_NEW_INFO = re.compile(
    r'"(?:num_trials|git_commit|environment_info|simulations|user_scenario)"\s*:'
)
_REACT = re.compile(r"Action:\s*\{")


@dataclass(frozen=True, slots=True)
class Action:
    """A reference call; ``compare`` names the arguments that count where not all do."""

    name: str
    arguments: Mapping[str, Any]
    compare: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a task is judged by: the reference calls, what is to be told, and which of these count.

    ``open`` names what code cannot judge though the task asks for it.
    """

    actions: tuple[Action, ...]
    told: tuple[str, ...]
    basis: tuple[str, ...] = _BASIS
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that was made; ``failed`` says whether its recorded result is an error, if known."""

    name: str
    arguments: Mapping[str, Any] | None
    failed: bool | None = None


@dataclass(frozen=True, slots=True)
class RecordedConversation:
    """One recorded conversation.

    Parameters
    ----------
    id : str or int
        Its task's, as the file has it.
    trial : int or None
        Which of several conversations about the task.
    rule : str
        ``tau/1`` or ``tau2/1``, by the benchmark that wrote it.
    domain, user : str
        Where it takes place, or whose data it is about; one is empty.
    criteria : Criteria or None
        None where the file does not have its task.
    calls : tuple of MadeCall
        In their order.
    said : tuple of str
        What the agent told the user.
    ended : bool
        Whether one side ended it; the benchmarks give nothing for one that was cut off.
    recorded : float or None
        The reward in the file.
    problem : str
        Why it cannot be judged.
    """

    id: str | int
    trial: int | None
    rule: str
    domain: str
    user: str
    criteria: Criteria | None
    calls: tuple[MadeCall, ...]
    said: tuple[str, ...]
    ended: bool
    recorded: float | None
    problem: str = ""


def is_results(path: Path) -> bool:
    """Whether the file begins as one of the two kinds does."""
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(20_000).decode("utf-8-sig", "replace")
    old = _OLD.match(head) and _OLD_TOLD.search(head)
    return bool(old or (_NEW.match(head) and _NEW_INFO.search(head)))


def read_all(path: Path) -> Iterator[RecordedConversation]:
    """The conversations of a file, in their order.

    Raises
    ------
    FormatError
        Where it is of neither kind.
    """
    content = read_json(path)
    new = isinstance(content, Mapping)
    entries = content.get("simulations") if new else content
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        raise FormatError(
            str(path),
            "$.simulations" if new else "$",
            "a list of recorded conversations",
            "name a result file that τ-bench or τ²-bench wrote.",
        )
    tasks = {str(t.get("id")): t for t in content.get("tasks") or ()} if new else {}
    environment = (content.get("info") or {}).get("environment_info") or {} if new else {}
    for place, entry in enumerate(entries):
        try:
            if new:
                yield _of_tau2(entry, tasks, str(environment.get("domain_name", "")))
            else:
                yield _of_tau(entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(
                str(path),
                f"$.simulations[{place}]" if new else f"$[{place}]",
                f"a conversation as the benchmark records it ({type(error).__name__}: {error})",
                "remove it, or run its task again.",
            ) from error


def _of_tau(entry: Mapping[str, Any]) -> RecordedConversation:
    info, messages = entry.get("info") or {}, entry.get("traj") or []
    task = info.get("task")
    calls = tuple(_calls(messages, "function"))
    words = [m for m in messages if m.get("role") == "assistant" and not m.get("tool_calls")]
    problem = ""
    if info.get("error"):
        problem = f"the run broke down: {str(info['error'])[:200]}"
    elif not calls and any(_REACT.search(str(m.get("content"))) for m in words):
        problem = "its calls are written in the agent's text, which is not read"
    stopped = any(m.get("role") == "user" and STOP in str(m.get("content")) for m in messages)
    return RecordedConversation(
        id=entry["task_id"],
        trial=entry.get("trial"),
        rule="tau/1",
        domain="",
        user=str((task or {}).get("user_id", "")),
        criteria=None
        if task is None
        else Criteria(
            tuple(
                Action(a["name"], a.get("kwargs", a.get("arguments")) or {})
                for a in task["actions"]
                if a["name"] != "respond"
            ),
            tuple(map(str, task.get("outputs") or ())),
        ),
        calls=calls,
        said=tuple(_texts(words)),
        ended=stopped or any(call.name == TRANSFER for call in calls),
        recorded=entry.get("reward"),
        problem=problem,
    )


def _of_tau2(
    entry: Mapping[str, Any], tasks: Mapping[str, Any], domain: str
) -> RecordedConversation:
    messages = entry.get("messages") or []
    task = tasks.get(str(entry["task_id"]))
    reward = (entry.get("reward_info") or {}).get("reward")
    return RecordedConversation(
        id=entry["task_id"],
        trial=entry.get("trial"),
        rule="tau2/1",
        domain=domain,
        user="",
        criteria=None if task is None else criteria_of(task),
        calls=tuple(_calls(messages, None)),
        said=tuple(_texts(m for m in messages if m.get("role") == "assistant")),
        ended=entry.get("termination_reason") in ("agent_stop", "user_stop"),
        recorded=reward,
        problem="" if messages or not entry.get("ticks") else "a spoken conversation is not read",
    )


def criteria_of(task: Mapping[str, Any]) -> Criteria:
    """What a task of τ²-bench is judged by."""
    given = task.get("evaluation_criteria") or {}
    start = task.get("initial_state") or {}
    basis = tuple(given.get("reward_basis") or _BASIS) if given else ()
    unread = []
    if "NL_ASSERTION" in basis and given.get("nl_assertions"):
        unread.append("NL_ASSERTION is for a model to judge")
    if "ENV_ASSERTION" in basis and given.get("env_assertions"):
        unread.append("ENV_ASSERTION is not judged here")
    unread += [f"{b} is not known here" for b in basis if b not in _KNOWN]
    if any(start.get(k) for k in ("initialization_data", "initialization_actions")):
        unread.append("the task sets the environment up, which is not done here")
    return Criteria(
        tuple(
            Action(a["name"], a.get("arguments") or {}, _optional(a.get("compare_args")))
            for a in given.get("actions") or ()
        ),
        tuple(map(str, given.get("communicate_info") or ())),
        basis,
        tuple(unread),
    )


_KNOWN = ("DB", "COMMUNICATE", "ACTION", "NL_ASSERTION", "ENV_ASSERTION")


def _optional(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _texts(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            content = "\n".join(str(part.get("text", "")) for part in content)
        if content and content.strip():
            yield content


def _calls(messages: Sequence[Mapping[str, Any]], within: str | None) -> Iterator[MadeCall]:
    """The calls in messages, each with whether the result after it is an error.

    Ids tell results apart within a turn only: τ-bench's files use them again.
    """
    waiting: list[tuple[str, MadeCall]] = []
    for message in messages:
        if message.get("role") == "tool":
            ids = [name for name, _ in waiting]
            mine = message.get("tool_call_id", message.get("id"))
            if waiting:
                at = ids.index(mine) if mine in ids else 0
                made = waiting.pop(at)[1]
                yield MadeCall(made.name, made.arguments, _failed(message))
            continue
        yield from (made for _, made in waiting)
        waiting = []
        for call in message.get("tool_calls") or ():
            told = call[within] if within else call
            waiting.append((str(call.get("id")), MadeCall(told["name"], _read(told["arguments"]))))
    yield from (made for _, made in waiting)


def _read(arguments: Any) -> Mapping[str, Any] | None:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return None
    return arguments if isinstance(arguments, Mapping) else None


def _failed(result: Mapping[str, Any]) -> bool:
    if isinstance(result.get("error"), bool):
        return bool(result["error"])
    return str(result.get("content")).startswith(("Error", "Unknown action"))
