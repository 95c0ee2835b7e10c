"""A flag that a message names exists on the command that the message is of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from toolgrove.cli.main import app

PACKAGE = Path(__file__).parents[2] / "src" / "toolgrove"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
COMMAND = re.compile(
    r"toolgrove ((?:serve|train|tune|learn|make|memory|model|pairs|tools|world) [a-z-]+"
    r"|[a-z][a-z-]+)"
)

CALLING = ("run", "eval", "serve apis", "serve mcp")
SOLVING = ("run", "eval", "tune strategy")
MEANT = {
    "agent/sources.py": ("index",),
    "agent/memory.py": ("learn memory",),
    "agent/making/workshop.py": ("make tools",),
    "src/toolgrove/cli/learn.py": ("learn memory",),
    "src/toolgrove/cli/make.py": ("make tools",),
    "src/toolgrove/cli/memory.py": ("memory list",),
    "src/toolgrove/cli/tools.py": ("tools list",),
    "tools/origins.py": ("index",),
    "tools/http/fetched.py": ("index",),
    "data/formats/openapi_servers.py": ("index",),
    "tools/http/address.py": CALLING,
    "tools/calls/cassette.py": SOLVING,
    "planners/budget.py": SOLVING,
    "retriever/expansion.py": ("index",),
    "retriever/training/run.py": ("train retriever",),
    "src/toolgrove/cli/told.py": SOLVING,
    "src/toolgrove/cli/common.py": ("index", "mine"),
    "src/toolgrove/cli/settings.py": SOLVING,
    "src/toolgrove/cli/prices.py": SOLVING,
    "src/toolgrove/cli/options.py": SOLVING,
    "src/toolgrove/cli/run_strategy.py": ("run",),
    "src/toolgrove/cli/approval.py": CALLING,
    "src/toolgrove/cli/serve_apis.py": ("serve apis",),
    "src/toolgrove/cli/serve_mcp.py": ("serve mcp",),
    "src/toolgrove/cli/tune.py": ("tune strategy",),
    "src/toolgrove/cli/train.py": ("train retriever",),
    "src/toolgrove/cli/train_policy.py": ("train policy",),
    "agent/models/local_adapter.py": ("train policy",),
    "agent/policy/adapted.py": ("train policy",),
    "agent/policy/run.py": ("train policy",),
    "agent/policy/training.py": ("train policy",),
    "src/toolgrove/cli/train_ranker.py": ("train ranker",),
    "src/toolgrove/cli/eval_retrieval.py": ("eval-retrieval",),
    "src/toolgrove/cli/model.py": ("model get",),
    "src/toolgrove/cli/score_answers.py": ("score",),
    "src/toolgrove/cli/eval_tasks.py": ("eval",),
    "src/toolgrove/cli/world.py": ("world new",),
    "data/formats/task_lines.py": ("eval",),
    "evaluators/comparing.py": ("eval",),
    "data/exports/writing.py": ("pairs export", "validate"),
    "src/toolgrove/cli/pairs.py": ("pairs export",),
}
"""Which commands show the messages of a file; one of a command is its own."""

OTHERS = re.compile(
    r"--(?:no-deps|no-cache-dir|ignore-requires-python|only-binary|progress-bar|dest)"
)  # pip's


def commands() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}

    def walk(command: Any, path: tuple[str, ...]) -> None:
        for name, one in getattr(command, "commands", {}).items():
            walk(one, (*path, name))
        if path:
            flags = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
            found[" ".join(path)] = flags | {"--help"}

    walk(typer.main.get_command(app), ())
    return found


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text in a module that is no docstring, the parts of f-strings together."""
    if isinstance(tree, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in tree.values]
        yield "".join(map(str, parts))
        return
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield from texts(node)


def named() -> Iterator[tuple[str, str]]:
    for face in ("agent", "data", "tools", "retriever", "evaluators", "planners", "cli", "machine"):
        for file in sorted((PACKAGE / face).rglob("*.py")):
            place = f"{face}/{file.relative_to(PACKAGE / face).as_posix()}"
            place = place if face not in ("cli", "machine") else f"src/toolgrove/{place}"
            for text in texts(ast.parse(file.read_text(encoding="utf-8"))):
                declared = re.fullmatch(r"[-a-z/]+", text)  # an option's own name
                if FLAG.search(text) and not (declared or OTHERS.search(f"{text} {place}")):
                    yield place, text


def faults(place: str, text: str, have: dict[str, set[str]]) -> Iterator[str]:
    own = place.removeprefix("src/toolgrove/cli/").removesuffix(".py")
    meant = MEANT.get(place, (own,) if own in have else ())
    # a command's examples stand one a line
    pieces = [line for line in text.splitlines() if "toolgrove " in line]
    for piece in pieces if "\n" in text else [text]:
        where = [one for one in COMMAND.findall(piece) if one in have] or meant
        for flag in FLAG.findall(piece):
            if not where:
                yield f"{place}: say which command has {flag}: {piece!r}"
            yield from (
                f"{place}: {one} has no {flag}: {piece!r}" for one in where if flag not in have[one]
            )


def test_every_flag_that_is_named_exists_where_it_is_named() -> None:
    have = commands()
    found = [fault for place, text in named() for fault in faults(place, text, have)]
    assert not found, "\n".join(found)
