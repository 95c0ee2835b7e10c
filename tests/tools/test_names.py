"""Aliases for model APIs: safe, unique, stable and readable."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import FINISH, ToolSpec
from toolgrove.tools.names import ALIAS, candidates, nearest
from toolgrove.tools.registry import Registry


def spec(tool: str, name: str, category: str = "C") -> ToolSpec:
    return ToolSpec(f"{category}/{tool}/{name}", category, tool, name)


def real_apis(shared_data: Path) -> list[ToolSpec]:
    found = {}
    for file in sorted((shared_data / "toolbench/queries").glob("*.json")):
        for query in json.loads(file.read_text()):
            for api in query["api_list"]:
                one = spec(api["tool_name"], api["api_name"], api["category_name"])
                found[one.id] = one
    return list(found.values())


def test_real_apis_get_different_safe_names(shared_data: Path) -> None:
    specs = real_apis(shared_data)
    assert len(specs) > 1800
    with Registry() as registry:
        registry.add(specs)
        aliases = [registry.alias(one.id) for one in specs]
    assert all(ALIAS.fullmatch(alias) for alias in aliases)
    assert len({alias.lower() for alias in aliases}) == len(specs)
    # readable: nearly all are <api>_for_<tool> as it stands, without a hash
    plain = sum(alias == next(candidates(one)) for alias, one in zip(aliases, specs, strict=True))
    assert plain / len(specs) > 0.95


def test_toolbench_scheme_collides_where_ours_does_not() -> None:
    # ToolBench keeps the last 64 characters: two tools with one long name get one function name
    long = "x" * 80
    with Registry() as registry:
        registry.add([spec(long, "a"), spec(long, "b"), spec("t!", "n"), spec("t?", "n")])
        aliases = [registry.alias(one.id) for one in registry]
    assert len(set(aliases)) == 4


def test_names_keep_what_reads_well() -> None:
    assert next(candidates(spec("Olato Quotes", "Love Quote"))) == "love_quote_for_olato_quotes"
    assert next(candidates(spec("Café Über", "Menü"))) == "menu_for_cafe_uber"
    assert next(candidates(spec("2048", "3D"))) == "get_3d_for_2048"
    python = ToolSpec("python/m/loadData", "python", "m", "loadData", source="python")
    assert next(candidates(python)) == "loadData"


def test_finish_is_reserved_however_it_is_written() -> None:
    for name in (FINISH, "finish", "FINISH"):
        one = ToolSpec(f"python/m/{name}", "python", "m", name, source="python")
        with Registry() as registry:
            registry.add([one])
            assert registry.alias(one.id).lower() != "finish"


names = st.text(max_size=90)


@given(st.lists(st.tuples(names, names), min_size=1, max_size=12, unique=True), st.randoms())
def test_any_names_give_safe_unique_stable_aliases(
    pairs: list[tuple[str, str]], rng: random.Random
) -> None:
    specs = [ToolSpec(f"{number}", "C", tool, name) for number, (tool, name) in enumerate(pairs)]
    with Registry() as registry:
        registry.add(specs[:1])
        first = registry.alias(specs[0].id)
        rest = specs[1:]
        rng.shuffle(rest)
        registry.add(rest)
        aliases = [registry.alias(one.id) for one in specs]
    assert aliases[0] == first
    assert all(ALIAS.fullmatch(alias) for alias in aliases)
    assert len({alias.lower() for alias in aliases}) == len(specs)
    assert FINISH.lower() not in {alias.lower() for alias in aliases}


@given(names, names)
def test_candidates_do_not_depend_on_what_else_there_is(tool: str, name: str) -> None:
    one = ToolSpec(f"C/{tool}/{name}", "C", tool, name)
    assert list(islice(candidates(one), 5)) == list(islice(candidates(one), 5))


def test_nearest_names_come_first_and_far_ones_not_at_all() -> None:
    known = ["weather_for_open_meteo", "weather_for_accu", "quote_for_olato", "Finish"]
    assert nearest("weather_for_openmeteo", known)[0] == "weather_for_open_meteo"
    assert nearest("finish", known) == ["Finish"]
    assert nearest("zzzz", known) == []
