"""Hypothesis without deadlines: on a shared machine an example may take any time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
