"""A classifier learns the tools of its queries, and can be reopened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.embedders import Hashing
from toolgrove.data import world
from toolgrove.data.formats.query_sets import labels
from toolgrove.data.records import Task
from toolgrove.errors import FormatError, UsageError
from toolgrove.retriever.classifier import ToolClassifier
from toolgrove.retriever.training.classifier import ClassifierSettings, train_classifier


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return [task for task in world.tasks() if labels(task)][:60]


def found(classifier: ToolClassifier, tasks: list[Task]) -> float:
    """The share of wanted tools that get more than a half."""
    chances = classifier.probabilities([task.query for task in tasks])
    place = {tool: i for i, tool in enumerate(classifier.tools)}
    return float(
        np.mean(
            [chances[row, place[one]] > 0.5 for row, t in enumerate(tasks) for one in labels(t)]
        )
    )


def test_it_learns_which_tools_a_query_needs(tasks: list[Task]) -> None:
    losses: list[float] = []
    classifier = train_classifier(tasks, Hashing(), losses=losses)
    assert losses[-1] < 0.2 * losses[0]
    first = [classifier.predict(task.query, 1)[0][0] in labels(task) for task in tasks]
    assert np.mean(first) > 0.9
    assert set(classifier.tools) == {tool for task in tasks for tool in labels(task)}


def test_weights_for_the_positives_find_more_of_them(tasks: list[Task]) -> None:
    few = {"steps": 20, "rate": 0.05}
    weighted = train_classifier(tasks, Hashing(), ClassifierSettings(**few))
    plain = train_classifier(tasks, Hashing(), ClassifierSettings(**few, most=1.0))
    assert found(weighted, tasks) > found(plain, tasks) + 0.2


def test_it_is_reopened_with_the_same_answers(tasks: list[Task], tmp_path: Path) -> None:
    classifier = train_classifier(tasks, Hashing(), ClassifierSettings(steps=5))
    classifier.save(tmp_path)
    again = ToolClassifier.load(tmp_path, Hashing())
    assert again.predict("how far is it", 4) == classifier.predict("how far is it", 4)
    assert len(again.predict("how far is it", 4)) == 4
    other = Hashing()
    other.name = "hashing/2"
    with pytest.raises(FormatError, match=r"manifest\.json: at \$\.base"):
        ToolClassifier.load(tmp_path, other)


def test_what_cannot_be_asked_or_learnt_is_told(tasks: list[Task]) -> None:
    classifier = train_classifier(tasks, Hashing(), ClassifierSettings(steps=1))
    for query, k in ((" ", 5), ("a", 0)):
        with pytest.raises(UsageError, match="takes words"):
            classifier.predict(query, k)
    with pytest.raises(UsageError, match="two tools"):
        train_classifier([Task("1", "a", relevant=("x",))], Hashing())
