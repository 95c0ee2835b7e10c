"""Every error Toolgrove raises on purpose.

::

    ToolgroveError
    ├── FormatError        a file that is not what its format says (file, path, expected, mend)
    ├── CatalogError       a catalogue that is missing, damaged or made by another version
    ├── SpecError          an API or function that cannot become a ToolSpec
    ├── ModelError         the model could not be loaded or did not answer (never a wrong answer)
    │   └── ReplayMiss     a replayed model or API was asked something that was not recorded
    ├── WeightsError       model weights that cannot be had, or whose SHA-256 is wrong
    ├── JournalError       a journal that cannot be read or written
    │   ├── JournalLocked  another process is writing this run
    │   └── ResumeMismatch the run was started under another planner, prompt, model or tool set
    └── UsageError         options that do not fit together
        └── UnscorableReference  a task's reference that no answer can be checked against

A tool's failure is none of these: it is an :class:`~toolgrove.data.records.Observation` with a
status, because the planner has to read it and go on.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CatalogError",
    "FormatError",
    "JournalError",
    "JournalLocked",
    "ModelError",
    "ReplayMiss",
    "ResumeMismatch",
    "SpecError",
    "ToolgroveError",
    "UnscorableReference",
    "UsageError",
    "WeightsError",
]


class ToolgroveError(Exception):
    """The base of every error raised on purpose; the CLI prints it without a traceback."""


class FormatError(ToolgroveError):
    """A file that is not what its format says.

    Parameters
    ----------
    file : str
        The file as the user named it.
    path : str
        Where in the file: a JSON path such as ``$.api_list[3].name``, or ``line 7``.
    expected : str
        What should have stood there.
    mend : str
        What to do about it.
    """

    def __init__(self, file: str, path: str, expected: str, mend: str) -> None:
        self.file, self.path, self.expected, self.mend = file, path, expected, mend
        super().__init__(f"{file}: at {path}: expected {expected}. {mend}")


class CatalogError(ToolgroveError):
    """A catalogue that is missing, damaged or made by another version."""


class SpecError(ToolgroveError):
    """An API or function that cannot become a ToolSpec."""


class ModelError(ToolgroveError):
    """The model could not be loaded or did not answer. Never counted as a wrong answer.

    ``status_code`` is the HTTP status that its provider answered with, if it did.
    """

    status_code: int | None = None


class ReplayMiss(ModelError):
    """A replayed model or API was asked something that was not recorded."""


class WeightsError(ToolgroveError):
    """Model weights that cannot be had, or whose SHA-256 is wrong."""


class JournalError(ToolgroveError):
    """A journal that cannot be read or written."""


class JournalLocked(JournalError):
    """Another process is writing this run."""


class ResumeMismatch(JournalError):
    """The run was started under another planner, prompt, model or tool set.

    Parameters
    ----------
    run : str
        The run's folder.
    differences : Mapping[str, tuple[str, str]]
        For each field that differs, what the journal says and what was asked for.
    """

    def __init__(self, run: str, differences: Mapping[str, tuple[str, str]]) -> None:
        self.differences = dict(differences)
        what = "; ".join(f"{k}: journal {a!r}, now {b!r}" for k, (a, b) in differences.items())
        super().__init__(
            f"{run} cannot be resumed because it was started differently ({what}). "
            "Resume with the same settings, or start a new run."
        )


class UsageError(ToolgroveError):
    """Options that do not fit together."""


class UnscorableReference(UsageError):
    """A task's reference that no answer can be checked against: the task has no verdict then."""
