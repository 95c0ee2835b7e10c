"""A catalogue is a LangChain retriever, by LangChain's own standard tests and by ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from support.embedders import Hashing
from toolgrove import Catalog, ToolRetriever, ToolSpec
from toolgrove.data.records import Effect
from toolgrove.errors import UsageError
from toolgrove.retriever.documents import document

SPECS = [
    ToolSpec("G/lotto/draws", "Gaming", "lotto", "draws", "Latest lottery results."),
    ToolSpec("W/sky/now", "Weather", "sky", "now", "Temperature in a city."),
    ToolSpec("N/book/add", "Notes", "book", "add", "Write a note.", effect=Effect.WRITE),
    ToolSpec("N/book/find", "Notes", "book", "find", "Find a note by its words."),
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with Catalog.open(tmp_path_factory.mktemp("catalog"), embedder=Hashing()) as opened:
        opened.add(SPECS)
        yield opened


class TestStandard(RetrieversIntegrationTests):
    """LangChain's own tests of a retriever."""

    @pytest.fixture(autouse=True)
    def _opened(self, catalog: Catalog) -> None:
        self.catalog = catalog

    @property
    def retriever_constructor(self) -> type[ToolRetriever]:
        return ToolRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"catalog": self.catalog}

    @property
    def retriever_query_example(self) -> str:
        return "write a note about the lottery"


def test_a_document_tells_all_of_its_tool(catalog: Catalog) -> None:
    (found,) = ToolRetriever(catalog=catalog, k=1).invoke("write a note")
    assert found.id == "N/book/add"
    assert found.page_content == document(SPECS[2])
    score = found.metadata.pop("score")
    assert score > 0
    assert found.metadata == {
        "id": "N/book/add", "part": "write a note", "category": "Notes", "tool": "book",
        "name": "add", "alias": "add_for_book", "effect": "write", "source": "",
    }  # fmt: skip


def test_filters_are_kept_and_can_be_given_for_one_query(catalog: Catalog) -> None:
    notes = ToolRetriever(catalog=catalog, where={"category": "Notes"})
    assert {one.metadata["tool"] for one in notes.invoke("lottery")} == {"book"}
    assert [one.id for one in notes.invoke("lottery", where={"tool": "sky"})] == ["W/sky/now"]
    with pytest.raises(UsageError, match="filters on category"):
        notes.invoke("lottery", where={"colour": "red"})
    with pytest.raises(ValidationError, match=r"\bk\b"):
        ToolRetriever(catalog=catalog, k=0)


async def test_many_queries_at_once_agree_with_one_at_a_time(catalog: Catalog) -> None:
    retriever = ToolRetriever(catalog=catalog, k=2)
    queries = ["lottery results", "temperature", "write a note", "find a note"] * 5
    together = await asyncio.gather(*(retriever.ainvoke(query) for query in queries))
    assert together == [retriever.invoke(query) for query in queries]


def test_it_is_a_step_of_a_chain_whose_functions_a_model_can_be_bound_to(
    catalog: Catalog,
) -> None:
    retriever = ToolRetriever(catalog=catalog, k=2)

    def names(documents: list[Document]) -> list[str]:
        return [one["function"]["name"] for one in retriever.functions(documents)]

    chain = retriever | RunnableLambda(names)
    assert set(chain.invoke("note")) == {"add_for_book", "find_for_book"}
    (tool,) = retriever.functions(retriever.invoke("lottery", k=1))
    assert tool["type"] == "function"
    assert tool["function"]["parameters"] == {"type": "object", "properties": {}}
