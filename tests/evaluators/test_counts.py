"""Whatever a rule looks at has a pair or a reason for none, and both add up."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from support.drawn_trees import TREES
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Branches, Rule
from toolgrove.data.preferences import Mined, left_out, mine
from toolgrove.data.records import CONTROLS, Node, Observation, Status, ToolCall
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.corrupting import mine_corruptions
from toolgrove.evaluators.diverging import mine_divergence
from toolgrove.evaluators.judgements import Judgement

KEPT = st.sampled_from([(), list(Fault)])
SEEDS = st.integers(0, 99)


def judged(tree: SearchTree, seed: int) -> Judgement:
    """Any verdict on each answer."""
    draw = random.Random(seed)
    said = {node.id: draw.choice([True, True, False, None]) for node in tree.answered}
    return Judgement(lambda node: said.get(node.id, False), by="answer/2")


def execute(call: ToolCall) -> Observation:
    """What the trees' tools gave, but of other places."""
    known = call.arguments.get("to") in ("Oslo", "Rome")
    return Observation(Status.OK if known else Status.INVALID_REQUEST, f"saw {call.name}")


def adds_up(mined: Mined, places: int, place: Callable[[Mined], set[str]]) -> None:
    row = mined.row
    assert row.pairs == len(mined.pairs)
    assert row.paired == len(place(mined))
    assert row.branchings == places == row.paired + sum(row.unpaired.values())
    assert all(count > 0 for count in row.unpaired.values())


def branchings(mined: Mined) -> set[str]:
    return {pair.origin["at"] for pair in mined.pairs if pair.origin["branching"]}


def calls(mined: Mined) -> set[str]:
    return {pair.origin["chosen"] for pair in mined.pairs}


def without(mined: Mined, seed: int) -> Mined:
    """Some pairs fewer, as the pairs of other trees have it."""
    draw = random.Random(seed)
    reasons = [draw.choice([None, "near_duplicate", "task_cap"]) for _ in mined.pairs]
    return left_out(mined, reasons, "all pairs dropped beside others")


@given(TREES, st.sampled_from(Rule), KEPT, SEEDS)
def test_each_branching_has_a_pair_or_a_reason(
    tree: SearchTree, rule: Rule, keep: list[Fault], seed: int
) -> None:
    mined = mine(tree, rule=rule, success=judged(tree, seed).success, keep=keep)
    many = sum(1 for node in tree if len(tree.children(node.id)) > 1)
    for one in (mined, without(mined, seed)):
        adds_up(one, many, branchings)


@settings(max_examples=50)
@given(st.lists(TREES, max_size=2), TREES, KEPT, SEEDS)
def test_each_run_that_did_not_solve_its_task_has_a_pair_or_a_reason(
    runs: list[SearchTree], failed: SearchTree, keep: list[Fault], seed: int
) -> None:
    solved = [(tree, judged(tree, seed)) for tree in runs]
    wrong = Judgement(lambda node: False, by="answer/2")
    mined = mine_divergence(solved, failed, wrong, keep=keep)
    for one in (mined, without(mined, seed)):
        adds_up(one, 1, branchings)


@settings(max_examples=50)
@given(TREES, KEPT, SEEDS)
def test_each_call_on_the_way_to_a_success_has_a_pair_or_a_reason(
    tree: SearchTree, keep: list[Fault], seed: int
) -> None:
    judgement = judged(tree, seed)
    won = Branches(tree, judgement.success).won

    def looked_at(node: Node) -> bool:
        return node.id in won and [call.name in CONTROLS for call in node.calls] == [False]

    mined = mine_corruptions(tree, judgement, execute=execute, keep=keep)
    for one in (mined, without(mined, seed)):
        adds_up(one, sum(map(looked_at, tree)), calls)
