"""A catalogue as a LangChain retriever: queries in, the tools they are about out, as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from toolgrove.agent.catalog import Catalog
from toolgrove.data.functions import function
from toolgrove.retriever.documents import document

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun

    from toolgrove.data.records import ToolSpec
    from toolgrove.retriever.ranking import Hit

__all__ = ["ToolRetriever"]


class ToolRetriever(BaseRetriever):
    """The tools of a catalogue that a query is about, as LangChain documents, best first.

    A document's ``page_content`` is the text that the tool is found by; its ``id`` is the tool's,
    and its ``metadata`` holds ``id``, ``score``, ``part`` (the sentence of the query that it fits
    best), ``category``, ``tool``, ``name``, ``alias`` (the name a model may call it by),
    ``effect`` and ``source``. ``invoke`` and ``ainvoke`` take ``k`` and ``where`` too, for one
    query; ``ainvoke`` searches in a thread.

    Parameters
    ----------
    catalog : Catalog
        Open, and left open: whoever opened it closes it.
    k : int
        How many tools at most.
    where : mapping, optional
        Values that ``category``, ``tool``, ``source`` or ``effect`` must have.

    Raises
    ------
    UsageError
        From ``invoke``: the query is empty, ``k`` is below 1, or ``where`` names another field.
    """

    catalog: Catalog
    k: int = Field(default=5, ge=1)
    where: Mapping[str, str] | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Mapping[str, str] | None = None,
    ) -> list[Document]:
        found = self.catalog.search(
            query, self.k if k is None else k, where=self.where if where is None else where
        )
        return [self._document(hit, spec) for hit, spec in found]

    def _document(self, hit: Hit, spec: ToolSpec) -> Document:
        metadata = {
            "id": spec.id,
            "score": hit.score,
            "part": hit.part,
            "category": spec.category,
            "tool": spec.tool,
            "name": spec.name,
            "alias": self.catalog.registry.alias(spec.id),
            "effect": spec.effect.value,
            "source": spec.source,
        }
        return Document(id=spec.id, page_content=document(spec), metadata=metadata)

    def functions(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        """Found tools as OpenAI function tools, for instance for a model's ``bind_tools``.

        Parameters
        ----------
        documents : sequence of Document
            What ``invoke`` or ``ainvoke`` gave.

        Returns
        -------
        list of dict
            ``{"type": "function", "function": {"name", "description", "parameters"}}``, each
            under its alias; long descriptions are cut.
        """
        registry = self.catalog.registry
        specs = [registry.get(one.metadata["id"]) for one in documents]
        return [
            {"type": "function", "function": function(spec, registry.alias(spec.id))}
            for spec in specs
        ]
