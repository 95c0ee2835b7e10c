"""What an agent cannot do is said before a model is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.embedders import Hashing
from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.models.scripted import ScriptedModel, finish
from toolgrove.data.records import Task
from toolgrove.errors import CatalogError


def agent(**options: Any) -> tuple[Agent, ScriptedModel]:
    model = ScriptedModel(replies=[finish("made up")])
    return Agent(model=model, planner="react", **options), model


@pytest.mark.parametrize(
    "ask",
    [
        lambda agent: agent.invoke("q", tols=[1]),
        lambda agent: agent.invoke("q", None, tols=[1], planner="dfsdt"),
        lambda agent: agent.batch(["q"], tols=[1]),
        lambda agent: agent.bind(tols=[1]).invoke("q"),
        lambda agent: list(agent.stream("q", tols=[1])),
    ],
)
def test_an_unknown_keyword_argument_is_named(ask: Callable[[Agent], Any]) -> None:
    asked, model = agent()
    with pytest.raises(TypeError, match="'tols'"):
        ask(asked)
    assert model.asked == []


async def test_an_unknown_keyword_argument_is_named_async() -> None:
    asked, model = agent()
    with pytest.raises(TypeError, match="'budget', 'tols'"):
        await asked.ainvoke("q", budget=3, tols=[1])
    assert model.asked == []


def test_a_catalogue_without_tools_answers_nothing(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "empty", embedder=Hashing()) as catalog:
        asked, model = agent(catalog=catalog)
        for request in ("q", Task("t", "q")):
            with pytest.raises(CatalogError, match="toolgrove index SOURCE"):
                asked.invoke(request)
    assert model.asked == []
    with pytest.raises(CatalogError, match=r"empty: this catalogue has no tools.*toolgrove index"):
        Catalog.open(tmp_path / "empty", embedder=Hashing(), create=False)
