"""What of a path is shown to the model: all of it while it fits, and the gist of it afterwards.

A finished subtask is shown as its goal and its conclusion (:mod:`toolgrove.planners.subtasks`).
Where the rest is more than the window takes, the results of the oldest steps are shortened to a
line that says where the whole is, then the oldest steps are left out, then the oldest conclusions.
Before any of this, the oldest turns of the conversation before the request are left out.
The system prompt and the request are always there, and the latest steps whole. A call and its
result stay together, as chat APIs demand. The journal and the tree keep everything.

What is shown of a node is a :class:`View`, linked to the view of the step before it, so that a step
costs the same however long its path is; closing a subtask links back to the view before it was
opened. A window that is full is emptied to :data:`KEPT` of it at once: in between, each prompt
begins with the whole of the one before, which servers and providers keep computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from toolgrove.data.blocks import MARK_PART, block_names
from toolgrove.data.records import BEGIN_SUBTASK, Message, Node, Role
from toolgrove.errors import UsageError
from toolgrove.planners.chat import to_langchain
from toolgrove.planners.recalling import forgotten, turns_before
from toolgrove.planners.subtasks import mark_of

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = [
    "KEPT",
    "PICTURE",
    "Context",
    "Count",
    "View",
    "Window",
    "approximately",
    "opening",
    "shown",
    "step_after",
]

Count: TypeAlias = "Callable[[list[BaseMessage]], int]"
"""Counts the tokens of messages, as ``model.get_num_tokens_from_messages`` does."""

KEPT = 0.6
"""When a window has become too full, this share of what it can hold beside the request, the goals
of open subtasks and the last step is kept."""
_WHOLE = 0.3
"""The share of a window in which the latest steps are left as they are, if they can be."""
PICTURE = 1600
"""Tokens that each mention of a picture, sound or file counts for, beside the text in its place: an
estimate, about what the largest pictures take of models that scale them down."""
_MANY = 10**9
"""More steps than are ever left out: what room their notice takes."""
_HEAD = 80
"""Characters that a shortened result keeps."""
_CUTS = (8000, 4000, 2000, 1000, 500, 250, _HEAD)
"""Characters that the results of the very last step are cut to, where they have to be."""


def approximately(messages: list[BaseMessage]) -> int:
    """A token for four characters, and three for each message."""
    from langchain_core.messages.utils import count_tokens_approximately

    return count_tokens_approximately(messages)


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a path a model is shown.

    Parameters
    ----------
    tokens : int or None
        The most tokens that the messages of a prompt may take; the schemas of the tools and the
        reply come on top. None is no limit.
    count : callable
        Counts the tokens of texts; by default one for four characters.
    """

    tokens: int | None = None
    count: Count = approximately

    def size(self, messages: Sequence[BaseMessage]) -> int:
        """Tokens that messages take, the pictures that they name included."""
        said = [str(message.content) for message in messages]
        pictures = sum(len(block_names(text)) for text in said if MARK_PART in text)
        return self.count(list(messages)) + PICTURE * pictures


@dataclass(frozen=True, slots=True, eq=False)
class PathStep:
    """Messages that are shown together or not at all.

    ``kind`` is ``step``, ``goal`` of an open subtask, ``conclusion`` of a finished one, or
    ``notice`` of ``left_out`` steps; of the first one messages may be ``left_out``, too.
    ``wholes`` says where the whole of each message is.
    """

    kind: str
    messages: tuple[Message, ...]
    shown: tuple[BaseMessage, ...]
    size: int
    wholes: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Open:
    """A subtask that is open: the step that opened it, and what was shown before."""

    goal: str
    step: PathStep
    before: View
    outer: _Open | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class View:
    """What is shown of a path up to a node.

    Parameters
    ----------
    before : View or None
        What is shown before the last step; None where ``base`` says it.
    base : tuple of PathStep
        What is shown before the last step, where the window was emptied.
    last : PathStep
        The last step.
    size : int
        Tokens of all that is shown.
    open : _Open or None
        The innermost subtask that is open.
    """

    before: View | None
    base: tuple[PathStep, ...]
    last: PathStep
    size: int
    open: _Open | None = None

    @property
    def goals(self) -> tuple[str, ...]:
        """Goals of the open subtasks, the outermost first."""
        goals = []
        at = self.open
        while at is not None:
            goals.append(at.goal)
            at = at.outer
        return tuple(reversed(goals))

    def steps(self) -> list[PathStep]:
        """What is shown, in order."""
        back = [self.last]
        at = self
        while at.before is not None:
            at = at.before
            back.append(at.last)
        return [*at.base, *reversed(back)]


