"""Run by .ci/run with the installed wheel only: every package is in it, and it starts."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import toolgrove

home = Path(toolgrove.__file__).resolve().parent
assert "site-packages" in home.parts, f"not the installed wheel: {home}"
modules = [m.name for m in walk_packages([str(home)], "toolgrove.")]
EXTRA = ("toolgrove.agent.models.local", "toolgrove.tools.solver.child")
"""What imports a package of an extra as it is loaded."""
skipped = [name for name in modules if name.startswith(EXTRA)]
assert "toolgrove.tools.solver.child" in skipped, "the solver's program is not in the wheel"
for name in modules:
    if name not in skipped:
        import_module(name)
from toolgrove.agent.demo import recordings  # noqa: E402 - only after the check above
from toolgrove.agent.view.page import page  # noqa: E402

page([])  # reads the page's style and script
assert recordings().is_file(), "the recordings are not in the wheel"
subprocess.run([Path(sys.executable).with_name("toolgrove"), "--help"], check=True, stdout=-3)
print(f"the wheel holds {len(modules)} modules and starts")
