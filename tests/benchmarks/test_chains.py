"""The requests that need chains are of catalogues that the benchmark knows."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    """The benchmark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield import_module("chains")
        for name in ("chains", "retrieval_collections"):
            sys.modules.pop(name, None)


def test_each_catalogue_has_18_requests_of_several_tools_and_6_of_one(module: Any) -> None:
    rows = [json.loads(line) for line in module.REQUESTS.read_text(encoding="utf-8").splitlines()]
    found = Counter((row["catalogue"], len(row["tools"]) > 1) for row in rows)
    assert {name for name, _ in found} == {*module.GOOGLE, "github"}
    assert all(number == (18 if several else 6) for (_, several), number in found.items())
    assert len({row["query"] for row in rows}) == len(rows)


def test_the_requests_tools_are_those_of_the_documents(module: Any) -> None:
    if not module.tools("classroom"):
        pytest.skip("google-api-python-client is not installed")
    for line in module.REQUESTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        known = module.tools(row["catalogue"])
        assert not known or set(row["tools"]) <= known.keys(), row["query"]
