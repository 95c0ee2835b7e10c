"""Files: whole or not there at all, and safe names for what belongs to others' words."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from toolgrove.errors import UsageError

__all__ = ["lies_in", "made_folder", "refuse_to_replace", "safe_name", "write_beside"]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


def write_beside(path: str | Path, pieces: Iterable[bytes], *, over: bool = True) -> None:
    """Write a file's bytes beside it, and put them in its place when all are there.

    Who writes the same file meanwhile waits. What a process that was killed left beside it is
    written over, so that no halves pile up. Without ``over`` a file that is there already stays.
    Through a link its target is written, and the link stays.

    Raises
    ------
    UsageError
        Where no file can be put there: it is a folder or a device, or lies below a file, or nobody
        may write there.
    """
    path = _file_at(Path(path))
    with _beside(path) as (stream, beside):
        try:
            stream.writelines(pieces)
            stream.flush()
            if _locks() is None:
                stream.close()  # there a file that is open cannot be moved
            _put(beside, path, over)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def made_folder(path: str | Path) -> Path:
    """A folder, made where there is none.

    Raises
    ------
    UsageError
        Where none can be made: it, or one above it, is a file, or nobody may write there.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _unwritable(path, "it, or one above it, is a file", "folder") from None
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error), "folder") from None
    return Path(path)


def refuse_to_replace(path: str | Path, read: Iterable[str | Path]) -> None:
    """Raise where a file that will be written is one of those that are read, or lies in one.

    Raises
    ------
    UsageError
        A file that is not there yet replaces nothing.
    """
    whole = _real(path)
    sources = {_real(one) for one in read} if whole.exists() else set()
    if sources & {whole, *whole.parents}:
        raise UsageError(
            f"{path} is read here, so it cannot be written, too. Name another file to write."
        )


def lies_in(path: str | Path, folder: str | Path) -> bool:
    """Whether a path, links followed, ends in a folder; a link to itself ends nowhere."""
    real = _real(path)
    return real.is_relative_to(_real(folder)) and not real.is_symlink()


def _real(path: str | Path) -> Path:
    """Where links lead; a link to itself to itself, on which ``Path.resolve`` raises until 3.12."""
    return Path(os.path.realpath(path))


def _file_at(path: Path) -> Path:
    """Where a file is written: the target of a link, in a folder that is there."""
    path = _real(path) if path.is_symlink() else path
    if path.is_symlink():
        raise _unwritable(path, "it is a link to itself", "file")
    try:
        kind = path.stat().st_mode if path.exists() else None
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error), "file") from None
    if kind is not None and not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "no regular file"
        raise _unwritable(path, f"it is {what}", "file")
    made_folder(path.parent)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _unwritable(path, "nobody may write in its folder", "file")
    return path


def _unwritable(path: str | Path, why: str, what: str) -> UsageError:
    return UsageError(f"{path}: cannot be written ({why}). Name another {what}.")


@contextmanager
def _beside(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """An empty file beside another, and nobody else's as long as the block lasts."""
    locks, beside = _locks(), path.with_name(f".{path.name}.tmp")
    while locks is not None:
        with beside.open("ab") as stream:
            try:
                locks.flock(stream, locks.LOCK_EX)
            except OSError:  # a disk that knows no locks
                beside.unlink(missing_ok=True)
                break
            if not _same(beside, stream):
                continue  # whoever had it has put it in its place
            stream.truncate(0)
            yield stream, beside
            return
    beside = path.with_name(f".{path.name}.{uuid4().hex[:12]}.tmp")
    with beside.open("wb") as stream:
        yield stream, beside


def _locks() -> Any:
    """The system's locks of files; None where it has others (Windows)."""
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


def _same(path: Path, stream: IO[bytes]) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


def _put(beside: Path, path: Path, over: bool) -> None:
    if not over:
        try:
            os.link(beside, path)
        except OSError:  # it is there, or the disk knows no hard links
            over = not path.exists()
    if over:
        beside.replace(path)
    else:
        beside.unlink()


def safe_name(text: str) -> str:
    """A name for a file or folder that stands for a text, such as a task's id.

    A task's id is third-party text: it may be a path, too long, or empty. One that is a plain name
    is taken as it is; of any other the letters are kept that can be, with a digest of the whole,
    so that no two texts share a name.

    Examples
    --------
    >>> safe_name("G1-12"), safe_name("../key"), safe_name("")
    ('G1-12', '___key.7f6dbcdfde35', '_.e3b0c44298fc')
    """
    if _PLAIN.fullmatch(text):
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:40] or '_'}.{digest}"
