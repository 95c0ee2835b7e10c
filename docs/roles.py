"""Makes the roles of our docstrings (``:func:`a.b` ``) plain code in the API reference.

An extension of griffe, which reads the docstrings for the site.
"""

from __future__ import annotations

import re

import griffe

ROLE = re.compile(r":(?:class|data|func|meth|mod|exc|attr):`(?:[^`<]*<)?(~?)([\w.]+)>?`")


def plain(found: re.Match[str]) -> str:
    """The name alone; the last part of it after a tilde."""
    name = found[2].rpartition(".")[2] if found[1] else found[2].removeprefix("toolgrove.")
    return f"``{name}``"


class Roles(griffe.Extension):
    """Rewrites every docstring as it is read."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Called for each object that has been read."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(plain, obj.docstring.value)
