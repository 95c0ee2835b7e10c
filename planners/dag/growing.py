"""The expansion of planners of graphs: one model call, and the calls that it plans.

Every variant (``plan``, ``join``, ``verdict``, ``divide``, ``aggregate``, ``answer``) is this one
step; they differ in what the model is asked (:mod:`toolgrove.planners.dag.prompts`). The reply is
read while it comes (:mod:`toolgrove.planners.dag.hearing`). Where it plans calls they are run, and
the step stays open; where it is a verdict, that is taken. Calls count for more than a verdict in
the same reply, which came before their results, unless it is an answer that says with references
where they belong, and all calls went well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from toolgrove.data import codec
from toolgrove.data.functions import CONTROL_FUNCTIONS
from toolgrove.data.records import (
    CONTROLS,
    RUN_PYTHON,
    SEARCH_TOOLS,
    Effect,
    Message,
    Node,
    Observation,
    Role,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.runs import whole_observation
from toolgrove.data.tree import ROOT, child_id
from toolgrove.planners.dag.building import SpecOf
from toolgrove.planners.dag.grammar import planned, reply_grammar
from toolgrove.planners.dag.hearing import PlanHearing
from toolgrove.planners.dag.prompts import conversation, following
from toolgrove.planners.dag.references import mentioned
from toolgrove.planners.dag.schedule import Schedule, ScheduledTask
from toolgrove.planners.dag.values import Broken, Incomplete, read_value
from toolgrove.planners.dag.verdict import filled, foretold, read_verdict
from toolgrove.planners.expand import NotAhead, tool_message
from toolgrove.planners.finishing import answered
from toolgrove.planners.frontier import Expand
from toolgrove.planners.run import Run
from toolgrove.tools.answer_form import AnswerForm
from toolgrove.tools.offer import Offer

__all__ = ["grow"]


async def grow(run: Run, wanted: Expand, *, ahead: bool = False) -> Node:
    """Grow one child whose calls form a graph, each made as soon as it can be.

    The node has the reply and its calls as the model wrote them, references included; ``calls``
    are those that were made, ``needs`` says which used what, ``meta`` holds the ``tasks``' numbers,
    the ``problems``, why to ``replan`` where the reply says so, and the line that was ``cut`` off.

    Raises
    ------
    BudgetSpent
        Before a call that would go over the budget; the calls under way are cancelled.
    ModelError
        Where the model did not answer, likewise.
    Paused
        Where calls wait for somebody's decision, once all that rest on none of them are made.
    NotAhead
        Always where it is made ahead: calls start before it is known which others will write.
    """
    if ahead:
        raise NotAhead
    parent = run.paths[wanted.parent]
    path = run.paths.path(parent.id)
    offer = run.offer(parent.id)
    node = Node(
        id=child_id(parent.id, wanted.index),
        parent=parent.id,
        index=wanted.index,
        depth=parent.depth + 1,
        variant=wanted.variant,
    )
    caller = _Caller(run, node, offer)
    schedule = Schedule(
        caller,
        lambda seen: _value(run, seen),
        name=f"call_{node.id[:12]}",
        earlier=_earlier(path),
        fields=offer.fields_that_fit,
        rounds=wanted.variant in ("divide", "aggregate"),
        ask=caller.ask,
    )
    caller.steps = schedule.steps
    last = wanted.variant in ("verdict", "answer")
    plan = PlanHearing(schedule, _specs(offer), 0 if last else wanted.most)
    number = following(path)
    said = conversation(path, offer, run.asked, wanted.variant)
    async with schedule:
        reply = await run.stream(
            node.id,
            said,
            plan.hear,
            lambda: reply_grammar(offer, wanted.variant, number, wanted.most),
        )
        plan.close(cut="cut" in reply.notes)
    node = replace(
        node, model=reply.model or run.chat.name, usage=reply.usage, seconds=reply.seconds
    )
    if not schedule.steps:
        return _judged(node, reply.message.content, plan, _results(run, path), run, offer.form)
    node = _called(node, plan, schedule)
    if schedule.rounds or plan.problems or not _all_used(schedule, end := _end(plan, schedule)):
        return node
    answer = foretold(
        end, _results(run, [*path, node]), run.tree.task.query, whole=offer.form is not None
    )
    if answer is None:
        return node
    try:
        return answered(node, _taken(answer, offer.form))
    except ValueError:  # it was written before there were results: let the model look at them
        return node


def _end(plan: PlanHearing, schedule: Schedule) -> str:
    """The line that ends the plan, and what follows; nothing where further calls follow."""
    if not plan.ends or any(step.entry.line > plan.ends[0] for step in schedule.steps):
        return ""
    return "\n".join(plan.text.split("\n")[plan.ends[0] - 1 :])


def _all_used(schedule: Schedule, end: str) -> bool:
    """Whether all calls went well, and the end or a later call uses all that were only read.

    A result that nothing refers to was asked for to be looked at: to compare, or to choose.
    """
    used = mentioned(end)
    needed = {need for step in schedule.steps for need in step.needs}
    return not any(
        step.failed or not (step.writes or step.position in needed or step.entry.number in used)
        for step in schedule.steps
    )


class _Caller:
    """Makes a node's calls as every other planner's are made.

    Whether a read is answered from the tree hangs on what the tree held when the step began and
    on the plan's text, not on which calls have ended meanwhile: so it is the same after a crash.
    """

    def __init__(self, run: Run, node: Node, offer: Offer) -> None:
        self.run, self.node, self.offer = run, node, offer
        self.since = run.paths.epoch
        self.steps: list[ScheduledTask] = []

    async def __call__(self, position: int, written: ToolCall) -> tuple[ToolCall, Observation]:
        run, node = self.run, self.node
        found = self.offer.resolve(written)
        if isinstance(found, Observation):
            return written, found
        if found.name == SEARCH_TOOLS:
            return found, await run.search(node, position, found)
        if found.name == RUN_PYTHON:
            return found, await run.code(node.id, position, found, self.offer)
        if found.name in CONTROLS:
            mend = f"{found.name} has no place in a plan; leave it out."
            return written, Observation(Status.INVALID_REQUEST, mend, len(mend), attempts=0)
        before = run.paths.made(node.parent or ROOT, found, self.since)
        if before is not None and not any(step.writes for step in self.steps[:position]):
            gave, on_this_path = before
            return found, replace(gave, cached=True, seconds=0.0, repeated=on_this_path)
        return found, await run.call(node.id, position, found, since=self.since)

    async def ask(self, position: int, written: ToolCall) -> None:
        """Ask for approval of a write that is not to be made yet."""
        found = self.offer.resolve(written)
        if isinstance(found, ToolCall):
            await self.run.ask_about(self.node.id, position, found)


def _specs(offer: Offer) -> SpecOf:
    by_id = {spec.id: spec for spec in offer.specs}
    specs = {alias: by_id[spec_id] for alias, spec_id in offer.aliases.items() if spec_id in by_id}
    for name in planned(offer):
        parameters = CONTROL_FUNCTIONS[name]["parameters"]
        writes = name == RUN_PYTHON and offer.writes
        effect = Effect.WRITE if writes else Effect.READ
        specs[name] = ToolSpec(name, "", "", name, parameters=parameters, effect=effect)
    return specs.get


def _earlier(path: list[Node]) -> Mapping[int, Observation]:
    """What the tasks of the path's plans gave, by their numbers; the later plan's counts."""
    gave: dict[int, Observation] = {}
    for node in path:
        gave.update(zip(node.meta.get("tasks", ()), node.observations, strict=False))
    return gave


def _results(run: Run, path: list[Node]) -> dict[int, Any]:
    """What the path's tasks gave that went well, as JSON values."""
    gave = _earlier(path).items()
    return {number: _value(run, seen) for number, seen in gave if seen.status.usable}


