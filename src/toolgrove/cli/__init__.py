"""The command line: one file a command, each heavy import inside the command that needs it."""

from __future__ import annotations

from toolgrove.cli.main import main

__all__ = ["main"]
