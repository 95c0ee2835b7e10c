"""Pairs come from where a search branched on its way to a success, and name their faults."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.drawn_trees import DONE, TREES, step, tree_of
from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.pairs.faults import ALWAYS_DROPPED, DROPPED, Fault
from toolgrove.data.pairs.modes import OF_MANY, Rule
from toolgrove.data.preferences import Mined, MinedRow, mine
from toolgrove.data.records import Message, Role
from toolgrove.data.tree import ROOT, SearchTree


def sides(mined: Mined) -> list[tuple[str, str, str]]:
    found = [pair.origin for pair in mined.pairs]
    return [(origin["at"], origin["chosen"], origin["rejected"]) for origin in found]


FATAL = DROPPED | ALWAYS_DROPPED
BRANCHED = """
a <root far(Oslo)  'Look.'
aa <a  -  'No way.'
ab <a far(Rome) *  'Elsewhere.'
aba <ab near(Rome) x! 'Closer.'
abb <ab + * 'Done.'
b <root far(Bern) * 'Other.'
ba <b -
"""


def test_on_the_way_to_the_answer_each_kept_step_is_set_against_each_failed_sibling() -> None:
    mined = mine(tree_of(BRANCHED))
    assert sides(mined) == [("root", "a", "b"), ("a", "ab", "aa"), ("ab", "abb", "aba")]
    second = mined.pairs[1]
    assert [message.content for message in second.prompt] == [
        "Answer.",
        "How far?",
        "Look.",
        "saw far",
    ]
    assert [message.content for message in second.chosen] == ["Elsewhere."]
    assert [message.content for message in second.rejected] == ["No way."]
    assert second.rejected[0].calls[0].name == "Finish"
    assert mined.row == MinedRow(
        tree="made",
        task="7",
        nodes=7,
        successes=1,
        branchings=3,
        pairs=3,
        paired=3,
    )


def test_the_diversity_prompt_is_in_nobodys_prompt() -> None:
    for rule in Rule:
        for pair in mine(tree_of(BRANCHED), rule=rule).pairs:
            said = [message.content for message in (*pair.prompt, *pair.chosen, *pair.rejected)]
            assert "Do otherwise." not in said


def test_whole_paths_share_the_query_and_end_with_the_models_last_words() -> None:
    mined = mine(tree_of(BRANCHED), rule=Rule.PATH)
    assert sides(mined) == [("a", "abb", "aa"), ("ab", "abb", "aba"), ("root", "abb", "ba")]
    pair = mined.pairs[2]
    assert [message.content for message in pair.prompt] == ["Answer.", "How far?"]
    assert [message.role.value for message in pair.chosen] == [
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]
    assert pair.chosen[-1].calls[0].arguments == DONE
    assert [message.content for message in pair.rejected] == ["Other.", "saw far", ""]


def test_steps_that_both_paths_make_alike_are_in_the_prompt() -> None:
    """A search that asks anew may be given the same step again."""
    same = "a <root far(Oslo) 'One.'\n b <root far(Oslo) 'Two.'\n"
    mined = mine(tree_of(same + "aa <a near(Rome)\n aaa <aa +\n ba <b -"), rule=Rule.PATH)
    [pair] = mined.pairs
    assert [m.content for m in pair.prompt] == ["Answer.", "How far?", "One.", "saw far"]
    assert [call.name for m in pair.chosen for call in m.calls] == ["near", "Finish"]
    assert [call.name for m in pair.rejected for call in m.calls] == ["Finish"]
    assert pair.origin["at"] == "root"
    assert mined.row.paired == mined.row.branchings == 1


def test_steps_that_were_given_other_results_are_no_part_of_the_prompt() -> None:
    same = "a <root far(Oslo) 'One.'\n b <root far(Oslo) ! 'Two.'\n"
    [pair] = mine(tree_of(same + "aa <a near(Rome)\n aaa <aa +\n ba <b -"), rule=Rule.PATH).pairs
    assert len(pair.prompt) == 2


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("a <root far(Oslo)\n b <a -", "no success"),
        ("a <root far(Oslo)\n b <a +", "never branched on the way to its success"),
        ("a <root + 'One.'\n b <root + 'Two.'", "every branch led to a success"),
        ("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Oslo) 'Two.'", "identical calls only"),
        (
            "a <root far(Oslo) 'One.'\n aa <a +\n b <root\n c <root far(Oslo)",
            "all pairs dropped: 1 no_words, 1 identical_call",
        ),
        ("", "no success"),
    ],
)
def test_a_tree_without_pairs_says_why(steps: str, why: str) -> None:
    mined = mine(tree_of(steps))
    assert (mined.pairs, mined.row.pairs, mined.row.why) == ((), 0, why)


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Oslo) x!", Fault.IDENTICAL_CALL),
        ("a <root + 'Same.'\n b <root x! far(Oslo) 'Same.'", None),
        ("a <root 'Same.'\n aa <a +\n b <root 'Same. '\n ba <b -", Fault.IDENTICAL_CALL),
        ("a <root far(Oslo)\n aa <a +\n b <root\n ba <b -", Fault.NO_WORDS),
        ("a <root far(Oslo) *\n aa <a +\n b <root far(Rome) x!", None),
        ("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Rome) x!", Fault.EMPTY_THOUGHT),
        ("r <root far(Bern) ~\n a <r + 'A'\n b <r - 'B'", Fault.CUT_OBSERVATION),
        ("a <root far(Bern) ~ 'A'\n aa <a +\n b <root - 'B'", None),
        ("a <root + 'A'\n b <root far(Rome) 'B'", Fault.UNFINISHED),
        ("a <root + 'A'\n b <root far(Rome) ? 'B'", Fault.UNFINISHED),
        ("a <root + 'A'\n b <root far(Rome) x 'B'", Fault.UNFINISHED),
        ("a <root + 'A'\n b <root far(Rome) ! 'B'", None),
        ("a <root + 'A'\n b <root far(Rome) 'B'\n c <b -\n d <b 'Hm.'", Fault.UNFINISHED),
        ("a <root far(Oslo) ! 'A'\n aa <a +\n b <root - 'B'", Fault.CHOSEN_FAILS),
        ("r <root far(Oslo)\n a <r far(Oslo)\n aa <a +\n b <r -", Fault.REPEATS_PROMPT),
        ("r <root far(Oslo)\n a <r far(Rome)\n aa <a +\n b <r -", None),
        ("a <root far(A) far(B)\n aa <a +\n b <root far(B) far(A)\n ba <b -", Fault.AS_GOOD),
        ("a <root 'Go.'\n aa <a far(A)\n ab <aa +\n b <root far(A) 'B'\n ba <b -", Fault.AS_GOOD),
    ],
)
def test_each_fault_is_known_can_be_dropped_and_can_be_kept(
    steps: str, fault: Fault | None
) -> None:
    counts = {} if fault is None else {fault: 1}
    row = mine(tree_of(steps)).row
    assert (row.dropped, row.flagged) == ((counts, {}) if fault in FATAL else ({}, counts))
    assert row.pairs == (0 if fault in FATAL else 1)
    strict = mine(tree_of(steps), drop=list(Fault)).row
    assert (strict.dropped, strict.flagged, strict.pairs) == (counts, {}, 0 if fault else 1)
    kept = mine(tree_of(steps), keep=list(Fault)).row
    assert (kept.pairs, kept.dropped) == ((0, counts) if fault in ALWAYS_DROPPED else (1, {}))


def test_calls_are_the_same_whatever_their_ids_and_the_order_of_their_arguments() -> None:
    tree = tree_of("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Rome) x! 'Two.'")
    for name, arguments in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        node = tree[name]
        tree.replace(replace(node, calls=(replace(node.calls[0], arguments=arguments),)))
    assert mine(tree).row.dropped == {Fault.IDENTICAL_CALL: 1}


def test_a_success_is_what_the_caller_says() -> None:
    """An answer that was judged wrong is no success, and its path is legitimately rejected."""
    tree = tree_of("a <root far(Oslo)\n aa <a +\n b <root far(Rome)\n ba <b +\n c <root -")
    scores = {"aa": 0.0, "ba": 1.0}
    mined = mine(tree, success=lambda node: scores.get(node.id, 0.0) >= 1.0)
    assert sides(mined) == [("root", "b", "a"), ("root", "b", "c")]
    assert mined.row.successes == 1


def real(shared_data: Path, rule: Rule, keep: Collection[Fault] = ()) -> dict[str, Mined]:
    files = sorted((shared_data / "toolbench" / "trees").glob("*.json"))
    return {tree.task.id: mine(tree, rule=rule, keep=keep) for tree in map(load_answer_tree, files)}


def test_the_step_wise_pairs_of_the_real_trees_all_have_a_fault(shared_data: Path) -> None:
    rows = {task: found.row for task, found in real(shared_data, Rule.STEP).items()}
    assert {task: dict(row.dropped) for task, row in rows.items() if row.dropped} == {
        "G1_57": {Fault.UNFINISHED: 1},
        "G2_52": {Fault.IDENTICAL_CALL: 1},
        "G3_15": {Fault.IDENTICAL_CALL: 1, Fault.PART_ANSWERED: 1},
    }
    kept = real(shared_data, Rule.STEP, list(Fault))
    assert {task: row.pairs for task, (_, row) in _parts(kept) if row.pairs} == {
        "G1_57": 1,
        "G3_15": 1,
    }
    [pair] = kept["G1_57"].pairs
    assert pair.chosen[0].calls[0].name == "search_b_for_seo_api"
    assert pair.rejected[0].calls[0].arguments == {"query": "iPhone 14 news"}
    assert Fault.DIVERSITY_PROMPT in pair.origin["faults"]


def test_what_chose_between_calls_gives_more_pairs_of_the_real_trees(shared_data: Path) -> None:
    found = {
        rule: [p for one in real(shared_data, rule).values() for p in one.pairs]
        for rule in Rule
        if rule not in OF_MANY
    }
    assert {rule.value: len(pairs) for rule, pairs in found.items()} == {
        "step": 0,
        "path": 0,
        "subgoal": 5,
        "arguments": 23,
        "plan": 0,
    }
    for pair in (*found[Rule.SUBGOAL], *found[Rule.ARGUMENTS]):
        assert [len(side[0].calls) for side in (pair.chosen, pair.rejected)] == [1, 1]
        assert not pair.chosen[0].content, "calls only"


def _parts(mined: dict[str, Mined]) -> list[tuple[str, tuple[tuple[Any, ...], MinedRow]]]:
    return [(task, (one.pairs, one.row)) for task, one in mined.items()]


def holds_success(tree: SearchTree, node_id: str) -> bool:
    """By definition, the slow way."""
    return any(node_id in {n.id for n in tree.path(leaf.id)} for leaf in tree.answered)


def bare(messages: Sequence[Message]) -> list[tuple[Any, ...]]:
    """Messages without the names of their calls."""
    return [
        (one.role, one.content, one.name, [(c.name, c.arguments) for c in one.calls])
        for one in messages
    ]


def done(messages: Sequence[Message]) -> list[tuple[Any, ...]]:
    """Calls and what they gave, whatever was said beside them; words where there is no call."""
    return [
        (role, "" if calls else content, name, calls)
        for role, content, name, calls in bare(messages)
    ]


TO_SUCCESS = [Rule.STEP, Rule.PATH]


@given(TREES, st.sampled_from(Rule))
def test_no_name_of_a_call_tells_which_side_is_preferred(tree: SearchTree, rule: Rule) -> None:
    """Whoever goes by names knows nothing: at one place both sides have the same one."""
    for pair in mine(tree, rule=rule, keep=list(Fault)).pairs:
        before = [call.id for message in pair.prompt for call in message.calls]
        sides = [[c.id for m in side for c in m.calls] for side in (pair.chosen, pair.rejected)]
        for names in sides:
            whole = [*before, *names]
            assert whole == [f"call{place:05d}" for place in range(1, len(whole) + 1)]
        answers = [m.call_id for m in (*pair.prompt, *pair.chosen) if m.role is Role.TOOL]
        assert answers == [*before, *sides[0]][: len(answers)]


@given(TREES, st.sampled_from(TO_SUCCESS))
def test_what_holds_for_every_pair_of_every_tree(tree: SearchTree, rule: Rule) -> None:
    mined = mine(tree, rule=rule)
    for pair in mined.pairs:
        at, chosen, rejected = (pair.origin[key] for key in ("at", "chosen", "rejected"))
        assert holds_success(tree, chosen)
        assert not holds_success(tree, rejected)
        shared = [message for node in tree.path(at) for message in node.messages]
        assert bare(pair.prompt[: len(shared)]) == bare(shared)
        assert rule is Rule.PATH or len(pair.prompt) == len(shared)
        for leaf, side in ((chosen, pair.chosen), (rejected, pair.rejected)):
            whole, told = tree.trajectory(leaf).messages, len(pair.prompt)
            assert done(whole[:told]) == done(pair.prompt)
            assert bare(whole[told : told + len(side)]) == bare(side)
            assert side[-1].role is Role.ASSISTANT
        if rule is Rule.STEP:
            assert tree[chosen].parent == tree[rejected].parent == at
            assert len(pair.chosen) == len(pair.rejected) == 1
        assert pair.chosen != pair.rejected


@given(TREES, st.sampled_from(TO_SUCCESS), st.data())
def test_what_nobody_judged_is_neither_preferred_nor_rejected(
    tree: SearchTree, rule: Rule, data: st.DataObject
) -> None:
    verdicts = {n.id: data.draw(st.sampled_from([True, False, None])) for n in tree.answered}
    mined = mine(tree, rule=rule, success=lambda node: verdicts.get(node.id, False))

    def below(node_id: str) -> set[bool | None]:
        return {
            verdict
            for leaf, verdict in verdicts.items()
            if node_id in {node.id for node in tree.path(leaf)}
        }

    for pair in mined.pairs:
        assert True in below(pair.origin["chosen"])
        assert below(pair.origin["rejected"]) <= {False}
    assert mined.row.successes == list(verdicts.values()).count(True)


@given(TREES)
def test_every_failed_sibling_of_a_kept_step_is_a_pair_or_counted(tree: SearchTree) -> None:
    wanted = {
        (node.id, kept.id, failed.id)
        for node in tree
        for kept in tree.children(node.id)
        for failed in tree.children(node.id)
        if holds_success(tree, kept.id) and not holds_success(tree, failed.id)
    }
    mined = mine(tree)
    assert set(sides(mined)) <= wanted
    assert len(mined.pairs) + sum(mined.row.dropped.values()) == len(wanted)
    assert (mined.row.why == "") == bool(mined.pairs)


def test_a_tree_5000_calls_deep_is_mined() -> None:
    tree = tree_of("")
    at = ROOT
    for number in range(5_000):
        tree.add(step(tree, f"n{number}", at, [f"far({number})"], ""))
        at = f"n{number}"
    tree.add(step(tree, "no", at, ["-"], ""))
    tree.add(step(tree, "yes", at, ["+"], ""))
    mined = mine(tree)
    assert sides(mined) == [(at, "yes", "no")]
    assert len(mined.pairs[0].prompt) == 2 + 2 * 5_000
