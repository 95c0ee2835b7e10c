"""The lock: what pyproject.toml asks for, what constraints.txt pins, and where they part.

``python tests/support/lock.py`` says which installed packages have another version than the lock.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "constraints.txt"


def direct() -> Iterator[Requirement]:
    """What pyproject.toml asks for, all extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for asked in (project["dependencies"], *project["optional-dependencies"].values()):
        yield from map(Requirement, asked)


def pins(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The version that the lock gives each package, on this Python or in another environment."""
    found: dict[str, str] = {}
    for line in LOCK.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(dict(environment or {})):
            [only] = pin.specifier
            assert only.operator == "==", f"{line} pins nothing"
            assert canonicalize_name(pin.name) not in found, f"{pin.name} is pinned twice"
            found[canonicalize_name(pin.name)] = only.version
    return found


def differing() -> Iterator[str]:
    """Installed packages whose version is not the lock's."""
    locked = pins()
    for package in sorted(distributions(), key=lambda one: one.name.lower()):
        name = canonicalize_name(package.name)
        if name in ("pip", "setuptools", "toolgrove"):  # a new environment brings the first two
            continue
        if name in locked and package.version.partition("+")[0] != locked[name]:
            yield f"{name} {package.version} (lock: {locked[name]})"
        elif name not in locked:
            yield f"{name} {package.version} (lock: none)"


if __name__ == "__main__":
    version = ".".join(map(str, sys.version_info[:3]))
    parting = list(differing())
    print(f"Python {version}; {len(parting)} packages differ from the lock", *parting, sep="\n  ")
