"""Lessons of one run, read from its tree by rules: no model is asked, and no text is taken over.

What comes out is made of ids of tools, names of parameters and declared fields, and known words
(:mod:`toolgrove.agent.forms`). Examples hold values of the request, which is the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toolgrove.agent.flows import CallStep, Origin, PathCall, leaves, needed, steps_of
from toolgrove.agent.forms import SURE, form_of
from toolgrove.agent.lessons import Lesson, LessonRule, ToolTally
from toolgrove.data import codec
from toolgrove.data.records import Effect, Node, Observation, Status, Task, ToolCall, ToolSpec
from toolgrove.data.request import earlier
from toolgrove.data.tree import SearchTree

__all__ = ["Example", "FoundLesson", "example_of", "lessons_of", "solved_way", "tallies_of"]

_GONE = frozenset({Status.NOT_WORKING, Status.UNSUBSCRIBED, Status.UNAUTHORIZED})
_PASSING = frozenset(
    {Status.NOT_WORKING, Status.TIMEOUT, Status.TOO_MANY_REQUESTS, Status.RATE_LIMITED}
)
_UNFIT = frozenset({Status.INVALID_REQUEST, Status.ERROR_IN_MESSAGE})
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_/-]{0,23}")
"""A word that the model chose, such as a unit."""
_LONGEST = 300
"""Characters of a request that is shown as an example."""
_STEPS = 6
"""Calls of a procedure or an example; longer ones are not general."""


@dataclass(frozen=True, slots=True)
class Example:
    """A request that was answered right, and the calls that answered it.

    Parameters
    ----------
    request : str
        In the user's words, on one line.
    calls : tuple of (str, tuple of (str, str))
        A tool's id and its arguments, each as JSON or as ``$1.field``: what call 1 gave.
    """

    request: str
    calls: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @property
    def tools(self) -> tuple[str, ...]:
        """Ids of the tools that were called, each once."""
        return tuple(dict.fromkeys(tool for tool, _ in self.calls))

    @property
    def graph(self) -> frozenset[tuple[str, str]]:
        """Which tool's result went into which tool; a call that needs nothing has no first."""
        found = set()
        for tool, arguments in self.calls:
            fed = [int(value[1:].partition(".")[0]) for _, value in arguments if value[0] == "$"]
            found |= {(self.calls[place - 1][0], tool) for place in fed} or {("", tool)}
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class FoundLesson:
    """A lesson, and the node that it was read from; ``told``: the failing tool named the other."""

    lesson: Lesson
    node: str
    told: bool = False


def tallies_of(tree: SearchTree) -> dict[str, ToolTally]:
    """How each tool did that was called, by its id."""
    calls: dict[str, list[PathCall]] = {}
    for one in _made(tree, tree):
        calls.setdefault(one.call.name, []).append(one)
    return {
        tool: ToolTally(
            tree.task.id,
            answered=any(one.seen.status is Status.OK for one in made),
            refused=any(_is_gone(one.seen) for one in made),
            took=tuple(sorted({form for one in made for form in _took(one)})),
        )
        for tool, made in calls.items()
    }


def _is_gone(seen: Observation) -> bool:
    """Whether a tool itself refused, and not for now.

    A policy, a person, a key that is missing or a host that is left alone make no call: they say
    nothing of the tool. A server that is busy or down says when it may do better.
    """
    called = seen.attempts > 0 or seen.cached
    return seen.status in _GONE and called and seen.retry_after is None


def _took(made: PathCall) -> Iterator[tuple[str, str]]:
    """The form of each argument of a call that was answered; empty where it was left out."""
    if made.seen.status is Status.OK:
        for name in made.spec.parameters.get("properties", {}):
            given = made.call.arguments
            yield name, form_of(given[name]) if name in given else ""


def lessons_of(tree: SearchTree, way: Sequence[PathCall]) -> list[FoundLesson]:
    """The lessons of a run; ``way`` are the calls of its right answer (:func:`solved_way`)."""
    known = tallies_of(tree)
    found: dict[tuple[str, str], FoundLesson] = {}
    for leaf in tree.leaves():
        path = list(_made(tree, tree.path(leaf.id)))
        for place, one in enumerate(path):
            for mined in _of_failure(one, path[place + 1 :], known, way):
                kept = found.setdefault((mined.lesson.id, mined.node), mined)
                if mined.told and not kept.told:
                    found[mined.lesson.id, mined.node] = mined
    if 1 < len(way) <= _STEPS:
        chain = Lesson(LessonRule.CHAIN, steps_of(way, tree.task.query))
        found[chain.id, way[-1].node] = FoundLesson(chain, way[-1].node)
    return list(found.values())


def solved_way(tree: SearchTree, answered: Node) -> list[PathCall]:
    """The calls that a right answer rests on; none where a write among them was not asked for.

    Whether a write is, the task's reference or labels say: a text in a result may have asked for
    it, too.
    """
    fine = [o for o in _made(tree, tree.path(answered.id)) if o.seen.status is Status.OK]
    made = list({_gave(one): one for one in fine}.values())
    request = tree.task.query
    labels = _labels(tree.task)
    places = needed(steps_of(made, request), made, answered.answer or "", request, labels)
    way = [made[place] for place in places]
    if any(one.spec.effect is Effect.WRITE and one.call.name not in labels for one in way):
        return []
    return way


def _gave(made: PathCall) -> tuple[object, ...]:
    """The same for reads that gave the same: one of them is enough."""
    writes = made.spec.effect is Effect.WRITE
    return made.call.name, codec.digest(made.call.arguments) if writes else made.seen.content


