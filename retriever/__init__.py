"""Finding tools: documents, embedding, the index, what reorders hits, training.

These names are what others build on; each is loaded at its first use. Everything else in here is
internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgrove.lazy import face

if TYPE_CHECKING:
    from toolgrove.retriever.co_use import Episode
    from toolgrove.retriever.embedding import Embedder, LangChainEmbedder, MiniLM
    from toolgrove.retriever.embedding_st import SentenceTransformersEmbedder
    from toolgrove.retriever.evaluation import answers, figures, plan
    from toolgrove.retriever.intents import ChatIntents
    from toolgrove.retriever.ranking import Hit
    from toolgrove.retriever.recommendation import recommend
    from toolgrove.retriever.rerank import ChatReranker, CrossEncoderReranker, Reranker
    from toolgrove.retriever.trained import load_embedder
    from toolgrove.retriever.training.adapter import train_adapter
    from toolgrove.retriever.training.classifier import train_classifier
    from toolgrove.retriever.training.encoder import EncoderSettings, train_encoder
    from toolgrove.retriever.training.examples import training_examples

__all__ = [
    "ChatIntents",
    "ChatReranker",
    "CrossEncoderReranker",
    "Embedder",
    "EncoderSettings",
    "Episode",
    "Hit",
    "LangChainEmbedder",
    "MiniLM",
    "Reranker",
    "SentenceTransformersEmbedder",
    "answers",
    "figures",
    "load_embedder",
    "plan",
    "recommend",
    "train_adapter",
    "train_classifier",
    "train_encoder",
    "training_examples",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "ChatIntents": "retriever.intents",
        "ChatReranker": "retriever.rerank",
        "CrossEncoderReranker": "retriever.rerank",
        "Embedder": "retriever.embedding",
        "EncoderSettings": "retriever.training.encoder",
        "Episode": "retriever.co_use",
        "Hit": "retriever.ranking",
        "LangChainEmbedder": "retriever.embedding",
        "MiniLM": "retriever.embedding",
        "Reranker": "retriever.rerank",
        "SentenceTransformersEmbedder": "retriever.embedding_st",
        "answers": "retriever.evaluation",
        "figures": "retriever.evaluation",
        "load_embedder": "retriever.trained",
        "plan": "retriever.evaluation",
        "recommend": "retriever.recommendation",
        "train_adapter": "retriever.training.adapter",
        "train_classifier": "retriever.training.classifier",
        "train_encoder": "retriever.training.encoder",
        "training_examples": "retriever.training.examples",
    },
)
