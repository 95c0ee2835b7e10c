"""Pairs come from where a search branched on its way to a success, and name their faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.preferences import Fault, Mined, MinedRow, Rule, mine
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
)
from toolgrove.data.tree import ROOT, SearchTree

DONE = {"return_type": "give_answer", "final_answer": "5 km"}


def tree_of(steps: str) -> SearchTree:
    """A tree from lines: an id below its parent, then words and marks.

    ``a <root far(Oslo) 'Look.'`` is a step that says Look. and calls far; ``+`` answers, ``-``
    gives up, ``x`` is pruned, ``?`` is pruned for its score, ``*`` was asked for diversely, ``~``
    had its observation cut.
    """
    tree = SearchTree(Task("7", "How far?"), meta={"run": "made"})
    opening = (Message(Role.SYSTEM, "Answer."), Message(Role.USER, "How far?"))
    tree.add(Node(ROOT, None, messages=opening))
    for line in filter(None, map(str.strip, steps.splitlines())):
        head, _, words = line.partition("'")
        name, parent, *rest = head.split()
        tree.add(_step(tree, name, parent.removeprefix("<"), rest, words.rstrip("'")))
    return tree


def _step(tree: SearchTree, name: str, parent: str, rest: list[str], words: str) -> Node:
    marks = "".join(part for part in rest if "(" not in part)
    calls = [
        ToolCall(f"{name}{i}", part.partition("(")[0], {"to": part.partition("(")[2].rstrip(")")})
        for i, part in enumerate(part for part in rest if "(" in part)
    ]
    seen = [Observation(Status.OK, f"saw {call.name}", truncated="~" in marks) for call in calls]
    state = NodeState.OPEN
    if "+" in marks or "-" in marks:
        state = NodeState.ANSWERED if "+" in marks else NodeState.GAVE_UP
        status = Status.FINAL_ANSWER if "+" in marks else Status.GIVE_UP
        calls.append(ToolCall(f"{name}F", "Finish", DONE if "+" in marks else {}))
        seen.append(Observation(status, "ended"))
    elif "x" in marks or "?" in marks:
        state = NodeState.PRUNED
    told = [
        Message(Role.TOOL, o.content, call_id=c.id, name=c.name)
        for c, o in zip(calls, seen, strict=True)
    ]
    return Node(
        name,
        parent,
        len(tree.children(parent)),
        messages=(Message(Role.ASSISTANT, words, tuple(calls)), *told),
        prompt=(Message(Role.USER, "Do otherwise."),) if "*" in marks else (),
        variant="diversity" if "*" in marks else "plain",
        calls=tuple(calls),
        observations=tuple(seen),
        state=state,
        score=0.1 if "?" in marks else None,
        answer="5 km" if "+" in marks else None,
    )


def sides(mined: Mined) -> list[tuple[str, str, str]]:
    found = [pair.origin for pair in mined.pairs]
    return [(origin["at"], origin["chosen"], origin["rejected"]) for origin in found]


BRANCHED = """
a <root far(Oslo)  'Look.'
aa <a  -  'No way.'
ab <a far(Rome) *  'Elsewhere.'
aba <ab near(Rome) x 'Closer.'
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
        flagged={Fault.DIVERSITY_PROMPT: 2},
    )


def test_the_diversity_prompt_is_in_nobodys_prompt() -> None:
    for rule in Rule:
        for pair in mine(tree_of(BRANCHED), rule=rule).pairs:
            said = [message.content for message in (*pair.prompt, *pair.chosen, *pair.rejected)]
            assert "Do otherwise." not in said


def test_whole_paths_share_the_query_and_end_with_the_models_last_words() -> None:
    mined = mine(tree_of(BRANCHED), rule=Rule.PATH)
    assert sides(mined) == [("root", "abb", "aa"), ("root", "abb", "aba"), ("root", "abb", "ba")]
    pair = mined.pairs[0]
    assert [message.content for message in pair.prompt] == ["Answer.", "How far?"]
    assert [message.role.value for message in pair.chosen] == [
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]
    assert pair.chosen[-1].calls[0].arguments == DONE
    assert [message.content for message in pair.rejected] == ["Look.", "saw far", "No way."]


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
        ("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Oslo) x", Fault.IDENTICAL_CALL),
        ("a <root + 'Same.'\n b <root x 'Same.'", None),
        ("a <root 'Same.'\n aa <a +\n b <root x 'Same. '", Fault.IDENTICAL_CALL),
        ("a <root far(Oslo)\n aa <a +\n b <root x", Fault.NO_WORDS),
        ("a <root far(Oslo) *\n aa <a +\n b <root far(Rome) x", Fault.DIVERSITY_PROMPT),
        ("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Rome) x", Fault.EMPTY_THOUGHT),
        ("a <root far(Oslo)\n aa <a +\n b <root far(Rome) x", None),
        ("r <root far(Bern) ~\n a <r + 'A'\n b <r - 'B'", Fault.CUT_OBSERVATION),
        ("a <root far(Bern) ~ 'A'\n aa <a +\n b <root - 'B'", None),
        ("a <root + 'A'\n b <root far(Rome) 'B'", Fault.UNFINISHED),
        ("a <root + 'A'\n b <root far(Rome) ? 'B'", Fault.UNFINISHED),
        ("a <root + 'A'\n b <root far(Rome) 'B'\n c <b -\n d <b 'Hm.'", Fault.UNFINISHED),
    ],
)
def test_each_fault_is_known_and_can_be_dropped(steps: str, fault: Fault | None) -> None:
    always = fault in (Fault.IDENTICAL_CALL, Fault.NO_WORDS)
    counts = {} if fault is None else {fault: 1}
    row = mine(tree_of(steps)).row
    assert (row.dropped, row.flagged) == ((counts, {}) if always else ({}, counts))
    assert row.pairs == (0 if always else 1)
    strict = mine(tree_of(steps), drop=list(Fault)).row
    assert (strict.dropped, strict.flagged) == (counts, {})
    assert strict.pairs == (0 if fault else 1)


