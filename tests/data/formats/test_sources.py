"""Files and folders are told apart by what is in them; bad ones can be left out and are counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.formats.sources import SPECS, TASKS, TREES, SourceKind, load_sources, sniff
from toolgrove.data.journal import Journal
from toolgrove.data.records import Message, Node, NodeState, Role, Task
from toolgrove.data.tree import ROOT, child_id
from toolgrove.errors import FormatError, JournalError

API = {
    "category_name": "Data",
    "tool_name": "zip",
    "api_name": "get",
    "method": "GET",
    "required_parameters": [],
    "optional_parameters": [],
}
QUERIES = [{"query": "Where?", "query_id": 1, "api_list": [API]}]
TOOL = {"tool_name": "zip", "api_list": []}


def put(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def put_run(folder: Path, query: str = "How far?") -> Path:
    with Journal.create(folder, task=Task("t", query), tools=[], aliases={}, config={}) as journal:
        journal.node(Node(ROOT, None, messages=(Message(Role.USER, query),)))
        done = Node(child_id(ROOT, 0), ROOT, state=NodeState.ANSWERED, answer="5 km")
        journal.node(done)
        journal.end("answered")
    return folder


def test_all_real_files_are_read_as_what_they_are(shared_data: Path) -> None:
    sources = load_sources([shared_data / "toolbench", shared_data / "sealtools"], SPECS | TASKS)
    kinds = [loaded.kind for loaded in sources]
    assert kinds.count(SourceKind.QUERIES) == 6
    assert kinds.count(SourceKind.TOOL_FILE) == 1
    assert kinds.count(SourceKind.TOOL_LINES) == kinds.count(SourceKind.QUERY_LINES) == 1
    assert (sources.read, sources.skipped) == (9, [])
    trees = load_sources([shared_data / "toolbench"], TREES)
    found = [tree for loaded in trees for tree in loaded.trees]
    assert len(found) == 10 + 6
    assert trees.passed == 6 + 2 + 2 + 1
    assert trees.done == len(trees.files)


def test_a_folder_of_runs_is_read_run_by_run_and_no_deeper(tmp_path: Path) -> None:
    put_run(tmp_path / "runs" / "react" / "t-1")
    put_run(tmp_path / "runs" / "dfsdt" / "t-1")
    put(tmp_path / "runs" / "dfsdt" / "t-1", "observations/x.json", "no json")
    sources = load_sources([tmp_path / "runs"], TREES)
    names = [tree.meta["run"] for loaded in sources for tree in loaded.trees]
    assert names == ["runs/dfsdt/t-1", "runs/react/t-1"]
    for path in (tmp_path / "runs/react/t-1", tmp_path / "runs/react/t-1/journal.jsonl"):
        [loaded] = load_sources([path], TREES)
        assert (loaded.kind, loaded.name) == (SourceKind.RUN, "t-1")


def test_what_runs_keep_beside_them_is_no_source(tmp_path: Path) -> None:
    note = {"strategy": "sample(2) | vote", "budget": {"model_calls": 60}}
    put_run(tmp_path / "batch" / "t-1" / "sample-1")
    put(tmp_path, "batch/t-1/strategy.json", note)
    put(tmp_path, "batch/t-1/verdict.json", {"best": "A"})
    put(tmp_path, "batch/t-2/strategy.json", note)  # of one whose first run had not begun
    put_run(tmp_path / "batch" / "t-3" / "turn-1")
    put(tmp_path, "batch/t-3/user.json", ["Hello."])
    sources = load_sources([tmp_path / "batch"], TREES)
    assert [loaded.name for loaded in sources] == ["batch/t-1/sample-1", "batch/t-3/turn-1"]
    put(tmp_path, "batch/other/strategy.json", {"name": "a package"})
    put(tmp_path, "batch/torn/strategy.json", '{"strategy": ')
    with pytest.raises(FormatError, match=r"other/strategy\.json"):
        list(load_sources([tmp_path / "batch"], TREES))
    sources = load_sources([tmp_path / "batch"], TREES, skip_bad=True)
    assert len(list(sources)) == len(sources.skipped) == 2


def test_in_a_folder_other_kinds_are_passed_over_but_a_named_file_must_fit(tmp_path: Path) -> None:
    queries = put(tmp_path, "queries.json", QUERIES)
    put(tmp_path, ".git/config.json", "no json")
    put(tmp_path, "notes.md", "# no format")
    sources = load_sources([tmp_path], TREES)
    assert (list(sources), sources.passed, sources.read) == ([], 1, 0)
    with pytest.raises(FormatError, match="not: ToolBench query file"):
        list(load_sources([queries], TREES))


def test_the_first_bad_file_ends_it_and_with_skip_bad_none_does(tmp_path: Path) -> None:
    put(tmp_path, "a.json", {**TOOL, "api_list": 3})
    put(tmp_path, "b.json", TOOL)
    put(tmp_path, "c.json", '{"tool_name": ')
    put(tmp_path, "d.json", {"name": "a package"})
    put(tmp_path, "e.json", QUERIES)
    with pytest.raises(FormatError, match=r"a\.json: at \$\.api_list"):
        list(load_sources([tmp_path], SPECS))
    sources = load_sources([tmp_path], SPECS, skip_bad=True)
    assert [loaded.path.name for loaded in sources] == ["b.json", "e.json"]
    assert (sources.read, sources.passed, sources.done) == (2, 0, 5)
    assert [
        Path(error.file).name for error in sources.skipped if isinstance(error, FormatError)
    ] == [
        "a.json",
        "c.json",
        "d.json",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"t": "run", "version": 1}\n',
        '{"t": "run", "version": 1, "task": {"id": 1}, "tools": []}\n',
        "[]\n",
    ],
)
def test_a_damaged_run_is_one_error_and_can_be_skipped(tmp_path: Path, content: str) -> None:
    put(tmp_path, "bad/journal.jsonl", content)
    put_run(tmp_path / "good")
    with pytest.raises(JournalError):
        list(load_sources([tmp_path / "bad"], TREES))
    sources = load_sources([tmp_path], TREES, skip_bad=True)
    assert [loaded.name for loaded in sources] == [f"{tmp_path.name}/good"]
    assert len(sources.skipped) == 1


@pytest.mark.parametrize("name", ["gone.json", "gone.jsonl", "gone"])
def test_a_path_that_is_not_there_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="can be read"):
        list(load_sources([tmp_path / name], SPECS))


def test_the_corpus_is_known_by_its_name(tmp_path: Path) -> None:
    text = 'docid\tdocument_content\n1\t"' + json.dumps(API).replace('"', '""') + '"\n'
    put(tmp_path, "corpus.tsv", text)
    put(tmp_path, "qrels.test.tsv", "1\t0\t1\t1\n")
    [loaded] = load_sources([tmp_path], SPECS)
    assert (loaded.kind, len(loaded.specs)) == (SourceKind.CORPUS, 1)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"win": True, "answer_generation": {}}, SourceKind.ANSWER_TREE),
        ({"trys": []}, SourceKind.ANSWER_TREE),
        ({"7": {"query": "", "answer": {}}}, SourceKind.ANSWERS),
        ({"7": {"query": "", "is_solved": {}}}, SourceKind.VOTES),
        ({"7": {"m": 1, "round_0": "complete"}}, SourceKind.VOTES),
        ({"api_list": [{"name": "a", "schema": {}}]}, SourceKind.RESPONSES),
        ([{"relevant APIs": []}], SourceKind.QUERIES),
        ([], None),
        ([1], None),
        ({}, None),
        (3, None),
    ],
)
def test_json_is_told_apart_by_its_keys(data: Any, kind: SourceKind | None) -> None:
    assert sniff(data) is kind


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("indent", ["", "  ", "      "])
@pytest.mark.parametrize("head", ["", "# notes\n\n", "---\n", "%YAML 1.2\n---\n"])
@pytest.mark.parametrize("key", ["openapi: 3.0.0", "'openapi': '3.0.0'", "info: {title: T}"])
def test_a_yaml_document_is_known_with_a_mark_and_with_all_of_it_indented(
    tmp_path: Path, mark: bytes, indent: str, head: str, key: str
) -> None:
    lines = [key, "openapi: 3.0.0", "servers: [{url: 'https://a.example'}]", "paths:", "  /a:"]
    lines = [*dict.fromkeys(lines), "    get: {operationId: a}"]
    lines = [line for line in lines if not (line.startswith("openapi") and "'openapi'" in key)]
    file = tmp_path / "api.yaml"
    file.write_bytes(mark + head.encode() + "".join(f"{indent}{x}\n" for x in lines).encode())
    [loaded] = load_sources([file], SPECS)
    assert [spec.name for spec in loaded.specs] == ["a"]


def test_a_key_within_another_yaml_file_makes_it_no_document(tmp_path: Path) -> None:
    (tmp_path / "chart.yaml").write_text("tools:\n  openapi: 3.0.0\n  x: [\n")
    (tmp_path / "list.yaml").write_text("- openapi: 3.0.0\n  x: [\n")
    assert list(load_sources([tmp_path], SPECS)) == []
