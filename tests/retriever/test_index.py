"""The index finds, keeps in step, embeds nothing twice, and mends itself after a crash."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from support.embedders import Hashing
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import CatalogError, UsageError
from toolgrove.retriever import index as index_module
from toolgrove.retriever.index import Index

LOTTERY = ToolSpec("G/lotto/draws", "Gaming", "lotto", "draws", "Latest lottery results.")
WEATHER = ToolSpec("W/sky/now", "Weather", "sky", "now", "Temperature in a city.")
NOTES = ToolSpec(
    "N/book/add", "Notes", "book", "add", "Write a note.", effect=Effect.WRITE, source="openapi"
)
ALL = [LOTTERY, WEATHER, NOTES]


@pytest.fixture
def embedder() -> Hashing:
    return Hashing()


@pytest.fixture
def index(tmp_path: Path, embedder: Hashing) -> Iterator[Index]:
    with Index(tmp_path / "index", embedder) as opened:
        yield opened


def found(index: Index, query: str, k: int = 5) -> list[str]:
    return [hit.id for hit in index.search(query, k)]


def test_the_tool_asked_for_comes_first(index: Index) -> None:
    index.update(ALL)
    hits = index.search("lottery results", 2)
    assert [hit.id for hit in hits][:1] == [LOTTERY.id]
    assert len(hits) == 2
    assert 1 >= hits[0].score > hits[1].score >= 0
    assert hits[0].part == "lottery results"


def test_each_sentence_is_served(index: Index) -> None:
    index.update([*ALL, *(ToolSpec(f"x{n}", "X", f"x{n}", "x", "city city") for n in range(9))])
    hits = index.search("Get me lottery results. Write a note.", 2)
    assert {hit.id: hit.part for hit in hits} == {
        LOTTERY.id: "Get me lottery results.",
        NOTES.id: "Write a note.",
    }


def test_an_empty_index_has_no_hits(index: Index) -> None:
    assert index.search("anything") == []
    index.update([])
    assert index.search("anything") == []
    assert index.whole


def test_a_tool_without_a_word_can_be_indexed(index: Index) -> None:
    index.update([ToolSpec("odd", "", "", "")])
    assert found(index, "anything") == ["odd"]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"category": "Weather"}, {WEATHER.id}),
        ({"effect": "write"}, {NOTES.id}),
        ({"source": "openapi", "tool": "book"}, {NOTES.id}),
        ({"source": "openapi", "tool": "sky"}, set()),
    ],
)
def test_filters_hold_for_both_searches(index: Index, where: dict[str, str], ids: set[str]) -> None:
    index.update(ALL)
    hits = index.search("lottery results, a note, temperature", 5, where=where)
    assert {hit.id for hit in hits} == ids


@pytest.mark.parametrize(
    ("query", "k", "where"), [(" ", 5, {}), ("x", 0, {}), ("x", 5, {"id": "y"})]
)
def test_what_cannot_be_searched_is_told(
    index: Index, query: str, k: int, where: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="category, tool, source, effect"):
        index.search(query, k, where=where)


def test_nothing_is_embedded_twice(index: Index, embedder: Hashing) -> None:
    assert index.update(ALL) == 3
    assert index.update(ALL) == 0
    other_id = replace(LOTTERY, id="copy")
    other_effect = replace(WEATHER, effect=Effect.WRITE)
    assert index.update([other_id, other_effect]) == 0
    assert len(embedder.texts) == 3
    assert index.search("temperature", 1, where={"effect": "write"})[0].id == WEATHER.id
    assert set(found(index, "lottery")[:2]) == {LOTTERY.id, "copy"}


def test_queries_are_embedded_once(index: Index, embedder: Hashing) -> None:
    index.update(ALL)
    assert index.search("lottery") == index.search("lottery")
    assert embedder.texts.count("lottery") == 1


def test_a_changed_tool_is_found_by_its_new_words_only(index: Index) -> None:
    index.update(ALL)
    index.update([replace(WEATHER, description="Air pollution and pollen.")])
    assert found(index, "pollen")[0] == WEATHER.id
    assert index.search("temperature", 3)[0].lexical == 0
    assert len(index) == 3


def test_a_removed_tool_is_found_no_more(index: Index) -> None:
    index.update(ALL)
    index.remove([LOTTERY.id, "never there"])
    assert LOTTERY.id not in found(index, "lottery results")
    assert index.ids() == {WEATHER.id, NOTES.id}


def test_it_stays_on_disk(tmp_path: Path, embedder: Hashing) -> None:
    with Index(tmp_path, embedder) as first:
        first.update(ALL)
        before = first.search("lottery results")
    with Index(tmp_path, embedder) as again:
        assert again.search("lottery results") == before
        again.close()


def test_another_embedder_is_refused(tmp_path: Path, embedder: Hashing) -> None:
    with Index(tmp_path, embedder) as opened:
        opened.update(ALL)
    other = Hashing()
    other.name = "hashing/2"
    with pytest.raises(CatalogError, match=r"made with the embedder hashing/1.*new folder"):
        Index(tmp_path, other)


class Failing(Hashing):
    """Gives up at its second batch."""

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        if self.texts:
            raise KeyboardInterrupt
        return super().embed(texts, query=query)


def test_an_interrupted_writing_keeps_its_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "BATCH", 2)
    many = [ToolSpec(f"t{n}", "C", f"t{n}", f"word{n}") for n in range(5)]
    with Index(tmp_path, Failing()) as opened, pytest.raises(KeyboardInterrupt):
        opened.update(many)
    embedder = Hashing()
    with Index(tmp_path, embedder) as opened:
        assert not opened.whole
        assert found(opened, "word1")[0] == "t1"
        assert not opened.whole, "a search mends what is there and says that something is missing"
        assert opened.update(many) == 3
        assert opened.whole
        assert found(opened, "word4")[0] == "t4"


@pytest.mark.parametrize("damage", ["chroma", "chroma hnsw", "bm25"])
def test_a_derived_part_that_is_lost_is_made_again(
    tmp_path: Path, embedder: Hashing, damage: str
) -> None:
    with Index(tmp_path, embedder) as opened:
        opened.update(ALL)
    kind, _, part = damage.partition(" ")
    (folder,) = tmp_path.glob(f"{kind}-*")
    if part:
        (folder / "chroma.sqlite3").write_bytes(b"not a database" * 1000)
    else:
        shutil.rmtree(folder)
    embedder.texts.clear()
    with Index(tmp_path, embedder) as opened:
        assert found(opened, "lottery results")[0] == LOTTERY.id
        assert opened.whole
    assert embedder.texts == ["lottery results"]


def test_a_damaged_store_is_told(tmp_path: Path, embedder: Hashing) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(CatalogError, match=r"index\.sqlite: cannot be read as an index"):
        Index(tmp_path, embedder)


def test_another_version_is_told(tmp_path: Path, embedder: Hashing) -> None:
    with Index(tmp_path, embedder) as opened:
        opened._store.put(version="0")
    with pytest.raises(CatalogError, match="made by another version"):
        Index(tmp_path, embedder)


def test_two_threads_and_two_openings_lose_nothing(tmp_path: Path, embedder: Hashing) -> None:
    many = [ToolSpec(f"t{n}", "C", f"t{n}", f"word{n}") for n in range(12)]
    with Index(tmp_path, embedder) as one, Index(tmp_path, embedder) as other:
        threads = [
            threading.Thread(target=index.update, args=([*many[at::3]],))
            for at, index in enumerate((one, one, other))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for index in (one, other):
            assert index.whole
            assert index.ids() == {spec.id for spec in many}
            assert found(index, "word7")[0] == "t7"


READ = """
import sys
from support.embedders import Hashing
from toolgrove.retriever.index import Index
with Index(sys.argv[1], Hashing()) as index:
    for query in sys.stdin:
        print(index.search(query.strip(), 1)[0].id, flush=True)
