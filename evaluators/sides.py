"""The settings whose results lie in a batch's folder, and which one of them is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from toolgrove.data import codec
from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError
from toolgrove.evaluators.report import labels, leaves, shortened
from toolgrove.evaluators.store import DONE, ResultRow
from toolgrove.evaluators.stored import read_batch
from toolgrove.machine.files import lies_in

__all__ = ["RepeatKey", "Side", "chosen_pair", "read_sides", "seeded", "side_names"]

RepeatKey: TypeAlias = tuple[str, int, str]
"""Task, epoch and seed: which of a setting's runs; the seed is empty where none was given."""
_LONGEST = 80
"""Letters of a setting's value that are read."""


@dataclass(frozen=True, slots=True)
class Side:
    """The results under one setting. Other seeds are no other setting: they repeat it.

    Parameters
    ----------
    name : str
        What it is called: the settings that tell it from the other.
    folder : Path
        The batch's.
    config : JsonObject
        All its settings but the seeds.
    rows : mapping
        By task, epoch and seed.
    """

    name: str
    folder: Path
    config: JsonObject
    rows: Mapping[RepeatKey, ResultRow]

    def values(self, evaluator: str) -> dict[RepeatKey, float]:
        """What an evaluator gave each run that ended."""
        return {
            key: score.value
            for key, row in self.rows.items()
            for score in (row.scores if row.state == DONE else ())
            if score.evaluator == evaluator and score.value is not None
        }

    def run(self, key: RepeatKey) -> str:
        """Where a run's tree lies; empty where the row leads out of the batch's folder."""
        path = self.folder / self.rows[key].run
        return str(path) if lies_in(path, self.folder) else ""


def read_sides(folder: str | Path) -> list[Side]:
    """The results in a batch's folder, by configuration.

    Raises
    ------
    FormatError
        Where there are none, or they cannot be read.
    """
    found: dict[str, tuple[JsonObject, dict[RepeatKey, ResultRow]]] = {}
    for config, row in read_batch(folder):
        setting, seed = seeded(config)
        key = row.task, row.epoch, seed
        found.setdefault(codec.digest(dict(setting)), (setting, {}))[1][key] = row
    return [Side(str(folder), Path(folder), config, rows) for config, rows in found.values()]


def seeded(config: JsonObject) -> tuple[JsonObject, str]:
    """A configuration without the seeds that its models sample by, and these.

    Examples
    --------
    >>> seeded({"planner": "dag", "sampling": [{"seed": 3, "temperature": 1}]})
    ({'planner': 'dag', 'sampling': [{'temperature': 1}]}, '3')
    """
    sampling = config.get("sampling")
    models = sampling if isinstance(sampling, list) else []
    seeds = [one["seed"] for one in models if isinstance(one, dict) and "seed" in one]
    if not seeds:
        return config, ""
    rest = [{name: one[name] for name in one if name != "seed"} for one in models]
    return {**config, "sampling": rest}, ",".join(map(str, seeds))


def chosen_pair(
    a: Sequence[Side], b: Sequence[Side], wanted_a: Sequence[str], wanted_b: Sequence[str]
) -> tuple[Side, Side]:
    """The two sides that are meant, named after what tells them apart.

    Parameters
    ----------
    a, b : sequence of Side
        What the folders hold; the same where one folder was named.
    wanted_a, wanted_b : sequence of str
        What each has to have, ``setting=value``.

    Raises
    ------
    UsageError
        Where none or several are meant; it says what can be chosen.
    """
    if a is b and len(a) == 2 and not wanted_a and not wanted_b:
        one, other = a
    else:
        one, other = _one(a, wanted_a, "--a"), _one(b, wanted_b, "--b")
    names = side_names([one, other])
    if one.folder != other.folder:
        names = [f"{one.folder} {names[0]}".strip(), f"{other.folder} {names[1]}".strip()]
    if names[0] == names[1]:
        names = [f"{names[0]} ({letter})".strip() for letter in "ab"]
    return replace(one, name=names[0]), replace(other, name=names[1])


def _one(sides: Sequence[Side], wanted: Sequence[str], option: str) -> Side:
    asked = [_pair(text, option) for text in wanted]
    found = [side for side in sides if all(_has(side.config, *one) for one in asked)]
    if len(found) == 1:
        return found[0]
    folder = sides[0].folder if sides else "the folder"
    what = "several settings" if found else "no such setting"
    known = "".join(f"\n  {name}" for name in side_names(found or sides, lacking=True))
    raise UsageError(f"{folder} has {what}: name one with {option} SETTING=VALUE. It has{known}")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{option} {text}: write it as SETTING=VALUE, as in planner=react.")
    return name.strip(), value.strip()


def _has(config: JsonObject, name: str, value: str) -> bool:
    """Whether a setting has a value; of a planner's options it need not name all.

    What a configuration lacks has the empty value.
    """
    names = {name, "name"} if name == "model" else {name}
    found = [held for known, held in leaves(config) if names & {known, known.rpartition(".")[2]}]
    return any(_is(held, value) for held in found or [""])


def _is(held: str, value: str) -> bool:
    name, _, options = held.partition(":")
    asked, _, some = value.partition(":")
    wanted = set(filter(None, some.split(",")))
    if value in (held, _short(held)):
        return True
    return bool(asked) and name == asked and wanted <= set(options.split(","))


def side_names(sides: Sequence[Side], *, lacking: bool = False) -> list[str]:
    """Each side by the settings that not all have alike, and by what it lacks where that is asked.

    Examples
    --------
    >>> configs: list[JsonObject] = [{"k": 1, "memory": "ab"}, {"k": 1}]
    >>> sides = [Side("", Path("out"), config, {}) for config in configs]
    >>> side_names(sides), side_names(sides, lacking=True)
    (['memory=ab', ''], ['memory=ab', 'memory='])
    """
    told = labels([side.config for side in sides])
    names = {name: _shortened([one[name] for one in told]) for one in told[:1] for name in one}
    return [
        " ".join(
            f"{name}={_short(said[place])}"
            for name, said in names.items()
            if said[place] or lacking
        )
        for place in range(len(sides))
    ]


def _shortened(values: Sequence[str]) -> list[str]:
    """Planners with those options alone that tell one from others of its name."""
    parts = [value.partition(":") for value in values]
    found = []
    for name, colon, options in parts:
        others = [set(said.split(",")) for known, _, said in parts if known == name]
        own = [one for one in options.split(",") if any(one not in other for other in others)]
        found.append(f"{name}{colon}{','.join(own)}".rstrip(":"))
    return found


def _short(value: str) -> str:
    """A value, or where it is long, a digest that tells it apart; of a digest its beginning."""
    return shortened(value) if len(value) <= _LONGEST else codec.digest(value)[:12]
