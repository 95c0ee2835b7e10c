"""Idempotency keys: stored before the request leaves, so that a write may be sent again.

An API that honours such a key (the IETF draft "The Idempotency-Key HTTP Header Field") does a
write once however often it is sent. A binding says so by ``idempotency``, the header's name. The
key of a call is on disk before its request leaves, and the same call of the same run gets the same
key again, after a crash too (promise 22).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from toolgrove.data import codec
from toolgrove.data.records import SAFE_METHODS, Effect, ToolCall, ToolSpec
from toolgrove.errors import JournalError
from toolgrove.tools.secrets import may_be_set

__all__ = ["KeyFile", "key_header", "repeatable"]


def _method(spec: ToolSpec) -> str:
    return str(spec.binding.get("method", "GET")).upper()


def key_header(spec: ToolSpec) -> str:
    """The header that takes a spec's idempotency keys; empty where it takes none."""
    header = str(spec.binding.get("idempotency", ""))
    return header if _method(spec) not in SAFE_METHODS and may_be_set(header) else ""


def repeatable(spec: ToolSpec, *, keyed: bool) -> bool:
    """Whether a call may be made again: a read by a safe method, or anything that has a key.

    Parameters
    ----------
    spec : ToolSpec
        What is called.
    keyed : bool
        Whether this run stores idempotency keys.
    """
    if spec.effect is Effect.READ:
        return True
    return keyed and key_header(spec) != ""


@dataclass(slots=True)
class KeyFile:
    """The idempotency keys of one run, one JSON object a line.

    Parameters
    ----------
    path : Path
        The file; it is made with the first key, with its folder.
    """

    path: Path
    _keys: dict[str, str] | None = field(default=None, init=False)

    def key(self, call: ToolCall) -> str:
        """The key of a call; when this returns it is on disk.

        Raises
        ------
        JournalError
            Where the file is damaged or cannot be written: no write may be sent then.
        """
        if self._keys is None:
            self._keys = self._read()
        asked = codec.digest([call.id, call.name, dict(call.arguments)])
        if asked not in self._keys:
            key = str(uuid4())
            try:
                self._append(codec.dumps({"call": asked, "key": key}) + b"\n")
            except OSError as error:
                raise JournalError(
                    f"{self.path}: cannot be written ({error.strerror or error}), so no write "
                    "was sent. Make room on the disk or let the folder be written, then resume."
                ) from error
            self._keys[asked] = key
        return self._keys[asked]

    def _append(self, line: bytes) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        data = self.path.read_bytes()
        whole, _, torn = data.rpartition(b"\n")
        if torn:  # a process died writing it, so no request left with this key
            os.truncate(self.path, len(data) - len(torn))
        keys = {}
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                one = codec.loads(line)
                keys[str(one["call"])] = str(UUID(one["key"]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise JournalError(
                    f"{self.path}: line {number} is damaged, so it is unknown under which keys "
                    "writes were sent. Do not delete the file: with new keys they would be made "
                    "again. See what was written, then begin a new run."
                ) from error
        return keys
