"""The tasks: enough of each kind, and every reference answer can be reached over HTTP."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from toolgrove.data.records import Reference, Task, ToolSpec
from toolgrove.data.world import DEMO_TASKS, running, specs, tasks, toolbench_queries
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.tasks import FAMILIES
from toolgrove.data.world.tasks.build import MOST_OFFERED, Family

from .conftest import OverHttp, send

TASKS = {task.id: task for task in tasks()}
LOOKALIKES = {
    "Business Days",
    "Check Holiday",
    "Compound Interest",
    "Convert Units",
    "Currency of Country",
    "Element by Symbol",
    "Hex to HSV",
    "Invert Color",
    "Mass Number",
    "Monthly Payment",
    "Permutations",
    "Population Deviation",
    "Route Distance",
    "Simple Interest",
}
"""APIs that answer, but not what the tasks that tempt with them ask."""


def _reference(task: Task) -> Reference:
    assert task.reference is not None
    return task.reference


def test_there_are_enough_tasks_of_each_kind() -> None:
    groups = Counter(task.group for task in TASKS.values())
    assert sum(groups.values()) >= 120
    assert set(groups) == {"G1", "G2", "G3"}
    assert min(groups.values()) >= 40
    unsolvable = [task for task in TASKS.values() if _reference(task).kind == "unsolvable"]
    assert 0.05 <= len(unsolvable) / len(TASKS) <= 0.12
    assert {task.group for task in unsolvable} == set(groups)


def test_troubled_apis_tempt_in_every_group() -> None:
    troubled = {one.id for one in endpoints().values() if one.trouble is not None}
    tempted = Counter(task.group for task in TASKS.values() if troubled & set(task.tools or ()))
    assert min(tempted[group] for group in ("G1", "G2", "G3")) >= 20


def test_there_are_chains_and_parallel_calls() -> None:
    lengths = Counter(len(_reference(task).calls) for task in TASKS.values())
    assert lengths[1] >= 20
    assert sum(number for length, number in lengths.items() if length >= 2) >= 60
    parallel = [
        task
        for task in TASKS.values()
        if max(Counter(call.name for call in _reference(task).calls).values(), default=0) >= 2
    ]
    assert len(parallel) >= 10


def test_ids_and_queries_are_unique() -> None:
    assert len({task.query for task in TASKS.values()}) == len(TASKS) == len(tasks())


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.id)
def test_a_task_offers_what_its_group_says(task: Task) -> None:
    offered = [endpoints()[tool] for tool in task.tools or ()]
    tools = {one.tool.name for one in offered}
    categories = {one.tool.category for one in offered}
    assert 1 <= len(offered) <= MOST_OFFERED
    assert (len(tools) == 1) == (task.group == "G1")
    assert (len(categories) > 1) == (task.group == "G3")
    assert set(task.relevant) <= set(task.tools or ())
    assert set(task.meta.get("tempting", ())) <= set(task.tools or ()) - set(task.relevant)


def test_a_solvable_task_needs_what_its_group_says() -> None:
    for task in TASKS.values():
        if _reference(task).kind == "unsolvable":
            assert task.relevant == ()
            continue
        needed = [endpoints()[tool].tool for tool in task.relevant]
        assert (len({tool.category for tool in needed}) > 1) == (task.group == "G3"), task.id
        assert (len({tool.name for tool in needed}) > 1) == (task.group != "G1"), task.id


def test_what_tempts_is_troubled_or_means_something_else() -> None:
    tempting = {tool for task in TASKS.values() for tool in task.meta.get("tempting", ())}
    sound = {endpoints()[tool].name for tool in tempting if endpoints()[tool].trouble is None}
    assert sound == LOOKALIKES


def test_reference_calls_fit_their_specs() -> None:
    known = {spec.id: spec for spec in specs()}
    for task in TASKS.values():
        for call in _reference(task).calls:
            schema = known[call.name].parameters
            assert set(schema["required"]) <= set(call.arguments) <= set(schema["properties"])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: f"{one.group}-{one.name}")
def test_a_reference_is_reached_over_http(
    shared_world: httpx.Client, spec_of: dict[str, ToolSpec], family: Family
) -> None:
    for case, task in zip(family.cases, family.tasks(), strict=True):
        found = family.solve(OverHttp(shared_world, spec_of), **case.values)
        told = _reference(TASKS[task.id])
        assert (found.kind, found.value, found.unit) == (told.kind, told.value, told.unit)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


def test_the_last_answer_of_most_tasks_holds_the_reference(spec_of: dict[str, ToolSpec]) -> None:
    """What is not in it is computed from the answers: a difference, a maximum, a yes or no."""
    by_id = {spec.id: spec for spec in spec_of.values()}
    held = solvable = 0
    with running() as url, httpx.Client(base_url=url, timeout=30) as client:
        for task in TASKS.values():
            reference = _reference(task)
            if not reference.calls:
                continue
            answers = [send(client, by_id[c.name], dict(c.arguments)) for c in reference.calls]
            assert {answer.status_code for answer in answers} <= {200, 201, 429}
            solvable += 1
            found = [str(leaf) for leaf in _leaves(answers[-1].json())]
            wanted = reference.value if isinstance(reference.value, list) else [reference.value]
            held += all(any(str(one) in leaf for leaf in found) for one in wanted)
    assert held / solvable > 0.8


def test_queries_are_in_toolbench_format() -> None:
    for query in toolbench_queries():
        assert {"query_id", "query", "api_list", "relevant APIs"} <= set(query)
        described = {(api["tool_name"], api["api_name"]) for api in query["api_list"]}
        assert {tuple(pair) for pair in query["relevant APIs"]} <= described
        assert query["reference"]["kind"]


def test_demo_tasks_are_short_and_some_tempt_with_a_broken_api() -> None:
    chosen = [TASKS[id_] for id_ in DEMO_TASKS]
    assert 5 <= len(chosen) <= 10
    assert all(1 <= len(_reference(task).calls) <= 3 for task in chosen)
    troubled = {one.id for one in endpoints().values() if one.trouble is not None}
    assert sum(bool(troubled & set(task.tools or ())) for task in chosen) >= 3
