"""The splits hold what they claim, and tasks can be drawn anew by a seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import httpx
import pytest

from support.facts import as_digested
from toolgrove.data import codec
from toolgrove.data.records import Task, ToolSpec
from toolgrove.data.world import SPLITS, new_tasks, tasks
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.splits import DRAWINGS, families
from toolgrove.data.world.tasks.build import MOST_OFFERED
from toolgrove.errors import UsageError

from .conftest import OverHttp

QUERIES = "27612c7b4526170e74068a2e9a2da3b4"
REFERENCES = "788e74487843b5913babfbd9c479e9d2"
BY_SPLIT = {split: tasks(split) for split in SPLITS}
DRAWN = [task for split in SPLITS[1:] for task in BY_SPLIT[split]]
FRESH = new_tasks(31, 60)
BY_ID = {family.id: family for family in families()}


def unsolvable(task: Task) -> bool:
    return task.reference is None or task.reference.kind == "unsolvable"


def families_of(split: str) -> set[str]:
    if split == "train":
        return {task.id.rpartition("-")[0] for task in BY_SPLIT[split]}
    return {task.meta["family"] for task in BY_SPLIT[split]}


def tools_of(split: str) -> set[str]:
    """Tools, not APIs, that are offered in a split."""
    return {endpoints()[id_].tool.name for task in BY_SPLIT[split] for id_ in task.tools or ()}


def fact(task: Task) -> str:
    """The call that an answer comes from; what is read back counts with the writing of it."""
    assert task.reference is not None
    calls = task.reference.calls
    stateful = calls[-1].name.startswith("Productivity/")
    return codec.digest([[c.name, c.arguments] for c in (calls if stateful else calls[-1:])])


def facts(split: str) -> set[str]:
    return {fact(task) for task in BY_SPLIT[split] if not unsolvable(task)}


def test_the_first_220_tasks_are_what_they_were() -> None:
    """Labelled answers and recordings refer to them."""
    first = tasks()
    assert codec.digest([[task.id, task.query] for task in first]) == QUERIES
    if not as_digested():
        pytest.skip("the fact packages are others than those the references were digested with")
    assert codec.digest([codec.to_json(task.reference) for task in first]) == REFERENCES


def test_there_are_more_than_250_new_tasks_in_all_groups() -> None:
    assert len(DRAWN) >= 250
    assert set(Counter(task.group for task in DRAWN)) == {"G1", "G2", "G3"}
    for split in SPLITS:
        assert {task.group for task in BY_SPLIT[split]} == {"G1", "G2", "G3"}, split
        assert len(BY_SPLIT[split]) >= 50, split
    every = [task for split in SPLITS for task in BY_SPLIT[split]]
    assert len({task.id for task in every}) == len(every)


def test_a_drawn_task_offers_and_needs_what_its_group_says() -> None:
    for task in [*DRAWN, *FRESH]:
        offered = [endpoints()[id_].tool for id_ in task.tools or ()]
        assert 1 <= len(offered) <= MOST_OFFERED, task.id
        needed = offered if unsolvable(task) else [endpoints()[id_].tool for id_ in task.relevant]
        for tools in (offered, needed):
            assert (len({tool.name for tool in tools}) > 1) == (task.group != "G1"), task.id
            assert (len({tool.category for tool in tools}) > 1) == (task.group == "G3"), task.id
        assert set(task.relevant) <= set(task.tools or ())
        assert set(task.meta.get("tempting", ())) <= set(task.tools or ()) - set(task.relevant)


def test_each_family_of_a_split_has_its_turn() -> None:
    for split in SPLITS:
        assert families_of(split) == {family.id for family in families(split)}, split
    assert {task.meta["family"] for task in new_tasks(8, len(BY_ID))} == set(BY_ID)


def test_other_facts_are_other_facts_of_the_same_families() -> None:
    assert families_of("test-facts") <= families_of("train")
    assert families_of("dev") <= families_of("train") | {
        family for family in families_of("dev") if "-missing-" in family
    }
    assert not facts("dev") & facts("train")
    assert not facts("test-facts") & (facts("train") | facts("dev"))
    asked = Counter(task.query for split in SPLITS for task in BY_SPLIT[split])
    assert max(asked.values()) == 1


def test_other_families_are_in_no_split_to_develop_on() -> None:
    developed_on = families_of("train") | families_of("dev")
    assert not families_of("test-families") & developed_on
    assert not families_of("test-tools") & developed_on
    assert tools_of("test-families") <= tools_of("train")


def test_other_tools_are_offered_nowhere_else() -> None:
    for split in ("train", "dev", "test-facts", "test-families"):
        assert not tools_of("test-tools") & tools_of(split), split


def test_every_family_is_drawn_in_three_wordings_at_least() -> None:
    assert set(DRAWINGS) == set(BY_ID)
    for family, drawing in DRAWINGS.items():
        assert len(set(drawing.wordings)) >= 3, family


@pytest.mark.parametrize("task", [*DRAWN, *FRESH], ids=lambda task: task.id)
def test_an_oracle_solves_a_drawn_task_over_http(
    shared_world: httpx.Client, spec_of: dict[str, ToolSpec], task: Task
) -> None:
    family = BY_ID[task.meta["family"]]
    found = family.solve(OverHttp(shared_world, spec_of), **task.meta["values"])
    told = task.reference
    assert told is not None
    assert (found.kind, found.value, found.unit) == (told.kind, told.value, told.unit)


def test_tasks_that_lack_something_say_what() -> None:
    lacking = [task for task in DRAWN if "-missing-" in task.id]
    assert len(lacking) >= 20
    assert {task.group for task in lacking} == {"G1", "G2", "G3"}
    for task in lacking:
        assert task.reference is not None
        assert (task.reference.kind, task.reference.calls) == ("unsolvable", ())
        assert task.reference.value
        assert task.reference.aliases


def test_the_same_seed_gives_the_same_tasks_and_another_gives_others() -> None:
    code = (
        "from toolgrove.data import codec, world;"
        "print(codec.digest(codec.to_json(world.new_tasks(31, 60))))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "777"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == codec.digest(codec.to_json(FRESH))
    other = {task.query for task in new_tasks(32, 60)}
    assert len(other & {task.query for task in FRESH}) < 3


def test_drawn_tasks_name_seed_and_family_and_share_no_fact_with_what_is_developed_on() -> None:
    known = facts("train") | facts("dev")
    for task in FRESH:
        assert task.id.startswith(f"seed31-{task.meta['family']}-")
        assert unsolvable(task) or fact(task) not in known


def test_more_tasks_than_can_be_drawn_and_unknown_splits_are_told() -> None:
    with pytest.raises(UsageError, match="test-facts, test-families"):
        tasks("test")
    with pytest.raises(UsageError, match="no split 'test'"):
        new_tasks(1, 5, "test")
