"""The lock: whatever pyproject.toml asks for has one version in constraints.txt, on each Python."""

from __future__ import annotations

import re

import pytest

from support.lock import LOCK, ROOT, direct, pins


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_every_direct_dependency_is_pinned_within_its_bounds(python: str, platform: str) -> None:
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.7",
        "sys_platform": platform,
    }
    locked = pins(environment)
    for asked in direct():
        if asked.marker is not None and not asked.marker.evaluate(environment):
            continue
        name = asked.name.lower()
        assert name in locked, f"{name} is not in the lock: run make lock"
        assert asked.specifier.contains(locked[name]), f"{asked}, not {locked[name]}: run make lock"


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert not re.search(r"://|^-| @ ", LOCK.read_text(), re.MULTILINE)


@pytest.mark.parametrize("file", ["Makefile", ".ci/run"])
def test_what_installs_the_project_installs_from_the_lock(file: str) -> None:
    lines = (ROOT / file).read_text().replace("$(INSTALL)", "pip install -c constraints.txt")
    for line in lines.splitlines():
        newest = "$(NEWEST)" in line or line.endswith(" uv")  # make newest, and what makes the lock
        if "pip install" in line and not newest:
            assert "-c constraints.txt" in line, line
