"""Tool collections with one object a line, as the Seal-Tools corpus is normalised to."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest

from toolgrove.data.formats.tool_lines import load_query_lines, load_tool_lines
from toolgrove.errors import FormatError


def test_the_real_collection_loads_and_its_labels_name_its_tools(shared_data: Path) -> None:
    tools = load_tool_lines(shared_data / "sealtools" / "corpus.jsonl")
    tasks = load_query_lines(shared_data / "sealtools" / "queries.jsonl")
    assert (len(tools), len(tasks)) == (4076, 2054)
    ids = {tool.id for tool in tools}
    assert len(ids) == 4076
    assert all(task.relevant and ids.issuperset(task.relevant) for task in tasks)
    first = tools[0].parameters
    jsonschema_rs.Draft202012Validator(dict(first))
    assert first["required"] == ["evidence_type", "method", "sample"]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ('\n{"id": "a"\n', "line 2"),
        ("[]\n", "line 1: $"),
        ('{"id": "a", "name": "a", "parameters": [{}]}', "line 1: $.parameters[0].name"),
    ],
)
def test_a_bad_line_is_one_error_with_its_number(tmp_path: Path, content: str, path: str) -> None:
    file = tmp_path / "tools.jsonl"
    file.write_text(content)
    with pytest.raises(FormatError) as caught:
        load_tool_lines(file)
    assert (caught.value.file, caught.value.path) == (str(file), path)
