"""What of a path a model is shown: the window holds, calls keep their results, goals stay."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from support.bench import Bench
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import (
    BEGIN_SUBTASK,
    END_SUBTASK,
    Message,
    Node,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
)
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import ROOT, child_id
from toolgrove.errors import ResumeMismatch, UsageError
from toolgrove.planners.budget import Budget
from toolgrove.planners.chat import to_langchain
from toolgrove.planners.context import KEPT, PICTURE, Context, Window, approximately, shown
from toolgrove.planners.subtasks import DEEPEST, LONGEST, mark_of, marked

LOOKED_AT = 6
"""Nodes of each random tree that are looked at, the latest."""
OPENING = (Message(Role.SYSTEM, "You answer requests. " * 9), Message(Role.USER, "Do it all."))


def root() -> Node:
    return Node(ROOT, None, messages=OPENING)


def child(
    parent: Node,
    calls: Sequence[tuple[str, dict[str, str], str]],
    *,
    index: int = 0,
    text: str = "",
    stored: str | None = None,
) -> Node:
    """A step that makes these calls, each with its name, arguments and result."""
    node = child_id(parent.id, index)
    made = tuple(ToolCall(f"{node[:8]}_{i}", n, a) for i, (n, a, _) in enumerate(calls))
    results = tuple(Observation(Status.OK, r, len(r), stored=stored) for *_, r in calls)
    said = [
        Message(Role.TOOL, r.content, call_id=c.id, name=c.name)
        for c, r in zip(made, results, strict=True)
    ]
    if not made:
        said = [Message(Role.USER, "Call one of the tools now.")]
    reply = Message(Role.ASSISTANT, text, made)
    return Node(node, parent.id, index, messages=(reply, *said), calls=made, observations=results)


def begin(parent: Node, goal: str, index: int = 0) -> Node:
    return child(parent, [(BEGIN_SUBTASK, {"goal": goal}, "Begun.")], index=index)


def end(parent: Node, conclusion: str, index: int = 0) -> Node:
    return child(parent, [(END_SUBTASK, {"conclusion": conclusion}, "Ended.")], index=index)


def size(messages: Sequence[Message]) -> int:
    return approximately([to_langchain(message) for message in messages])


class Tree:
    """A random tree: each step hangs somewhere, and opens, closes, calls or only talks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.nodes = [root()]
        self.parents: dict[str, Node] = {}
        self.goals: dict[str, tuple[str, ...]] = {ROOT: ()}
        counts: dict[str, int] = {}
        names = itertools.count()
        for _ in range(draw(st.integers(1, 40))):
            last = draw(st.booleans())
            parent = self.nodes[-1] if last else draw(st.sampled_from(self.nodes))
            index = counts.get(parent.id, 0)
            counts[parent.id] = index + 1
            goals = self.goals[parent.id]
            kind = draw(st.sampled_from(["calls", "calls", "talk", "begin", "end"]))
            if kind == "begin" and len(goals) < 3:
                goal = f"goal {next(names)} {'g' * draw(st.integers(0, 40))}"
                node, goals = begin(parent, goal, index), (*goals, goal)
            elif kind == "end" and goals:
                node, goals = end(parent, f"conclusion of {goals[-1]}", index), goals[:-1]
            elif kind == "talk":
                node = child(parent, [], index=index, text="Let me think.")
            else:
                lengths = draw(st.lists(st.integers(0, 3000), min_size=1, max_size=3))
                node = child(
                    parent,
                    [("look", {"n": str(next(names))}, "r" * n) for n in lengths],
                    index=index,
                )
            self.nodes.append(node)
            self.parents[node.id] = parent
            self.goals[node.id] = goals

    def path(self, node: Node) -> list[Node]:
        back = [node]
        while back[-1].id in self.parents:
            back.append(self.parents[back[-1].id])
        return back[::-1]

    def inner(self, node: Node) -> tuple[list[str], list[str], list[str]]:
        """Conclusions in sight of a node, those inside others, and calls inside finished ones."""
        conclusions: list[list[str]] = [[]]
        hidden: list[list[str]] = [[]]
        gone: list[str] = []
        lost: list[str] = []
        for step in self.path(node)[1:]:
            mark = mark_of(step)
            if mark and mark[0] == BEGIN_SUBTASK:
                conclusions.append([])
                hidden.append([])
            elif mark:
                lost += conclusions.pop()
                gone += hidden.pop()
                conclusions[-1].append(mark[1])
            else:
                hidden[-1] += [c.id for c in step.calls]
        return [c for level in conclusions for c in level], lost, gone


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    return Tree(draw)


