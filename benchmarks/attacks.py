"""Attacks by chance: how often each was tried, and what did not hold.

    python benchmarks/attacks.py [--seconds 60] [--seed 0]

Each attack is repeated for its share of the time, with inputs drawn by the seed: runs killed with
SIGKILL at any byte of their journal, writing runs cancelled at any moment, bits of journals
flipped, arguments that try to leave their place in a URL, and addresses that try to be private
(names are resolved by a table, and no connection is made). Prints one JSON line; exit status 1
where something did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.bench import Bench
from support.dying import BUDGET, killed, solve
from support.random_script import RandomScript, timeless
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.errors import JournalError
from toolgrove.tools import AddressPolicy, Blocked, build_request
from toolgrove.tools.http.serialize import Refused

__all__: list[str] = []

_PLANNERS = ("dfsdt:width=2,depth=4", "cot:chains=3,depth=4", "react")
_PIECES = ("..", ".", "/", "\\", "%2e%2e", "%2F", "%5C", "?", "#", "@", ":", "//evil.example", "a",
           "\r\nHost: evil.example", "\0", "é", "\u2215", "．．", " ", ";", "&admin=1",
           "%00", "[::1]")  # fmt: skip
_PRIVATE = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
            "100.64.0.0/10", "0.0.0.0/8", "224.0.0.0/4")  # fmt: skip
_BINDING = {"method": "GET", "url": "https://api.example/v1/items/{item}/parts",
            "in": {"item": "path", "q": "query"}}  # fmt: skip


def main() -> int:
    """Attack, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    attacks: dict[str, Callable[[random.Random, Path], str]] = {
        "killed": _killed,
        "cancelled": _cancelled,
        "flipped": _flipped,
        "arguments": _argument,
        "addresses": _address,
    }
    report: dict[str, dict[str, int]] = {}
    for name, attack in attacks.items():
        draw, ends = random.Random(f"{options.seed}:{name}"), Counter[str]()
        end = time.monotonic() + options.seconds / len(attacks)
        while time.monotonic() < end:
            with tempfile.TemporaryDirectory() as folder:
                ends[attack(draw, Path(folder))] += 1
        report[name] = {"tried": ends.total(), **ends}
    print(json.dumps({"seed": options.seed, **report}))
    return int(any("broken" in end for ends in report.values() for end in ends))


def _killed(draw: random.Random, folder: Path) -> str:
    """A run that writes, killed and gone on with: no write is made twice, and the tree is whole."""
    seed, planner = draw.randrange(10**6), draw.choice(_PLANNERS)
    (folder / "whole").mkdir()
    (folder / "killed").mkdir()
    solve(folder / "whole" / "run", seed, planner, writes=True)
    written = (folder / "whole" / "run" / JOURNAL).read_bytes()
    left = draw.randrange(1, max(2, (len(written) - written.index(b"\n") - 1) * 9 // 10))
    run = folder / "killed" / "run"
    killed(run, seed, planner, writes=True, left=left)
    tree = solve(run, seed, planner, writes=True)
    return _twice(folder / "killed" / "notes.txt", tree)


def _cancelled(draw: random.Random, folder: Path) -> str:
    """A run that writes, cancelled after some turns of the event loop and gone on with."""
    seed, turns = draw.randrange(10**6), draw.randrange(1, 120)

    async def attack() -> bool:
        bench, script = Bench(folder / "notes.txt"), RandomScript(seed, writes=True)
        work = asyncio.ensure_future(bench.solve(folder / "run", script, "react", BUDGET))
        for _ in range(turns):
            await asyncio.sleep(0)
        return work.cancel() and (await asyncio.wait([work]))[1] == set()

    was = asyncio.run(attack())
    if not was or not (folder / "run" / JOURNAL).exists():
        return "over before"
    return _twice(folder / "notes.txt", solve(folder / "run", seed, "react", writes=True))


def _twice(notes: Path, tree: SearchTree) -> str:
    """Whether a note was written more often than the steps of the tree asked for it."""
    calls = [call for node in tree for call in node.calls]
    asked = Counter(call.arguments["text"] for call in calls if "text" in call.arguments)
    written = Counter(notes.read_text().splitlines())
    return "broken: a write twice" if written - asked else "held"


def _flipped(draw: random.Random, folder: Path) -> str:
    """One bit of a journal: the same tree, or an error; never another tree."""
    whole = solve(folder / "run", draw.randrange(20), "react")
    file = folder / "run" / JOURNAL
    data = bytearray(file.read_bytes())
    at = draw.randrange(len(data))
    data[at] ^= 1 << draw.randrange(8)
    file.write_bytes(data)
    try:
        tree = read_tree(folder / "run")
    except JournalError:
        return "told"
    if timeless(tree) == timeless(whole):
        return "held"
    shorter = timeless(whole)[: len(tree)] == timeless(tree)
    return "tail set aside" if shorter else "broken: another tree"


def _argument(draw: random.Random, folder: Path) -> str:
    """A value in a path and one in a query: the endpoint stays, or the call is refused."""
    value, other = ("".join(draw.choices(_PIECES, k=draw.randrange(1, 6))) for _ in range(2))
    try:
        url = build_request(_BINDING, {"item": value, "q": other}).url
    except Refused:
        return "refused"
    parts = urlsplit(url)
    steps = parts.path.split("/")
    same = parts.netloc == "api.example" and len(steps) == 5 and steps[4] == "parts"
    clean = url.isascii() and not set(url) & set("\r\n\0 \\") and parts.query.count("&") == 0
    return "held" if same and clean and steps[3] not in ("", ".", "..") else "broken: elsewhere"


def _address(draw: random.Random, folder: Path) -> str:
    """A private address in some spelling: refused."""
    net = ipaddress.ip_network(draw.choice(_PRIVATE))
    address = net[draw.randrange(net.num_addresses)]
    a, b, c, d = address.packed
    host = draw.choice((
        str(address), str(int(address)), hex(int(address)), f"{a}.{(b << 16) + (c << 8) + d}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"0x{a:x}.{b}.{(c << 8) + d}", f"::ffff:{address}",
        f"[::ffff:{a:x}{b:02x}:{c:x}{d:02x}]", f"64:ff9b::{a:02x}{b:02x}:{c:02x}{d:02x}",
        f"2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1", f"{address}.", f"{a}.{b}.{(c << 8) + d}",
    ))  # fmt: skip
    try:
        AddressPolicy().check(host, 80)
    except Blocked:
        return "held"
    return f"broken: {host}"


if __name__ == "__main__":
    sys.exit(main())
