"""The eight attacks of promise 24: code that prints REACHED where it got what it was after."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent

SECRET = "TOOLGROVE_CANARY"
"""A variable of the environment that no code may see."""

ATTACKS = {
    "reads a file": "print('REACHED' if 'canary' in open({canary!r}).read() else '')",
    "writes a file": "open({outside!r}, 'w').write('was here')\nprint('REACHED')",
    "connects": (
        "import socket\nsocket.create_connection(('127.0.0.1', {port})).close()\nprint('REACHED')"
    ),
    "starts a program": (
        "import subprocess, sys\n"
        "print(subprocess.check_output(['/bin/echo', 'REACHED'], text=True).strip())"
    ),
    "reads a secret": f"import os\nprint('REACHED' if os.environ['{SECRET}'] else '')",
    "eats memory": "x = 'x' * (200 << 20)\nprint('REACHED')",
    "forks": ("import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\nprint('REACHED')"),
    "never ends": "print('REACHED', flush=True)\nwhile True:\n    pass",
}
ENDS = ("eats memory", "never ends")
"""Attacks that code does not outlive where they fail."""


@contextmanager
def attacks(folder: Path) -> Iterator[dict[str, str]]:
    """The code of each attack, with what it is after in place: a file, a server on this machine."""
    canary = folder / "canary.txt"
    canary.write_text("canary")
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = {"canary": str(canary), "outside": str(folder / "outside")}
        port = server.getsockname()[1]
        yield {name: code.format(**places, port=port) for name, code in ATTACKS.items()}


def in_turn(codes: Mapping[str, str]) -> str:
    """One piece of code that makes several attacks, and says of each how it went."""
    tried = (
        f"print({name!r}, end=': ')\ntry:\n{indent(code, '    ')}\n"
        "except BaseException as error:\n    print(type(error).__name__)"
        for name, code in codes.items()
    )
    return "\n".join(tried)
