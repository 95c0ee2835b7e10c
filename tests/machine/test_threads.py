"""Blocking functions run beside the event loop, in threads that are used again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from toolgrove.machine.threads import in_thread

VAR: ContextVar[str] = ContextVar("VAR")


def here() -> int:
    return threading.get_ident()


async def test_one_call_after_another_runs_in_the_same_thread() -> None:
    first = await in_thread(here)
    assert first != threading.get_ident()
    assert {await in_thread(here) for _ in range(20)} == {first}


async def test_calls_at_once_run_at_once() -> None:
    together = threading.Barrier(40)  # is passed only by forty threads at the same time
    assert len(await asyncio.gather(*[in_thread(together.wait) for _ in range(40)])) == 40


async def test_a_call_that_hangs_is_not_waited_for_by_the_next() -> None:
    let_go = threading.Event()
    hung = asyncio.ensure_future(in_thread(let_go.wait))
    await asyncio.sleep(0)
    assert await in_thread(lambda: "next") == "next"
    hung.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hung
    let_go.set()


async def test_the_callers_context_and_the_functions_error_pass_through() -> None:
    VAR.set("set")
    assert await in_thread(VAR.get) == "set"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)
    with pytest.raises(SystemExit):
        await in_thread(sys.exit)
    assert await in_thread(lambda: "still here") == "still here"


_FORK = """
import asyncio, os, warnings
from toolgrove.machine.threads import in_thread
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of what is tested here
asyncio.run(in_thread(int))
child = os.fork()
if child == 0:
    asyncio.run(asyncio.wait_for(in_thread(int), 30))
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_starts_threads_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
