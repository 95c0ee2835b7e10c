"""Whole ways to a success: with the failed tries folded away, and with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from toolgrove.data.pairs.checks import Checks, corrected
from toolgrove.data.pairs.corrections import unseen_value
from toolgrove.data.pairs.facts import call_key, written
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Contrast, Rule
from toolgrove.data.pairs.steps import MaybeRow, one_sided
from toolgrove.data.records import CONTROLS, Node, Role

__all__ = ["SHOWN_ONLY", "folded", "solved_paths", "solved_searches", "text_of"]


SHOWN_ONLY = "shown_only"
"""Column of a row: places of the replies that are told and not to be imitated."""


def folded(checks: Checks, path: Sequence[Node]) -> list[Node]:
    """A path without the steps whose every call failed, and reads that it corrects later.

    All of it, where a later step uses a value that only such a call's answer shows.
    """
    tries = [node for place, node in enumerate(path[:-1]) if place and _is_try(checks, path, place)]
    kept = [node for node in path if node not in tries]
    if tries and any(_needs(tries, kept[:place], node) for place, node in enumerate(kept)):
        return list(path)
    return kept


def _is_try(checks: Checks, path: Sequence[Node], place: int) -> bool:
    step = path[place]
    facts = checks.branches.known.of(step)
    if facts.failed or facts.writes:
        return facts.failed and not facts.gained
    return corrected(step, path[:place], path[place + 1 :])


def _needs(tries: Sequence[Node], before: Sequence[Node], node: Node) -> bool:
    """Whether a step's calls hold a value that the tries show and the rest does not."""
    shown = text_of(before)
    told = shown + text_of(tries)
    return any(unseen_value(call, shown) and not unseen_value(call, told) for call in node.calls)


def text_of(nodes: Sequence[Node]) -> str:
    """All that steps say, call and show, in small letters."""
    said = [text for n in nodes for m in n.messages for text in (m.content, *map(written, m.calls))]
    return "\n".join(said).casefold()


def solved_paths(checks: Checks, fatal: Collection[Fault]) -> Iterator[MaybeRow]:
    """A conversation for each success, with failed tries folded away."""
    for success in checks.branches.successes:
        path = folded(checks, checks.branches.tree.path(success.id))
        faults = checks.of_chosen(Contrast(Rule.PATH, path[:1], path[1:], []))
        yield _conversation(checks, path, faults, fatal)


def solved_searches(checks: Checks, fatal: Collection[Fault]) -> Iterator[MaybeRow]:
    """A conversation for each success with all tries before it, in the order they were made.

    The tries of other branches are told as if they were one path, so that what the model says of
    them is true. They are not to be imitated. Giving up, wrong answers, and calls that were made
    before, are left out.
    """
    tree = checks.branches.tree
    order = list(tree)
    for success in checks.branches.successes:
        before = order[1 : order.index(success)]
        own = tree.path(success.id)
        way = {node.id for node in own}
        made: set[tuple[str, ...]] = set()
        kept: list[Node] = []
        for node in before:
            calls = tuple(map(call_key, node.calls))
            works = bool(calls) and not any(call.name in CONTROLS for call in node.calls)
            if node.id in way or (works and calls not in made):
                kept.append(node)
                made.add(calls)
        path = [tree.root, *kept, success]
        tries = {n.id for n in kept if checks.branches.known.of(n).failed or n.id not in way}
        tries |= {n.id for place, n in enumerate(own) if place and _is_try(checks, own, place)}
        if not tries:
            yield MaybeRow(why="no_tries")
            continue
        faults = checks.of_chosen(Contrast(Rule.PATH, path[:1], path[1:], []))
        told = [fault for fault in faults if fault is not Fault.CHOSEN_FAILS]
        yield _conversation(checks, path, told, fatal, tries)


def _conversation(
    checks: Checks,
    path: Sequence[Node],
    faults: Sequence[Fault],
    fatal: Collection[Fault],
    tries: Collection[str] = (),
) -> MaybeRow:
    why = next((fault.value for fault in faults if fault in fatal), "")
    if why or len(path) < 2:
        return MaybeRow(why=why or Fault.NO_WORDS.value)
    prompt = list(path[0].messages)
    told = [(message, node.id in tries) for node in path[1:] for message in node.messages]
    while told and told[-1][0].role is not Role.ASSISTANT:
        told.pop()
    said = [message for message, _ in told]
    shown = [i for i, (one, tried) in enumerate(told) if tried and one.role is Role.ASSISTANT]
    tree = checks.branches.tree
    return MaybeRow(one_sided(tree, path[-1].id, prompt, said, faults, **{SHOWN_ONLY: shown}))
