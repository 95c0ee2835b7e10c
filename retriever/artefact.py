"""Trained weights on disk: a manifest and a safetensors file, small and never executed.

A folder holds ``manifest.json`` and the file of tensors that it names. The manifest is written
last and put in its place in one step, so that a folder is either whole or still the one before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgrove.data import codec
from toolgrove.data.records import JsonObject
from toolgrove.errors import FormatError
from toolgrove.machine.files import write_beside

__all__ = ["FORMAT", "MANIFEST", "Manifest", "Tensors", "load", "read_manifest", "save", "sealed"]

FORMAT = "toolgrove-retriever/1"
MANIFEST = "manifest.json"
_OURS = re.compile(r"(encoder|adapter|classifier)-[0-9a-f]{12}\.safetensors")
Tensors: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder of trained weights is, and where it came from.

    Parameters
    ----------
    kind : str
        ``encoder``, ``adapter`` or ``classifier``.
    base : str
        Name of the embedder that it changes or builds on.
    base_sha256 : str
        Of the base's weights, where they are a file that Toolgrove knows.
    data : str
        Digest of the examples (:attr:`toolgrove.retriever.training.examples.Examples.digest`).
    settings : JsonObject
        Of the training, and what is needed to use the weights.
    measures : JsonObject
        What was measured after training.
    toolgrove : str
        The version that wrote it.
    weights : str
        File of the tensors, in the same folder.
    sha256 : str
        Of that file.
    format : str
    """

    kind: str
    base: str
    base_sha256: str = ""
    data: str = ""
    settings: JsonObject = field(default_factory=dict)
    measures: JsonObject = field(default_factory=dict)
    toolgrove: str = ""
    weights: str = ""
    sha256: str = ""
    format: str = FORMAT


def save(folder: str | Path, manifest: Manifest, tensors: Tensors) -> Manifest:
    """Write a folder, or put new weights in the place of those that a folder holds.

    Returns
    -------
    Manifest
        As written: with the file's name and hash, and this version.
    """
    folder = Path(folder)
    raw = _packed(tensors)
    whole = sealed(manifest, tensors)
    write_beside(folder / whole.weights, [raw])
    write_beside(folder / MANIFEST, [codec.dumps(codec.to_json(whole)), b"\n"])
    for old in folder.glob("*.safetensors"):
        if old.name != whole.weights and _OURS.fullmatch(old.name):
            old.unlink()
    return whole


def sealed(manifest: Manifest, tensors: Tensors) -> Manifest:
    """The manifest with the name and hash that the tensors' file has, and this version."""
    from toolgrove import __version__

    sha256 = hashlib.sha256(_packed(tensors)).hexdigest()
    name = f"{manifest.kind}-{sha256[:12]}.safetensors"
    return replace(manifest, toolgrove=__version__, weights=name, sha256=sha256)


def _packed(tensors: Tensors) -> bytes:
    from safetensors.numpy import save as packed

    return packed({name: np.ascontiguousarray(array) for name, array in tensors.items()})


def load(folder: str | Path, kind: str) -> tuple[Manifest, dict[str, NDArray[Any]]]:
    """Read a folder that :func:`save` wrote for that kind.

    Raises
    ------
    FormatError
        It is none, is of another kind or version, or its weights are missing or not those written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpacked

    manifest = read_manifest(folder)
    if manifest.kind != kind:
        raise FormatError(
            str(Path(folder) / MANIFEST), "$.kind", f"{kind!r}, not {manifest.kind!r}", "Name a "
            f"folder that `toolgrove train retriever --method {kind}` wrote.",
        )  # fmt: skip
    file = Path(folder) / manifest.weights
    try:
        raw = file.read_bytes()
        if hashlib.sha256(raw).hexdigest() != manifest.sha256:
            raise FormatError(
                str(file), "$", f"a file with SHA-256 {manifest.sha256}", "It was changed or cut "
                "short; copy the folder again, or train again.",
            )  # fmt: skip
        return manifest, unpacked(raw)
    except (OSError, SafetensorError) as error:
        raise FormatError(
            str(file), "$", f"the weights that {MANIFEST} names ({error})", "Copy the folder "
            "again, or train again.",
        ) from error  # fmt: skip


def read_manifest(folder: str | Path) -> Manifest:
    """What a folder of trained weights says of itself.

    Raises
    ------
    FormatError
        It has no manifest, or one of another version, or a damaged one.
    """
    from pydantic import ValidationError

    file = Path(folder) / MANIFEST
    mend = "Name a folder that `toolgrove train retriever` wrote."
    try:
        read = codec.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise FormatError(
            str(file), "$", f"a manifest of trained weights ({error})", mend
        ) from None
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise FormatError(
            str(file), "$.format", repr(FORMAT), f"{mend} Weights of another version of Toolgrove "
            "have to be trained again.",
        )  # fmt: skip
    try:
        manifest = codec.decode(Manifest, read)
    except ValidationError as error:
        raise FormatError(
            str(file), "$", f"a whole manifest ({error.error_count()} faults)", mend
        ) from None
    if not manifest.weights or Path(manifest.weights).name != manifest.weights:
        raise FormatError(str(file), "$.weights", "the name of a file in the same folder", mend)
    return manifest