def opening(root: Node, window: Window) -> View:
    """The view of the root: the system prompt and the request."""
    step = _step(root, window)
    return _fitted(View(None, (), step, step.size), window)


def step_after(view: View, node: Node, window: Window) -> View:
    """The view of a node, given that of its parent.

    Raises
    ------
    UsageError
        Where the window is too small for what has to be shown.
    """
    step = _step(node, window)
    mark = mark_of(node)
    if mark is None:
        return _fitted(View(view, (), step, view.size + step.size, view.open), window)
    kind, text = mark
    if kind == BEGIN_SUBTASK:
        step = replace(step, kind="goal")
        opened = _Open(text, step, view, view.open)
        return _fitted(View(view, (), step, view.size + step.size, opened), window)
    if view.open is None:  # a tree from elsewhere: nothing to fold
        return _fitted(View(view, (), step, view.size + step.size), window)
    closed = view.open
    concluded = _told(closed.step, [f"Ended. Conclusion: {text}"], window, kind="conclusion")
    before = closed.before
    return _fitted(View(before, (), concluded, before.size + concluded.size, closed.outer), window)


def shown(path: Iterable[Node], window: Window) -> list[Message]:
    """The messages of a path that are shown, by the definition: view after view from its root."""
    view: View | None = None
    for node in path:
        view = opening(node, window) if view is None else step_after(view, node, window)
    return [] if view is None else [m for step in view.steps() for m in step.messages]


