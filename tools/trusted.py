"""What may be run on this machine: programs, servers and modules that its user has named.

A catalogue is data, perhaps somebody else's, and must not choose what code runs or which host is
spoken to. So the sources that do either (``mcp+stdio:…``, an MCP URL, ``module:object``) are kept
in the user's own configuration when they are indexed, and so is the Chroma server that a user named
for an index. Nothing else is run or spoken to for a catalogue.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from toolgrove.data import codec
from toolgrove.errors import UsageError
from toolgrove.machine.files import write_beside

__all__ = ["trust", "trust_chroma", "trusted", "trusted_chroma", "trusted_file"]

_CHROMA = "chroma+"  # so that no tool is called on a server that was named for vectors


def trusted_file() -> Path:
    """The file, one JSON list; the environment's ``TOOLGROVE_TRUSTED`` names another."""
    given = os.environ.get("TOOLGROVE_TRUSTED")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_config_path

    return user_config_path("toolgrove", appauthor=False) / "trusted.json"


def trusted() -> frozenset[str]:
    """The sources that this machine's user has indexed.

    Raises
    ------
    UsageError
        Where the file is damaged.
    """
    path = trusted_file()
    try:
        known = codec.loads(path.read_bytes())
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}). Mend or delete it.") from error
    if not isinstance(known, list) or not all(isinstance(one, str) for one in known):
        raise UsageError(f"{path}: expected a list of sources. Mend or delete it.")
    return frozenset(known)


def trust(sources: Iterable[str]) -> None:
    """Remember that sources may be run; what is remembered already stays."""
    from filelock import FileLock

    path = trusted_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        known = trusted()
        if not known.issuperset(wanted := frozenset(sources)):
            write_beside(path, [codec.dumps(sorted(known | wanted))])


def trust_chroma(server: str) -> None:
    """Remember that indexes may be kept on a Chroma server."""
    trust([_CHROMA + server])


def trusted_chroma(server: str) -> bool:
    """Whether this machine's user has named a Chroma server."""
    return _CHROMA + server in trusted()
