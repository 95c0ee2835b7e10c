"""A trained adapter of the local model: a LoRA in llama.cpp's format, and what it was trained on.

A folder holds ``manifest.json`` and ``adapter.gguf``. The manifest is written last, so that a
folder whose two files do not belong together is told from a whole one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject
from toolgrove.errors import FormatError, ModelError
from toolgrove.machine.files import write_beside
from toolgrove.machine.weights import QWEN_CODER_1_5B

__all__ = ["ADAPTER", "FORMAT", "MANIFEST", "Adapter", "file_digest", "read_adapter"]

FORMAT = "toolgrove-policy/1"
ADAPTER = "adapter.gguf"
MANIFEST = "manifest.json"
_MEND = "Name a folder that `toolgrove train policy` wrote."


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a folder with a trained adapter says of itself.

    Parameters
    ----------
    base : str
        Name of the model that it was trained on, and that it changes.
    base_sha256 : str
        Of that model's file. On any other the adapter means nothing.
    base_file : str
        Where the file lay; empty for the default model, which is found by its hash.
    sha256 : str
        Of the adapter's file.
    examples : bool
        Whether it was trained, and so is asked, with the prompt's examples.
    data : JsonObject
        Rows that were used and left out, and their digest.
    settings : JsonObject
        Of the training.
    measures : JsonObject
        Loss and margin of each stage, on the rows trained on and on those kept back.
    toolgrove : str
        The version that wrote it.
    format : str
    """

    base: str
    base_sha256: str
    base_file: str = ""
    sha256: str = ""
    examples: bool = True
    data: JsonObject = field(default_factory=dict)
    settings: JsonObject = field(default_factory=dict)
    measures: JsonObject = field(default_factory=dict)
    toolgrove: str = ""
    format: str = FORMAT

    @property
    def digest(self) -> str:
        """Names what the adapter makes of its base: recordings and journals carry it."""
        return codec.digest([self.base_sha256, self.sha256, self.examples])[:12]

    @property
    def path(self) -> Path | None:
        """The base's file; None is the default model's."""
        return Path(self.base_file) if self.base_file else None

    def check(self, base: Path | None) -> None:
        """Refuse another base than the one it was trained on; None is the default model.

        Raises
        ------
        ModelError
        """
        found = QWEN_CODER_1_5B.sha256 if base is None else file_digest(base)
        if found != self.base_sha256:
            raise ModelError(
                f"The adapter was trained on {self.base} (SHA-256 {self.base_sha256}) and not on "
                f"{base or QWEN_CODER_1_5B.file} (SHA-256 {found}). Use that model, or train an "
                "adapter of this one: toolgrove train policy --model local:FILE.gguf"
            )

    def write(self, folder: Path) -> None:
        """Write the manifest, when the adapter's file is in its place."""
        write_beside(folder / MANIFEST, [codec.dumps(codec.to_json(self)), b"\n"])


def file_digest(file: Path) -> str:
    """The SHA-256 of a file, in hex.

    Raises
    ------
    ModelError
        Where it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}).") from error


def read_adapter(folder: Path) -> Adapter:
    """Read a folder that ``toolgrove train policy`` wrote.

    Raises
    ------
    FormatError
        It is none, of another version, or its adapter is not the one that the manifest names.
    """
    file = folder / MANIFEST
    try:
        read = codec.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise FormatError(str(file), "$", f"the manifest of an adapter ({error})", _MEND) from None
    adapter = _decoded(file, read)
    if not (folder / ADAPTER).is_file() or file_digest(folder / ADAPTER) != adapter.sha256:
        raise FormatError(
            str(folder / ADAPTER), "$", f"the adapter with SHA-256 {adapter.sha256}", "It was "
            "changed or cut short; copy the folder again, or train again.",
        )  # fmt: skip
    return adapter


def _decoded(file: Path, read: Mapping[str, Any]) -> Adapter:
    from pydantic import ValidationError

    if not isinstance(read, Mapping) or read.get("format") != FORMAT:
        raise FormatError(str(file), "$.format", repr(FORMAT), _MEND)
    try:
        return codec.decode(Adapter, read)
    except ValidationError as error:
        raise FormatError(
            str(file), "$", f"a whole manifest ({error.error_count()} faults)", _MEND
        ) from None
