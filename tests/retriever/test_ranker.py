"""The ranker: fitted weights pass relevant candidates in front, and survive on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError
from toolgrove.retriever.features import FEATURES
from toolgrove.retriever.ranker import DEFAULT, LabelledQuery, Ranker, fit


def told_by(feature: int, queries: int, seed: int = 0) -> list[LabelledQuery]:
    """Queries whose relevant candidate is the one with the highest value of one feature."""
    rng = np.random.default_rng(seed)
    drawn = [rng.random((8, len(FEATURES))) for _ in range(queries)]
    return [LabelledQuery(one, one[:, feature] == one[:, feature].max()) for one in drawn]


@given(st.integers(0, len(FEATURES) - 1))
def test_fitting_raises_the_weight_of_the_feature_that_tells(feature: int) -> None:
    ranker = fit(told_by(feature, 40))
    share = np.array(ranker.weights) / sum(ranker.weights)
    before = np.array(DEFAULT.weights) / sum(DEFAULT.weights)
    assert share[feature] > before[feature]
    hits = [
        one.relevant[ranker.scores(one.features).argmax()] for one in told_by(feature, 40, seed=1)
    ]
    untuned = [
        one.relevant[DEFAULT.scores(one.features).argmax()] for one in told_by(feature, 40, seed=1)
    ]
    assert sum(hits) >= sum(untuned)


def test_queries_that_teach_nothing_leave_the_weights() -> None:
    nothing = [
        LabelledQuery(np.zeros((3, len(FEATURES))), np.zeros(3, dtype=bool)),
        LabelledQuery(np.ones((2, len(FEATURES))), np.ones(2, dtype=bool)),
    ]
    assert fit(nothing).weights == DEFAULT.weights
    assert fit([]).queries == 0


def test_another_relevant_candidate_is_no_negative() -> None:
    twins = np.ones((3, len(FEATURES)))
    twins[2] = 0
    one = LabelledQuery(twins, np.array([True, True, False]))
    other = LabelledQuery(twins[1:], np.array([True, False]))
    assert fit([one]).weights == fit([other]).weights


@given(st.tuples(*[st.floats(-5, 5) for _ in FEATURES]))
def test_scores_are_at_most_1(weights: tuple[float, ...]) -> None:
    corners = np.random.default_rng(0).integers(0, 2, (16, len(FEATURES))).astype(float)
    assert (Ranker(weights).scores(corners) <= 1 + 1e-9).all()


def test_a_catalogue_keeps_the_ranker_it_was_given(tmp_path: Path) -> None:
    specs = [ToolSpec(f"c/t/{n}", "c", "t", n, n) for n in ("rain", "snow")]
    ranker = Ranker((1.0, *[0.0] * (len(FEATURES) - 1)), queries=3)
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add(specs)
        catalog.search_index.use(ranker)
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        assert catalog.search_index.ranker == ranker
        assert catalog.search("rain")[0][1].name == "rain"


def test_an_index_fits_a_ranker_to_its_own_candidates(tmp_path: Path) -> None:
    specs = [ToolSpec(f"c/t{n}/{n}", "c", f"t{n}", n, n) for n in ("rain", "snow", "wind")]
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add(specs)
        queries = [("rain", ["c/train/rain"]), ("snow", ["c/tsnow/snow"]), ("wind", ["elsewhere"])]
        found = [(catalog.search_index.evidence(query), ids) for query, ids in queries]
    ranker = fit([known.labelled(ids) for known, ids in found if known is not None])
    assert len(found) == 3
    assert ranker.queries == 2


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 1}', '{"version": 9, "queries": 0, "weights": {}}',
     '{"version": 1, "queries": 0, "weights": {"whole": 1}}'],
)  # fmt: skip
def test_a_file_that_is_no_ranker_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ranker.json"
    path.write_text(text)
    with pytest.raises(CatalogError, match=r"ranker\.json.*[Dd]elete"):
        Ranker.load(path)