def _value(run: Run, seen: Observation) -> Any:
    """What a result is where it is referred to: the JSON value that it is, or else its text."""
    content = whole_observation(run.journal.run, seen)
    try:
        return codec.loads(content)
    except (ValueError, RecursionError):
        return content


def _called(node: Node, plan: PlanHearing, schedule: Schedule) -> Node:
    """The node of a reply that planned calls."""
    steps = schedule.steps
    written = tuple(step.call for step in steps)
    seen = tuple(step.observation for step in steps if step.observation is not None)
    answers = [
        tool_message(call, observation) for call, observation in zip(written, seen, strict=True)
    ]
    told = [Message(Role.USER, "\n".join(plan.problems))] if plan.problems else []
    meta: dict[str, Any] = {
        "tasks": [step.entry.number for step in steps],
        "problems": plan.problems,
    }
    return replace(
        node,
        depth=node.depth - 1 + len(steps),
        messages=(Message(Role.ASSISTANT, plan.text, written), *answers, *told),
        calls=tuple(step.made for step in steps),
        observations=seen,
        needs=tuple((need, step.position) for step in steps for need in step.needs),
        meta=meta | ({"cut": plan.cut} if plan.cut else {}),
    )


def _taken(answer: str, form: AnswerForm | None) -> str:
    """An answer in the form that it has to have; raises ``ValueError`` where it has another."""
    if form is None:
        return answer
    try:
        value, end = read_value(answer)  # a plan's values need not be JSON, an answer has to
        if not isinstance(value, str) and not answer[end:].strip():
            return form.taken(value)
    except (Broken, Incomplete):
        pass
    return form.taken(answer)


def _judged(
    node: Node,
    reply: str,
    plan: PlanHearing,
    results: Mapping[int, Any],
    run: Run,
    form: AnswerForm | None,
) -> Node:
    """The node of a reply that made no call: a verdict, or at the end the answer itself.

    An answer besides which calls stand that were not read, or not made because they come after it,
    is none yet: the model is told of them. At the very end it is, and they are kept in ``meta``.
    """
    problems = plan.problems
    verdict = read_verdict(plan.text, whole=form is not None)
    answer = verdict.answer
    meta: dict[str, Any] = {"problems": problems} if problems else {}
    said = Message(Role.ASSISTANT, plan.text if plan.text.strip() else reply)
    if answer is None and verdict.replan is not None:
        meta["replan"] = verdict.replan
    node = replace(node, messages=(said,), meta=meta)
    finish = run.brief.finish
    words = finish == "text" and not plan.ends and "replan" not in meta
    prose = words or (node.variant == "answer" and finish != "tool")
    if prose and answer is None and not problems:
        answer = plan.text.strip() or None
    if answer is not None and (not problems or node.variant == "answer"):
        try:
            text = _taken(filled(answer, results), form)
        except ValueError as error:
            told = {"problems": [*problems, str(error)], "misfit": True}
            return replace(node, meta={**meta, **told})
        return answered(replace(node, depth=node.depth - 1), text)
    return node