def example_of(task: Task, way: Sequence[PathCall]) -> Example | None:
    """The run as an example; None where it goes on from a conversation or holds other values.

    An argument is a value of the request, a plain word, or what an earlier call gave.
    """
    request = " ".join(task.query.split())
    if not 0 < len(way) <= _STEPS or earlier(task) or not 0 < len(request) <= _LONGEST:
        return None
    calls = []
    for step, one in zip(steps_of(way, task.query), way, strict=True):
        arguments = []
        for flow in step.flows:
            value = one.call.arguments[flow.parameter]
            if flow.origin is Origin.RESULT:
                shown = f"${flow.step + 1}" + (f".{flow.field}" if flow.field else "")
            elif flow.origin is Origin.REQUEST or _is_plain(value):
                shown = codec.dumps(value).decode()
            else:
                return None
            arguments.append((flow.parameter, shown))
        calls.append((step.tool, tuple(arguments)))
    return Example(request, tuple(calls))


def _is_plain(value: object) -> bool:
    parts = [part for _, part in leaves(value)]
    return all(isinstance(p, bool) or (isinstance(p, str) and _PLAIN.fullmatch(p)) for p in parts)


def _labels(task: Task) -> set[str]:
    named = set(task.relevant)
    if task.reference is not None:
        named |= {call.name for call in task.reference.calls}
        named |= {call.name for one in task.reference.call_sets for call in one}
    return named


def _made(
    tree: SearchTree, nodes: Iterator[Node] | SearchTree | Sequence[Node]
) -> Iterator[PathCall]:
    """The calls of tools that the run knew, in their order."""
    specs = {spec.id: spec for spec in tree.tools}
    for node in nodes:
        for call, seen in zip(node.calls, node.observations, strict=True):
            tool = tree.aliases.get(call.name, call.name)  # of a call that did not fit, the alias
            if tool in specs and not seen.simulated:
                yield PathCall(node.id, replace(call, name=tool), seen, specs[tool])


def _of_failure(
    one: PathCall,
    later: Sequence[PathCall],
    known: Mapping[str, ToolTally],
    way: Sequence[PathCall],
) -> Iterator[FoundLesson]:
    """What a failed call and the calls after it on its path teach."""
    status, tool = one.seen.status, one.call.name
    fine = [other for other in later if other.seen.status is Status.OK]
    if _is_gone(one.seen) and not known[tool].answered:
        yield FoundLesson(Lesson(LessonRule.REFUSED, (CallStep(tool),), status=status), one.node)
        for other in _in_its_place(one, fine):
            told = _names(one.seen.content, other.spec)
            kin = (one.spec.category, one.spec.tool) == (other.spec.category, other.spec.tool)
            if told or (kin and any(other.call.id == used.call.id for used in way)):
                lesson = Lesson(
                    LessonRule.REPLACED, (CallStep(tool), CallStep(other.call.name)), status=status
                )
                yield FoundLesson(lesson, one.node, told)
    same = [other for other in fine if other.call.name == tool]
    if status in _PASSING and any(o.call.arguments == one.call.arguments for o in same):
        yield FoundLesson(Lesson(LessonRule.AGAIN, (CallStep(tool),)), one.node)
    if status in _UNFIT and same:
        between = later[: later.index(same[0])]
        yield from _mended(one, same[0], [m for m in between if m.seen.status is Status.OK])


def _in_its_place(one: PathCall, fine: Sequence[PathCall]) -> Iterator[PathCall]:
    """Calls that took a failed one's place: of another tool that does no more, with its values."""
    values = _values(one.call)
    for other in fine:
        harmless = other.spec.effect is Effect.READ or one.spec.effect is Effect.WRITE
        if other.call.name != one.call.name and harmless and values & _values(other.call):
            yield other


def _values(call: ToolCall) -> set[str]:
    found = {str(part).strip().casefold() for _, part in leaves(call.arguments)}
    return {text for text in found if len(text) > 1 and text not in ("true", "false", "none")}


def _names(error: str, spec: ToolSpec) -> bool:
    return len(spec.name) > 2 and bool(
        re.search(rf"\b{re.escape(spec.name)}\b", error, re.IGNORECASE)
    )


def _mended(one: PathCall, right: PathCall, between: Sequence[PathCall]) -> Iterator[FoundLesson]:
    """What a refused call's arguments had to become."""
    properties = one.spec.parameters.get("properties", {})
    before, after = one.call.arguments, right.call.arguments
    changed = [n for n, v in after.items() if n in properties and before.get(n) != v]
    forms = {n: (form_of(before[n]) if n in before else "", form_of(after[n])) for n in changed}
    if len(set(forms.values())) > 1 or len(changed) < len(set(before) ^ set(after)):
        return  # which of several changes mended it is not known
    for name in changed:
        wrong, form = forms[name]
        other = _source(name, right, between) if wrong else None
        tool = CallStep(one.call.name)
        if other is not None:
            source, field = other
            sure = form if wrong != form and form in SURE else ""
            steps = (tool, CallStep(source))
            lesson = Lesson(LessonRule.LOOKUP, steps, name, wrong if sure else "", sure, field)
            yield FoundLesson(lesson, one.node)
        elif not wrong or (wrong != form and form in SURE):
            yield FoundLesson(
                Lesson(LessonRule.FORM, (tool,), name, wrong, form if wrong else ""), one.node
            )


def _source(name: str, right: PathCall, between: Sequence[PathCall]) -> tuple[str, str] | None:
    """The read that gave an argument, and the declared field that it stood in."""
    given = replace(right.call, arguments={name: right.call.arguments[name]})
    for other in reversed(between):
        if other.call.name == right.call.name or other.spec.effect is Effect.WRITE:
            continue
        step = steps_of([other, replace(right, call=given)], "")[1]
        if step.flows and step.flows[0].origin is Origin.RESULT:
            return other.call.name, step.flows[0].field
    return None
