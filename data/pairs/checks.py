"""The faults of a candidate, one function for each family; none changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from toolgrove.data.pairs.corrections import holds, mends, stands, takes, unseen_value, values
from toolgrove.data.pairs.facts import said, written
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Branches, Contrast, Rule
from toolgrove.data.pairs.outcomes import gave_something
from toolgrove.data.pairs.words import ShownTries, cut_off, refuses, speaks_of_tries, unseen_tries
from toolgrove.data.records import CONTROLS, FINISH, Message, Node, NodeState

__all__ = ["LONGEST", "Checks", "corrected"]

LONGEST = 32_768
"""Characters of prompt and longer side from which a pair is too long."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Finds the faults of a tree's candidates.

    Parameters
    ----------
    branches : Branches
        What became of the tree's branches.
    judged : bool
        Whether somebody vouches for the successes. A refusal or an answer without calls may then
        be right.
    """

    branches: Branches
    judged: bool

    def faults(self, candidate: Contrast) -> list[Fault]:
        """All faults, those first that a pair is dropped for."""
        found = {
            *_sides(candidate, self.branches),
            *self._answer(candidate),
            *self._chosen(candidate),
            *self._rejected(candidate),
            *self._words(candidate),
            *self._texts(candidate),
        }
        return [fault for fault in Fault if fault in found]

    def of_chosen(self, candidate: Contrast) -> list[Fault]:
        """The faults of a chosen side by itself."""
        found = {*self._answer(candidate), *self._chosen(candidate), *self._words(candidate)}
        found |= {*self._texts(candidate)}
        return [fault for fault in Fault if fault in found]

    def of_texts(self, candidate: Contrast) -> list[Fault]:
        """The faults that texts have on whatever side: secrets, odd names, what was cut, length."""
        found = {*self._texts(candidate)}
        return [fault for fault in Fault if fault in found]

    def _answer(self, candidate: Contrast) -> Iterator[Fault]:
        """What is wrong with every answer that the chosen side leads to."""
        if self.judged or candidate.rule in (Rule.SUBGOAL, Rule.ARGUMENTS):
            return
        ends = self.branches.ends(candidate.chosen[-1])
        if ends and all(node.answer is not None and refuses(node.answer) for node in ends):
            yield Fault.DECLINED_ANSWER
        known = self.branches.known
        tree = self.branches.tree
        made_up = not any(known.of(step).gained for end in ends for step in tree.path(end.id))
        if ends and tree.tools and made_up:
            yield Fault.NO_SUCCESSFUL_CALL
        if ends and all(map(self._in_part, ends)):
            yield Fault.PART_ANSWERED

    def _in_part(self, end: Node) -> bool:
        """Whether the request names what a call asked about in vain, and nothing later has it."""
        tree, known = self.branches.tree, self.branches.known
        in_vain: list[str] = []
        told = [end.answer or ""]
        for node in tree.path(end.id):
            facts = known.of(node)
            made = zip(node.calls, facts.calls, node.observations, strict=False)
            for call, key, seen in made:
                if key in facts.gained:
                    told += [written(call), seen.content]
                elif call.name not in CONTROLS:
                    in_vain += values(call)
        request, had = tree.task.query.casefold(), "\n".join(told).casefold()
        return any(
            stands(value, request) and not any(part in had for part in value.split())
            for value in in_vain
        )

    def _chosen(self, candidate: Contrast) -> Iterator[Fault]:
        known = self.branches.known
        facts = [known.of(node) for node in candidate.chosen]
        if any(one.failed for one in facts):
            yield Fault.CHOSEN_FAILS
        if self._corrected_later(candidate):
            yield Fault.CORRECTED_LATER
        if any(one.unknown for one in facts):
            yield Fault.UNKNOWN_TOOL
        if self._repeats(candidate):
            yield Fault.REPEATS_PROMPT
        if candidate.wordless:
            shown, calls = _shown_text(candidate.shared), candidate.chosen[0].calls
            if any(unseen_value(call, shown + known.tools_text) for call in calls):
                yield Fault.UNSEEN_VALUE
            if candidate.rule is Rule.SUBGOAL and not any(takes(call, shown) for call in calls):
                yield Fault.UNRELATED_CALL
            if candidate.rule in (Rule.SUBGOAL, Rule.ARGUMENTS) and self._asks_less(candidate):
                yield Fault.ASKS_LESS

    def _corrected_later(self, candidate: Contrast) -> bool:
        """Whether every way to the success makes a call of the chosen step again, and rightly."""
        if len(candidate.chosen) > 1:  # the correction may be on the way itself
            return False
        tree, [step] = self.branches.tree, candidate.chosen
        after = len(candidate.shared) + 1
        ways = [tree.path(end.id)[after:] for end in self.branches.ends(step)]
        return bool(ways) and all(corrected(step, candidate.shared, way) for way in ways)

    def _asks_less(self, candidate: Contrast) -> bool:
        """Whether failed calls of the same tool had a value of the request that this one lacks."""
        names = {call.name for call in candidate.chosen[0].calls}
        failed = [
            call
            for node in (*candidate.shared, *candidate.rejected)
            if self.branches.known.of(node).failed
            for call in node.calls
            if call.name in names
        ]
        had = "\n".join(value for call in candidate.chosen[0].calls for value in values(call))
        request = self.branches.tree.task.query.casefold()
        asked = {value for call in failed for value in values(call) if stands(value, request)}
        return not all(holds(had, value) for value in asked)

    def _repeats(self, candidate: Contrast) -> bool:
        """Whether the chosen side makes a call again to no purpose."""
        known = self.branches.known
        made: set[str] = set()
        chosen = {node.id for node in candidate.chosen}
        for node in (*candidate.shared, *candidate.chosen):
            facts = known.of(node)
            pairs = zip(node.calls, facts.calls, strict=True)
            tools = {key for call, key in pairs if call.name not in CONTROLS}
            if node.id in chosen and made & tools:
                return True
            made = (set() if facts.writes else made) | (tools - facts.again)
        return False

    def _rejected(self, candidate: Contrast) -> Iterator[Fault]:
        branches, last = self.branches, candidate.rejected[-1]
        if candidate.rule in (Rule.STEP, Rule.PATH, Rule.DIVERGENCE):
            failed = branches.known.of(last).failed
            if last.id in branches.cut and not failed:
                yield Fault.UNFINISHED
        passed = branches.known.of(last)
        if passed.failed and not passed.unknown and not passed.to_blame:
            yield Fault.PASSING_FAILURE
        if candidate.rule in (Rule.STEP, Rule.DIVERGENCE) and self._as_good(candidate):
            yield Fault.AS_GOOD
        if candidate.rule is Rule.PATH and not self.judged and self._has_as_much(candidate):
            yield Fault.AS_GOOD

    def _as_good(self, candidate: Contrast) -> bool:
        """Whether both sides make or lead to the same set of calls, or neither to an answer."""
        known = self.branches.known
        sides = [
            {key for node in side for key in known.of(node).calls}
            for side in (candidate.chosen, candidate.rejected)
        ]
        if sides[0] and sides[0] == sides[1]:
            return True
        ends = self.branches.ends(candidate.chosen[0])
        rejected = known.of(candidate.rejected[0])
        later = {key for end in ends for key in self._gained(end, candidate)}
        if rejected.calls and not rejected.failed and later.issuperset(rejected.calls):
            return True  # the way to the answer makes that step, too
        if candidate.chosen[0] not in ends and _only_give_up(ends):
            return True  # a call that led to giving up, if rightly, is no better than another
        gained = [self._gained(end, candidate) for end in ends]
        wanted = [calls for calls in gained if calls]
        if not wanted:
            return False
        leaves = [
            node
            for node in self.branches.below(candidate.rejected[0])
            if not self.branches.tree.children(node.id)
        ]
        return any(self._gained(leaf, candidate) in wanted for leaf in leaves)

    def _has_as_much(self, candidate: Contrast) -> bool:
        """Whether a path that was left has all that the answer of the other is made of."""
        end, leaf = candidate.chosen[-1], candidate.rejected[-1]
        wanted = self._gained(end, candidate)
        left = leaf.state in (NodeState.OPEN, NodeState.PRUNED)
        return left and bool(wanted) and wanted <= self._gained(leaf, candidate)

    def _gained(self, end: Node, candidate: Contrast) -> frozenset[str]:
        """The calls that gave something, from the branching to an end."""
        path = self.branches.tree.path(end.id)[len(candidate.stem) :]
        return frozenset(key for node in path for key in self.branches.known.of(node).gained)

    def _words(self, candidate: Contrast) -> Iterator[Fault]:
        if candidate.wordless:
            return
        names = self.branches.known.names
        shared = list(candidate.shared)
        for node in candidate.chosen:
            spoken = [words for words in said([node]) if words]
            of_tries = [words for words in spoken if speaks_of_tries(words)]
            shown = _shown(shared) if of_tries else None
            own = {call.name for call in node.calls} | _arguments(node)
            if shown and any(unseen_tries(words, shown, names, own) for words in of_tries):
                yield Fault.DIVERSITY_PROMPT
            answers = node.answer is not None and not node.calls
            if not answers and any(cut_off(words, names) for words in spoken):
                yield Fault.CUT_THOUGHT
            shared.append(node)
        if not all(said(candidate.rejected)) and all(said(candidate.chosen)):
            yield Fault.EMPTY_THOUGHT

    def _texts(self, candidate: Contrast) -> Iterator[Fault]:
        known = self.branches.known
        shared, chosen, rejected = (
            [known.of(node) for node in nodes]
            for nodes in (candidate.shared, candidate.chosen, candidate.rejected)
        )
        everything = (*shared, *chosen, *rejected)
        if any(one.odd for one in everything):
            yield Fault.ODD_NAME
        if known.tools_secret or any(one.secret for one in everything):
            yield Fault.SECRET
        if any(one.cut for one in (*shared, *chosen[:-1], *rejected[:-1])):
            yield Fault.CUT_OBSERVATION
        sizes = [sum(one.size for one in part) for part in (shared, chosen, rejected)]
        if sizes[0] + max(sizes[1:]) > LONGEST:
            yield Fault.TOO_LONG


def corrected(step: Node, before: Sequence[Node], after: Sequence[Node]) -> bool:
    """Whether later steps make a step's calls again, with values of the conversation before it.

    The step's own values stand nowhere before it.
    """
    shown = cache(lambda: _shown_text(before))
    later = [call for node in after for call in node.calls]
    return bool(step.calls) and all(
        any(mends(new, call, shown) for new in later) for call in step.calls
    )


def _only_give_up(ends: Sequence[Node]) -> bool:
    return bool(ends) and all(end.state is NodeState.GAVE_UP for end in ends)


def _sides(candidate: Contrast, branches: Branches) -> Iterator[Fault]:
    chosen, rejected = (
        [key for node in side for key in branches.known.of(node).calls]
        for side in (candidate.chosen, candidate.rejected)
    )
    words = [said(side) for side in (candidate.chosen, candidate.rejected)]
    if chosen == rejected and (chosen or words[0] == words[1]):
        yield Fault.IDENTICAL_CALL
    if not all(
        calls or any(spoken) for calls, spoken in zip((chosen, rejected), words, strict=True)
    ):
        yield Fault.NO_WORDS


def _shown(nodes: Sequence[Node]) -> ShownTries:
    seen = [
        (call, observation)
        for node in nodes
        for call, observation in zip(node.calls, node.observations, strict=False)
        if call.name != FINISH
    ]
    return ShownTries(
        _shown_text(nodes),
        {call.name for call, _ in seen},
        len(seen),
        sum(1 for _, observation in seen if not gave_something(observation)),
    )


def _shown_text(nodes: Sequence[Node]) -> str:
    messages: list[Message] = [message for node in nodes for message in node.messages]
    texts = [
        text for message in messages for text in (message.content, *map(written, message.calls))
    ]
    return "\n".join(texts).casefold()


def _arguments(node: Node) -> set[str]:
    return {str(value).casefold() for call in node.calls for value in dict(call.arguments).values()}
