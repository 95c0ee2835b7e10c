"""Labelled queries of every format are read, and unlabelled ones refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.formats.query_sets import QuerySet, labels, load_query_sets
from toolgrove.errors import FormatError

API = {"category_name": "Data", "tool_name": "zip", "api_name": "get", "method": "GET"}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def query(**more: Any) -> dict[str, Any]:
    return {"query": "Where is 02139?", "query_id": 7, "api_list": [API], **more}


def retrieval(folder: Path) -> Path:
    """A folder as ToolBench's retriever reads it."""
    document = json.dumps(API).replace('"', '""')
    write(folder / "corpus.tsv", f'docid\tdocument_content\n1\t"{document}"\n')
    for split, qid in (("train", "8"), ("test", "9")):
        write(folder / f"{split}.query.txt", f"{qid}\tWhere is 0213{qid}?\n")
        write(folder / f"qrels.{split}.tsv", f"{qid}\t0\t1\t1\n")
    return folder


def test_toolbench_query_files_and_folders_of_them(tmp_path: Path) -> None:
    file = write(tmp_path / "sets" / "G1_tool.json", [query(**{"relevant APIs": [["zip", "get"]]})])
    for source in (file, tmp_path / "sets"):
        (found,) = load_query_sets([source])
        assert found.name == "G1_tool"
        assert labels(found.tasks[0]) == ("Data/zip/get",)


def test_a_folder_of_toolbenchs_retriever_has_its_splits(tmp_path: Path) -> None:
    (found,) = load_query_sets([retrieval(tmp_path / "G1")])
    assert found.name == "G1"
    assert [(t.meta["split"], t.relevant) for t in found.tasks] == [
        ("test", ("Data/zip/get",)),
        ("train", ("Data/zip/get",)),
    ]
    for name, splits in {
        "corpus.tsv": ["test", "train"], "qrels.test.tsv": ["test"], "train.query.txt": ["train"],
    }.items():  # fmt: skip
        (found,) = load_query_sets([tmp_path / "G1" / name])
        assert [task.meta["split"] for task in found.tasks] == splits
    retrieval(tmp_path / "G2")
    assert [one.name for one in load_query_sets([tmp_path])] == ["G1", "G2"]


def test_lines_need_a_query_and_its_relevant_tools_only(tmp_path: Path) -> None:
    lines = [{"query": "a", "relevant": ["x", "x"]}, {"qid": "q", "query": "b", "relevant": []}]
    file = write(tmp_path / "some.jsonl", "\n".join(map(json.dumps, lines)))
    (found,) = load_query_sets([file])
    assert [(t.id, t.relevant) for t in found.tasks] == [("1", ("x",)), ("q", ())]


def test_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    line = json.dumps({"query": "a", "relevant": ["x"]})
    files = [write(tmp_path / folder / "test.jsonl", line) for folder in "ab"]
    assert [one.name for one in load_query_sets(files)] == [str(file) for file in files]


def test_the_world_has_labels() -> None:
    (found,) = load_query_sets(["world"])
    assert isinstance(found, QuerySet)
    assert sum(bool(labels(task)) for task in found.tasks) > 100


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("G1_query.json", [query()], "say which tools are relevant"),
        ("bare.json", [{"query": "x", "query_id": 1}], r"\$\[0\]\.api_list: expected this field"),
        ("none.jsonl", json.dumps({"query": "a", "relevant": []}), "say which tools are relevant"),
        ("no_label.jsonl", json.dumps({"query": "a"}), r"line 1: \$\.relevant"),
        ("tool.json", {"tool_name": "x"}, "not: ToolBench tool file"),
        ("corpus.tsv", "docid\tdocument_content\n", "not: ToolBench retriever corpus"),
    ],
)
def test_queries_without_labels_are_refused(
    tmp_path: Path, name: str, value: Any, match: str
) -> None:
    with pytest.raises(FormatError, match=match):
        load_query_sets([write(tmp_path / name, value)])


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="labelled queries"):
        load_query_sets([tmp_path])


def test_real_collections_are_read(shared_data: Path) -> None:
    toolbench = load_query_sets([shared_data / "toolbench/queries"])
    assert {"G1_instruction", "G1_tool", "G2_instruction"} <= {one.name for one in toolbench}
    (seal,) = load_query_sets([shared_data / "sealtools/queries.jsonl"])
    assert len(seal.tasks) == 2054
    assert {t.meta["split"] for t in seal.tasks} == {"dev", "test_in_domain", "test_out_domain"}
