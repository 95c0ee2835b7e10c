"""What is built into the wheel is what there is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from support.source import modules

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def test_every_package_is_in_the_wheel() -> None:
    listed = tomllib.loads(PROJECT.read_text("utf-8"))["tool"]["setuptools"]["packages"]
    assert listed == sorted(listed)
    parents = {name.rpartition(".")[0] for name in modules()}
    assert {name for name in parents if name} == set(listed)
