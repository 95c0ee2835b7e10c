"""What an agent came to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.drawing.notebook import tree_html
from toolgrove.data.records import FINISH, Message, Node, Role, ToolCall
from toolgrove.data.request import earlier
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.planners.chat import to_langchain
from toolgrove.planners.showing import Showing
from toolgrove.tools.answer_form import AnswerForm

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Outcome"]


class Outcome(str):
    """What an agent came to: its answer as a text, empty where there is none, and all behind it.

    So it goes where a model's text goes: into an output parser, a prompt, another tool's result.

    Parameters
    ----------
    answer : str or None
        The final answer; None where no path came to one.
    ended : str
        ``answered``, ``exhausted``, ``waiting`` for somebody's decision, or the limit of the budget
        that was met.
    tree : SearchTree
        Everything that was tried.
    run : Path or None
        The run's folder, where it was kept.
    value : Any
        The answer as ``response_format`` asked for it; the text itself where it asked for nothing.
    """

    __slots__ = ("answer", "ended", "run", "tree", "value")

    answer: str | None
    ended: str
    tree: SearchTree
    run: Path | None
    value: Any

    def __new__(
        cls,
        answer: str | None,
        ended: str,
        tree: SearchTree,
        run: Path | None = None,
        value: Any = None,
    ) -> Outcome:
        made = super().__new__(cls, answer or "")
        made.answer, made.ended, made.tree, made.run, made.value = answer, ended, tree, run, value
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.answer, self.ended, self.tree, self.run, self.value

    def __repr__(self) -> str:
        kept = "" if self.run is None else f", run={str(self.run)!r}"
        return f"Outcome({self.answer!r}, {self.ended!r}{kept})"

    @property
    def waiting(self) -> tuple[ToolCall, ...]:
        """The calls that wait for a decision, as the model asked for them."""
        return self.tree.ending.waiting if self.tree.ending is not None else ()

    def _repr_html_(self) -> str:
        return tree_html(self.tree)

    @classmethod
    def of(cls, tree: SearchTree, run: Path | None, form: AnswerForm | None = None) -> Outcome:
        """The outcome of a run that has ended; its ``form`` is the run's own where none is given.

        Raises
        ------
        UsageError
            Where the answer does not fit ``form``, which is another than the run had.
        """
        answer: str | None = tree.answer
        schema = tree.meta.get("brief", {}).get("schema")
        if form is None and schema is not None:
            form = AnswerForm(schema)
        try:
            value = answer if form is None or answer is None else form.value(answer)
        except ValueError as error:
            raise UsageError(f"{run}: was asked for another response_format. {error}") from error
        return cls(answer, tree.ended or "", tree, run, value)

    @property
    def messages(self) -> list[BaseMessage]:
        """The conversation up to the answer, to go on with: add the user's next message.

        It has the calls of the path that answered, and none of those that led nowhere.
        """
        said = [to_langchain(message) for message in self.conversation]
        return said if self.run is None else Showing(self.run).shown(said)

    @property
    def conversation(self) -> list[Message]:
        """The same as a journal keeps it."""
        return list(_conversation(self.tree))


def _conversation(tree: SearchTree) -> Iterator[Message]:
    task = tree.task
    before = earlier(task)
    yield from before
    yield Message(Role.USER, task.query)
    done = next(iter(tree.answered), None)
    if done is None:
        yield Message(Role.ASSISTANT, f"I found no answer ({tree.ended or 'it was cut short'}).")
        return
    for node in tree.path(done.id):
        yield from _step(node, f"{task.id}/{len(before)}")
    yield Message(Role.ASSISTANT, done.answer or "")


def _step(node: Node, turn: str) -> Iterator[Message]:
    """A node's calls and what they gave, under ids that no other turn of a conversation has."""
    if not node.messages or node.parent is None:
        return
    said, *others = node.messages
    names = {call.id: f"call_{codec.digest([turn, call.id])[:16]}" for call in said.calls}
    calls = tuple(
        ToolCall(names[call.id], call.name, call.arguments)
        for call in said.calls
        if call.name != FINISH
    )
    if not calls:
        return
    yield Message(Role.ASSISTANT, said.content, calls)
    kept = {call.id for call in calls}
    for message in others:
        named = names.get(message.call_id or "")
        if message.role is Role.TOOL and named in kept:
            yield Message(Role.TOOL, message.content, call_id=named, name=message.name)
