"""What is asked, what is left out, and what the figures are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.embedders import Hashing
from toolgrove.data.formats.query_sets import QuerySet
from toolgrove.data.records import Reference, Task, ToolCall, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.retriever.documents import document
from toolgrove.retriever.evaluation import (
    BASELINES,
    OVERALL,
    answers,
    baseline,
    figures,
    latency,
    peak_memory,
    plan,
)
from toolgrove.retriever.index import Index

TASKS = (
    Task("1", "lottery draws", relevant=("a",), meta={"split": "train"}),
    Task("2", "rain and draws", relevant=("a", "b", "gone"), meta={"split": "test"}),
    Task("3", "far away", relevant=("gone", "lost"), meta={"split": "test"}),
    Task("4", "no label"),
    Task("5", "  ", relevant=("a",)),
)
KNOWN = {"a", "b", "c"}


def test_queries_count_by_what_the_catalogue_has() -> None:
    found = plan([QuerySet("file", TASKS)], KNOWN)
    assert [(q.text, q.relevant) for q in found.questions] == [
        ("lottery draws", ("a",)),
        ("rain and draws", ("a", "b")),
    ]
    assert found.groups == ("file", "file:test", "file:train")
    assert found.questions[1].groups == ("file", "file:test")
    assert found.unlabelled == 2
    assert found.skipped == {OVERALL: 1, "file": 1, "file:test": 1}
    assert found.missing == {"gone": 2, "lost": 1}


def test_toolbench_groups_are_splits_where_a_file_mixes_them() -> None:
    def named(*groups: str) -> tuple[str, ...]:
        tasks = tuple(Task(g, "x", relevant=("a",), group=g) for g in groups)
        return plan([QuerySet("w", tasks)], KNOWN).groups

    assert named("G2", "G1") == ("w", "w:G1", "w:G2")
    assert named("G1", "G1") == ("w",)


def test_reference_calls_stand_in_for_labels() -> None:
    calls = (ToolCall("c1", "b"), ToolCall("c2", "a"), ToolCall("c3", "b"))
    task = Task("1", "x", reference=Reference("number", 1, calls=calls))
    assert plan([QuerySet("w", (task,))], KNOWN).questions[0].relevant == ("b", "a")


def test_a_catalogue_that_has_nothing_of_it_is_told() -> None:
    with pytest.raises(UsageError, match=r"gone.*toolgrove index FILE"):
        plan([QuerySet("file", TASKS[2:3])], KNOWN)


def test_a_limit_draws_the_same_queries_of_every_file_again() -> None:
    tasks = tuple(Task(str(n), f"q{n}", relevant=("a",)) for n in range(50))
    sets = [QuerySet("one", tasks), QuerySet("two", tasks)]

    def drawn(seed: int) -> list[str]:
        return [q.text for q in plan(sets, KNOWN, limit=5, seed=seed).questions]

    assert len(set(drawn(1)[:5])) == 5
    assert drawn(1) == drawn(1) != drawn(2)
    assert plan(sets, KNOWN, limit=99).questions == plan(sets, KNOWN).questions


def test_each_query_is_asked_cold_then_cached_after_a_warm_up() -> None:
    asked: list[str] = []

    def search(text: str) -> list[str]:
        asked.append(text)
        return ["a", "c", "b"]

    first, second = plan([QuerySet("file", TASKS)], KNOWN).questions
    got = list(answers([first, second, first], search))
    assert asked[1:] == [first.text] * 2 + [second.text] * 2 + [first.text] * 2
    assert [one.cold is None for one in got] == [False, False, True], "its embedding was known"
    assert all(one.cached >= 0 for one in got)
    assert {one.ranked for one in got} == {("a", "c", "b")}


def test_figures_are_means_over_queries_with_intervals() -> None:
    questions = plan([QuerySet("file", TASKS)], KNOWN).questions
    done = list(answers(questions, lambda text: ["a", "c", "b"]))
    found = figures(done, 3, skipped=1)
    assert (found.queries, found.skipped, found.relevant_per_query) == (2, 1, 1.5)
    assert list(found.metrics) == [f"{m}@{k}" for m in ("recall", "ndcg", "mrr") for k in (1, 3)]
    assert found.metrics["recall@1"].value == pytest.approx((1 + 1 / 2) / 2)
    assert found.metrics["recall@3"].value == 1
    assert found.metrics["ndcg@3"].value == pytest.approx(
        (1 + (1 + 1 / 2) / (1 + 1 / np.log2(3))) / 2
    )
    assert found.metrics["mrr@1"].value == 1
    at_one = found.metrics["recall@1"]
    assert (at_one.low, at_one.high) == (0.5, 1.0)
    assert figures([], 3).metrics == {}


def test_latency_is_in_milliseconds() -> None:
    found = latency([0.001 * n for n in range(101)])
    assert found is not None
    assert (found.queries, found.p50, found.p95) == (101, pytest.approx(50), pytest.approx(95))
    assert latency([]) is None


def test_peak_memory_is_bytes() -> None:
    held = peak_memory()
    assert held is None or 2**22 < held < 2**40


def test_baselines_rank_by_one_score_of_the_whole_query(tmp_path: Path) -> None:
    specs = [ToolSpec(f"t{n}", "C", "tool", f"word{n}", "rain " * (n % 4)) for n in range(30)]
    query = "rain word3. And word7 or tool"
    with Index(tmp_path, Hashing()) as index:
        index.update(specs)
        found = {name: baseline(index, name, 5)(query) for name in BASELINES}
        known = index.evidence(query, 5)
        with pytest.raises(UsageError, match="bm25, dense, convex"):
            baseline(index, "luck", 5)
    assert known is not None
    by_id = {id_: i for i, id_ in enumerate(known.ids)}
    for name, scores in (("bm25", known.lexical[0]), ("dense", known.dense[0])):
        got = [float(scores[by_id[id_]]) for id_ in found[name]]
        assert got == sorted(map(float, scores), reverse=True)[:5], name
    assert found["bm25"] != found["dense"]
    asked = Hashing().embed([query])[0]
    cosines = {spec.id: float(asked @ Hashing().embed([document(spec)])[0]) for spec in specs}
    assert cosines[found["dense"][0]] == pytest.approx(max(cosines.values()), abs=1e-6)


def test_an_empty_index_has_no_baseline_hits(tmp_path: Path) -> None:
    with Index(tmp_path, Hashing()) as index:
        assert baseline(index, "convex", 5)("anything") == []
