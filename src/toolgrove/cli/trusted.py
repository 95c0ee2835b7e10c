"""What a command may run for a catalogue: what this machine's user has indexed."""

from __future__ import annotations

__all__ = ["find_modules_here", "trusted_here"]


def find_modules_here() -> None:
    """Let modules be imported from the working folder, after all installed ones."""
    import os
    import sys

    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)


def trusted_here() -> frozenset[str]:
    """The sources that were indexed on this machine; their modules can be imported from here."""
    from toolgrove.tools.trusted import trusted

    find_modules_here()
    return trusted()