def paired(messages: Sequence[Message]) -> bool:
    """Whether each call is followed at once by its results, and no result stands alone."""
    waiting: list[str] = []
    for message in messages:
        if message.role is Role.TOOL:
            if not waiting or waiting.pop(0) != message.call_id:
                return False
        elif waiting:
            return False
        waiting += [c.id for c in message.calls]
    return not waiting


@settings(max_examples=40)
@given(trees(), st.integers(900, 4000))
def test_the_window_holds_and_nothing_needed_is_missing(tree: Tree, tokens: int) -> None:
    window = Window(tokens)
    context = Context(window)
    for node in tree.nodes:
        context.add(node)
    for node in tree.nodes[-LOOKED_AT:]:
        messages = shown(tree.path(node), window)
        assert size(messages) <= tokens, "the cap holds for every tree"
        assert paired(messages), "calls and results stay together"
        assert tuple(messages[:2]) == OPENING, "system prompt and request are there, whole"
        assert context.goals(node.id) == tree.goals[node.id]
        said = {
            m.calls[0].arguments["goal"]
            for m in messages
            if m.calls[:1] and m.calls[0].name == BEGIN_SUBTASK
        }
        assert set(tree.goals[node.id]) <= said, "open goals are always in sight"
        assert context.messages(node.id) == [to_langchain(m) for m in messages], (
            "what is kept from step to step is what the path's nodes give"
        )


@settings(max_examples=40)
@given(trees())
def test_a_finished_subtask_is_its_goal_and_its_conclusion(tree: Tree) -> None:
    for node in tree.nodes[-LOOKED_AT:]:
        messages = shown(tree.path(node), Window())
        seen, lost, gone = tree.inner(node)
        results = [m.content for m in messages if m.role is Role.TOOL]
        assert [r for r in results if "Conclusion: " in r] == [
            f"Ended. Conclusion: {c}" for c in seen
        ]
        assert not any(c in r for c in lost for r in results if r.endswith(c))
        ids = {c.id for m in messages for c in m.calls}
        assert ids.isdisjoint(gone), "inner steps are not shown"
        whole = [m for step in tree.path(node) for m in step.messages]
        if not seen:
            assert messages == whole, "and nothing else is left out while there is room"


@settings(max_examples=40)
@given(trees(), st.integers(900, 4000))
def test_conclusions_outlive_the_steps_before_them(tree: Tree, tokens: int) -> None:
    for node in tree.nodes[1:][-LOOKED_AT:]:
        path = tree.path(node)
        messages = shown(path, Window(tokens))
        results = " ".join(m.content for m in messages if m.role is Role.TOOL)
        ids = {c.id for m in messages for c in m.calls if c.name == "look"}
        for conclusion in tree.inner(node)[0]:
            if f"Conclusion: {conclusion}" not in results:
                goal = conclusion.removeprefix("conclusion of ")
                begun = path.index(next(n for n in path if mark_of(n) == (BEGIN_SUBTASK, goal)))
                assert ids.isdisjoint(c.id for step in path[:begun] for c in step.calls)


def largest(path: Sequence[Node]) -> int:
    return max(size(step.messages) for step in path)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 1000), min_size=20, max_size=60), st.integers(1500, 3000))
def test_a_prompt_begins_with_the_last_one_but_for_rare_large_folds(
    lengths: list[int], tokens: int
) -> None:
    window = Window(tokens)
    path, before, folds, added = [root()], list(OPENING), 0, 0
    for number, length in enumerate(lengths):
        path.append(child(path[-1], [("look", {"n": str(number)}, "r" * length)]))
        messages = shown(path, window)
        added += size(path[-1].messages)
        if messages[: len(before)] != before:
            folds += 1
            fixed = size(OPENING) + size(path[-1].messages)
            assert size(messages) <= fixed + KEPT * (tokens - fixed) + largest(path)
        else:
            assert messages == [*before, *path[-1].messages]
        before = messages
    free = (1 - KEPT) * (tokens - size(OPENING) - largest(path)) - largest(path)
    assert folds <= 1 + added / free


