"""Comparing two settings: pairs, noise, chance, and what may not be called a difference."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.judged_batch import RIGHT, WRONG, evaluate
from support.results import keep_results
from toolgrove.data.records import Reference, Score, Task, ToolCall
from toolgrove.data.world import SPLITS, tasks
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.comparing import Comparison, compare
from toolgrove.evaluators.health import item_health, wrong_reference
from toolgrove.evaluators.sides import Side, chosen_pair, read_sides, side_names
from toolgrove.evaluators.store import DONE, ResultRow

Values = dict[str, list[float | None]]


def of(tmp_path: Path, a: Values, b: Values) -> Comparison:
    keep_results(tmp_path / "r", {"planner": "react"}, a)
    keep_results(tmp_path / "r", {"planner": "dag"}, b)
    return compare(*both(tmp_path / "r"))


def both(folder: Path) -> tuple[Side, Side]:
    sides = read_sides(folder)
    return chosen_pair(sides, sides, ["planner=react"], ["planner=dag"])


def side(name: str, values: dict[str, list[float]]) -> Side:
    rows = {
        (task, epoch, ""): ResultRow(
            task, epoch, "", f"runs/{name}/{task}.{epoch}", DONE, scores=(Score(v, "", "answer/2"),)
        )
        for task, scores in values.items()
        for epoch, v in enumerate(scores)
    }
    return Side(name, Path("out"), {"planner": name}, rows)


def test_runs_are_paired_by_task_and_epoch(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        {"1": [1, 0], "2": [0, 0], "3": [1], "4": [None], "6": [1]},
        {"1": [1, 1], "2": [1, 0], "3": [1, 1], "4": [1], "5": [0]},
    )
    assert (found.tasks, found.pairs, found.only_a, found.only_b) == (3, 5, 0, 2)
    assert found.difference.value == pytest.approx((0.5 + 0.5 + 0) / 3), "second less first"
    assert [(flip.task, flip.epoch, flip.passed) for flip in found.flips] == [
        ("1", 1, "b"), ("2", 0, "b"),
    ]  # fmt: skip
    assert found.left_out == {
        "infrastructure in planner=react": 1, "only in planner=react": 1, "only in planner=dag": 2,
    }  # fmt: skip
    assert found.flips[0].a.endswith("1.1")
    assert Path(found.flips[0].a).parent != Path(found.flips[0].b).parent


def test_a_difference_that_the_noise_covers_is_not_called(tmp_path: Path) -> None:
    # each task of both settings comes out one way or the other by chance
    draw = Random(3)
    a: Values = {str(n): [draw.randint(0, 1), draw.randint(0, 1)] for n in range(30)}
    b: Values = {str(n): [draw.randint(0, 1), draw.randint(0, 1)] for n in range(30)}
    found = of(tmp_path, a, b)
    assert found.noise is not None
    assert abs(found.difference.value) <= found.noise
    assert (found.called, "the noise covers it" in found.why) == ("", True)


def test_a_difference_beyond_noise_and_chance_is_called(tmp_path: Path) -> None:
    a: Values = {str(n): [int(n < 4), int(n < 5)] for n in range(20)}
    b: Values = {str(n): [int(n < 14), int(n < 15)] for n in range(20)}
    found = of(tmp_path, a, b)
    assert [repeats.flipped for repeats in found.repeats] == [1, 1]
    assert found.noise is not None
    assert found.difference.value == pytest.approx(0.5)
    assert (found.called, found.p) == ("b", pytest.approx(2 / 2**11))


def test_few_tasks_run_often_are_still_few_tasks(tmp_path: Path) -> None:
    """Pairs alone would call it, and each task says the same; but there are three of them."""
    a: Values = {str(n): [0] * 10 for n in range(3)}
    b: Values = {str(n): [1] * 10 for n in range(3)}
    found = of(tmp_path, a, b)
    assert found.p_pairs < 1e-6
    assert (found.p, found.called) == (0.25, "")


def test_one_setting_twice_is_never_a_difference(tmp_path: Path) -> None:
    for name, value in (("x", 0), ("y", 1)):
        keep_results(tmp_path / name, {"planner": "dag"}, {str(n): [value] for n in range(20)})
    pair = chosen_pair(read_sides(tmp_path / "x"), read_sides(tmp_path / "y"), (), ())
    found = compare(*pair)
    assert (found.called, "the same setting" in found.why) == ("", True)
    assert found.a != found.b


def test_without_repeats_the_noise_is_not_known_and_that_is_said(tmp_path: Path) -> None:
    a: Values = {str(n): [0] for n in range(10)}
    found = of(tmp_path, a, {str(n): [1] for n in range(10)})
    assert (found.noise, found.called) == (None, "b")
    assert "--epochs 2" in found.why


def test_one_sides_repeats_serve_for_both() -> None:
    twice = side("a", {str(n): [n % 2, 1] for n in range(10)})
    once = side("b", {str(n): [1.0] for n in range(10)})
    assert compare(twice, once).noise is None, "no pair has a second epoch"
    again = side("b", {str(n): [1.0, 1.0] for n in range(10)})
    assert compare(twice, again).noise == pytest.approx(1.959964 * (0.25 / 2 / 10) ** 0.5)


scores = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=3)
results = st.dictionaries(st.sampled_from([f"t{n}" for n in range(8)]), scores, min_size=1)


@given(results, results)
def test_turned_round_it_says_the_same_of_the_other(
    first: dict[str, list[float]], second: dict[str, list[float]]
) -> None:
    a, b = side("a", first), side("b", second)
    if not (first.keys() & second.keys()):
        with pytest.raises(UsageError, match="in common"):
            compare(a, b)
        return
    there, back = compare(a, b), compare(b, a)
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert (there.only_a, there.only_b, there.p) == (back.only_b, back.only_a, back.p)
    assert there.noise == (None if back.noise is None else pytest.approx(back.noise))
    assert {there.called, back.called} in ({""}, {"a", "b"})
    assert compare(a, b) == there, "the same the second time"
    assert len(there.flips) == there.only_a + there.only_b


def test_other_tasks_of_the_same_id_are_refused(tmp_path: Path) -> None:
    keep_results(tmp_path / "x", {"planner": "dag"}, {"1": [1]})
    keep_results(tmp_path / "y", {"planner": "dta"}, {"1": [1]}, query="Who is {}?")
    pair = chosen_pair(read_sides(tmp_path / "x"), read_sides(tmp_path / "y"), (), ())
    with pytest.raises(UsageError, match="asks something else"):
        compare(*pair)


def test_scores_by_other_versions_or_judges_are_not_compared(tmp_path: Path) -> None:
    keep_results(tmp_path / "x", {"planner": "dag"}, {"1": [1]}, evaluator="answer/1")
    keep_results(tmp_path / "y", {"planner": "dta"}, {"1": [1]}, evaluator="answer/2")
    pair = chosen_pair(read_sides(tmp_path / "x"), read_sides(tmp_path / "y"), (), ())
    with pytest.raises(UsageError, match=r"has answer/1.*has answer/2"):
        compare(*pair)


def test_a_judges_scores_say_whether_it_is_calibrated(tmp_path: Path) -> None:
    for planner in ("react", "dag"):
        keep_results(
            tmp_path / "r", {"planner": planner}, {"1": [1]}, evaluator="tooleval-pass/1@mx3",
            judge="m",
        )  # fmt: skip
    found = compare(*both(tmp_path / "r"), "tooleval-pass")
    assert (found.evaluator, found.calibration) == ("tooleval-pass/1@mx3", "no calibration")


def test_which_settings_there_are_is_said_where_several_are_meant(tmp_path: Path) -> None:
    for planner in ("react", "dag:width=2", "dta"):
        keep_results(tmp_path, {"planner": planner, "budget": {"tokens": None}}, {"1": [1]})
    sides = read_sides(tmp_path)
    with pytest.raises(UsageError, match=r"several settings: name one with --a(?s:.*)planner=dta"):
        chosen_pair(sides, sides, (), ())
    with pytest.raises(UsageError, match="no such setting"):
        chosen_pair(sides, sides, ["planner=dfsdt"], ())
    with pytest.raises(UsageError, match="SETTING=VALUE"):
        chosen_pair(sides, sides, ["react"], ())
    one, other = chosen_pair(sides, sides, ["planner=dta"], ["planner=dag"])
    assert (one.name, other.name) == ("planner=dta", "planner=dag")


def test_what_a_setting_lacks_and_what_is_shown_of_a_long_value_can_be_named(
    tmp_path: Path,
) -> None:
    digest, long = "ab" * 16, "Be brief. " * 20
    for config in ({}, {"memory": digest}, {"instructions": long}):
        keep_results(tmp_path, {"planner": "react", **config}, {"1": [1]})
    sides = read_sides(tmp_path)
    with pytest.raises(UsageError, match=r"\n  instructions= memory=\n"):
        chosen_pair(sides, sides, (), ())
    shown = next(name for name in side_names(sides) if name.startswith("instructions"))
    one, other = chosen_pair(sides, sides, ["memory=", "instructions="], [shown])
    assert (one.config, other.config["instructions"]) == ({"planner": "react"}, long)
    _, other = chosen_pair(sides, sides, [shown], ["memory=abababababab"])
    assert other.config["memory"] == digest


def test_settings_that_differ_in_an_option_are_told_apart_by_it(tmp_path: Path) -> None:
    for width in (2, 3):
        keep_results(tmp_path, {"planner": f"dag:width={width},depth=9"}, {"1": [1]})
    sides = read_sides(tmp_path)
    one, other = chosen_pair(sides, sides, ["planner=dag:width=3"], ["planner=dag:depth=9,width=2"])
    assert (one.name, other.name) == ("planner=dag:width=3", "planner=dag:width=2")
    with pytest.raises(UsageError, match="several settings"):
        chosen_pair(sides, sides, ["planner=dag"], ["planner=dag:width=2"])


def test_a_folder_without_results_is_said(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        read_sides(tmp_path)


def test_a_row_that_leads_out_of_its_folder_has_no_link() -> None:
    row = ResultRow("1", 0, "", "../../etc", DONE)
    assert Side("x", Path("out"), {}, {("1", 0, ""): row}).run(("1", 0, "")) == ""


def test_other_seeds_repeat_a_setting(tmp_path: Path) -> None:
    for planner in ("react", "dag"):
        for seed in (0, 1):
            config = {"planner": planner, "sampling": [{"seed": seed}]}
            keep_results(tmp_path, config, {"1": [seed], "2": [1]})
    found = compare(*both(tmp_path))
    assert (found.tasks, found.pairs, found.difference.value) == (2, 4, 0)
    assert [(one.tasks, one.flipped) for one in found.repeats] == [(2, 1), (2, 1)]
    assert found.noise is not None


async def test_tasks_that_tell_nothing_are_named(tmp_path: Path) -> None:
    number = Reference("number", 4)
    asked = [
        Task("always", f"Say: {RIGHT}", reference=number),
        Task("never", f"Say: {WRONG}", reference=number),
        Task("no tool", "Say: 6", reference=Reference("number", 4, calls=(ToolCall("1", "gone"),))),
        Task("no name", "Say: 7", reference=Reference("name", "")),
    ]
    await evaluate(tmp_path, asked=asked, epochs=2)
    health = item_health(read_sides(tmp_path), "answer/2")
    assert health.tasks == 4
    assert [task.task for task in health.never_failed] == ["always"]
    assert [task.task for task in health.never_passed] == ["never", "no name", "no tool"]
    reasons = {task.task: task.unreachable for task in health.unreachable}
    assert reasons.keys() == {"no name", "no tool"}
    assert "gone, which was not on offer" in reasons["no tool"]
    assert health.never_failed[0].runs == 2


def test_no_reference_of_the_world_is_taken_for_wrong() -> None:
    for split in SPLITS:
        for task in tasks(split):
            assert task.reference is not None
            assert wrong_reference(task, set(task.tools or ())) == "", task.id


def test_settings_that_differ_by_planner_are_not_told_by_its_prompts_too() -> None:
    def side(planner: str, prompt: str) -> Side:
        return Side("", Path(), {"planner": planner, "prompt": prompt}, {})

    assert side_names([side("react", "1"), side("dag", "2")]) == ["planner=react", "planner=dag"]
    assert side_names([side("dag", "1"), side("dag", "2")]) == ["prompt=1", "prompt=2"]
