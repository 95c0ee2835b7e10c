"""``toolgrove serve mcp`` as a process of its own, over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.cli.main import app
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, UsageError
from toolgrove.tools.mcp.source import need_mcp

mcp = pytest.importorskip("mcp", reason="needs the extra mcp")


@contextmanager
def started(catalog: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The running command, and what it printed of itself."""
    words = [sys.executable, "-m", "toolgrove", "serve", "mcp", "--catalog", str(catalog), "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as served:
        assert served.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] not in ("}\n", ""):
            lines.append(served.stdout.readline())
        try:
            yield served, json.loads("".join(lines))
        finally:
            served.kill()


async def test_it_prints_its_url_and_serves_until_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalog.open(tmp_path, embedder=need_minilm(monkeypatch)) as catalog:
        catalog.add([ToolSpec("a/b/draw", "a", "b", "draw", "Latest lottery results.")])
    monkeypatch.setenv("TOOLGROVE_TRUSTED", str(tmp_path / "trusted.json"))
    with started(tmp_path) as (served, about):
        assert about["about"] == "1 tools (a)"
        async with mcp.Client(about["url"]) as client:
            found = await client.call_tool("search_tools", {"query": "lottery"})
        assert json.loads(found.content[0].text)[0]["name"] == "draw_for_b"
        served.send_signal(signal.SIGINT)
        _, errors = served.communicate(timeout=60)
    assert served.returncode == 0
    assert "Traceback" not in errors


def test_options_that_do_not_fit_are_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["serve", "mcp", "--stdio", "--port", "8080"])
    assert isinstance(done.exception, UsageError)
    done = CliRunner().invoke(app, ["serve", "mcp", "--catalog", str(tmp_path / "none")])
    assert isinstance(done.exception, CatalogError)


def test_without_the_sdk_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(UsageError, match=r"pip install 'toolgrove\[mcp\]'"):
        need_mcp()
