"""What interrupts a wait stops the work (a notebook's stop button), and says so."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import pytest

from toolgrove.machine.threads import wait

_STOPPED = """
import asyncio, signal, threading
from toolgrove.machine.threads import wait
made = []
async def work():
    try:
        for step in range(1000):
            made.append(step)
            if step == 3:
                signal.pthread_kill(
                    threading.main_thread().ident, signal.SIGINT)
            await asyncio.sleep(0.01)
    finally:
        made.append("let go")
async def cell():
    try:
        wait(work())
    except KeyboardInterrupt:
        print("stopped", made[-1], len(made) < 1000)
signal.signal(signal.SIGINT, signal.default_int_handler)
loop = asyncio.new_event_loop()
loop.run_until_complete(cell())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to a thread")
def test_a_notebooks_stop_button_stops_the_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_STOPPED)], capture_output=True, text=True
    )
    assert done.stdout.strip() == "stopped let go True", done.stderr


def test_work_in_a_loop_that_runs_gives_its_result_or_its_error() -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def cell() -> int:
        with pytest.raises(ValueError, match="no"):
            wait(fails())
        return wait(asyncio.sleep(0, 5))

    assert asyncio.run(cell()) == 5
