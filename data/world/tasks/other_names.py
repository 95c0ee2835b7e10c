"""Other names for what the world's data calls by one, told by hand."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OTHER_NAMES"]

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "Azerbaijani Manat": ("Azeri Manat",),
    "Bangkok": ("Krung Thep",),
    "Beijing": ("Peking",),
    "Ho Chi Minh City": ("Saigon",),
    "Kolkata": ("Calcutta",),
    "Kyiv": ("Kiev",),
    "Milan": ("Milano",),
    "Mumbai": ("Bombay",),
    "Munich": ("München",),
    "Naples": ("Napoli",),
    "Nepalese Rupee": ("Nepali Rupee",),
    "Slovak Koruna": ("Slovak Crown",),
    "Turin": ("Torino",),
    "UAE Dirham": ("Emirati Dirham", "United Arab Emirates Dirham"),
    "Ulaanbaatar": ("Ulan Bator",),
    "full moon": ("full",),
    "new moon": ("new",),
    "quinta-feira": ("quinta",),
    "tungsten": ("wolfram",),
}
"""A currency's last word (``Rupee``) is an alias too; ``answer/2`` takes it only where no other
country's name stands before it."""
