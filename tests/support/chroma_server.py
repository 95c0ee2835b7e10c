"""A real Chroma server on loopback, as ``chroma run`` starts it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["chroma_server"]


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """The URL of a server that keeps its data in a folder; skips where the program is missing."""
    program = Path(sys.executable).with_name("chroma")
    if not program.exists():
        pytest.skip("no program chroma beside this Python")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield _listening(server, port)
    finally:
        server.kill()
        server.wait()


def _listening(server: subprocess.Popen[bytes], port: int) -> str:
    """Wait, without sleeping, until the port answers: connecting blocks or is refused at once."""
    while server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return f"http://127.0.0.1:{port}"
        except OSError:
            continue
    raise AssertionError(f"chroma run ended with {server.returncode}")
