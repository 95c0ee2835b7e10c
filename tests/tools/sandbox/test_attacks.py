"""Promise 24: what a model wrote runs in a sandbox or not at all, and the eight attacks fail there.

Each attack is shown to work first, in a plain process of Python that nothing holds back. One
process makes all those that code outlives, there as in each sandbox: to begin one is what is dear.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from support.attacks import ATTACKS, ENDS, SECRET, attacks, in_turn
from toolgrove.errors import UsageError
from toolgrove.tools.sandbox.choosing import SANDBOXES, sandbox_named
from toolgrove.tools.sandbox.sandbox import CodeLimits, Ran, Sandbox

LIMITS = CodeLimits(seconds=0.5, memory=128 << 20)
LASTING = [name for name in ATTACKS if name not in ENDS]


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The attacks, with all that they are after in place."""
    with pytest.MonkeyPatch.context() as patch, attacks(tmp_path_factory.mktemp("held")) as made:
        patch.setenv(SECRET, "s3cret")
        yield made


@pytest.fixture(scope="module")
def plainly(tmp_path_factory: pytest.TempPathFactory, codes: dict[str, str]) -> str:
    """What all attacks in turn print in a plain process, which then goes on until it is killed."""
    folder = tmp_path_factory.mktemp("plain")
    with attacks(folder) as made:
        plain = [sys.executable, "-I", "-c", in_turn(made)]
        with subprocess.Popen(plain, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = "".join(process.stdout.readline() for _ in ATTACKS)
            assert process.poll() is None
            process.kill()
    assert (folder / "outside").exists()
    return said


@pytest.fixture(scope="module", params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each sandbox that can run here."""
    made = SANDBOXES[request.param]()
    if missing := made.missing():
        pytest.skip(f"{request.param} cannot run here: {missing}")
    return made


@pytest.fixture(scope="module")
def held(sandbox: Sandbox, codes: dict[str, str]) -> Ran:
    """What the attacks that code outlives come to in a sandbox."""
    lasting = in_turn({name: codes[name] for name in LASTING})
    return run(sandbox, lasting, CodeLimits())


def run(sandbox: Sandbox, code: str, limits: CodeLimits = LIMITS) -> Ran:
    async def lookup(name: str, arguments: Mapping[str, Any]) -> Any:
        return {"name": name, **arguments}

    return asyncio.run(sandbox.run(code, {"lookup": ("city", "year")}, lookup, limits))


@pytest.mark.parametrize("name", ATTACKS)
def test_without_a_sandbox_the_attack_succeeds(name: str, plainly: str) -> None:
    assert f"{name}: REACHED\n" in plainly


@pytest.mark.parametrize("name", LASTING)
def test_promise_24_the_attack_fails_in_a_sandbox(name: str, held: Ran) -> None:
    outcome = dict(line.split(": ") for line in held.output.splitlines())
    assert outcome[name].endswith(("Error", "Exception")), held


def test_promise_24_no_attack_leaves_a_trace(
    held: Ran, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert not list(tmp_path_factory.getbasetemp().glob("held*/outside"))
    assert (held.output.count("REACHED"), held.error) == (0, "")


def test_promise_24_what_eats_memory_is_stopped(sandbox: Sandbox, codes: dict[str, str]) -> None:
    ran = run(sandbox, codes["eats memory"])
    assert "REACHED" not in ran.output
    assert "128 MiB" in ran.error


def test_promise_24_what_never_ends_and_catches_everything_is_stopped(sandbox: Sandbox) -> None:
    code = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    assert run(sandbox, code).error == "it was stopped, because it had worked for 0.5 s"


@pytest.mark.parametrize("name", SANDBOXES)
def test_without_what_it_needs_it_refuses_and_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SANDBOXES[name], "missing", lambda self: "install it: pip install it")
    with pytest.raises(UsageError, match=r"run in a sandbox or not at all.*pip install"):
        sandbox_named(name)


def test_what_is_no_sandbox_is_refused() -> None:
    with pytest.raises(UsageError, match="say monty, sandlock, bwrap"):
        sandbox_named("exec")
