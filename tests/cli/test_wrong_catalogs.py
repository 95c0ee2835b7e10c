"""A catalogue that is empty, or that is taken for a source, is told of before anything happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from support.embedders import need_minilm
from toolgrove.cli.main import app
from toolgrove.data.formats.sources import SPECS, load_sources
from toolgrove.data.records import ToolSpec
from toolgrove.errors import CatalogError, UsageError
from toolgrove.tools.registry import Registry


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Registry.open(tmp_path / "empty").close()
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    "command",
    [
        ["run", "Do it.", "--model", "scripted:script.json"],
        ["run", "Do it.", "--model", "scripted:script.json", "--tool", "a/b/c"],
        ["eval", "world", "--model", "scripted:script.json", "--out", "out"],
        ["search", "something"],
        ["recommend", "something"],
        ["serve", "mcp", "--stdio"],
        ["eval-retrieval", "--queries", "world"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_catalogue_without_tools_is_an_error_with_the_mend(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    need_minilm(monkeypatch)  # which some commands fetch first
    finish = {"return_type": "give_answer", "final_answer": "made up"}
    replies = [{"calls": [{"name": "Finish", "arguments": finish}]}]
    (here / "script.json").write_text(json.dumps(replies))
    result = call(*command, "--catalog", "empty")
    assert isinstance(result.exception, CatalogError), result.output
    assert "empty: this catalogue has no tools" in str(result.exception)
    assert "toolgrove index SOURCE --catalog empty" in str(result.exception)
    assert "made up" not in result.output


def test_a_catalogue_is_never_a_source(here: Path) -> None:
    with Registry.open(here / "old") as registry:
        registry.add([ToolSpec("a/b/c", "a", "b", "c")])
    result = call("index", "old", "--catalog", "new")
    assert isinstance(result.exception, UsageError)
    assert "old is a catalogue, not a source" in str(result.exception)
    (here / "old" / "openapi.json").write_text("{}")  # nor is what lies in one
    assert list(load_sources([str(here)], SPECS)) == []


@pytest.mark.parametrize(
    ("source", "catalog", "told"),
    [
        ("world", "world", "world is a source's name"),
        ("other", "botocore", "botocore is a source's name"),
        ("world", "./world", "world is a source's name"),
        ("apis", "apis", "apis is the --catalog itself"),
        ("./apis/", "apis", "is the --catalog itself"),
        ("empty", "empty", "is the --catalog itself"),
    ],
)
def test_a_catalogue_that_would_be_taken_for_a_source_is_refused(
    here: Path, source: str, catalog: str, told: str
) -> None:
    before = sorted(path.name for path in here.iterdir())
    result = call("index", source, "--catalog", catalog)
    assert isinstance(result.exception, UsageError), result.output
    assert told in str(result.exception)
    assert sorted(path.name for path in here.iterdir()) == before


def test_a_word_wins_over_a_folder_of_that_name(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_minilm(monkeypatch)
    from toolgrove.data import world

    spec = ToolSpec("World/a/b", "World", "a", "b")
    monkeypatch.setattr(world, "specs", lambda: [spec])
    (here / "world").mkdir()
    result = call("index", "world", "--catalog", "catalog", "--json")
    assert result.exit_code == 0, result.output
    [row] = json.loads(result.stdout)["sources"]
    assert (row["kind"], row["tools"]) == ("bundled world", 1)
    result = call("index", "./world", "--catalog", "catalog")
    assert isinstance(result.exception, UsageError)
    assert "no tools there" in str(result.exception)
