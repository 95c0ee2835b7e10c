"""A conversation about a task of τ²-bench, as a run: the agent, a simulated user, a database.

::

    RUN/user.json           what the user said
    RUN/turn-1/             the agent's run after the user's first message
    RUN/turn-2/             that after the next, whose task holds what was said before it
    RUN/journal.jsonl       all of it as one run, written when the conversation has ended

The database is in memory. What a process that died had written in finished turns is written again
from their journals; a turn that was cut short after a write is begun anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.agent.outcome import Outcome
from toolgrove.agent.restarting import set_aside, wrote_and_broke_off
from toolgrove.agent.simulated_user import SimulatedUser, UserLines
from toolgrove.data.journal import Journal
from toolgrove.data.records import Message, NodeState, Role, Task
from toolgrove.data.request import earlier, with_earlier
from toolgrove.data.runs import JOURNAL, USER, Record, fold, has_begun, read_run, read_tree
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.tau.environment import Environment
from toolgrove.evaluators.tau.tasks import DIALOGUE, answering, databases, item_of, made_calls

if TYPE_CHECKING:
    from toolgrove.agent.agent import Agent
    from toolgrove.planners.budget import Budget

__all__ = ["converse"]

_WHOLE = 1_000_000  # characters of an answer: τ²-bench cuts none
_APART = 1000  # attempts in a journal, so that calls of turns that share a node are told apart


async def converse(agent: Agent, user: SimulatedUser, task: Task, run: Path) -> SearchTree:
    """Hold the conversation about a task in a folder, or go on with the one that is there.

    Parameters
    ----------
    agent : Agent
        Who serves the user. Its budget is that of the whole conversation.
    user : SimulatedUser
        Who plays the user.
    task : Task
        One of :func:`toolgrove.evaluators.tau.tasks.load_tasks`.
    run : Path
        The folder.

    Raises
    ------
    ModelError
        Where the agent's model or the user's did not answer.
    UsageError
        Where the task is none of τ²-bench's, or others than its own tools would answer.
    """
    calls = agent.settings.calls
    if agent.catalog is not None or calls.apis is not None or calls.replay is not None:
        raise UsageError(
            "τ²-bench's tools work on a database of their own: give no catalog, virtual APIs or "
            "recording."
        )
    if has_begun(run):
        if read_run(run).ended is not None:
            return read_tree(run)
        (run / JOURNAL).unlink()  # it was being written, from what is beside it
    item = item_of(task)
    if item is None:
        raise UsageError(f"task {task.id!r} has no user who could be simulated.")
    environment = Environment(item.domain)
    served = _served(agent, environment)
    said, turns = UserLines(run / USER), list[Path]()
    before, told = list(earlier(task)), list[str]()
    ended = ""
    while not ended:
        if len(said.lines) == len(turns):
            said.add(await user.reply(item.scenario, said.lines, told))
        line = said.lines[len(turns)]
        if line.ends or len(turns) == user.turns:
            ended = "answered" if line.ends else "turns"
            break
        asked = replace(task, id=f"{task.id}/{len(turns) + 1}", query=line.text)
        folder = run / f"turn-{len(turns) + 1}"
        tree = await _turn(served, with_earlier(asked, before), folder, environment)
        turns.append(folder)
        served = served.changed(budget=_left(served.settings.budget, tree))
        if tree.answer is None:
            ended = tree.ended or "exhausted"
        told.append(tree.answer or "")
        before = Outcome.of(tree, folder).conversation
    records = [read_run(folder) for folder in turns]
    dialogue = {
        "ended": ended == "answered",
        "told": told,
        "user": said.spent(user.key()["model"], agent.settings.prices),
    }
    _keep(run, task, records, said, {"world": databases(agent.registry), DIALOGUE: dialogue}, ended)
    return read_tree(run)


def _served(agent: Agent, environment: Environment) -> Agent:
    """The agent with a conversation's own database behind its tools.

    Nobody is asked before a write: it is gone with the conversation.
    """
    calls = agent.settings.calls
    return agent.changed(
        backends={**calls.backends, **answering(environment)},
        policy=replace(calls.policy, approve=None),
        observation_limit=_WHOLE,
    )


async def _turn(agent: Agent, task: Task, folder: Path, environment: Environment) -> SearchTree:
    """The agent's run after a message of the user's; what it writes is in the environment then."""
    if has_begun(folder):
        if read_run(folder).ended is not None:
            tree = read_tree(folder)
            for call in made_calls(tree):
                if call.name in environment.domain.writing and call.arguments is not None:
                    environment.call(call.name, call.arguments)
            return tree
        if wrote_and_broke_off(folder):
            set_aside(folder)
    return await agent.solve(task, folder)


def _left(budget: Budget, tree: SearchTree) -> Budget:
    """What the turns that follow may spend."""
    seconds = sum(node.seconds + sum(o.seconds for o in node.observations) for node in tree)
    spent = {
        "tool_calls": tree.tool_calls,
        "tokens": tree.usage.total,
        "seconds": seconds,
        "money": tree.cost or 0.0,
    }
    limits: dict[str, Any] = {
        name: max(limit - spent[name], 0)
        for name in spent
        if (limit := getattr(budget, name)) is not None
    }
    return replace(budget, model_calls=max(budget.model_calls - tree.model_calls, 0), **limits)


def _keep(
    run: Path,
    task: Task,
    turns: Sequence[Record],
    said: UserLines,
    config: dict[str, Any],
    ended: str,
) -> None:
    """Write the conversation as one run: each turn goes on from where the one before had ended."""
    first = turns[0] if turns else None
    config = {**(first.header["config"] if first else {}), **config}
    journal = Journal.create(
        run,
        task=replace(task, query=said.lines[0].text),
        tools=first.began[1] if first else (),
        aliases=first.header["aliases"] if first else {},
        config=config,
    )
    with journal:
        leaf, depth = ROOT, 0
        for number, record in enumerate(turns):
            tree = fold(record)
            done = next(iter(tree.answered), None) or [*tree][-1]
            names = {node.id: f"{number + 1}.{node.id}" for node in tree} | {tree.root.id: leaf}
            for key, value in record.results.items():
                place = names.get(key.node, f"{number + 1}.{key.node}")
                attempt = key.attempt + number * _APART
                journal.result(replace(key, node=place, attempt=attempt), value)
            for node in tree:
                if node is tree.root and number:
                    continue
                parent = None if node.parent is None else names[node.parent]
                kept = replace(node, id=names[node.id], parent=parent, depth=node.depth + depth)
                if node is done and number + 1 < len(said.lines):
                    heard = Message(Role.USER, said.lines[number + 1].text)
                    kept = replace(kept, messages=(*kept.messages, heard))
                if node.state is NodeState.ANSWERED and number + 1 < len(turns):
                    kept = replace(kept, state=NodeState.OPEN, answer=None)
                journal.node(kept)
            leaf, depth = names[done.id], done.depth + depth
        journal.end(ended)
