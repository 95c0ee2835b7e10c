"""``check_formulas``: what a model has put into logic is decided by z3, not guessed.

A model that translates a problem and leaves the deduction to a solver is right more often than one
that reasons in words (Pan et al., 2023, Logic-LM; Olausson et al., 2023, LINC). The text is read
here (:mod:`toolgrove.tools.solver.formulas`), and z3 is asked in a process that can be ended.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from toolgrove.data import codec
from toolgrove.errors import UsageError
from toolgrove.tools.python.effect import tool
from toolgrove.tools.sandbox.turns import turn
from toolgrove.tools.solver.formulas import claim_of, premises_of

__all__ = ["check_formulas", "needs_solver"]

_CHILD = Path(__file__).with_name("child.py")
_WORK = 10_000_000
"""z3's own measure of work for one question, about three seconds; the same on every machine."""
_MEMORY = 512 << 20
_SECONDS = 30
_AT = re.compile(r'\(error "line (\d+) column (\d+): (.*)"\)')


def needs_solver() -> None:
    """Refuse to go on without z3.

    Raises
    ------
    UsageError
        With the command that installs it.
    """
    if find_spec("z3") is None:
        raise UsageError(
            "check_formulas asks z3, which is not installed: pip install 'toolgrove[solve]'."
        )


@tool(effect="read")
async def check_formulas(formulas: str, claim: str = "") -> dict[str, Any]:
    """Decide logic, scheduling and number puzzles by a solver. Write the facts as SMT-LIB 2.

    Without a claim: are the facts satisfiable ("sat", with a model of values) or not? With one: is
    it entailed, contradicted or neither?

    Parameters
    ----------
    formulas : str
        SMT-LIB 2: (declare-const x Int) (declare-const rains Bool)
        (assert (and (> x 2) (=> rains (distinct x 5)))) and so on.
    claim : str
        One term that may follow, as in (> x 3). Leave it out to get values.
    """
    return await _checked(formulas, claim)


async def _checked(text: str, claim: str) -> dict[str, Any]:
    needs_solver()
    premises = premises_of(text)
    last = claim_of(claim) if claim.strip() else ""
    asked = {"premises": premises, "claim": last, "work": _WORK, "memory": _MEMORY}
    found = await _asked({**asked, "seconds": _SECONDS})
    if "error" in found:
        raise ValueError(_told(found["error"], premises, last))
    return found


async def _asked(asked: dict[str, Any]) -> dict[str, Any]:
    """What z3 says, asked in a process that is ended where nobody waits for it any more."""
    process = _process()
    line = codec.dumps(asked) + b"\n"
    try:
        async with asyncio.timeout(2 * _SECONDS):
            said, _ = await turn(lambda: process.communicate(line), process.kill)
    except TimeoutError:
        raise ValueError(_TOO_MUCH) from None
    try:
        found: dict[str, Any] = codec.loads(said)
    except ValueError:
        raise ValueError(_TOO_MUCH) from None
    return found


def _process() -> subprocess.Popen[bytes]:
    program = [sys.executable, "-I", str(_CHILD)]
    piped, none = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(program, stdin=piped, stdout=piped, stderr=none)


_TOO_MUCH = (
    f"the solver took more than {_SECONDS} s or {_MEMORY >> 20} MiB. Bound the numbers, or ask of "
    "less at once."
)


def _told(error: str, premises: str, claim: str) -> str:
    """z3's errors with the text that each is in, for who wrote it."""
    lines = premises.count("\n") + 1
    told = []
    for line, _, why in _AT.findall(error)[:5]:
        in_claim = claim and int(line) > lines
        told.append(f"claim: {why}" if in_claim else f"formulas, line {line}: {why}")
    return "; ".join(told) or f"z3 cannot read it: {error[:300]}"