@settings(max_examples=40)
@given(trees(), st.integers(900, 4000))
def test_the_last_step_is_whole_where_it_can_be(tree: Tree, tokens: int) -> None:
    for node in tree.nodes[1:][-LOOKED_AT:]:
        assume(mark_of(node) is None)
        messages = shown(tree.path(node), Window(tokens))
        if size(node.messages) < 0.3 * tokens - 200:
            assert tuple(messages[-len(node.messages) :]) == node.messages


@settings(max_examples=40)
@given(trees(), st.integers(900, 4000), st.integers(0, 400))
def test_the_prompt_of_a_step_has_room_in_the_window(tree: Tree, tokens: int, words: int) -> None:
    prompt = [to_langchain(Message(Role.USER, "word " * words))]
    context = Context(Window(tokens))
    for node in tree.nodes:
        context.add(node)
        before = context.messages(node.id)
        try:
            messages = context.messages(node.id, prompt)
        except UsageError:  # the prompt leaves no room for the rest
            assert words > 100
            continue
        assert approximately(messages) <= tokens
        assert messages[-1] == prompt[0]
        assert context.messages(node.id) == before, "one step's prompt changes nothing for others"


def test_a_shortened_result_says_where_the_whole_is() -> None:
    first = child(root(), [("look", {}, "The first line.\n" + "x" * 4000)], stored="abc.txt")
    second = child(first, [("look", {}, "y" * 4000)])
    third = child(second, [("look", {}, "z" * 4000)])
    results = [m for m in shown([root(), first, second, third], Window(2200)) if m.call_id]
    assert results[0].content.startswith("The first line. xxx")
    assert results[0].content.endswith(
        "… [4,016 characters; the whole is kept in the run: observations/abc.txt]"
    )
    assert results[1].content.endswith(f"the whole is kept in the run: node {second.id}]")
    assert results[2].content == "z" * 4000


def test_left_out_steps_are_counted_over_all_folds() -> None:
    path = [root()]
    for number in range(300):
        path.append(child(path[-1], [("look", {"n": str(number)}, "r" * 60)]))
    messages = shown(path, Window(1000))
    kept = sum(1 for m in messages if m.calls)
    assert messages[2].content.startswith(f"[{300 - kept} earlier steps are left out")
    assert kept > 10


def test_a_result_larger_than_the_window_is_cut() -> None:
    node = child(root(), [("look", {}, "z" * 40_000), ("look", {}, "small")])
    messages = shown([root(), node], Window(1000))
    assert size(messages) <= 1000
    assert "[40,000 characters; the whole" in messages[3].content
    assert messages[4].content == "small"


def test_a_window_too_small_for_the_request_says_so() -> None:
    with pytest.raises(UsageError, match=r"take 59 tokens, and the window has 50\. Give it more"):
        Context(Window(50)).add(root())


def test_a_chain_of_5000_steps_costs_the_window_a_step_and_no_recursion() -> None:
    counted = 0

    def count(messages: list[BaseMessage]) -> int:
        nonlocal counted
        counted += len(messages)
        return approximately(messages)

    context = Context(Window(2000, count))
    node = root()
    context.add(node)
    for number in range(5000):
        node = (
            begin(node, "g")
            if number % 50 == 0
            else end(node, "c" * 100)
            if number % 50 == 49
            else child(node, [("look", {"n": str(number)}, "r" * 200)])
        )
        context.add(node)
    assert len(context.messages(node.id)) < 200
    assert counted < 5000 * 40, "a step is counted when it comes and when it is folded"


def test_closing_a_subtask_brings_back_what_was_shown_before_it() -> None:
    path = [root()]
    for number in range(6):
        path.append(child(path[-1], [("look", {"n": str(number)}, "r" * 500)]))
    before = shown(path, Window(2000))
    path.append(begin(path[-1], "the long part"))
    for number in range(20):
        path.append(child(path[-1], [("look", {"m": str(number)}, "r" * 500)]))
    assert shown(path, Window(2000))[: len(before)] != before, "the part filled the window"
    path.append(end(path[-1], "forty-two"))
    after = shown(path, Window(2000))
    assert after[: len(before)] == before
    assert [m.content for m in after[len(before) :]] == ["", "Ended. Conclusion: forty-two"]


# Subtasks in runs


def agent(bench: Bench, replies: list[AIMessage], **options: object) -> Agent:
    made = Agent(
        model=ScriptedModel(replies=replies),
        planner="react:depth=100",
        **options,  # type: ignore[arg-type]  # options of Agent
    )
    made.registry = bench.registry
    return made


