"""Features of candidates: bounded, and what each of them is there to tell."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from toolgrove.data.records import ToolSpec
from toolgrove.retriever.documents import MAX_CHARACTERS, MAX_FIELDS, asking, words
from toolgrove.retriever.features import FEATURES, coverage, family_fit, features

unit = st.floats(0, 1, width=32)


@given(st.integers(1, 5), st.integers(1, 9), st.data())
def test_features_are_one_bounded_row_a_candidate(
    parts: int, candidates: int, data: st.DataObject
) -> None:
    def drawn(elements: st.SearchStrategy[float]) -> NDArray[np.float64]:
        return data.draw(arrays(np.float64, (parts, candidates), elements=elements))

    family = arrays(np.int64, candidates, elements=st.integers(0, 3))
    asks = data.draw(arrays(np.float64, parts, elements=st.sampled_from([0.7, 1.0])))
    found = features(
        drawn(st.floats(0, 50, width=32)),
        drawn(st.floats(-1, 1, width=32)),
        data.draw(arrays(np.float64, parts, elements=unit)),
        asks,
        (data.draw(family), data.draw(family)),
        (drawn(unit), drawn(unit)),
    )
    assert found.shape == (candidates, len(FEATURES))
    assert ((found >= 0) & (found <= 1 + 1e-9)).all()


def test_a_family_that_serves_every_sentence_fits_better_than_one_that_serves_one_best() -> None:
    # two sentences; family 0 is second best for both, 1 and 2 are best for one each
    scores = np.array([[0.9, 0.0, 1.0, 0.0], [0.0, 0.9, 0.0, 1.0]])
    fit = family_fit(scores, np.ones(2), np.array([0, 0, 1, 2]))
    assert fit[0] == fit[1] > fit[2] == fit[3]


def test_a_query_of_one_sentence_says_nothing_of_families() -> None:
    assert family_fit(np.array([[1.0, 0.5]]), np.ones(1), np.array([0, 1])).tolist() == [0, 0]


@given(st.lists(st.text(max_size=12), max_size=4), st.lists(st.text(max_size=12), max_size=4))
def test_coverage_is_a_share_for_any_text(parts: list[str], names: list[str]) -> None:
    found = coverage(parts, names, lambda token: 1.0)
    assert found.shape == (len(parts), len(names))
    assert ((found >= 0) & (found <= 1)).all()


def test_a_rare_word_of_a_name_covers_more_than_a_common_one() -> None:
    rarity = {"get": 0.1, "isochron": 4.0}
    found = coverage(["get it", "an isochrone"], ["Get Isochrone"], lambda t: rarity.get(t, 1.0))
    assert found[0, 0] < 0.1 < 0.9 < found[1, 0]


def test_a_name_of_common_words_is_hardly_named_by_saying_them() -> None:
    rarity = {"hotel": 1.0, "zillow": 6.0}
    names = ["Hotel", "Zillow"]
    found = coverage(["a hotel on Zillow"], names, lambda t: rarity.get(t, 9.0), highest=6.0)
    assert found[0, 0] < 0.2 < 0.9 < found[0, 1]


def test_a_sentence_that_sets_the_scene_counts_less_than_one_that_asks() -> None:
    assert asking("My friends and I are planning a hike.") < asking("Find us a trail.") == 1
    assert asking("I want the weather in Oslo.") == asking("How warm is it?") == 1


def test_words_hold_example_values_and_fields_of_answers_within_bounds() -> None:
    spec = ToolSpec(
        "a/b/c",
        "a",
        "b",
        "c",
        "",
        {"type": "object", "properties": {"x": {"enum": ["kelvin"], "default": "y" * 5000}}},
        {"items": [{f"field{n}": {"properties": {"moonrise": "str"}}} for n in range(999)]},
    )
    text = words(spec)
    assert "kelvin" not in text  # the default before it used up the room: nothing grows without end
    assert "moonrise" in text
    assert len(text) < 3 * MAX_CHARACTERS + 30 * MAX_FIELDS


def test_a_schema_of_no_known_shape_has_words_too() -> None:
    odd = {"properties": {"p": True, "q": {"description": None, "examples": [{}, 3]}}}
    assert "3" in words(ToolSpec("i", "c", "t", "n", "d", odd, {"a": [1, [2, {"b": None}]]}))
