"""What one run shows its model, and what becomes of the calls the model writes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from toolgrove.data import codec
from toolgrove.data.codec import DEEPEST
from toolgrove.data.functions import (
    CONTROL_FUNCTIONS,
    FINISH_FUNCTION,
    function,
    shown_parameters,
)
from toolgrove.data.records import (
    FINISH,
    RUN_PYTHON,
    Effect,
    JsonObject,
    Observation,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.tools.advice import advice
from toolgrove.tools.answer_form import AnswerForm
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.guided import own_names
from toolgrove.tools.names import nearest
from toolgrove.tools.schema import Checker

__all__ = ["Offer"]


class Offer:
    """The tools on offer at a step, and Finish.

    Parameters
    ----------
    specs : sequence of ToolSpec
        The tools, in the order they are shown.
    aliases : Mapping[str, str]
        The spec id behind each name the model sees.
    controls : collection of str
        Which of :data:`~toolgrove.data.functions.CONTROL_FUNCTIONS` are offered, too.
    form : AnswerForm or None
        What a final answer has to be; None takes any text.

    Examples
    --------
    >>> spec = ToolSpec("W/clock/now", "W", "clock", "now", parameters={
    ...     "type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})
    >>> offer = Offer([spec], {"now_for_clock": "W/clock/now"})
    >>> [function["name"] for function in offer.functions()]
    ['now_for_clock', 'Finish']
    >>> offer.resolve(ToolCall("c1", "now_for_clock", {"zone": "Asia/Tokyo"})).name
    'W/clock/now'
    >>> offer.resolve(ToolCall("c2", "now_of_clock", {})).content
    'There is no tool "now_of_clock". Did you mean now_for_clock?'
    """

    def __init__(
        self,
        specs: Sequence[ToolSpec],
        aliases: Mapping[str, str],
        *,
        controls: Collection[str] = (),
        form: AnswerForm | None = None,
    ) -> None:
        self.form = form
        self.specs = tuple(specs)
        self.controls = tuple(name for name in CONTROL_FUNCTIONS if name in controls)
        self.aliases = dict(aliases)
        self._by_id = {spec.id: spec for spec in self.specs}
        self._alias_of = {spec_id: alias for alias, spec_id in self.aliases.items()}
        self._checkers: dict[str, tuple[Checker, Mapping[str, str]]] = {}

    def functions(self) -> list[dict[str, Any]]:
        """The tools, the controls, and Finish as OpenAI function objects.

        Long descriptions are cut, and schemas are narrowed to what every model API takes
        (:func:`toolgrove.data.functions.function`).
        """
        shown = [function(spec, self._alias_of[spec.id]) for spec in self.specs]
        controls = [dict(CONTROL_FUNCTIONS[name]) for name in self.controls]
        finish = FINISH_FUNCTION if self.form is None else self.form.function
        return [*shown, *controls, dict(finish)]

    @cached_property
    def pins(self) -> Mapping[str, str]:
        """The digest of each tool by its id: what a run's model was shown, to be held to it."""
        return {spec.id: codec.digest(spec) for spec in self.specs}

    def widened(self, found: Offer) -> Offer:
        """The tools of this offer, then those of another one that it does not have yet."""
        new = [spec for spec in found.specs if spec.id not in self._by_id]
        if not new:
            return self
        aliases = {**found.aliases, **self.aliases}
        wide = Offer((*self.specs, *new), aliases, controls=self.controls, form=self.form)
        wide._checkers = dict(self._checkers)
        return wide

    def without(self, tools: Collection[str]) -> Offer:
        """The same offer less some tools; unchanged where none would be left."""
        left = [spec for spec in self.specs if spec.id not in tools]
        if not left or len(left) == len(self.specs):
            return self
        aliases = {alias: tool for alias, tool in self.aliases.items() if tool not in tools}
        narrow = Offer(left, aliases, controls=self.controls, form=self.form)
        narrow._checkers = self._checkers
        return narrow

    def spec(self, spec_id: str) -> ToolSpec | None:
        """What is known of a tool; None of one that is not on offer."""
        return self._by_id.get(spec_id)

    def name(self, spec_id: str) -> str:
        """A tool on offer as the model calls it."""
        return self._alias_of[spec_id]

    def reads(self) -> frozenset[str]:
        """Names that a model sees of what changes nothing; Finish is one.

        To run code is to do what the tools on offer do.
        """
        reads = {
            alias
            for alias, spec_id in self.aliases.items()
            if spec_id in self._by_id and self._by_id[spec_id].effect is Effect.READ
        }
        controls = set(self.controls) - ({RUN_PYTHON} if self.writes else set())
        return frozenset({*reads, *controls, FINISH})

    @property
    def writes(self) -> bool:
        """Whether any tool on offer writes."""
        return any(spec.effect is Effect.WRITE for spec in self.specs)

    def unchecked(self) -> dict[str, dict[str, str]]:
        """By tool id, the parameters whose schema is broken and so not checked, and why."""
        found = {spec.id: self._checker(spec.id)[0].unchecked for spec in self.specs}
        return {spec_id: reasons for spec_id, reasons in found.items() if reasons}

    def resolve(self, call: ToolCall) -> ToolCall | Observation:
        """Turn a call as the model wrote it into one that can be made.

        Arguments that only a harmless step keeps from being valid are coerced
        (:meth:`toolgrove.tools.schema.Checker.coerced`).

        Returns
        -------
        ToolCall or Observation
            The call under its tool's id (Finish and the controls keep their names), or what to
            tell the model: ``NO_SUCH_TOOL`` with the nearest names, ``INVALID_REQUEST`` or
            ``BAD_FINISH`` with what is wrong and a right call.
        """
        if call.name == FINISH:
            return _finish(call, self.form)
        if call.name in self.controls:
            return _control(call)
        spec_id = self.aliases.get(call.name)
        if spec_id is None:
            return self._no_such_tool(call.name)
        checker, names = self._checker(spec_id)
        if call.malformed is not None:
            return _refused(
                Status.INVALID_REQUEST,
                f"The arguments of {call.name} are not a JSON object: {call.malformed[:200]}",
            )
        checked = _checked(call, spec_id, checker)
        if names and isinstance(checked, ToolCall):
            own = own_names(checked.arguments, checker.schema, names)
            checked = replace(checked, arguments=own)
        return checked

    def fields_that_fit(
        self, name: str, arguments: JsonObject, path: list[str | int]
    ) -> list[str] | None:
        """See :meth:`toolgrove.tools.schema.Checker.fields_that_fit`; None for other names, too."""
        spec_id = self.aliases.get(name)
        if spec_id is None:
            return None
        checker, _ = self._checker(spec_id)
        return checker.fields_that_fit(arguments, path)

    def _checker(self, spec_id: str) -> tuple[Checker, Mapping[str, str]]:
        """What checks a tool's arguments, and the names that it sees by the tool's own."""
        if spec_id not in self._checkers:
            schema, names = shown_parameters(self._by_id[spec_id])
            self._checkers[spec_id] = Checker(schema), names
        return self._checkers[spec_id]

    def _no_such_tool(self, name: str) -> Observation:
        names = [*self.aliases, *self.controls, FINISH]
        near = nearest(name, names)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(names)}."
        return _refused(Status.NO_SUCH_TOOL, f'There is no tool "{name[:100]}". {hint}')


def _checked(call: ToolCall, spec_id: str, checker: Checker) -> ToolCall | Observation:
    try:
        if why := _no_json(call.arguments):
            raise ValueError(why)
        arguments, problems, unknown = checker.fitted(call.arguments)
    except ValueError as error:
        text = f"The arguments of {call.name} are not JSON: {str(error)[:200]}"
        return _refused(Status.INVALID_REQUEST, text)
    if problems or unknown:
        text = advice(call.name, checker, arguments, problems)
        return _refused(Status.INVALID_REQUEST, text)
    return ToolCall(call.id, spec_id, arguments)


def _no_json(value: Any) -> str:
    """Why a value is nothing that JSON can say, if it isn't; without recursion, however deep."""
    layer = [value]
    for level in range(DEEPEST + 1):
        parts: list[Any] = []
        for part in layer:
            if isinstance(part, float) and not math.isfinite(part):
                return "NaN and infinity are not JSON"
            if isinstance(part, Mapping | list | tuple):
                if level == DEEPEST:
                    return f"they are nested more than {DEEPEST} deep; write them flatter"
                parts.extend(part.values() if isinstance(part, Mapping) else part)
        layer = parts
    return ""


def _finish(call: ToolCall, form: AnswerForm | None) -> ToolCall | Observation:
    kind = call.arguments.get("return_type")
    answer = call.arguments.get("final_answer")
    if call.malformed is None and kind == "give_up_and_restart":
        return call
    if call.malformed is None and kind == "give_answer" and form is not None:
        try:
            return replace(call, arguments={**call.arguments, "final_answer": form.taken(answer)})
        except ValueError as error:
            return _refused(Status.BAD_FINISH, f"{error}\nCall Finish with one that does.")
    if call.malformed is None and kind == "give_answer" and answer not in (None, "", [], {}):
        text = answer if isinstance(answer, str) else _text(answer)
        if text.strip():
            return replace(call, arguments={**call.arguments, "final_answer": text})
    if call.malformed is not None:
        wrong = f"The arguments of Finish are not a JSON object: {call.malformed[:200]}"
    elif kind == "give_answer":
        wrong = "Finish with give_answer needs a final_answer that is not empty."
    else:
        wrong = "Finish needs a return_type: give_answer or give_up_and_restart."
    mend = 'Call Finish({"return_type": "give_answer", "final_answer": "..."}).'
    return _refused(Status.BAD_FINISH, f"{wrong} {mend}")


def _control(call: ToolCall) -> ToolCall | Observation:
    ((parameter, schema),) = CONTROL_FUNCTIONS[call.name]["parameters"]["properties"].items()
    text = call.arguments.get(parameter)
    if call.malformed is None and isinstance(text, str) and text.strip():
        return replace(call, arguments={parameter: text})
    mend = f"{call.name} needs a {parameter}, which is a text. {schema['description']}"
    return _refused(Status.INVALID_REQUEST, mend)


def _text(answer: Any) -> str:
    return codec.dumps(answer).decode()


def _refused(status: Status, content: str) -> Observation:
    return failure(status, content, attempts=0)