def test_calls_are_the_same_whatever_their_ids_and_the_order_of_their_arguments() -> None:
    tree = tree_of("a <root far(Oslo) 'One.'\n aa <a +\n b <root far(Rome) x 'Two.'")
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


def test_the_pairs_of_the_real_trees_are_those_of_the_step_wise_rule(shared_data: Path) -> None:
    files = sorted((shared_data / "toolbench" / "trees").glob("*.json"))
    mined = {tree.task.id: mine(tree) for tree in map(load_answer_tree, files)}
    rows = {task: found.row for task, found in mined.items()}
    assert {task: row.pairs for task, row in rows.items() if row.pairs} == {"G1_57": 1, "G3_15": 1}
    assert {task: row.dropped for task, row in rows.items() if row.dropped} == {
        "G2_52": {Fault.IDENTICAL_CALL: 1},
        "G3_15": {Fault.IDENTICAL_CALL: 1},
    }
    assert {task: row.why for task, row in rows.items() if row.why} == {
        "G1_10": "never branched on the way to its success",
        "G1_69": "no success",
        "G2_10": "no success",
        "G2_119": "no success",
        "G2_127": "no success",
        "G2_52": "identical calls only",
        "G3_13": "no success",
        "G3_21": "never branched on the way to its success",
    }
    [pair] = mined["G1_57"].pairs
    assert pair.chosen[0].calls[0].name == "search_b_for_seo_api"
    assert pair.rejected[0].calls[0].name == "search_for_seo_api"
    assert pair.rejected[0].calls[0].arguments == {"query": "iPhone 14 news"}
    assert set(pair.origin["faults"]) == {"diversity_prompt", "empty_thought", "cut_observation"}
    assert [message.role.value for message in pair.prompt] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
    ]


def grown(draw: Callable[[Any], Any]) -> SearchTree:
    """Any tree: any branching, calls and outcomes."""
    tree = tree_of("")
    for number in range(draw(st.integers(0, 25))):
        open_nodes = [node.id for node in tree if node.state is NodeState.OPEN]
        parent = draw(st.sampled_from(open_nodes))
        call = draw(st.sampled_from(["", "far(Oslo)", "far(Rome)", "near(Oslo)"]))
        mark = draw(st.sampled_from(["", "", "+", "-", "x"]))
        words = draw(st.sampled_from(["", "One.", "Two."]))
        rest = [part for part in (call, mark, draw(st.sampled_from(["", "*", "~"]))) if part]
        tree.add(_step(tree, f"n{number}", parent, rest, words))
    return tree


TREES = st.composite(grown)()


def holds_success(tree: SearchTree, node_id: str) -> bool:
    """By definition, the slow way."""
    return any(node_id in {n.id for n in tree.path(leaf.id)} for leaf in tree.answered)


@given(TREES, st.sampled_from(Rule))
def test_what_holds_for_every_pair_of_every_tree(tree: SearchTree, rule: Rule) -> None:
    mined = mine(tree, rule=rule)
    for pair in mined.pairs:
        at, chosen, rejected = (pair.origin[key] for key in ("at", "chosen", "rejected"))
        assert holds_success(tree, chosen)
        assert not holds_success(tree, rejected)
        shared = [message for node in tree.path(at) for message in node.messages]
        assert list(pair.prompt) == shared
        for leaf, side in ((chosen, pair.chosen), (rejected, pair.rejected)):
            whole = tree.trajectory(leaf).messages
            assert whole[: len(shared) + len(side)] == [*shared, *side]
            assert side[-1].role is Role.ASSISTANT
        if rule is Rule.STEP:
            assert tree[chosen].parent == tree[rejected].parent == at
            assert len(pair.chosen) == len(pair.rejected) == 1
        assert pair.chosen != pair.rejected


@given(TREES, st.sampled_from(Rule), st.data())
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
        tree.add(_step(tree, f"n{number}", at, [f"far({number})"], ""))
        at = f"n{number}"
    tree.add(_step(tree, "no", at, ["-"], ""))
    tree.add(_step(tree, "yes", at, ["+"], ""))
    mined = mine(tree)
    assert sides(mined) == [(at, "yes", "no")]
    assert len(mined.pairs[0].prompt) == 2 + 2 * 5_000
