"""A catalogue keeps its registry and its index in step, whatever happens to the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.dying_index import SPECS, make_specs
from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, SpecError
from toolgrove.retriever.index import Index
from toolgrove.retriever.ranker import DEFAULT
from toolgrove.tools.registry import Registry

ONE = ToolSpec("G/lotto/draws", "Gaming", "lotto", "draws", "Latest lottery results.")
TWO = ToolSpec("W/sky/now", "Weather", "sky", "now", "Temperature in a city.")


def test_what_is_added_is_found_with_its_spec(tmp_path: Path) -> None:
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        ticks: list[tuple[int, int]] = []
        changes = catalog.add([ONE, TWO], lambda done, total: ticks.append((done, total)))
        assert (changes.added, changes.unchanged) == ((ONE.id, TWO.id), 0)
        assert ticks[-1] == (2, 2)
        ((hit, spec),) = catalog.search("lottery", 1)
        assert (hit.id, spec, len(catalog)) == (ONE.id, ONE, 2)
        assert catalog.search("lottery", where={"category": "Weather"})[0][1] == TWO
        assert catalog.remove([ONE.id]) == 1
        assert [spec for _, spec in catalog.search("lottery")] == [TWO]


def test_the_same_search_is_made_again_once_anything_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    search = Index.search

    def counted(self: Index, query: str, *args: Any, **kwargs: Any) -> Any:
        made.append(query)
        return search(self, query, *args, **kwargs)

    monkeypatch.setattr(Index, "search", counted)
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add([ONE, TWO])
        first = catalog.search("lottery")
        assert catalog.search("lottery") == first
        assert len(made) == 1
        assert len(catalog.search("lottery", 1)) == 1  # another search
        catalog.search("lottery", where={"category": "Weather"})
        assert len(made) == 3
        catalog.search("lottery").clear()  # what is given is the caller's own
        assert catalog.search("lottery") == first
        with Catalog.open(tmp_path, embedder=Hashing()) as other:  # as another process would
            other.add([replace(ONE, description="Latest lottery results, of all draws.")])
        assert catalog.search("lottery")[0][1].description.endswith("of all draws.")
        catalog.search_index.ranker = replace(DEFAULT, queries=1)
        catalog.search("lottery")
        assert len(made) == 5


def test_adding_the_same_again_embeds_nothing(tmp_path: Path) -> None:
    embedder = Hashing()
    for _ in range(2):
        with Catalog.open(tmp_path, embedder=embedder) as catalog:
            changes = catalog.add([ONE, TWO])
    assert changes.unchanged == 2
    assert len(embedder.texts) == 2


def test_a_missing_catalogue_is_told_to_readers(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="toolgrove index SOURCE"):
        Catalog.open(tmp_path / "none", create=False)


def test_another_embedder_is_refused(tmp_path: Path) -> None:
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add([ONE])
    with pytest.raises(CatalogError, match="made with the embedder hashing/1"):
        Catalog.open(tmp_path)


def test_a_bad_spec_half_way_is_made_good_by_the_next_adding(tmp_path: Path) -> None:
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add([ONE])
        with pytest.raises(SpecError):
            catalog.add([TWO, ToolSpec("", "", "", "")])
        assert not catalog.whole
        assert catalog.search("lottery")[0][1] == ONE
        catalog.add([TWO])
        assert catalog.whole
        assert catalog.search("temperature")[0][1] == TWO


def test_a_registry_changed_behind_its_back_is_caught_up_with(tmp_path: Path) -> None:
    with Catalog.open(tmp_path, embedder=Hashing()) as catalog:
        catalog.add([ONE])
        with Registry.open(tmp_path) as registry:
            registry.add([TWO])
        assert catalog.add([ONE]).unchanged == 1
        assert catalog.search("temperature")[0][1] == TWO


def dying(folder: Path, die_at: int) -> subprocess.CompletedProcess[str]:
    tests = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, str(tests / "support/dying_index.py"), str(folder), str(die_at)],
        env={"PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_killed_at_any_boundary_it_opens_answers_and_is_finished_by_the_next_run(
    tmp_path: Path,
) -> None:
    whole = dying(tmp_path / "whole", 0)
    boundaries = int(whole.stdout)
    assert boundaries > 20
    for die_at in range(3, boundaries + 1, boundaries // 5):
        folder = tmp_path / str(die_at)
        died = dying(folder, die_at)
        assert died.returncode == -signal.SIGKILL, died.stderr
        embedder = Hashing()
        with Catalog.open(folder, embedder=embedder) as catalog:
            kept = len(catalog.search_index)
            for hit, spec in catalog.search("description7 name7", 3):
                assert hit.id == spec.id
            embedder.texts.clear()
            catalog.add(make_specs())
            assert len(embedder.texts) == SPECS - kept, "what was kept is not paid for again"
            assert catalog.whole
            for n in (0, 17, SPECS - 1):
                assert catalog.search(f"description{n}", 1)[0][1] == make_specs()[n]


_FORK = """
import os, sys, warnings
import numpy as np
from toolgrove import Catalog, ToolSpec
from toolgrove.errors import CatalogError
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of what is tested here
class One:
    name, dimension = "one", 2
    def embed(self, texts, *, query=False):
        return np.tile(np.float32([1, 0]), (len(texts), 1))
catalog = Catalog.open(sys.argv[1], embedder=One())
catalog.add([ToolSpec("W/c/now", "W", "c", "now", "the time")])
catalog.search("time")
child = os.fork()
if child == 0:
    try:
        catalog.search("the time")
    except CatalogError as error:
        os._exit(7 if "spawn" in str(error) else 1)
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_search_in_a_forked_process_is_told_and_does_not_hang(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", _FORK, str(tmp_path)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "7", done.stderr
