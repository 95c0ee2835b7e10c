"""What code does that runs in a sandbox: it computes, calls and prints, and is told its mistakes.

Sandlock and bubblewrap hold the same program, so that what it does is tried in a process that
nothing holds; that each of them runs it, is tried once.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from toolgrove.errors import UsageError
from toolgrove.tools.sandbox.choosing import SANDBOXES
from toolgrove.tools.sandbox.held import CHILD, Held, HeldSandbox
from toolgrove.tools.sandbox.sandbox import CodeLimits, Ran

LIMITS = CodeLimits(output=1000, calls=3)


class Plain(HeldSandbox):
    """No sandbox: the program that sandboxes hold, held by nothing."""

    name = "plain"

    def missing(self) -> str:
        return ""

    def begin(self, code: str, limits: CodeLimits) -> Held:
        program = [sys.executable, "-I", "-S", str(CHILD)]
        made = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert made.stdin is not None
        assert made.stdout is not None
        return Held(made.stdin, made.stdout, made.kill, made.wait)


def named(name: str) -> Any:
    made = Plain() if name == "plain" else SANDBOXES[name]()
    if missing := made.missing():
        pytest.skip(f"{name} cannot run here: {missing}")
    return made


@pytest.fixture(params=["monty", "plain"])
def sandbox(request: pytest.FixtureRequest) -> Any:
    """Each program that runs code."""
    return named(request.param)


async def lookup(name: str, arguments: Mapping[str, Any]) -> Any:
    return {"name": name, **arguments}


def run(sandbox: Any, code: str, call: Any = lookup) -> Ran:
    return asyncio.run(sandbox.run(code, {"lookup": ("city", "year")}, call, LIMITS))


@pytest.mark.parametrize("name", SANDBOXES)
def test_code_computes_calls_and_prints(name: str) -> None:
    code = "import math\nfound = lookup('Bonn', year=2020)\nprint(found['city'])\nmath.floor(2.5)"
    assert run(named(name), code) == Ran("Bonn\n", 2)


@pytest.mark.parametrize("name", SANDBOXES)
def test_code_that_draws_by_chance_draws_the_same_when_it_is_run_again(name: str) -> None:
    code = "import random\n[random.random(), list({'a', 'b', 'c', 'd'})]"
    if name == "monty":
        code = "import random\nrandom.random()"
    first, again = (run(named(name), code) for _ in range(2))
    assert first == again
    assert not first.error


def test_cancelling_stops_the_code_at_once(sandbox: Any) -> None:
    async def cancelled() -> None:
        begun = asyncio.Event()

        async def call(name: str, arguments: Mapping[str, Any]) -> Any:
            begun.set()

        endless = CodeLimits(seconds=3600.0)
        code = "lookup()\nwhile True: pass"
        work = asyncio.create_task(sandbox.run(code, {"lookup": ()}, call, endless))
        await begun.wait()
        await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(cancelled())


def test_a_function_is_a_value_like_another(sandbox: Any) -> None:
    assert run(sandbox, "f = lookup\n[f(city=c)['city'] for c in 'ab']") == Ran("", ["a", "b"])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = 1\n1 / 0", "line 2: ZeroDivisionError: division by zero"),
        ("lookup(1, 2, 3)", "line 1: TypeError: lookup() takes 2 arguments, and got 3"),
        ("lookup(1, city=2)", "line 1: TypeError: lookup() got 'city' twice"),
        ("nothing(1)", "line 1: NameError: name 'nothing' is not defined"),
        (
            "for i in range(9):\n    lookup(i)",
            "line 2: RuntimeError: this code may make 3 calls, and made them",
        ),
    ],
)
def test_an_error_names_its_line(sandbox: Any, code: str, error: str) -> None:
    assert run(sandbox, code).error == error


def test_code_that_is_no_python_says_so(sandbox: Any) -> None:
    assert run(sandbox, "x = 1\ndef f(:").error.startswith("line 2: SyntaxError: ")


def test_what_it_prints_is_cut(sandbox: Any) -> None:
    ran = run(sandbox, "print('x' * 5000)")
    assert ran.output == "x" * 1000 + "\n[What it printed after that is left out.]"


def test_what_ends_a_call_ends_the_code(sandbox: Any) -> None:
    async def spent(name: str, arguments: Mapping[str, Any]) -> Any:
        raise UsageError("spent")

    with pytest.raises(UsageError, match="spent"):
        run(sandbox, "try:\n    lookup()\nexcept BaseException:\n    pass\nprint('on')", spent)


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"output": 1}', "[" * 100_000, '{"call": ["lookup"]}']
)
def test_what_a_process_writes_past_its_functions_is_not_trusted(line: str) -> None:
    made: list[str] = []

    async def call(name: str, arguments: Mapping[str, Any]) -> Any:
        made.append(name)

    run(Plain(), f"import os\nos.write(1, {line!r}.encode() + b'\\n')", call)
    assert not made