def sub(goal: str) -> AIMessage:
    return call(BEGIN_SUBTASK, goal=goal)


def done(conclusion: str) -> AIMessage:
    return call(END_SUBTASK, conclusion=conclusion)


async def test_a_model_divides_its_task_and_sees_conclusions_only(
    bench: Bench, tmp_path: Path
) -> None:
    replies = [
        sub("add up the ones"),
        call("add", a=1, b=1),
        sub("and the twos"),
        call("add", a=2, b=2),
        done("twos make 4"),
        done("ones make 2, twos 4"),
        finish("6"),
    ]
    made = agent(bench, replies, subtasks=True)
    tree = await made.solve(Task("t", "Add them all."), tmp_path)
    assert tree.answer == "6"
    model = made.model
    assert isinstance(model, ScriptedModel)
    last = [str(m.text) for m in model.asked[-1]]
    assert last[1:] == ["Add them all.", "", "Ended. Conclusion: ones make 2, twos 4"]
    inner = [m for m in model.asked[-2] if isinstance(m, ToolMessage)]
    assert [m.content for m in inner] == [inner[0].content, "2", "Ended. Conclusion: twos make 4"]
    assert [name["function"]["name"] for name in model.offered][-3:] == [
        BEGIN_SUBTASK,
        END_SUBTASK,
        "Finish",
    ]
    on_disk = read_tree(tmp_path)
    assert len(on_disk) == 8, "the whole stays in the tree"
    assert tree.tool_calls == 2, "marks of subtasks reach no tool"


async def test_subtasks_are_offered_only_where_asked_for(bench: Bench, tmp_path: Path) -> None:
    made = agent(bench, [sub("x"), finish("1")])
    tree = await made.solve(Task("t", "?"), tmp_path)
    statuses = [o.status for node in tree for o in node.observations]
    assert statuses[0] is Status.NO_SUCH_TOOL


async def test_a_window_caps_what_a_run_sends(bench: Bench, tmp_path: Path) -> None:
    replies = [call("add", a=number, b=0) for number in range(60)]
    made = agent(bench, [*replies, finish("done")], context_tokens=700)
    tree = await made.solve(Task("t", "Add."), tmp_path)
    assert tree.answer == "done"
    model = made.model
    assert isinstance(model, ScriptedModel)
    sizes = [approximately(asked) for asked in model.asked]
    assert max(sizes) <= 700 < sum(size(node.messages) for node in tree)
    with pytest.raises(ResumeMismatch, match="window: journal '700', now '800'"):
        await agent(bench, [], context_tokens=800).solve(Task("t", "Add."), tmp_path)


async def test_a_run_cut_anywhere_goes_on_with_the_same_prompts(
    bench: Bench, tmp_path: Path
) -> None:
    replies = [sub("a"), call("add", a=1, b=1), done("2"), call("add", a=2, b=2), finish("4")]
    options = {"subtasks": True, "context_tokens": 700}
    whole = agent(bench, replies, **options)
    await whole.solve(Task("t", "Add."), tmp_path / "whole")
    assert isinstance(whole.model, ScriptedModel)
    for made in range(1, len(replies)):
        run = tmp_path / str(made)
        first = agent(bench, replies, budget=Budget(model_calls=made), **options)
        await first.solve(Task("t", "Add."), run)
        second = agent(bench, replies[made:], **options)
        tree = await second.solve(Task("t", "Add."), run)
        assert tree.answer == "4"
        assert isinstance(second.model, ScriptedModel)
        assert second.model.asked == whole.model.asked[made:]


@pytest.mark.parametrize(
    ("name", "text", "goals", "alone", "told"),
    [
        (END_SUBTASK, "c", [], True, "No subtask is open"),
        (BEGIN_SUBTASK, "g", ["x"] * DEEPEST, True, "8 subtasks are open"),
        (BEGIN_SUBTASK, "g", [], False, "the only call of its message"),
        (BEGIN_SUBTASK, "g" * (LONGEST[BEGIN_SUBTASK] + 1), [], True, "501 characters, 500 at"),
    ],
)
def test_what_cannot_be_opened_or_closed_is_refused_with_the_reason(
    name: str, text: str, goals: list[str], alone: bool, told: str
) -> None:
    parameter = "goal" if name == BEGIN_SUBTASK else "conclusion"
    observation = marked(ToolCall("c", name, {parameter: text}), goals, alone=alone)
    assert observation.status is Status.INVALID_REQUEST
    assert told in observation.content