class Context:
    """The views of a run's nodes.

    Parameters
    ----------
    window : Window
        How much is shown.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._views: dict[str, View] = {}

    def add(self, node: Node) -> None:
        """Take note of a node; its parent has to be there."""
        self._views[node.id] = (
            opening(node, self._window)
            if node.parent is None
            else step_after(self._views[node.parent], node, self._window)
        )

    def goals(self, node: str) -> tuple[str, ...]:
        """Goals of the subtasks that are open after a node, the outermost first."""
        return self._views[node].goals

    def messages(self, node: str, prompt: Sequence[BaseMessage] = ()) -> list[BaseMessage]:
        """What the model is shown after a node, then the prompt of the next step."""
        view, window = self._views[node], self._window
        extra = window.size(prompt) if prompt else 0
        if window.tokens is not None and view.size + extra > window.tokens:
            view = _fitted(view, replace(window, tokens=window.tokens - extra))
        return [*(m for step in view.steps() for m in step.shown), *prompt]


def _step(node: Node, window: Window) -> PathStep:
    converted = tuple(to_langchain(message) for message in node.messages)
    stored = {
        call.id: observation.stored
        for call, observation in zip(node.calls, node.observations, strict=True)
    }
    wholes = tuple(
        f"observations/{name}" if (name := stored.get(m.call_id or "")) else f"node {node.id}"
        for m in node.messages
    )
    return PathStep("step", node.messages, converted, window.size(converted), wholes)


def _told(step: PathStep, results: Sequence[str], window: Window, *, kind: str = "") -> PathStep:
    """The step with other results in the place of its own."""
    left = iter(results)
    messages = tuple(
        replace(m, content=next(left)) if m.role is Role.TOOL else m for m in step.messages
    )
    converted = tuple(
        old if new is before else to_langchain(new)
        for old, new, before in zip(step.shown, messages, step.messages, strict=True)
    )
    size = window.size(converted)
    return PathStep(kind or step.kind, messages, converted, size, step.wholes)


def _cut(step: PathStep, longest: int, window: Window) -> PathStep:
    """The step with its results cut to so many characters and a line that says where the rest is.

    What the line would only make longer stays as it is.
    """
    results, shorter = [], False
    for message, whole in zip(step.messages, step.wholes, strict=True):
        if message.role is not Role.TOOL:
            continue
        text = message.content
        head = " ".join(text[:longest].split()) if longest <= _HEAD else text[:longest]
        line = f"{head}… [{len(text):,} characters; the whole is kept in the run: {whole}]"
        results.append(line if len(line) < len(text) else text)
        shorter |= len(line) < len(text)
    if not shorter:
        return step
    cut = _told(step, results, window)
    return cut if cut.size < step.size else step


def _notice(count: int, window: Window) -> PathStep:
    what = "An earlier step is" if count == 1 else f"{count:,} earlier steps are"
    text = f"[{what} left out here to save room. Their calls were made; do not begin anew.]"
    message = Message(Role.USER, text)
    converted = to_langchain(message)
    return PathStep("notice", (message,), (converted,), window.count([converted]), ("",), count)


def _fitted(view: View, window: Window) -> View:
    """The view itself where the window takes it, else one with the oldest steps told in short."""
    if window.tokens is None or view.size <= window.tokens:
        return view
    steps = _emptied(view.steps(), window, window.tokens)
    size = sum(step.size for step in steps)
    return View(None, tuple(steps[:-1]), steps[-1], size, view.open)


def _emptied(steps: list[PathStep], window: Window, most: int) -> list[PathStep]:
    head, *body = steps
    left_out = 0
    if body and body[0].kind == "notice":
        left_out = body.pop(0).left_out
    head = _recalled(head, body, most, window)
    if not body:
        if head.size > most:
            raise _too_small(head.size, most)
        return [head]
    shelf = _Shelf(head, body, left_out, window)
    for place, limit in shelf.oldest_first(most):
        if shelf.size > limit and shelf.body[place].kind == "step":
            shelf.put(place, _cut(shelf.body[place], _HEAD, window))
    for kind in ("step", "conclusion"):
        for place, limit in shelf.oldest_first(most):
            if shelf.size > limit and shelf.body[place].kind == kind:
                shelf.leave_out(place)
    for longest in _CUTS:
        if shelf.size > most:
            shelf.put(len(body) - 1, _cut(body[-1], longest, window))
    if shelf.size > most:
        raise _too_small(shelf.size, most)
    return shelf.steps()


def _recalled(head: PathStep, body: Sequence[PathStep], most: int, window: Window) -> PathStep:
    """The first step with the oldest turns of the conversation before the request left out.

    The latest turn gives way only where the window would not hold otherwise.
    """
    turns = turns_before(head.messages, noticed=head.left_out > 0)
    if not turns:
        return head
    sizes = [window.size(head.shown[turn]) for turn in turns]
    fixed = head.size - sum(sizes) + sum(step.size for step in body[-1:])
    fixed += sum(step.size for step in body[:-1] if step.kind == "goal")
    size = head.size + sum(step.size for step in body)
    size += 0 if head.left_out else window.size([to_langchain(forgotten(_MANY))])
    gone = 0
    while gone < len(turns):
        last = gone == len(turns) - 1
        if size <= (most if last else min(most, fixed + KEPT * (most - fixed))):
            break
        size -= sizes[gone]
        gone += 1
    if not gone:
        return head
    left_out = head.left_out + turns[gone - 1].stop - turns[0].start
    note, end = forgotten(left_out), turns[gone - 1].stop
    begin = turns[0].start - (head.left_out > 0)
    shown = (*head.shown[:begin], to_langchain(note), *head.shown[end:])
    return PathStep(
        head.kind,
        (*head.messages[:begin], note, *head.messages[end:]),
        shown,
        window.size(shown),
        (*head.wholes[:begin], "", *head.wholes[end:]),
        left_out,
    )


def _too_small(size: int, most: int) -> UsageError:
    return UsageError(
        f"the system prompt, the request, the goals of open subtasks and the last step take "
        f"{size} tokens, and the window has {most}. Give it more."
    )


class _Shelf:
    """Steps that are being told in short."""

    def __init__(
        self, head: PathStep, body: Sequence[PathStep], left_out: int, window: Window
    ) -> None:
        self.body = list(body)
        self._head = head
        self._window = window
        self._kept = [True] * len(self.body)
        self._left_out = left_out
        self._room = _notice(_MANY, window).size
        self.size = head.size + sum(step.size for step in body)
        self.size += self._room if left_out else 0

    def oldest_first(self, most: int) -> Iterator[tuple[int, float]]:
        """Places but the last, and down to which size of all each is worth giving up.

        Of the room beside what has to stay, :data:`KEPT` is the aim, without the latest steps for
        its sake: these give way only where the window would not hold otherwise.
        """
        *_, last = self.body
        fixed = self._head.size + last.size
        fixed += sum(step.size for step in self.body[:-1] if step.kind == "goal")
        aim = fixed + KEPT * (most - fixed)
        whole = len(self.body) - 1
        room = _WHOLE * most - last.size
        while whole > 0 and room >= self.body[whole - 1].size:
            whole -= 1
            room -= self.body[whole].size
        for place in range(len(self.body) - 1):
            if self._kept[place]:
                yield place, most if place >= whole else min(aim, most)

    def put(self, place: int, step: PathStep) -> None:
        """Show a step in the place of another."""
        self.size += step.size - self.body[place].size
        self.body[place] = step

    def leave_out(self, place: int) -> None:
        """Show a step no longer, and count it in the notice."""
        self._kept[place] = False
        self.size -= self.body[place].size
        self.size += 0 if self._left_out else self._room
        self._left_out += 1

    def steps(self) -> list[PathStep]:
        """What is shown now."""
        notice = [_notice(self._left_out, self._window)] if self._left_out else []
        kept = [step for step, keep in zip(self.body, self._kept, strict=True) if keep]
        return [self._head, *notice, *kept]
