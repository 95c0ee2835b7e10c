"""BM25: the words of a text, the index on disk, and its worth on real queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolgrove.data.formats.toolbench_queries import load_queries
from toolgrove.retriever.documents import document
from toolgrove.retriever.lexical import Lexical, known_share, tokens
from toolgrove.retriever.metrics import ndcg


def test_scores_are_of_the_rows_they_came_with(tmp_path: Path) -> None:
    Lexical.build([(4, "lottery results"), (9, "weather"), (11, "")], tmp_path / "made")
    lexical = Lexical.load(tmp_path / "made")
    scores = lexical.scores(["latest LotteryResult", "nothing known", "weather"])
    assert lexical.rows.tolist() == [4, 9, 11]
    assert (scores > 0).tolist() == [[True, False, False], [False] * 3, [False, True, False]]


def test_documents_without_words_make_an_index_too(tmp_path: Path) -> None:
    for name, documents in (("none", []), ("empty", [(1, ""), (2, "the")])):
        Lexical.build(documents, tmp_path / name)
        lexical = Lexical.load(tmp_path / name)
        assert not lexical.scores(["the word"]).any()
        assert len(lexical.rows) == len(documents)


def test_the_share_of_a_text_that_the_documents_know_goes_by_rarity(tmp_path: Path) -> None:
    documents = [(n, "get weather") for n in range(9)] + [(9, "get lottery")]
    Lexical.build(documents, tmp_path / "made")
    lexical = Lexical.load(tmp_path / "made")
    known = known_share(["get lottery", "get umbrella", "umbrella", ""], lexical)
    assert known[0] == 1
    assert 0 < known[1] < 0.5  # the rarer half is not known
    assert known[2:].tolist() == [0, 0]


def test_names_are_split_into_words() -> None:
    assert tokens("getHTTPResponse_code2 v2API") == ["get", "http", "respons", "code2", "v2", "api"]


def test_real_queries_are_answered_as_measured(shared_data: Path, tmp_path: Path) -> None:
    """NDCG@5 of 0.72 on the shared query files; a tokenizer that breaks costs several points."""
    specs, tasks = {}, []
    for split in ("G1_instruction", "G1_tool", "G2_instruction"):
        found, described = load_queries(shared_data / f"toolbench/queries/{split}.json")
        tasks += found
        specs.update({spec.id: spec for spec in described})
    ids = list(specs)
    Lexical.build(((n, document(specs[i])) for n, i in enumerate(ids)), tmp_path / "made")
    scores = Lexical.load(tmp_path / "made").scores([task.query for task in tasks])
    values = []
    for task, row in zip(tasks, scores, strict=True):
        ranked = [ids[n] for n in np.argsort(-row, kind="stable")[:5]]
        values.append(ndcg(ranked, task.relevant, 5))
    assert np.mean(values) > 0.71
