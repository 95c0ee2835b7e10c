"""Many calls, each met by a fault drawn by seed; what became of them is counted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.idempotency import KeyFile
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.network import Network
from toolgrove.tools.registry import Registry

from .fault_server import FAULTS, FaultServer, Handler, fault, reply

__all__ = ["Outcomes", "inject"]

_URL = "https://api.example/x/{n}"
_PLACES = {"n": "path", "text": "body"}


def _spec(name: str, method: str, effect: Effect, **binding: str) -> ToolSpec:
    bound = {"kind": "http", "method": method, "url": _URL, "in": _PLACES, **binding}
    return ToolSpec(name, "Test", "api", name, effect=effect, binding=bound)


_SPECS = (
    _spec("read", "GET", Effect.READ),
    _spec("write", "POST", Effect.WRITE),
    _spec("keyed", "POST", Effect.WRITE, idempotency="Idempotency-Key"),
)
_DECLARED = {
    "read": {Status.OK, Status.NOT_WORKING, Status.TIMEOUT, Status.ERROR_IN_MESSAGE}
    | {Status.TOO_MANY_REQUESTS},
    "write": {Status.OK, Status.NOT_WORKING, Status.IN_DOUBT, Status.ERROR_IN_MESSAGE}
    | {Status.TOO_MANY_REQUESTS},
}
_DECLARED["keyed"] = _DECLARED["write"]
_LASTING = {"hang", "drip", "bomb", "page", "busy for ever", "elsewhere", "inside"}
_ODD = {"NaN", "bad UTF-8", "page", "bomb"}  # an answer of success, passed on as it is
_LATE = (Status.TIMEOUT, Status.IN_DOUBT)  # a busy machine may be slow


@dataclass
class Outcomes:
    """What became of the calls; all but ``statuses`` have to be nought."""

    statuses: Counter[str] = field(default_factory=Counter)
    undeclared: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """A success that was not one, or an answer that came and was not handed on."""
    duplicated: list[str] = field(default_factory=list)
    misattributed: list[str] = field(default_factory=list)
    unstored: list[str] = field(default_factory=list)
    """A keyed write that arrived before its key was on disk, or with two keys."""


class NoJitter(Random):
    """Lets no call wait between attempts."""

    def uniform(self, a: float, b: float) -> float:
        return 0.0


async def inject(
    count: int, seed: int, keys: Path, *, deadline: float = 1.0, at_once: int = 16
) -> Outcomes:
    """Make calls, each met by one fault and then by an answer that names the call.

    Parameters
    ----------
    count, seed : int
        How many, and which.
    keys : path
        Where idempotency keys are stored.
    deadline : float
        Seconds a call may take.
    at_once : int
        Calls that are under way together.
    """
    draw = Random(seed)
    plans = [(n, draw.choice(_SPECS), draw.choice(list(FAULTS))) for n in range(count)]
    outcomes = Outcomes()
    gate = asyncio.Semaphore(at_once)
    store = KeyFile(keys)
    async with FaultServer().running() as server:
        with Registry() as registry:
            registry.add(_SPECS)
            async with build_stack(
                registry,
                CallSettings(
                    timeout=deadline, hosts=server.hosts, network=Network(max_bytes=100_000)
                ),
                rng=NoJitter(),
                keys=store.key,
            ) as execute:

                async def one(n: int, spec: ToolSpec, name: str) -> None:
                    async with gate:
                        answers = _answers(server, n, name, keys, outcomes)
                        server.answer(f"/x/{n}", *answers)
                        arguments = {"n": n} if spec.id == "read" else {"n": n, "text": f"t{n}"}
                        got = await execute(ToolCall(f"c{n}", spec.id, arguments))
                        _judge(outcomes, n, spec, name, got)

                async with asyncio.TaskGroup() as group:
                    for plan in plans:
                        group.create_task(one(*plan))
        _count_writes(server, outcomes)
    return outcomes


def _answers(
    server: FaultServer, n: int, name: str, keys: Path, outcomes: Outcomes
) -> list[bytes | Handler]:
    fine = reply(json.dumps({"n": n}).encode(), "Content-Type: application/json")
    first = fine if name == "fine" else fault(server, name)

    async def checked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = next(a for a in reversed(server.asked) if a.target == f"/x/{n}")
        key = asked.headers.get("idempotency-key")
        if key is not None and key not in keys.read_text():  # noqa: ASYNC240 - a test server
            outcomes.unstored.append(f"{n}: {name}")
        if isinstance(first, bytes):
            writer.write(first)
            await writer.drain()
        else:
            await first(reader, writer)

    return [checked, fine]


def _judge(outcomes: Outcomes, n: int, spec: ToolSpec, name: str, got: Observation) -> None:
    outcomes.statuses[got.status] += 1
    told = f"{n}: {spec.id} met {name!r} and gave {got.status}: {got.content[:80]}"
    if got.status not in _DECLARED[spec.id]:
        outcomes.undeclared.append(told)
    if got.status is Status.OK and name not in _ODD and got.content != f'{{"n":{n}}}':
        outcomes.misattributed.append(told)
    repeated = spec.id != "write" and name not in _LASTING
    if (name == "fine" or repeated) and got.status not in (Status.OK, *_LATE):
        outcomes.lost.append(told)


def _count_writes(server: FaultServer, outcomes: Outcomes) -> None:
    keyed: dict[bytes, set[str]] = {}
    bare: Counter[bytes] = Counter()
    for asked in server.asked:
        if asked.method != "POST":
            continue
        key = asked.headers.get("idempotency-key")
        if key is None:
            bare[asked.body] += 1
        else:
            keyed.setdefault(asked.body, set()).add(key)
    outcomes.duplicated += [f"{body!r} {times} times" for body, times in bare.items() if times > 1]
    outcomes.unstored += [
        f"{body!r} with two keys" for body, all_ in keyed.items() if len(all_) > 1
    ]
