"""A depth-first run that has everything a viewer shows, with one word in every field of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolgrove.data.journal import Journal
from toolgrove.data.records import (
    FINISH,
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
    ToolSpec,
    Usage,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id

HOSTILE = (
    "<img src=x onerror=document.title='pwned'>",
    "</script><script>document.title='pwned'</script>",
    "<!--<script>",
    "]]><svg onload=document.title='pwned'>",
    "</style></title></noscript><script>document.title='pwned'</script>",
    "javascript:document.title='pwned'",
    "\" autofocus onfocus=\"document.title='pwned'",
    "' style='background:url(https://evil.example/x)",
    "{{constructor.constructor('document.title=1')()}}${document.title='pwned'}",
    "&lt;b&gt;&#60;script&#62;",
    "\u2028document.title='pwned'\u2029",
    "\u202eright to left\u0000null\ud800surrogate\ufffe",
)
"""Words that would do harm where text is taken for markup, script or style."""


def step(
    parent: str, index: int, made: list[tuple[ToolCall, Observation]], **fields: object
) -> Node:
    """A node whose reply makes these calls."""
    node_id = child_id(parent, index)
    reply = Message(Role.ASSISTANT, str(fields.pop("said", "")), tuple(call for call, _ in made))
    told = [Message(Role.TOOL, seen.content, call_id=c.id, name=c.name) for c, seen in made]
    return Node(
        node_id,
        parent,
        index,
        messages=(reply, *told),
        calls=tuple(call for call, _ in made),
        observations=tuple(seen for _, seen in made),
        **fields,  # type: ignore[arg-type]  # fields of Node, by name
    )


def sample_tree(word: str = "", stored: str | None = None) -> SearchTree:
    """A tree of nine nodes: two give-ups, a prune, a failed call, two calls at once, an answer."""
    w = f"x{word}"
    spec = ToolSpec(f"Cat{word}/tool/look", f"Cat{word}", "tool", f"look{word}", f"Looks up {w}")
    task = Task(f"7{word}", f"What is {w}?", (spec.id,))
    budget = {"model_calls": 20, "tool_calls": None, "tokens": 90_000, "seconds": 60.5}
    config: dict[str, Any] = {"planner": f"dfsdt{word}", "model": f"small{word}"}
    config["settings"] = {"budget": budget}
    tree = SearchTree(task, (spec,), {f"look{word}": spec.id}, {**config, "ended": "answered"})

    def call(name: str, **arguments: object) -> ToolCall:
        return ToolCall(f"c{word}", name, {f"key{word}": w, **arguments})

    def seen(status: Status, **fields: object) -> Observation:
        content = f"{status.value} {w}"
        return Observation(status, content, len(content), **fields)  # type: ignore[arg-type]  # by name

    opening = (Message(Role.SYSTEM, f"Answer. {w}"), Message(Role.USER, task.query))
    tree.add(Node(ROOT, None, messages=opening, meta={f"source{word}": w}))
    cost = {"usage": Usage(1200, 34), "seconds": 2.5, "model": f"small{word}"}
    ok = seen(Status.OK, seconds=0.25)
    a = step(ROOT, 0, [(call(spec.id), ok)], said=f"First {w}", depth=1, **cost)
    b = step(a.id, 0, [(call(f"unknown{word}"), seen(Status.NO_SUCH_TOOL))], depth=2, score=0.5)
    up = ToolCall("f", FINISH, {"return_type": "give_up_and_restart", "final_answer": ""})
    lost = {"state": NodeState.GAVE_UP, "said": f"Stuck {w}", "depth": 2}
    c = step(b.id, 0, [(up, seen(Status.GIVE_UP))], **lost)
    asked = (Message(Role.USER, f"Try another way than {w}."),)
    again = {"variant": "diversity", "prompt": asked}
    d = step(b.id, 1, [(up, seen(Status.GIVE_UP))], **again, **lost)
    cut = seen(Status.OK, truncated=True, stored=stored) if stored else ok
    e = step(
        a.id, 1, [(call(spec.id, n=1), cut), (call(spec.id, n=2), ok)], depth=3, **again, **cost
    )
    pruned = {"state": NodeState.PRUNED, "reason": f"repeats {w}"}
    f = step(e.id, 0, [(call(spec.id), seen(Status.OK, cached=True))], depth=4, **pruned)
    bad = ToolCall("m", spec.id, {}, malformed=f'{{"key": {w}')
    g = step(e.id, 1, [(bad, seen(Status.INVALID_REQUEST, attempts=3))], depth=4, needs=((0, 1),))
    done = ToolCall("f", FINISH, {"return_type": "give_answer", "final_answer": f"It is {w}"})
    won = {"state": NodeState.ANSWERED, "answer": f"It is {w}", "said": f"So {w}", "depth": 4}
    h = step(g.id, 0, [(done, seen(Status.FINAL_ANSWER))], **won, **cost)
    for node in (a, b, c, d, e, f, g, h):
        tree.add(node)
    return tree


def write_run(run: Path, word: str = "", whole: str = "", *, end: bool = True) -> Path:
    """The sample as a run's folder, written as a planner writes it."""
    tree = sample_tree(word)
    config = {key: value for key, value in tree.meta.items() if key != "ended"}
    with Journal.create(
        run, task=tree.task, tools=tree.tools, aliases=tree.aliases, config=config
    ) as journal:
        stored = journal.store(whole) if whole else None
        for node in sample_tree(word, stored):
            journal.node(node)
        if end:
            journal.end("answered")
    return run


def path_tree(length: int, fork: int = 0) -> SearchTree:
    """A path of many steps, with a failed sibling at each ``fork``-th of them."""
    tree = SearchTree(Task("long", "How long?"))
    tree.add(Node(ROOT, None))
    at = ROOT
    while len(tree) < length:
        call = ToolCall("c", "count", {"n": len(tree)})
        if fork and len(tree) % fork == 0:
            tree.add(step(at, 0, [(call, Observation(Status.TIMEOUT, "late", 4))]))
        node = step(at, 1, [(call, Observation(Status.OK, "on", 2))])
        tree.add(node)
        at = node.id
    return tree
