"""The files ToolBench's retriever is trained and tested on.

``corpus.tsv`` (docid, API as JSON), ``<split>.query.txt`` (qid, query) and ``qrels.<split>.tsv``
(qid, 0, docid, label), tab-separated as pandas writes them.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.data.formats.check import checked, read_text
from toolgrove.data.formats.toolbench_queries import Api, ApiSet
from toolgrove.data.records import Task, ToolSpec
from toolgrove.errors import FormatError

__all__ = ["Corpus", "load_corpus", "load_retrieval"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The APIs of a corpus, and the id of each document's spec."""

    specs: tuple[ToolSpec, ...]
    by_document: dict[str, str]


def load_corpus(path: str | Path) -> Corpus:
    """The documents of a ``corpus.tsv``.

    ToolBench writes a document once for every query that offers it; equal ones are one spec.

    Raises
    ------
    FormatError
        For the first row that is not an API.
    """
    file = str(path)
    rows = _rows(path, 2)
    head = next(rows, None)
    if head is None or head[1][0] != "docid":
        raise FormatError(
            file, "line 1", "the header docid, document_content", "Name a ToolBench corpus.tsv."
        )
    apis = ApiSet()
    by_document: dict[str, str] = {}
    for line, (document, text) in rows:
        if document not in by_document:
            api = checked(Api, _json(text, file, line), file, f"line {line}: $")
            by_document[document] = apis.add(api).id
    return Corpus(tuple(apis.specs.values()), by_document)


def load_retrieval(folder: str | Path, split: str) -> tuple[list[Task], Corpus]:
    """A split's labelled queries and the corpus, from a folder of ToolBench's retriever.

    Parameters
    ----------
    folder : path
        Holds ``corpus.tsv``, ``<split>.query.txt`` and ``qrels.<split>.tsv``.
    split : str
        ``train`` or ``test``.

    Raises
    ------
    FormatError
        Where a file is not what it should be, or a judgement names a query or document that is
        nowhere.
    """
    folder = Path(folder)
    corpus = load_corpus(folder / "corpus.tsv")
    tasks = {
        qid: Task(qid, text, meta={"split": split})
        for _, (qid, text) in _rows(folder / f"{split}.query.txt", 2)
    }
    judged = folder / f"qrels.{split}.tsv"
    relevant: dict[str, dict[str, None]] = {qid: {} for qid in tasks}
    for line, (qid, _, document, label) in _rows(judged, 4):
        if qid not in tasks or document not in corpus.by_document:
            what = f"query {qid}" if qid not in tasks else f"document {document}"
            raise FormatError(
                str(judged), f"line {line}", f"a judgement of what is there, not {what}",
                "Use the queries, judgements and corpus of one data set.",
            )  # fmt: skip
        if label != "0":
            relevant[qid][corpus.by_document[document]] = None
    return [replace(task, relevant=tuple(relevant[qid])) for qid, task in tasks.items()], corpus


def _rows(path: str | Path, columns: int) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # an API's JSON passes the default 128 KiB
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter="\t", strict=True)
    try:
        for row in reader:
            if len(row) != columns:
                raise FormatError(
                    str(path), f"line {reader.line_num}", f"{columns} columns, not {len(row)}",
                    "Separate them by tabs, as pandas writes them.",
                )  # fmt: skip
            yield reader.line_num, row
    except csv.Error as error:
        raise FormatError(
            str(path), f"line {reader.line_num}", f"tab-separated values ({error})",
            "Quote fields as pandas does.",
        ) from None  # fmt: skip


def _json(text: str, file: str, line: int) -> Any:
    try:
        return codec.loads(text)
    except ValueError as error:
        raise FormatError(
            file, f"line {line}", f"an API as JSON ({error})", "Mend the row."
        ) from None
