"""``Catalog.index`` does in Python what ``toolgrove index`` does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from support.embedders import Hashing
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.sources import SourceReport
from toolgrove.errors import SpecError, UsageError
from toolgrove.tools.trusted import trusted

SERVER = Path(__file__).parents[1] / "support" / "mcp_server.py"
LOTTERY = "support.sample_tools:lottery"


@pytest.fixture(autouse=True)
def own_trusted_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "catalog", embedder=Hashing())


def test_one_source_or_many_are_indexed_and_accounted_for(catalog: Catalog, tmp_path: Path) -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "One", "version": "1"},
        "servers": [{"url": "https://api.example"}],
        "paths": {"/a": {"get": {"operationId": "a"}, "trace": {"operationId": "t"}}},
    }
    (tmp_path / "one.json").write_text(json.dumps(document))
    ticks: list[tuple[int, int | None]] = []
    with catalog:
        file = str(tmp_path / "one.json")
        report = catalog.index([LOTTERY, file], tick=lambda *told: ticks.append(told))
        assert (report.tools, report.added, report.changed, report.unchanged) == (2, 2, 0, 0)
        python, openapi = report.sources
        assert python == SourceReport(LOTTERY, "Python object", 1, added=1, changed=0, unchanged=0)
        assert (openapi.tools, openapi.files, openapi.skipped) == (1, 1, ())
        assert "TRACE" in openapi.left[0]
        assert ticks[-1] == (2, 2)
        again = catalog.index(LOTTERY)
        assert (again.tools, again.added, again.unchanged) == (2, 0, 1)
        assert catalog.search("lottery", 1)[0][1].id == "python/support.sample_tools/lottery"


def test_what_is_run_is_remembered_as_trusted_and_a_file_is_not(
    catalog: Catalog, tmp_path: Path
) -> None:
    with catalog:
        with pytest.raises(UsageError):
            catalog.index("nothing_here:x")
        assert trusted() == frozenset()
        catalog.index(LOTTERY)
    assert trusted() == {LOTTERY}


def test_a_bad_source_raises_or_is_listed(catalog: Catalog, tmp_path: Path) -> None:
    with catalog:
        with pytest.raises(UsageError, match="nothing_here"):
            catalog.index(["nothing_here:x", LOTTERY])
        bad, good = catalog.index(["nothing_here:x", LOTTERY], skip_bad=True).sources
        assert (bad.tools, len(bad.skipped), good.added) == (0, 1, 1)
        (tmp_path / "empty").mkdir()
        with pytest.raises(UsageError):
            catalog.index(str(tmp_path / "empty"))


async def test_a_server_is_indexed_where_an_event_loop_is_running(
    catalog: Catalog, tmp_path: Path
) -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp")
    (tmp_path / "state").write_text("")
    address = f"mcp+stdio:{sys.executable} {SERVER} stdio {tmp_path / 'state'}"
    with catalog:
        [report] = catalog.index(address).sources
        assert (report.kind, report.tools) == ("MCP server", 10)
        assert trusted() == {address}
        with pytest.raises(SpecError):
            catalog.index("mcp+stdio:true")
    assert trusted() == {address}