def test_a_mark_that_was_refused_marks_nothing() -> None:
    node = begin(root(), "g")
    assert mark_of(node) == (BEGIN_SUBTASK, "g")
    refused = replace(node, observations=(Observation(Status.INVALID_REQUEST, "no", 2),))
    assert mark_of(refused) is None
    assert shown([root(), refused], Window())[2:] == list(refused.messages)


def chain(length: int) -> Iterator[Node]:
    node = root()
    yield node
    for _ in range(length):
        node = child(node, [])
        yield node


def test_views_of_a_long_chain_are_freed_without_recursion() -> None:
    context = Context(Window())
    for node in chain(20_000):
        context.add(node)
    del context


def talk(turns: int, words: int = 40) -> tuple[Message, ...]:
    """An opening after so many turns, each with a call and its result."""
    said = [OPENING[0]]
    for turn in range(turns):
        made = ToolCall(f"c{turn}", "add", {"a": turn})
        said += [
            Message(Role.USER, f"Turn {turn}? " + "word " * words),
            Message(Role.ASSISTANT, "", (made,)),
            Message(Role.TOOL, f"{turn} " * words, call_id=made.id, name="add"),
            Message(Role.ASSISTANT, f"It is {turn}."),
        ]
    return (*said, OPENING[1])


@settings(max_examples=60)
@given(
    turns=st.integers(0, 12),
    steps=st.lists(st.integers(1, 900), max_size=12),
    tokens=st.integers(250, 3000),
)
def test_the_oldest_turns_before_the_request_make_room_first(
    turns: int, steps: list[int], tokens: int
) -> None:
    path = [Node(ROOT, None, messages=talk(turns))]
    for length in steps:
        path.append(child(path[-1], [("add", {"a": "1"}, "9" * length)]))
    said = shown(path, Window(tokens))
    assert size(said) <= tokens
    assert said[0] == OPENING[0]
    place = said.index(OPENING[1])
    before = said[1:place]
    left_out = [m for m in before if m.content.startswith("[")]
    kept = [m for m in before if m not in left_out]
    assert len(left_out) <= 1
    assert kept == list(talk(turns)[1 + 4 * turns - len(kept) : 1 + 4 * turns]), "the latest"
    assert len(kept) % 4 == 0, "whole turns"
    if len(kept) < 4 * turns:
        assert f"[{4 * turns - len(kept):,} earlier messages" in left_out[0].content
    if len(kept) > 4:  # no step gives way before a turn but the latest has
        assert said[place + 1 :] == [m for node in path[1:] for m in node.messages]


def test_a_window_that_takes_no_turn_takes_the_request_still() -> None:
    path = [Node(ROOT, None, messages=talk(3, words=500))]
    said = shown(path, Window(200))
    assert [m.role for m in said] == [Role.SYSTEM, Role.USER, Role.USER]
    assert said[1].content.startswith("[12 earlier messages of this conversation are left out")
    with pytest.raises(UsageError, match="the system prompt, the request"):
        shown(path, Window(60))


def test_pictures_count_by_the_stated_estimate() -> None:
    mark = f"[image: blocks/{'0' * 32}.png]"
    first = Message(Role.USER, f"{mark} What is it?")
    opening = (OPENING[0], first, Message(Role.ASSISTANT, "A cat."), OPENING[1])
    path = [Node(ROOT, None, messages=opening)]
    room = size(opening) + PICTURE
    assert shown(path, Window(room)) == list(opening)
    assert first not in shown(path, Window(room - 1))


async def test_a_conversation_longer_than_the_window_is_answered(bench: Bench) -> None:
    model = ScriptedModel(replies=[finish("42")])
    agent = Agent(model=model, planner="react", context_tokens=900, instructions="Be brief.")
    agent.registry = bench.registry
    said: list[tuple[str, str]] = []
    for turn in range(50):
        said += [("user", f"Turn {turn}? " + "word " * 40), ("ai", f"It is {turn}.")]
    outcome = await agent.ainvoke([*said, ("user", "And now?")])
    assert outcome == "42"
    [prompt] = model.asked
    assert approximately(prompt) <= 900
    assert "Be brief." in prompt[0].text
    assert "Turn 49?" in prompt[-3].text
    assert prompt[-1].text == "And now?"
    assert len(outcome.messages) == 102, "the outcome has all of it"
