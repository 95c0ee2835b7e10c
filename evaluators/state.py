"""What a run left behind: the end state of what it wrote, and whether it said what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from toolgrove.data import codec
from toolgrove.data.expected import ExpectedCall
from toolgrove.data.records import Effect, Score, Status, ToolCall, ToolSpec
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.base import judged, unscorable
from toolgrove.evaluators.made import calls_of
from toolgrove.evaluators.matching import expected_sets, filled, fits, pairs_of

__all__ = ["StateEvaluator", "end_state"]


@dataclass(frozen=True, slots=True)
class StateEvaluator:
    """1 where a run left the state that the reference calls leave, and said what was asked.

    Both sides' writes are made again from nothing, in their order, and the states' digests are
    compared: those of the bundled world in the world itself, others as lists of what was written
    through each tool. Everything that a run wrote counts, in dead branches too, for it was really
    written. What was said is judged by ``answer/2``. ``details`` has both halves, ``state`` and
    ``facts``. Where no tool on offer writes there is no opinion.

    Notes
    -----
    The rule of τ-bench (Yao et al., 2024, arXiv:2406.12045): the database's hash equals that after
    the annotated actions, and the outputs are communicated.
    """

    name: ClassVar[str] = "state/1"

    async def score(self, tree: SearchTree) -> Score:
        specs = {spec.id: spec for spec in tree.tools if spec.effect is Effect.WRITE}
        reference = tree.task.reference
        missing = None if reference else "the task has no reference"
        missing = missing or (None if specs else "no tool on offer writes")
        out = unscorable(tree, self.name, missing)
        if out is not None:
            return out
        made = [(call, o) for node in tree for _, call, o in calls_of(node) if call.name in specs]
        if any(seen.status is Status.IN_DOUBT for _, seen in made):
            return judged(tree, self.name, None, "a write is in doubt: nobody knows the end state")
        wrote = [
            ToolCall(call.id, call.name, call.arguments if seen.sent is None else seen.sent)
            for call, seen in made
            if seen.status is Status.OK and not (seen.cached or seen.repeated)
        ]
        world = bool(tree.meta.get("world"))
        left = end_state(wrote, specs, world=world)
        sets = expected_sets(reference) or ((),)
        equal = any(left == end_state(_as_made(s, wrote, specs), specs, world=world) for s in sets)
        said = await AnswerEvaluator().score(tree)
        facts = bool(said.value)
        reason = "the end state is the reference's" if equal else "another end state"
        return judged(
            tree,
            self.name,
            float(equal and facts),
            f"{reason}; {said.reason}",
            state=float(equal),
            facts=float(facts),
        )


def end_state(
    writes: Iterable[ToolCall], specs: Mapping[str, ToolSpec], *, world: bool = False
) -> str:
    """The digest of what is there after these writes, made in this order from nothing.

    Parameters
    ----------
    writes : iterable of ToolCall
        Calls that were made and went well.
    specs : mapping
        The writing tools by id.
    world : bool
        Whether they are the bundled world's, which knows what becomes of a write. Of any other tool
        the state is the list of what was written through its family.

    Examples
    --------
    >>> note = ToolSpec("add", "Office", "notes", "add", effect=Effect.WRITE)
    >>> one, two = ToolCall("1", "add", {"text": "a"}), ToolCall("2", "add", {"text": "b"})
    >>> end_state([one, two], {"add": note}) == end_state([two, one], {"add": note})
    False
    """
    if world:
        from toolgrove.data.world.replaying import replayed

        return codec.digest(replayed(writes))
    state: dict[str, list[Any]] = {}
    for call in writes:
        spec = specs[call.name]
        family = state.setdefault(f"{spec.category}/{spec.tool}", [])
        family.append([call.name, filled(call.arguments, spec)])
    return codec.digest(state)


def _as_made(
    expected: Sequence[ExpectedCall], made: Sequence[ToolCall], specs: Mapping[str, ToolSpec]
) -> list[ToolCall]:
    """The expected writes, each in the words of the run where it made it, else in its first."""
    wanted = [one for one in expected if one.name in specs and not one.ask]
    pairs = pairs_of(wanted, made, lambda one, call: fits(one, call, specs))
    return [
        made[pairs[i]]
        if i in pairs
        else ToolCall("", one.name, {k: v[0] for k, v in one.arguments.items() if v})
        for i, one in enumerate(wanted)
    ]
