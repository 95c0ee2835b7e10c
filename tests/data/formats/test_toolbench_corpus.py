"""The retriever's corpus, queries and judgements, as pandas writes them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from toolgrove.data.formats.toolbench_corpus import load_corpus, load_retrieval
from toolgrove.errors import FormatError

CITY = {"category_name": "Data", "tool_name": "zip", "api_name": "city", "method": "GET"}
NOTE = {
    "category_name": "Notes",
    "tool_name": "book",
    "api_name": "add",
    "api_description": 'Adds a "note"\tand\nkeeps it.',
    "required_parameters": [{"name": "text", "type": "STRING", "default": "x" * 200_000}],
    "method": "POST",
}
QUERY = 'Say "hello" to\u2028all\x0b of them'


def write(folder: Path) -> None:
    """What ToolBench's preprocess_retriever_data writes with pandas: tabs, minimal quoting."""
    files = {
        "corpus.tsv": [
            ["docid", "document_content"],
            ["1", json.dumps(CITY)],
            ["2", json.dumps(NOTE)],
            ["1", json.dumps(CITY)],
            ["3", json.dumps({**CITY, "template_response": {"a": "str"}})],
        ],
        "test.query.txt": [["1", "Where is 02139?"], ["2", QUERY], ["2", QUERY]],
        "qrels.test.tsv": [["1", "0", "3", "1"], ["2", "0", "2", "1"], ["2", "0", "1", "0"]],
    }
    for name, rows in files.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, delimiter="\t", lineterminator="\n").writerows(rows)


def test_a_split_loads_with_the_specs_its_judgements_name(tmp_path: Path) -> None:
    write(tmp_path)
    tasks, corpus = load_retrieval(tmp_path, "test")
    assert [spec.id for spec in corpus.specs] == ["Data/zip/city", "Notes/book/add"]
    assert corpus.by_document == {
        "1": "Data/zip/city",
        "2": "Notes/book/add",
        "3": "Data/zip/city",
    }
    assert [(task.id, task.query, task.relevant) for task in tasks] == [
        ("1", "Where is 02139?", ("Data/zip/city",)),
        ("2", QUERY, ("Notes/book/add",)),
    ]
    assert corpus.specs[1].description == NOTE["api_description"]


@pytest.mark.parametrize(
    ("name", "content", "path"),
    [
        ("corpus.tsv", "", "line 1"),
        ("corpus.tsv", "id\ttext\n", "line 1"),
        ("corpus.tsv", "docid\tdocument_content\n1\n", "line 2"),
        ("corpus.tsv", "docid\tdocument_content\n1\tnone\n", "line 2"),
        ("corpus.tsv", 'docid\tdocument_content\n1\t"{""tool_name"": 1}"\n', "line 2: $.category"),
        ("corpus.tsv", 'docid\tdocument_content\n1\t"{', "line 2"),
        ("test.query.txt", "1 Where\n", "line 1"),
        ("qrels.test.tsv", "1\t0\t1\n", "line 1"),
        ("qrels.test.tsv", "1\t0\t1\t1\n9\t0\t1\t1\n", "line 2"),
        ("qrels.test.tsv", "1\t0\t99\t1\n", "line 1"),
    ],
)
def test_a_bad_file_is_one_error_with_its_line(
    tmp_path: Path, name: str, content: str, path: str
) -> None:
    write(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(FormatError) as caught:
        load_retrieval(tmp_path, "test")
    assert caught.value.file == str(tmp_path / name)
    assert caught.value.path.startswith(path)


def test_a_corpus_stands_for_itself(tmp_path: Path) -> None:
    write(tmp_path)
    assert len(load_corpus(tmp_path / "corpus.tsv").specs) == 2
