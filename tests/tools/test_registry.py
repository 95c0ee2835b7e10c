"""The registry: what goes in comes out, on disk too, and in two processes at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from toolgrove.data import codec
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import CatalogError, SpecError
from toolgrove.tools.registry import Registry
from toolgrove.tools.registry_file import FILE


def spec(number: int, description: str = "") -> ToolSpec:
    return ToolSpec(
        id=f"C/tool/{number}",
        category="C",
        tool="tool",
        name=f"api {number}",
        description=description,
        parameters={"type": "object", "properties": {"q": {"type": "string"}}},
        returns={"a": 1},
        effect=Effect.WRITE if number % 2 else Effect.READ,
        source="toolbench",
        binding={"kind": "http", "url": "https://h.example/{q}"},
        tool_description="tööl",
    )


def test_a_spec_comes_back_as_it_was_in_memory_and_from_disk(tmp_path: Path) -> None:
    for registry in (Registry(), Registry.open(tmp_path / "new" / "catalog")):
        with registry:
            registry.add([spec(1), spec(2)])
            assert registry.get("C/tool/1") == spec(1)
            assert list(registry) == [spec(1), spec(2)]
            assert "C/tool/2" in registry
            assert "C/tool/3" not in registry
            assert "\ud800" not in registry
            assert len(registry) == 2
    with Registry.open(tmp_path / "new" / "catalog", create=False) as again:
        assert list(again) == [spec(1), spec(2)]
        assert again.alias("C/tool/1") == "api_1_for_tool"


def test_the_version_tells_of_every_change_and_of_nothing_else(tmp_path: Path) -> None:
    with Registry.open(tmp_path) as registry, Registry.open(tmp_path) as other:
        seen = [registry.version]
        for change in (
            lambda: registry.add([spec(1)]),
            lambda: other.add([spec(2)]),
            lambda: registry.add([spec(1, "new words")]),
            lambda: other.remove(["C/tool/2"]),
            lambda: registry.remove(["C/tool/1"]),
        ):
            change()
            seen.append(registry.version)
            list(registry)
            assert registry.version == seen[-1]
        assert len(set(seen)) == len(seen)


def test_the_digest_of_a_tool_is_that_of_its_spec() -> None:
    with Registry() as registry:
        registry.add([spec(1)])
        assert registry.digest("C/tool/1") == codec.digest(registry.get("C/tool/1"))
        with pytest.raises(CatalogError, match="no tool has the id"):
            registry.digest("C/tool/2")


def test_a_spec_that_was_read_before_is_read_anew_once_it_changed(tmp_path: Path) -> None:
    spec = ToolSpec("World/clock/now", "World", "clock", "now")
    later = replace(spec, description="The time.")
    for registry in (Registry(), Registry.open(tmp_path)):
        with registry:
            registry.add([spec])
            assert registry.get(spec.id) == registry.get(spec.id) == spec
            registry.add([later])
            assert registry.get(spec.id) == later
            registry.remove([spec.id])
            with pytest.raises(CatalogError):
                registry.get(spec.id)


def test_adding_again_says_what_changed() -> None:
    with Registry() as registry:
        assert registry.add([spec(1), spec(2)]).added == ("C/tool/1", "C/tool/2")
        changes = registry.add([spec(1), spec(2, "new words"), spec(3), spec(3)])
        assert (changes.added, changes.changed, changes.unchanged) == (
            ("C/tool/3",),
            ("C/tool/2",),
            2,
        )
        assert registry.get("C/tool/2").description == "new words"


def test_adding_streams_and_keeps_whole_chunks_when_the_source_breaks() -> None:
    def source() -> Iterator[ToolSpec]:
        for number in range(700):
            yield spec(number)
        raise RuntimeError("the file is damaged")

    with Registry() as registry:
        with pytest.raises(RuntimeError):
            registry.add(source())
        assert len(registry) == 500
        assert registry.add(spec(number) for number in range(700)).unchanged == 500


def test_iterating_while_adding_ends() -> None:
    with Registry() as registry:
        registry.add([spec(0)])
        registry.add(replace(one, id=one.id + "/copy") for one in registry)
        assert len(registry) == 2


def test_an_alias_outlives_its_tool_and_never_moves_to_another(tmp_path: Path) -> None:
    one, twin = spec(1), replace(spec(1), id="D/tool/1")
    with Registry.open(tmp_path) as registry:
        registry.add([one])
        alias = registry.alias(one.id)
        assert registry.remove([one.id, "no such id"]) == 1
        with pytest.raises(CatalogError):
            registry.alias(one.id)
        registry.add([twin])
        assert registry.alias(twin.id) != alias
    with Registry.open(tmp_path) as registry:
        registry.add([replace(one, description="another")])
        assert registry.alias(one.id) == alias


def test_what_is_not_there_is_said_clearly() -> None:
    with Registry() as registry:
        for ask in (registry.get, registry.alias, lambda spec_id: registry.offer([spec_id])):
            with pytest.raises(CatalogError, match="'C/tool/9'"):
                ask("C/tool/9")


def test_a_closed_registry_says_so() -> None:
    registry = Registry()
    registry.close()
    registry.close()
    for use in (lambda: registry.get("a"), lambda: registry.add([spec(1)])):
        with pytest.raises(CatalogError, match="closed"):
            use()


def test_an_offer_has_each_tool_once_in_the_order_asked_for() -> None:
    with Registry() as registry:
        registry.add([spec(1), spec(2)])
        offer = registry.offer(["C/tool/2", "C/tool/1", "C/tool/2"])
        assert [one.id for one in offer.specs] == ["C/tool/2", "C/tool/1"]
        assert offer.aliases == {"api_2_for_tool": "C/tool/2", "api_1_for_tool": "C/tool/1"}


@pytest.mark.parametrize("wrong", ["", "Finish", "a\ud800b"])
def test_an_id_that_cannot_be_one_is_refused(wrong: str) -> None:
    with Registry() as registry, pytest.raises(SpecError):
        registry.add([replace(spec(1), id=wrong)])


def test_a_schema_as_deep_as_a_tower_is_refused() -> None:
    tower: dict[str, object] = {"type": "string"}
    for _ in range(5000):
        tower = {"anyOf": [tower]}
    with Registry() as registry, pytest.raises(SpecError, match="nested"):
        registry.add([replace(spec(1), parameters=tower)])


def test_a_folder_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="toolgrove index"):
        Registry.open(tmp_path / "nothing", create=False)
    assert not (tmp_path / "nothing").exists()
    file = tmp_path / "file"
    file.write_text("hello")
    with pytest.raises(CatalogError, match="is a file"):
        Registry.open(file)
    (tmp_path / FILE).write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(CatalogError, match="cannot be read"):
        Registry.open(tmp_path)


def test_another_version_or_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    Registry.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(CatalogError, match="schema version 99"):
        Registry.open(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    with closing(sqlite3.connect(other / FILE)) as db, db:
        db.execute("CREATE TABLE theirs (a)")
    with pytest.raises(CatalogError, match="another program"):
        Registry.open(other)


_PROCESS = """
import sys
from toolgrove.data.records import ToolSpec
from toolgrove.tools.registry import Registry
sys.stdin.readline()  # both begin at once
start = int(sys.argv[2])
with Registry.open(sys.argv[1]) as registry:
    for number in range(start, start + 300):  # one transaction each: they interleave
        registry.add([ToolSpec(f"C/t/{number}", "C", "t", f"same name {number % 7}")])
"""


def test_two_processes_add_to_one_new_catalogue_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, str(folder), start], stdin=subprocess.PIPE
        )
        for start in ("0", "200")
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in running:
        process.communicate()
        assert process.returncode == 0
    with Registry.open(folder, create=False) as registry:
        assert len(registry) == 500
        assert len({registry.alias(one.id) for one in registry}) == 500
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_closures_and_methods_of_one_name_do_not_replace_each_other() -> None:
    def make(by: int) -> object:
        def scale(x: int) -> int:
            return x * by

        return scale

    double, triple = make(2), make(3)
    with Registry() as registry:
        assert callable(double)
        assert callable(triple)
        added = registry.add_function(double)
        registry.add_function(double)
        assert registry.functions[added.id] is double
        with pytest.raises(SpecError, match="__qualname__"):
            registry.add_function(triple)
