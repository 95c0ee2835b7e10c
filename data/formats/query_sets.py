"""Labelled queries of any format we read: what a retriever is measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolgrove.data.formats.sources import TASKS, load_sources
from toolgrove.data.formats.toolbench_corpus import load_retrieval
from toolgrove.data.records import Task
from toolgrove.errors import FormatError

__all__ = ["WORLD", "QuerySet", "labels", "load_query_sets"]

WORLD = "world"
"""The word for the bundled tasks, where no file or folder has that name."""
_CORPUS = "corpus.tsv"


@dataclass(frozen=True, slots=True)
class QuerySet:
    """The tasks of one file or folder.

    Parameters
    ----------
    name : str
        The file's name without its ending, and with its folder where two have one name.
    tasks : tuple of Task
        In the order of the file. ``meta["split"]`` says train, dev or test where the file does.
    """

    name: str
    tasks: tuple[Task, ...]


def labels(task: Task) -> tuple[str, ...]:
    """Ids of the tools that a task needs: its labels or, without any, those of its reference calls.

    Examples
    --------
    >>> labels(Task("1", "How far?", relevant=("maps/distance",)))
    ('maps/distance',)
    """
    calls = () if task.reference is None else task.reference.calls
    return task.relevant or tuple(dict.fromkeys(call.name for call in calls))


def load_query_sets(sources: Sequence[str | Path]) -> list[QuerySet]:
    """The labelled queries of files and folders.

    Parameters
    ----------
    sources : sequence of str or path
        ToolBench query files; collections with one JSON object a line (``query``, ``relevant``);
        folders of ToolBench's retriever (``corpus.tsv``, ``qrels.<split>.tsv``,
        ``<split>.query.txt``), or one of these files for its split; folders of any of these; or
        ``world``, the bundled tasks.

    Raises
    ------
    FormatError
        A file cannot be read as any of these, or none of its queries says which tools are
        relevant.
    """
    found = [(name, path, tasks) for one in sources for name, path, tasks in _load(Path(one))]
    names = [name for name, _, _ in found]
    for _, path, tasks in found:
        if not any(labels(task) for task in tasks):
            raise FormatError(
                path, "$", "queries that say which tools are relevant", "Name a file whose queries "
                'have labels ("relevant APIs", or "relevant" where each line is a query).',
            )  # fmt: skip
    return [
        QuerySet(name if names.count(name) == 1 else path, tasks) for name, path, tasks in found
    ]


def _load(source: Path) -> Iterator[tuple[str, str, tuple[Task, ...]]]:
    """Name, path and tasks of everything there."""
    if str(source) == WORLD and not source.exists():
        from toolgrove.data import world

        yield WORLD, WORLD, tuple(world.tasks())
        return
    folders = _retrieval_folders(source)
    for folder, splits in folders:
        tasks = [task for split in splits for task in load_retrieval(folder, split)[0]]
        yield folder.resolve().name, str(folder), tuple(tasks)
    if source.suffix in (".tsv", ".txt") and folders:
        return
    read = 0
    for loaded in load_sources([source], TASKS):
        read += 1
        yield loaded.path.stem, str(loaded.path), tuple(loaded.tasks)
    if not read and not folders:
        raise FormatError(
            str(source), "$", "labelled queries", "Name query files, a folder of them, or: world."
        )


def _retrieval_folders(source: Path) -> list[tuple[Path, list[str]]]:
    """Folders with a corpus and judgements, and the splits that are judged there.

    A file of such a folder stands for its split; the corpus for all of them.
    """
    corpora = sorted(source.rglob(_CORPUS)) if source.is_dir() else [source.parent / _CORPUS]
    found = []
    for folder in (corpus.parent for corpus in corpora if corpus.is_file()):
        judged = sorted(folder.glob("qrels.*.tsv"))
        splits = [path.name.removeprefix("qrels.").removesuffix(".tsv") for path in judged]
        if source.is_file() and source.name != _CORPUS:
            own = (source.name.removeprefix("qrels.").removesuffix(".tsv"),
                   source.name.removesuffix(".query.txt"))  # fmt: skip
            splits = [split for split in splits if split in own]
        if splits:
            found.append((folder, splits))
    return found
