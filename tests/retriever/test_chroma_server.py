"""An index keeps its collection on a Chroma server: a real one, started here."""

from __future__ import annotations

import gc
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.chroma_server import chroma_server
from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError
from toolgrove.retriever.index import Index

LOTTERY = ToolSpec("G/lotto/draws", "Gaming", "lotto", "draws", "Latest lottery results.")
REST = "/api/v2/tenants/default_tenant/databases/default_database/collections"
WEATHER = ToolSpec("W/sky/now", "Weather", "sky", "now", "Temperature in a city.")


# chromadb's client of a server never closes its connections
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def _named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests name stays among themselves."""
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as started:
        yield started
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def collections(url: str) -> dict[str, int]:
    """Records in each collection of the server."""
    found = httpx.get(f"{url}{REST}", trust_env=False).json()
    counts = (httpx.get(f"{url}{REST}/{one['id']}/count", trust_env=False) for one in found)
    return {one["name"]: count.json() for one, count in zip(found, counts, strict=True)}


def test_promise_13_no_proxy_is_asked_for_vectors(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with Catalog.open(tmp_path, embedder=Hashing(), chroma_url=url) as catalog:
            catalog.add([LOTTERY])
            assert catalog.search("lottery results", 1)[0][1] == LOTTERY
        with pytest.raises(BlockingIOError):  # nobody came
            proxy.accept()


def test_a_catalogue_is_written_searched_and_reopened(url: str, tmp_path: Path) -> None:
    before = collections(url)
    with Catalog.open(tmp_path, embedder=Hashing(), chroma_url=url) as catalog:
        catalog.add([LOTTERY, WEATHER])
        assert catalog.search("lottery results", 1)[0][1] == LOTTERY
        hits = catalog.search("lottery", 5, where={"category": "Weather"})
        assert [spec for _, spec in hits] == [WEATHER]
    (name,) = collections(url).keys() - before.keys()
    assert collections(url)[name] == 2
    assert not list(tmp_path.glob("index/chroma-*")), "nothing of it is embedded"
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        assert catalog.search("temperature", 1)[0][1] == WEATHER
        catalog.remove([LOTTERY.id])
        assert collections(url)[name] == 1, "the address is remembered"


def test_two_catalogues_do_not_touch_each_other(url: str, tmp_path: Path) -> None:
    with (
        Index(tmp_path / "one", Hashing(), chroma_url=url) as one,
        Index(tmp_path / "other", Hashing(), chroma_url=url) as other,
    ):
        one.update([LOTTERY])
        other.update([WEATHER])
        assert [hit.id for hit in one.search("temperature lottery")] == [LOTTERY.id]
        assert [hit.id for hit in other.search("temperature lottery")] == [WEATHER.id]


def test_a_collection_moves_to_a_server_and_back_without_embedding(
    url: str, tmp_path: Path
) -> None:
    embedder = Hashing()
    with Index(tmp_path, embedder) as index:
        index.update([LOTTERY, WEATHER])
    embedder.texts.clear()
    for place, embedded in ((url, False), (None, False), ("", True), (None, True)):
        with Index(tmp_path, embedder, chroma_url=place, named=url.__eq__) as index:
            assert index.search("lottery results", 1)[0].id == LOTTERY.id
            assert bool(list(tmp_path.glob("chroma-*"))) is embedded
    assert set(embedder.texts) == {"lottery results"}


def test_a_collection_that_the_server_lost_is_made_again(url: str, tmp_path: Path) -> None:
    before = collections(url)
    with Index(tmp_path, Hashing(), chroma_url=url) as index:
        index.update([LOTTERY, WEATHER])
    (name,) = collections(url).keys() - before.keys()
    assert httpx.delete(f"{url}{REST}/{name}", trust_env=False).is_success
    with Index(tmp_path, Hashing(), named=url.__eq__) as index:
        assert index.search("lottery results", 1)[0].id == LOTTERY.id
    (again,) = collections(url).keys() - before.keys()
    assert again != name, "the old one is tidied away"


@pytest.mark.parametrize("bad", ["http://127.0.0.1:9", "localhost:8000", "http://127.0.0.1:9/api"])
def test_a_server_that_cannot_be_reached_is_told(bad: str, tmp_path: Path) -> None:
    with (
        Index(tmp_path, Hashing(), chroma_url=bad) as index,
        pytest.raises(CatalogError, match="chroma run"),
    ):
        index.update([LOTTERY])
