"""Training files in the form of a trainer: one file for each kind of row and split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from toolgrove.data import codec
from toolgrove.data.exports import card, llamafactory, ms_swift, trl, verl
from toolgrove.data.exports.rendering import ChatTemplate, dump_segments, dump_text
from toolgrove.data.exports.rows import RowKind, TrainingRow, is_test, of_kind, read_rows
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError
from toolgrove.machine.files import write_beside

__all__ = ["ExportedRows", "dumper", "export_rows"]


Dump: TypeAlias = Callable[[TrainingRow], JsonObject]

_ALL = (RowKind.DPO, RowKind.KTO, RowKind.SFT)
_KINDS: Mapping[Trainer, tuple[RowKind, ...]] = {
    Trainer.OPENRLHF: (RowKind.DPO, RowKind.SFT),
    Trainer.VERL: (RowKind.SFT,),
}
_RENDERED = (Trainer.AXOLOTL, Trainer.OPENRLHF)


@dataclass(frozen=True, slots=True)
class ExportedRows:
    """What was written.

    Parameters
    ----------
    files : mapping of str to int
        Rows of each file.
    left_out : mapping of str to mapping
        By kind of row, how many the form could not hold, by why.
    """

    files: Mapping[str, int]
    left_out: Mapping[str, Mapping[str, int]]


def dumper(trainer: Trainer, kind: RowKind, template: ChatTemplate | None = None) -> Dump:
    """What turns a row of a kind into the trainer's form.

    Raises
    ------
    UsageError
        Where the form is text, and there is no template to make it by.
    """
    if trainer not in _RENDERED:
        return {
            Trainer.LLAMAFACTORY: llamafactory.dump_row,
            Trainer.MS_SWIFT: ms_swift.dump_row,
            Trainer.VERL: verl.dump_row,
        }.get(trainer, trl.dump_row)
    if template is None:
        raise UsageError(
            f"rows for {trainer} are text, made by the chat template of the model that is trained. "
            "Name its folder or GGUF file with --tokenizer."
        )
    known = template
    if trainer is Trainer.AXOLOTL and kind is RowKind.SFT:
        return lambda row: dump_segments(row, known)
    return lambda row: dump_text(row, known)


def export_rows(
    path: str | Path,
    trainer: Trainer,
    out: str | Path,
    *,
    template: ChatTemplate | None = None,
    test_share: float = 0.0,
    licence: str = "unknown",
) -> ExportedRows:
    """Write a training file in the form of a trainer.

    A file of pairs gives rows of each kind that the trainer takes: ``dpo``, both sides with a label
    as ``kto``, the chosen sides as ``sft``.

    Parameters
    ----------
    path : str or Path
        Rows as ``toolgrove mine`` writes them.
    trainer : Trainer
    out : str or Path
        The folder to write to.
    template : ChatTemplate or None
        Of the model that is trained, for trainers that take text only.
    test_share : float
        Share of the requests that are held back: all rows of one are in files named ``.test``.
    licence : str
        Of the data, for the dataset card.

    Raises
    ------
    FormatError
        For the first line that is no row.
    UsageError
        Where no row fits the form, or a template is missing.
    """
    out = Path(out)
    files: dict[str, int] = {}
    left_out: dict[str, Counter[str]] = {}
    kinds: dict[str, RowKind] = {}
    for kind in _KINDS.get(trainer, _ALL):
        dump, why = dumper(trainer, kind, template), Counter[str]()
        for split in ("train", "test") if test_share else ("train",):
            name = f"{kind}.jsonl" if split == "train" else f"{kind}.test.jsonl"
            wanted = (row for row in of_kind(read_rows(path), kind)
                      if is_test(row, test_share) is (split == "test"))  # fmt: skip
            count = _write(out, name, _dumped(wanted, dump, why), trainer)
            if count:
                files[_named(name, trainer)], kinds[name] = count, kind
        if why:
            left_out[kind.value] = why
    if not files:
        takes = ", ".join(_KINDS.get(trainer, _ALL))
        wrong = _reasons(left_out) or f"it has none of the kinds that {trainer} takes ({takes})"
        raise UsageError(f"{path}: none of its rows fits {trainer}: {wrong}.")
    _write_beside_rows(out, trainer, kinds)
    if trainer is Trainer.PARQUET:
        write_beside(out / "README.md", [card.card(path, files, licence, test_share).encode()])
    return ExportedRows(files, left_out)


def _dumped(rows: Iterator[TrainingRow], dump: Dump, why: Counter[str]) -> Iterator[JsonObject]:
    for row in rows:
        try:
            yield dump(row)
        except UnfitRow as error:
            why[str(error)] += 1


def _named(name: str, trainer: Trainer) -> str:
    columns = trainer in (Trainer.VERL, Trainer.PARQUET)
    return name.replace(".jsonl", ".parquet") if columns else name


def _write(out: Path, name: str, rows: Iterator[JsonObject], trainer: Trainer) -> int:
    """Write a file of rows; none, and 0, where there are none."""
    first = next(rows, None)
    if first is None:
        return 0
    count = 0

    def lines() -> Iterator[JsonObject]:
        nonlocal count
        for row in chain([first], rows):
            count += 1
            yield row

    if _named(name, trainer) == name:
        write_beside(out / name, (codec.dumps(row) + b"\n" for row in lines()))
    else:
        card.write_parquet(out / _named(name, trainer), lines())
    return count


def _write_beside_rows(out: Path, trainer: Trainer, kinds: Mapping[str, RowKind]) -> None:
    """What a trainer needs to find and read the files."""
    if trainer is Trainer.LLAMAFACTORY:
        info = json.dumps(llamafactory.dataset_info(kinds.items()), indent=2)
        write_beside(out / "dataset_info.json", [info.encode(), b"\n"])
    if trainer is Trainer.VERL:
        write_beside(out / "toolgrove_rows.py", [verl.READER.encode()])


def _reasons(left_out: Mapping[str, Mapping[str, int]]) -> str:
    told = (f"{n} {kind}: {why}" for kind, by in left_out.items() for why, n in by.items())
    return "; ".join(told)
