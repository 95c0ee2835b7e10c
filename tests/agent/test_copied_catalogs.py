"""A catalogue that somebody sent reaches only what this machine's user has named (promise 14)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError

LOTTERY = ToolSpec("G/lotto/draws", "Gaming", "lotto", "draws", "Latest lottery results.")


@pytest.fixture(autouse=True)
def _nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Catalog.open(tmp_path / "sent", embedder=Hashing()) as catalog:
        catalog.add([LOTTERY])
    return tmp_path / "sent"


@pytest.fixture
def host() -> Iterator[tuple[str, list[str]]]:
    """A server that notes what it is asked."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_POST = do_GET  # noqa: N815 - the standard library names it

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def forge(folder: Path, **settings: str) -> None:
    with closing(sqlite3.connect(folder / "index" / "index.sqlite")) as db, db:
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", settings.items())


def found(folder: Path, chroma_url: str | None = None) -> list[str]:
    with Catalog.open(folder, create=False, embedder=Hashing(), chroma_url=chroma_url) as catalog:
        return [spec.id for _, spec in catalog.search("lottery results", 1)]


def written(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "sent" not in path.parts}


@pytest.mark.parametrize("state", ["clean", "writing"])
def test_promise_14_a_catalogue_chooses_no_host(
    folder: Path, host: tuple[str, list[str]], state: str
) -> None:
    url, asked = host
    forge(folder, chroma=url, state=state)
    with pytest.raises(CatalogError, match="nobody has named on this machine") as told:
        found(folder)
    assert f"--chroma-url {url}" in str(told.value)
    assert asked == []
    with (
        Catalog.open(folder, embedder=Hashing()) as catalog,
        pytest.raises(CatalogError, match="nobody has named"),
    ):
        catalog.add([ToolSpec("W/sky/now", "Weather", "sky", "now", "Weather.")])
    assert asked == []
    assert found(folder, "") == [LOTTERY.id], "in the folder it is made again"


def test_a_host_that_was_named_is_spoken_to(folder: Path, host: tuple[str, list[str]]) -> None:
    url, asked = host
    for chroma_url in (url, None):  # it is remembered among what the user named
        asked.clear()
        with pytest.raises(CatalogError, match="chroma run"):
            found(folder, chroma_url)
        forge(folder, chroma=url)
        assert asked


@pytest.mark.parametrize(
    "forged",
    [
        {"collection": "../../out"},
        {"collection": "/tmp/x/../chroma-1"},
        {"collection": "chroma-1/../../../out"},
        {"words": "../../out"},
        {"words": "../index/bm25-2"},
        {"number": "1/../../../out"},
        {"number": "-7"},
        {"number": "x", "state": "writing"},
        {"collection": "../../out", "state": "writing"},
    ],
    ids=str,
)
def test_promise_14_a_catalogue_chooses_no_folder(
    folder: Path, tmp_path: Path, forged: dict[str, str]
) -> None:
    before = written(tmp_path)
    forge(folder, **forged)
    assert found(folder) == [LOTTERY.id], "what is derived is made again"
    assert written(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["chroma", "bm25"])
@pytest.mark.parametrize("inside", [False, True])
def test_promise_14_a_symbolic_link_leads_nowhere(
    folder: Path, tmp_path: Path, kind: str, inside: bool
) -> None:
    (part,) = (folder / "index").glob(f"{kind}-*")
    away = tmp_path / "away"
    if inside:
        away.mkdir()
        link = next(path for path in part.iterdir() if path.is_file())
        link.rename(away / link.name)
        link.symlink_to(away / link.name)
    else:
        part.rename(away)
        part.symlink_to(away)
    before = {path: path.read_bytes() for path in away.rglob("*") if path.is_file()}
    assert found(folder) == [LOTTERY.id]
    assert {path: path.read_bytes() for path in away.rglob("*") if path.is_file()} == before
