"""A catalogue whose files a disk changed, or that can only be read: mended, or told by its file."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.embedders import Hashing
from support.media import unwritable
from toolgrove.agent.catalog import Catalog
from toolgrove.data import world
from toolgrove.errors import CatalogError, ToolgroveError

QUERY = "the weather in a city"
SPECS = list(world.specs())[:30]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "catalog"
    with Catalog.open(folder, embedder=Hashing()) as catalog:
        catalog.add(SPECS)
        catalog.search_index.use(catalog.search_index.ranker)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Iterator[Path]:
    copy = tmp_path / "catalog"
    shutil.copytree(whole, copy)
    yield copy
    shutil.rmtree(copy)


def found(folder: Path) -> list[str]:
    with Catalog.open(folder, embedder=Hashing(), create=False) as catalog:
        return [hit.id for hit, _ in catalog.search(QUERY)]


@contextmanager
def telling() -> Iterator[list[str]]:
    """What an error of ours said, if there was one."""
    told: list[str] = []
    try:
        yield told
    except ToolgroveError as error:
        told.append(str(error))


def _flipped(old: bytes) -> bytes:
    draw, new = random.Random(len(old)), bytearray(old)
    for _ in range(20):
        new[draw.randrange(len(new))] ^= 1 << draw.randrange(8)
    return bytes(new)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda old: b"",
    "half": lambda old: old[: len(old) // 2],
    "garbage": lambda old: random.Random(1).randbytes(len(old)),
    "zeros": lambda old: bytes(len(old)),
    "flipped": _flipped,
}


@pytest.mark.parametrize(
    ("part", "damage"),
    [("rows.npy", "half"), ("data.csc", "empty"), ("indices", "garbage"), ("indptr", "zeros"),
     ("params", "gone"), ("vocab", "half"), ("indices", "flipped")],
)  # fmt: skip
def test_words_are_made_again_from_what_is_stored(
    folder: Path, whole: Path, part: str, damage: str
) -> None:
    [file] = (folder / "index").glob(f"bm25-*/{part}*")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert len(found(folder)) == 5  # numbers that a few flipped bits leave plausible are not seen
    if damage in ("empty", "half", "gone"):
        assert found(folder) == found(whole)


@pytest.mark.parametrize(
    ("file", "damage"),
    [*(("index/index.sqlite", damage) for damage in DAMAGES),
     *(("registry.sqlite", damage) for damage in (*DAMAGES, "gone")),
     ("index/ranker.json", "half")],
)  # fmt: skip
def test_what_cannot_be_made_again_is_named_with_its_mend(
    folder: Path, file: str, damage: str
) -> None:
    """Never a traceback; what a page of SQLite's still holds may be found all the same."""
    place = folder / file
    if damage == "gone":
        place.unlink(missing_ok=True)
    elif place.exists():
        place.write_bytes(DAMAGES[damage](place.read_bytes()))
    with telling() as told:
        assert len(found(folder)) <= 5
    for said in told:
        assert str(place.parent) in said
        assert any(word in said.lower() for word in ("index", "delete it", "another place"))
        assert "delete its folder" not in said.lower()


def test_a_missing_index_is_told_and_made_again(folder: Path) -> None:
    shutil.rmtree(folder / "index")
    with pytest.raises(CatalogError, match=r"index\.sqlite: missing.*toolgrove index SOURCE"):
        found(folder)
    with (
        Catalog.open(folder, embedder=Hashing()) as catalog,
        pytest.raises(CatalogError, match="missing or empty"),
    ):
        catalog.search(QUERY)
    with Catalog.open(folder, embedder=Hashing()) as catalog:
        catalog.add(SPECS[:1])
        assert len(catalog.search_index) == len(SPECS)
    assert len(found(folder)) == 5


def test_rows_of_another_length_or_encoding_are_told_by_their_file(folder: Path) -> None:
    import sqlite3

    one = "WHERE digest = (SELECT min(digest) FROM vectors)"
    for change in (f"UPDATE vectors SET vector = x'00000000' {one}",
                   f"UPDATE vectors SET vector = x'00' {one}",
                   "UPDATE entries SET id = CAST(x'ff' AS TEXT) WHERE row = 1"):  # fmt: skip
        db = sqlite3.connect(folder / "index" / "index.sqlite", isolation_level=None)
        db.execute(change)
        db.close()
        with pytest.raises(CatalogError, match=r"index\.sqlite: .*index the sources again"):
            found(folder)


def test_a_catalogue_on_media_that_are_only_read_is_searched(folder: Path, whole: Path) -> None:
    wanted = found(whole)  # which also imports everything
    with unwritable(folder):
        assert found(folder) == wanted
        with (
            Catalog.open(folder, embedder=Hashing(), create=False) as catalog,
            pytest.raises(CatalogError, match="be written"),
        ):
            catalog.add(SPECS[:1])
    left = [one for one in Path("/tmp").glob("toolgrove-chroma-*") if one.stat().st_uid == 65_534]
    assert not left


def test_damage_on_media_that_are_only_read_is_told(folder: Path, whole: Path) -> None:
    found(whole)
    [rows] = (folder / "index").glob("bm25-*/rows.npy")
    rows.write_bytes(b"")
    with unwritable(folder), pytest.raises(CatalogError, match="copy it to where it can be"):
        found(folder)


def test_promise_nothing_is_left_half_written_by_a_full_disk(folder: Path, whole: Path) -> None:
    """A process whose files may grow to so many bytes stands for a disk that is full."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from support.embedders import Hashing\n"
        "from toolgrove.agent.catalog import Catalog\n"
        "from toolgrove.data import world\n"
        "from toolgrove.errors import ToolgroveError\n"
        "for most in (60_000, 110_000, 280_000):\n"
        "    specs = list(world.specs())[:60]\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        with Catalog.open(sys.argv[1], embedder=Hashing()) as catalog:\n"
        "            catalog.add(specs)\n"
        "        said = 'done'\n"
        "    except ToolgroveError as error:\n"
        "        said = f'told: {error}'\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "    with Catalog.open(sys.argv[1], embedder=Hashing(), create=False) as catalog:\n"
        f"        print(repr(said), len(catalog.search({QUERY!r})))\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-B", "-c", code, str(folder)]  # -B: nor may Python's cache be cut
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done.stderr
    for line in lines:
        assert line.startswith(("'told: ", '"told: ', "'done'"))
        assert line.endswith(" 5")
    assert len(found(folder)) == 5
    with Catalog.open(folder, embedder=Hashing()) as catalog:
        catalog.add(list(world.specs())[:60])
        assert catalog.whole
        assert len(catalog) == len(catalog.search_index) == 60