"""


def test_a_reader_sees_what_another_process_adds(index: Index) -> None:
    index.update([WEATHER])
    reader = subprocess.Popen(
        [sys.executable, "-c", READ, str(index.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with reader:
        assert reader.stdin
        assert reader.stdout
        for spec in (WEATHER, LOTTERY):
            index.update([spec])
            print(spec.description, file=reader.stdin, flush=True)
            assert reader.stdout.readline().strip() == spec.id
        reader.stdin.close()
    assert reader.returncode == 0


def test_third_party_text_is_only_text(index: Index) -> None:
    hostile = ToolSpec(
        'x"; DROP TABLE entries; --', "a\ud800b", "t\x00ool", "n", "é\udfff" + "long " * 50_000
    )
    index.update([hostile, *ALL])
    assert found(index, "long \ud800 é'\"")[0] == hostile.id
    assert len(index) == 4


words = st.text(st.characters(codec="utf-8"), max_size=8)
tools = st.builds(ToolSpec, words.filter(bool), words, words, words, words)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.booleans(), st.lists(tools, max_size=4)), max_size=4))
def test_it_holds_exactly_what_was_put_in(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, list[ToolSpec]]]
) -> None:
    expected: set[str] = set()
    with Index(tmp_path_factory.mktemp("index"), Hashing()) as index:
        for add, specs in steps:
            ids = [spec.id for spec in specs]
            if add:
                index.update(specs)
                expected |= set(ids)
            else:
                index.remove(ids)
                expected -= set(ids)
            assert index.ids() == expected
            assert {hit.id for hit in index.search("what?", 50)} == expected
