"""The conversation up to a node is its path's, whatever was asked for before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Message, Node, Role
from toolgrove.data.tree import ROOT, child_id
from toolgrove.planners.paths import Paths
from toolgrove.tools.offer import Offer


def said(number: int, messages: int) -> tuple[Message, ...]:
    return tuple(Message(Role.USER, f"{number}.{i}") for i in range(messages))


@given(st.data())
def test_a_conversation_is_that_of_the_path_in_whatever_order_it_is_asked_for(
    data: st.DataObject,
) -> None:
    paths = Paths(Offer((), {}))
    nodes = [Node(ROOT, None, messages=said(0, 2))]
    paths.stage(nodes[0])
    for number in range(1, data.draw(st.integers(1, 12)) + 1):
        parent = data.draw(st.sampled_from(nodes))
        node = Node(
            child_id(parent.id, number),
            parent.id,
            number,
            messages=said(number, data.draw(st.integers(0, 3))),
        )
        nodes.append(node)
        paths.stage(node)
        asked = data.draw(st.sampled_from(nodes))
        whole = [m.content for step in paths.path(asked.id) for m in step.messages]
        given_to_model = paths.messages(asked.id)
        assert [m.content for m in given_to_model] == whole
        given_to_model.clear()  # it is the model's own


def test_a_node_that_is_staged_again_is_told_as_it_is_now() -> None:
    paths = Paths(Offer((), {}))
    paths.stage(Node(ROOT, None, messages=said(0, 1)))
    node = Node(child_id(ROOT, 0), ROOT, messages=said(1, 1))
    paths.stage(node)
    assert [m.content for m in paths.messages(node.id)] == ["0.0", "1.0"]
    paths.stage(replace(node, messages=said(2, 2)))
    assert [m.content for m in paths.messages(node.id)] == ["0.0", "2.0", "2.1"]
