"""The program in a process of its own that asks z3: a line of JSON in, a line of JSON out.

It is run by itself, from its text, so it imports nothing of Toolgrove. What it may take is bounded
before it reads anything: where the system can, it opens no file from then on, and writes none.
"""

import json
import os
import sys
from contextlib import suppress
from typing import Any

import z3


def bounded(memory: int, seconds: int) -> None:
    z3.set_param("memory_max_size", memory >> 20)
    z3.main_ctx()  # it has loaded what it needs
    with suppress(ImportError):  # Windows has none of these bounds
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        for none in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE):
            resource.setrlimit(none, (0, 0))


def solver(terms: list[Any], work: int) -> Any:
    made = z3.Solver()
    made.set("rlimit", work)
    made.add(terms)
    return made


def why(asked: Any) -> str:
    reason = str(asked.reason_unknown())
    return "it takes too much work" if reason.endswith(("canceled", "exceeded")) else reason


def shown(model: Any) -> dict[str, str]:
    """What each word means in a model, in SMT-LIB's terms."""
    values = {one.name(): model[one] for one in model.decls()}
    return {
        name: value.sexpr() if hasattr(value, "sexpr") else " ".join(str(value).split())
        for name, value in sorted(values.items())
    }


def judged(premises: list[Any], claim: Any, work: int) -> dict[str, Any]:
    """What z3 finds of premises, and of a claim where there is one."""
    alone = solver(premises, work)
    found: dict[str, Any] = {"premises": str(alone.check())}
    if found["premises"] == "unknown":
        found["why"] = why(alone)
    if claim is None:
        if found["premises"] == "sat":
            found["model"] = shown(alone.model())
        return found
    if found["premises"] == "unsat":
        return {**found, "claim": "none: premises that contradict each other entail everything"}
    without, along = solver([*premises, z3.Not(claim)], work), solver([*premises, claim], work)
    denied, granted = str(without.check()), str(along.check())
    if denied == "unsat":
        return {**found, "claim": "entailed"}
    if granted == "unsat":
        return {**found, "claim": "contradicted"}
    if denied == granted == "sat":
        return {**found, "claim": "neither", "a model without it": shown(without.model())}
    return {**found, "claim": "unknown", "why": why(without if denied == "unknown" else along)}


def answered(premises: str, claim: str, work: int) -> dict[str, Any]:
    """What z3 finds of two texts, or what it cannot read of them."""
    try:
        terms = list(z3.parse_smt2_string(f"{premises}\n{claim}"))
        return judged(terms, terms.pop() if claim else None, work)
    except z3.Z3Exception as error:
        said = error.args[0] if error.args else ""
        return {"error": said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)}


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what z3 itself prints is no answer
    given = json.loads(sys.stdin.readline())
    bounded(given["memory"], given["seconds"])
    answer = answered(given["premises"], given["claim"], given["work"])
    out.write(json.dumps(answer)[:200_000])
    out.close()


if __name__ == "__main__":
    main()
