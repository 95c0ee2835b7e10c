"""What a memory holds: lessons of fixed kinds, made of tools, parameters and known words.

After ArcMemo (Ho et al., 2025) and ReasoningBank (Ouyang et al., 2025), which keep concepts from
what worked and from what failed. There a model writes them; here a rule does, so that no words of
a result, an error or an argument can become one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from toolgrove.agent.flows import CallStep, Flow, Origin
from toolgrove.data import codec
from toolgrove.data.records import Status

__all__ = ["Lesson", "LessonEvidence", "LessonRule", "Named", "ToolTally", "ripe"]


class LessonRule(StrEnum):
    """The kinds of lessons. ``chain`` says what worked, the others what failed."""

    CHAIN = "chain"
    """Calls that answered several requests, and where their arguments come from."""
    REPLACED = "replaced"
    """A tool that does not answer, and the one that did in its place."""
    REFUSED = "refused"
    """A tool that never answered."""
    FORM = "form"
    """An argument that a tool refused, and the form that it took next."""
    LOOKUP = "lookup"
    """An argument that a tool refused, and the tool that knows the right one."""
    AGAIN = "again"
    """A tool that fails at times, and answers the same call when it is made again."""


Named = Callable[[str, str], str]
"""A tool's name as models are shown it, given its id; with a parameter, that one's name."""

_REFUSES = {
    Status.UNSUBSCRIBED: "is not in the plan that is paid for",
    Status.UNAUTHORIZED: "refuses access",
    Status.NOT_WORKING: "does not answer",
}


@dataclass(frozen=True)
class Lesson:
    """One entry of a memory, without the runs that it comes from.

    Parameters
    ----------
    rule : LessonRule
        Its kind.
    steps : tuple of CallStep
        Of ``chain`` all calls; of others the tools that it speaks of, in their order.
    parameter : str
        Of ``form`` and ``lookup``: which argument was refused.
    wrong, right : str
        Forms of it (:func:`toolgrove.agent.forms.form_of`); ``wrong`` is empty where it was left
        out, ``right`` where the form was not what mattered.
    field : str
        Of ``lookup``: the declared field that holds the right one, where it has a name.
    status : Status or None
        How the refused tool fails.
    """

    rule: LessonRule
    steps: tuple[CallStep, ...]
    parameter: str = ""
    wrong: str = ""
    right: str = ""
    field: str = ""
    status: Status | None = None

    @cached_property
    def id(self) -> str:
        """Names it: the same lesson of two runs has one id."""
        return codec.digest(codec.to_json(self))[:10]

    @property
    def kind(self) -> str:
        """``worked`` or ``failed``."""
        return "worked" if self.rule is LessonRule.CHAIN else "failed"

    @property
    def tools(self) -> tuple[str, ...]:
        """Ids of the tools that it speaks of, each once."""
        return tuple(dict.fromkeys(step.tool for step in self.steps))

    @property
    def subject(self) -> tuple[str, str]:
        """The tool that it is about, and the parameter where it is about one."""
        return self.tools[0], self.parameter

    @property
    def parameters(self) -> frozenset[tuple[str, str]]:
        """The tools' parameters that it speaks of."""
        found = {(step.tool, flow.parameter) for step in self.steps for flow in step.flows}
        return frozenset(found | ({(self.tools[0], self.parameter)} if self.parameter else set()))

    def words(self, named: Named) -> str:
        """The lesson in a line.

        Examples
        --------
        >>> tools = CallStep("a"), CallStep("b")
        >>> gone = Lesson(LessonRule.REPLACED, tools, status=Status.NOT_WORKING)
        >>> gone.words(lambda tool, parameter: parameter or tool)
        'a does not answer: call b in its place.'
        """
        first, *others = [named(tool, "") for tool in self.tools]
        argument = named(self.tools[0], self.parameter) if self.parameter else ""
        match self.rule:
            case LessonRule.CHAIN:
                return _chain(self.steps, named)
            case LessonRule.REPLACED:
                return f"{first} {_fails(self.status)}: call {others[0]} in its place."
            case LessonRule.REFUSED:
                return f"{first} {_fails(self.status)}, whatever it is given: do not call it."
            case LessonRule.FORM if not self.wrong:
                return f"{first} needs its {argument}."
            case LessonRule.FORM:
                return f"{first} takes its {argument} as {self.right}, not as {self.wrong}."
            case LessonRule.LOOKUP:
                form = f" as {self.wrong}" if self.right else ""
                taken = f"the {self.field}" if self.field else "it"
                return (
                    f"Where {first} does not take its {argument}{form}: "
                    f"call {others[0]} and take {taken} from what that gives."
                )
            case LessonRule.AGAIN:
                return f"{first} fails at times: make the same call again."


def _fails(status: Status | None) -> str:
    return _REFUSES.get(status or Status.NOT_WORKING, "does not answer")


def _chain(steps: Iterable[CallStep], named: Named) -> str:
    said: list[str] = []
    for place, step in enumerate(steps, 1):
        given = ", ".join(f"{named(step.tool, f.parameter)} {_from(f)}" for f in step.flows)
        said.append(f"{place}. {named(step.tool, '')}({given})")
    return f"Such a request was answered by {' '.join(said)}"


def _from(flow: Flow) -> str:
    if flow.origin is Origin.RESULT:
        return f"= {flow.field or 'part'} of {flow.step + 1}"
    return "from the request" if flow.origin is Origin.REQUEST else "worked out"


@dataclass(frozen=True, slots=True)
class LessonEvidence:
    """A place that a lesson was read from.

    Parameters
    ----------
    run, task, node : str
        Where the run lies, whose task it is, at which step.
    world : str
        What answered its tools, with the version.
    request : str
        The task's words, by which it is looked for; no model is shown them.
    solved : bool
        Whether the run's answer was judged right.
    told : bool
        Of ``replaced``: whether the tool that failed named the other.
    """

    run: str
    task: str
    node: str
    world: str
    request: str
    solved: bool
    told: bool = False


@dataclass(frozen=True, slots=True)
class ToolTally:
    """How a tool did in a run.

    Parameters
    ----------
    task : str
        The run's.
    answered, refused : bool
        Whether it ever answered, and ever refused for good.
    took : tuple of (str, str)
        Forms of the arguments that it answered, by parameter; empty where one was left out.
    """

    task: str
    answered: bool
    refused: bool
    took: tuple[tuple[str, str], ...] = ()


def ripe(
    lesson: Lesson, found: Iterable[LessonEvidence], tallies: Mapping[str, Iterable[ToolTally]]
) -> bool:
    """Whether what was seen is enough to say it: it held for two different requests.

    A tool that once answered is neither refused nor replaced, and a form that it once took, or was
    left out, was not what it minded.
    """
    found = list(found)
    several = len({" ".join(one.request.casefold().split()) for one in found}) > 1
    known = list(tallies.get(lesson.tools[0], ()))
    if lesson.rule in (LessonRule.REFUSED, LessonRule.REPLACED):
        gone = not any(one.answered for one in known)
        gone = gone and len({one.task for one in known if one.refused}) > 1
        return gone and (several or any(one.solved and one.told for one in found))
    if lesson.rule in (LessonRule.FORM, LessonRule.LOOKUP):
        took = {form for one in known for name, form in one.took if name == lesson.parameter}
        if lesson.rule is LessonRule.FORM and lesson.right and took - {lesson.right, ""}:
            return False
        if lesson.wrong in took and (lesson.right or lesson.rule is LessonRule.FORM):
            return False
    return several
