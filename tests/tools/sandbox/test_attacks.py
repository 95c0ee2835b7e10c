"""Promise 24: what a model wrote runs in a sandbox or not at all, and the eight attacks fail there.

Each attack is shown to work first, in a plain process of Python that nothing holds back.
"""

from __future__ import annotations

import asyncio
import doctest
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from support.attacks import ATTACKS, SECRET, attack
from toolgrove.errors import UsageError
from toolgrove.tools.sandbox.choosing import SANDBOXES, sandbox_named
from toolgrove.tools.sandbox.sandbox import CodeLimits, Ran, Sandbox

LIMITS = CodeLimits(seconds=0.5, memory=128 << 20, output=1000, calls=3)


@pytest.fixture(params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox that can run here."""
    made = SANDBOXES[request.param]()
    if missing := made.missing():
        pytest.skip(f"{request.param} cannot run here: {missing}")
    return made


async def lookup(name: str, arguments: Mapping[str, Any]) -> Any:
    return {"name": name, **arguments}


def run(sandbox: Sandbox, code: str, call: Any = lookup) -> Ran:
    return asyncio.run(sandbox.run(code, {"lookup": ("city", "year")}, call, LIMITS))


@pytest.mark.parametrize("name", ATTACKS)
def test_without_a_sandbox_the_attack_succeeds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "s3cret")
    with attack(name, tmp_path) as code:
        plain = [sys.executable, "-I", "-c", code]
        process = subprocess.Popen(plain, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        assert process.stdout is not None
        with process:
            assert "REACHED" in process.stdout.readline()
            if name == "never ends":
                assert process.poll() is None, "it runs until it is killed"
                process.kill()
    assert (tmp_path / "outside").exists() == (name == "writes a file")


@pytest.mark.parametrize("name", ATTACKS)
def test_promise_24_the_attack_fails_in_a_sandbox(
    name: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "s3cret")
    with attack(name, tmp_path) as code:
        ran = run(sandbox, code.replace("print('REACHED', flush=True)", "pass"))
    assert "REACHED" not in ran.output
    assert ran.error
    assert not (tmp_path / "outside").exists()
    if name == "never ends":
        assert ran.error == "it was stopped, because it had worked for 0.5 s"
    if name == "eats memory":
        assert "128 MiB" in ran.error


def test_code_that_catches_everything_is_stopped_all_the_same(sandbox: Sandbox) -> None:
    code = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    assert run(sandbox, code).error == "it was stopped, because it had worked for 0.5 s"


def test_cancelling_stops_the_code_at_once(sandbox: Sandbox) -> None:
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


def test_code_computes_calls_and_prints(sandbox: Sandbox) -> None:
    code = "import math\nfound = lookup('Bonn', year=2020)\nprint(found['city'])\nmath.floor(2.5)"
    assert run(sandbox, code) == Ran("Bonn\n", 2)


def test_a_function_is_a_value_like_another(sandbox: Sandbox) -> None:
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
def test_an_error_names_its_line(sandbox: Sandbox, code: str, error: str) -> None:
    assert run(sandbox, code).error == error


def test_code_that_is_no_python_says_so(sandbox: Sandbox) -> None:
    assert run(sandbox, "x = 1\ndef f(:").error.startswith("line 2: SyntaxError: ")


def test_what_it_prints_is_cut(sandbox: Sandbox) -> None:
    ran = run(sandbox, "print('x' * 5000)")
    assert ran.output == "x" * 1000 + "\n[What it printed after that is left out.]"


def test_what_ends_a_call_ends_the_code(sandbox: Sandbox) -> None:
    async def spent(name: str, arguments: Mapping[str, Any]) -> Any:
        raise UsageError("spent")

    with pytest.raises(UsageError, match="spent"):
        run(sandbox, "try:\n    lookup()\nexcept BaseException:\n    pass\nprint('on')", spent)


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"output": 1}', "[" * 100_000, '{"call": ["lookup"]}']
)
def test_what_a_process_writes_past_its_functions_is_not_trusted(line: str) -> None:
    sandbox = SANDBOXES["sandlock"]()
    if missing := sandbox.missing():
        pytest.skip(f"sandlock cannot run here: {missing}")
    made: list[str] = []

    async def call(name: str, arguments: Mapping[str, Any]) -> Any:
        made.append(name)

    run(sandbox, f"import os\nos.write(1, {line!r}.encode() + b'\\n')", call)
    assert not made


def test_without_what_it_needs_it_refuses_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("toolgrove.tools.sandbox.monty.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'toolgrove\[sandbox\]'"):
        sandbox_named("monty")
    with pytest.raises(UsageError, match="monty"):
        sandbox_named("exec")


def test_docstrings() -> None:
    failed, tried = doctest.testmod(import_module("toolgrove.tools.sandbox.sandbox"))
    assert tried
    assert not failed
