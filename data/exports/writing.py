"""Training files in the form of a trainer: one file for each kind of row and split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from toolgrove.data import codec
from toolgrove.data.exports import card, folder, llamafactory, ms_swift, trl, verl
from toolgrove.data.exports.rendering import ChatTemplate, dump_segments, dump_text
from toolgrove.data.exports.rows import (
    RowKind,
    TrainingRow,
    by_turn,
    is_learnt,
    is_test,
    of_kind,
    read_rows,
)
from toolgrove.data.exports.trainers import Trainer
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError
from toolgrove.machine.files import write_beside

__all__ = ["ExportedRows", "dumper", "export_rows", "takes"]


Dump: TypeAlias = Callable[[TrainingRow], JsonObject]

_ALL = (RowKind.DPO, RowKind.KTO, RowKind.SFT)
_KINDS: Mapping[Trainer, tuple[RowKind, ...]] = {
    Trainer.OPENRLHF: (RowKind.DPO, RowKind.SFT),
    Trainer.VERL: (RowKind.SFT,),
}
_RENDERED = (Trainer.AXOLOTL, Trainer.OPENRLHF)
_BY_TURN = (Trainer.OPENRLHF, Trainer.TRL, Trainer.PARQUET)
"""Trainers that learn all of a completion, or all replies in it."""
NOTHING_LEARNT = "no reply that is to be imitated"
NOT_TAKEN = "the trainer takes no such rows"
HISTORY_LEARNT = "replies of the prompt are learnt, too, unless you set mask_history: true"


@dataclass(frozen=True, slots=True)
class ExportedRows:
    """What was written.

    Parameters
    ----------
    files : mapping of str to int
        Rows of each file.
    left_out : mapping of str to mapping
        By kind of row, how many the form could not hold or the trainer does not take, by why.
    noted : mapping of str to mapping
        By kind of row, how many the trainer learns otherwise than they are meant, by how.
    """

    files: Mapping[str, int]
    left_out: Mapping[str, Mapping[str, int]]
    noted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def dumper(trainer: Trainer, kind: RowKind, template: ChatTemplate | None = None) -> Dump:
    """What turns a row of a kind into the trainer's form.

    Raises
    ------
    UsageError
        Where the form is text, and there is no template to make it by.
    """
    dump = _form(trainer, kind, template)

    def dump_learnt(row: TrainingRow) -> JsonObject:
        if row.kind is RowKind.SFT and not any(map(is_learnt, row.chosen)):
            raise UnfitRow(NOTHING_LEARNT)
        return dump(row)

    return dump_learnt


def _form(trainer: Trainer, kind: RowKind, template: ChatTemplate | None) -> Dump:
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
        The folder to write to. What an earlier export for the same trainer wrote there is replaced.
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
        Where no row fits the form, a template is missing, or the folder holds something else.
    """
    out = Path(out)
    earlier = folder.earlier(out, trainer, path)
    files: dict[str, int] = {}
    left_out: dict[str, Counter[str]] = {}
    noted: dict[str, Counter[str]] = {}
    kinds: dict[str, RowKind] = {}
    for kind in taken(trainer):
        dump, why = dumper(trainer, kind, template), Counter[str]()
        for split in ("train", "test") if test_share else ("train",):
            name = f"{kind}.jsonl" if split == "train" else f"{kind}.test.jsonl"
            wanted = (row for row in _rows(path, kind, trainer)
                      if is_test(row, test_share) is (split == "test"))  # fmt: skip
            how = noted.setdefault(kind.value, Counter())
            count = _write(out, name, _dumped(wanted, _noting(dump, trainer, how), why), trainer)
            if count:
                files[_named(name, trainer)], kinds[name] = count, kind
        if why:
            left_out[kind.value] = why
    if not files:
        takes = ", ".join(taken(trainer))
        wrong = _reasons(left_out) or f"it has none of the kinds that {trainer} takes ({takes})"
        raise UsageError(f"{path}: none of its rows fits {trainer}: {wrong}.")
    if trainer in folder.BESIDE:
        text = _beside_rows(trainer, kinds) or card.card(path, files, licence, test_share)
        write_beside(out / folder.BESIDE[trainer], [text.encode()])
    folder.note(out, trainer, files, earlier)
    left_out |= _not_taken(path, trainer)
    return ExportedRows(files, left_out, {kind: how for kind, how in noted.items() if how})


def taken(trainer: Trainer) -> tuple[RowKind, ...]:
    """The kinds of rows that a trainer takes."""
    return _KINDS.get(trainer, _ALL)


def takes(trainer: Trainer, kind: RowKind) -> bool:
    """Whether a trainer takes a kind of row, or one that is made of it, as of pairs any."""
    return kind is RowKind.DPO or kind in taken(trainer)


def _not_taken(path: str | Path, trainer: Trainer) -> dict[str, Counter[str]]:
    kinds = Counter(row.kind for row in read_rows(path))
    return {
        kind.value: Counter({NOT_TAKEN: count})
        for kind, count in kinds.items()
        if not takes(trainer, kind)
    }


def _rows(path: str | Path, kind: RowKind, trainer: Trainer) -> Iterator[TrainingRow]:
    """The rows of a kind; those to imitate by turns where a trainer would learn more than these."""
    rows = of_kind(read_rows(path), kind)
    if kind is not RowKind.SFT or trainer not in _BY_TURN:
        return rows
    return of_kind((turn for row in rows for turn in _turns(row, trainer)), kind)


def _turns(row: TrainingRow, trainer: Trainer) -> list[TrainingRow]:
    whole = trainer is not Trainer.OPENRLHF and all(one.get("weight") != 0 for one in row.chosen)
    return [row] if whole else by_turn(row) or [row]


def _noting(dump: Dump, trainer: Trainer, how: Counter[str]) -> Dump:
    """Dump rows, and count those of which the trainer learns what it should not."""

    def noting(row: TrainingRow) -> JsonObject:
        made = dump(row)
        history = any(one["role"] == "assistant" for one in row.prompt)
        if trainer is Trainer.LLAMAFACTORY and row.kind is RowKind.SFT and history:
            how[HISTORY_LEARNT] += 1
        return made

    return noting


def _dumped(rows: Iterator[TrainingRow], dump: Dump, why: Counter[str]) -> Iterator[JsonObject]:
    for row in rows:
        try:
            yield dump(row)
        except UnfitRow as error:
            why[str(error)] += 1


def _named(name: str, trainer: Trainer) -> str:
    return name.replace(".jsonl", ".parquet") if trainer in folder.COLUMNS else name


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


def _beside_rows(trainer: Trainer, kinds: Mapping[str, RowKind]) -> str:
    """What a trainer needs to find and read the files."""
    if trainer is Trainer.LLAMAFACTORY:
        return json.dumps(llamafactory.dataset_info(kinds.items()), indent=2) + "\n"
    return verl.READER if trainer is Trainer.VERL else ""


def _reasons(left_out: Mapping[str, Mapping[str, int]]) -> str:
    told = (f"{n} {kind}: {why}" for kind, by in left_out.items() for why, n in by.items())
    return "; ".join(told)
