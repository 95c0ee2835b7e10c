"""A run killed with SIGKILL and resumed is the run that was not killed (promises 1 to 4, 8)."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from support.bench import Bench
from support.dying import killed, solve
from support.random_script import timeless
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data import codec
from toolgrove.data.records import Status
from toolgrove.data.runs import JOURNAL, read_run, read_tree
from toolgrove.errors import ResumeMismatch
from toolgrove.planners.budget import Budget


@pytest.mark.parametrize("seed", range(50))
def test_killed_anywhere_and_resumed_gives_the_same_tree(seed: int, tmp_path: Path) -> None:
    planner = ["dfsdt:width=2,depth=4", "cot:chains=3,depth=4", "react"][seed % 3]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = solve(tmp_path / "a" / "run", seed, planner)
    written = (tmp_path / "a" / "run" / JOURNAL).read_bytes()
    header = written.index(b"\n") + 1
    left = random.Random(seed).randrange(1, len(written) - header)
    run = tmp_path / "b" / "run"
    killed(run, seed, planner, writes=False, left=left)
    paid = read_run(run)
    resumed = solve(run, seed, planner)
    assert timeless(resumed) == timeless(whole)
    assert resumed.ended == whole.ended
    after = read_run(run)
    again = [key for key in after.intents if key.attempt > 0]
    in_flight = [key for key in paid.intents if key not in paid.results]
    assert len(again) <= len(in_flight), "promise 4: only what was in flight is paid for again"
    assert {k: after.results[k] for k in paid.results} == paid.results, "promise 2"


@pytest.mark.parametrize("seed", range(20))
def test_promise_1_a_write_is_never_made_twice(seed: int, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    solve(tmp_path / "whole" / "run", seed, "dfsdt:depth=6", writes=True)
    size = (tmp_path / "whole" / "run" / JOURNAL).stat().st_size
    draw = random.Random(seed)
    run = tmp_path / "run"
    header = (tmp_path / "whole" / "run" / JOURNAL).read_bytes().index(b"\n") + 1
    killed(
        run, seed, "dfsdt:depth=6", writes=True, left=draw.randrange(1, (size - header) * 9 // 10)
    )
    tree = solve(run, seed, "dfsdt:depth=6", writes=True)
    notes = Counter((tmp_path / "notes.txt").read_text().splitlines())
    asked: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for node in tree:
        for made, observation in zip(node.calls, node.observations, strict=True):
            if made.name.endswith("append"):
                asked[made.arguments["text"]] += 1
                done[made.arguments["text"]] += observation.status is Status.OK
    assert done <= notes, "what the tree says was written, was"
    assert notes <= asked, "nothing was written more often than it was asked for"


async def test_a_write_in_flight_at_the_crash_is_in_doubt_and_says_so(
    bench: Bench, tmp_path: Path
) -> None:
    replies = [call("append", text="x"), finish("done")]
    await bench.solve(tmp_path / "r", replies, "react")
    path = tmp_path / "r" / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(i for i, e in enumerate(lines) if (codec.loads(e).get("write")))
    path.write_bytes(b"".join(lines[: at + 1]))
    tree = await bench.solve(tmp_path / "r", [finish("done")], "react")
    observation = next(o for n in tree for o in n.observations)
    assert observation.status is Status.IN_DOUBT
    assert "not repeated" in observation.content
    assert bench.notes == ["x"]


async def test_resuming_a_finished_run_asks_nothing(bench: Bench, tmp_path: Path) -> None:
    first = await bench.solve(tmp_path / "r", [call("add", a=1, b=2), finish("3")], "react")
    before = (tmp_path / "r" / JOURNAL).read_bytes()
    again = await bench.solve(tmp_path / "r", ScriptedModel(), "react")
    assert list(again) == list(first)
    assert (tmp_path / "r" / JOURNAL).read_bytes() == before
    assert list(read_tree(tmp_path / "r")) == list(first)


async def test_promise_8_other_settings_are_refused_and_named(bench: Bench, tmp_path: Path) -> None:
    await bench.solve(tmp_path / "r", [finish("3")], "react")
    with pytest.raises(ResumeMismatch, match=r"planner: journal 'react:depth=12', now 'dfsdt:"):
        await bench.solve(tmp_path / "r", [finish("3")], "dfsdt")
    with pytest.raises(ResumeMismatch, match="model: journal 'scripted', now 'other'"):
        await bench.solve(tmp_path / "r", ScriptedModel(model_name="other"), "react")


async def test_a_larger_budget_goes_on_where_the_smaller_ended(
    bench: Bench, tmp_path: Path
) -> None:
    first = await bench.solve(
        tmp_path / "r", [call("add", a=1, b=2)], "react", Budget(model_calls=1)
    )
    assert first.ended == "model_calls"
    more = await bench.solve(tmp_path / "r", [finish("3")], "react", Budget(model_calls=2))
    assert more.answer == "3"
    assert bench.made == [("add", (1, 2))]
