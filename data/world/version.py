"""Which world a score was measured in."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from toolgrove.data import codec
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.facts import PACKAGES
from toolgrove.data.world.splits import DRAWINGS, SEED, SPLITS, families
from toolgrove.errors import UsageError

__all__ = ["world_version"]

EDITION = 2
"""Raise it where answers change though no declaration and no fact package does."""


@cache
def world_version() -> str:
    """``<edition>.<digest>``: the digest covers declarations, splits and fact packages' versions.

    Raises
    ------
    UsageError
        Where a package that the facts come from is not installed.
    """
    try:
        packages = {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        raise UsageError(
            f"the bundled world needs the package {error.name}: pip install 'toolgrove[world]'"
        ) from None
    declared = [
        [
            one.id,
            one.method,
            one.url_path,
            one.description,
            one.properties,
            one.required,
            one.trouble.about if one.trouble else None,
        ]
        for one in endpoints().values()
    ]
    splits = {split: [family.id for family in families(split)] for split in SPLITS}
    asked = {family: list(drawing.wordings) for family, drawing in DRAWINGS.items()}
    written = [case.query for family in families("train") for case in family.cases]
    parts = [declared, packages, SEED, splits, asked, written]
    return f"{EDITION}.{codec.digest(parts)[:10]}"
