"""Identifiers: a tool that requires one pulls in the tool that gives it, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import rest_chains
from support.embedders import need_minilm
from toolgrove.agent.catalog import Catalog
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.errors import CatalogError
from toolgrove.retriever.chains import (
    FILE,
    IdentifierLink,
    gives_identifier,
    links,
    load_links,
    save_links,
    with_suppliers,
)
from toolgrove.retriever.ranking import Hit


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with pytest.MonkeyPatch.context() as patch:
        embedder = need_minilm(patch)
    with Catalog.open(tmp_path_factory.mktemp("rest"), embedder=embedder) as opened:
        opened.add(rest_chains.specs())
        yield opened


def _recall(catalog: Catalog, text: str, k: int) -> float:
    found = [
        len(needed & {spec.id for _, spec in catalog.search(query, k)}) / len(needed)
        for query, needed in rest_chains.requests(text)
    ]
    return sum(found) / len(found)


def test_requests_that_need_a_chain_find_its_first_call(catalog: Catalog) -> None:
    assert _recall(catalog, rest_chains.CHAINS, 10) > 0.98  # 0.89 without the graph
    assert _recall(catalog, rest_chains.CHAINS, 5) > 0.95  # 0.65


def test_requests_that_need_no_chain_lose_nothing(catalog: Catalog) -> None:
    assert _recall(catalog, rest_chains.PLAIN, 1) == 1


def test_a_hit_says_for_which_tool_and_parameter_it_was_taken_in(catalog: Catalog) -> None:
    hits = catalog.search("Show me photographs of Franz Kafka.", 5)
    why = {spec.id: hit.why for hit, spec in hits}
    wanted = "GET /authors/{author_id}/portraits"
    assert why["GET /search/authors"] == f"gives author_id of {wanted}"
    assert why[wanted] == ""


def test_a_filter_keeps_suppliers_out_that_it_does_not_let_through(catalog: Catalog) -> None:
    hits = catalog.search("Who translated Snow Country?", 10, where={"category": "Work"})
    assert {spec.category for _, spec in hits} == {"Work"}


def _spec(name: str, *required: str, tool: str = "T", **more: object) -> ToolSpec:
    properties = {one: {"type": "string"} for one in required}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSpec(f"{tool}/{name}", "C", tool, name, "", schema, **more)  # type: ignore[arg-type]  # one keyword: returns


def test_what_an_answer_holds_is_given_whatever_the_tool_is_called() -> None:
    found = links([
        _spec("get_credits", "person_id"),
        _spec("cast", returns={"type": "object", "properties": {"person_id": {}}}),
        _spec("people", returns=[{"people": [{"id": 3, "name": "str"}]}]),
    ])  # fmt: skip
    assert set(found["T/get_credits"][0].suppliers) == {"T/cast", "T/people"}


@pytest.mark.parametrize(
    ("name", "parameter", "description"),
    [
        ("GET /albums/{id}/tracks", "id", ""),
        ("album_tracks", "id", "The [Catalogue ID](#ids) of the album."),
        ("album_tracks", "albumId", ""),
        ("album_tracks", "album_uuid", ""),
        ("get_album", "id", ""),
        ("tracks", "id", "An album's ID"),
        ("tracks", "album", "Album identifier."),
        ("tracks", "record", "ID of album"),
    ],
)
def test_an_identifier_is_known_however_it_is_written(
    name: str, parameter: str, description: str
) -> None:
    schema = {
        "properties": {parameter: {"type": "string", "description": description}},
        "required": [parameter],
    }
    taker = ToolSpec("taker", "C", "T", name, "", schema)
    found = links([taker, _spec("search_albums", "q"), _spec("search_tracks", "q")])
    assert found == {"taker": (IdentifierLink(parameter, ("T/search_albums",)),)}


def test_nothing_is_taken_for_a_supplier_that_changes_things_or_is_of_another_api() -> None:
    assert not links([
        _spec("get_playlist", "playlist_id"),
        _spec("create_playlist", "name"),
        _spec("DELETE /playlists"),
        _spec("search_playlists", "q", tool="Other", source="elsewhere"),
    ])  # fmt: skip
    assert not links([_spec("get_album", "album_id"), _spec("album_clear", effect=Effect.WRITE)])
    assert not links([_spec("get_quote", "api_key"), _spec("search_apis")])
    assert not links([_spec("get_weather", "country_code", "date"), _spec("search_countries")])


def test_whoever_asks_is_not_looked_for() -> None:
    user: dict[str, object] = {"description": "The special value `me` is the caller."}
    for known in (user, {"default": "me"}):
        schema = {"properties": {"userId": known}, "required": ["userId"]}
        assert not links([ToolSpec("a", "C", "T", "mails", "", schema), _spec("search_users", "q")])


def test_the_list_of_the_very_thing_comes_before_others() -> None:
    found = links([
        _spec("volumes_get", "volume_id"), _spec("list_category_volumes"), _spec("volumes_list")
    ])  # fmt: skip
    assert found["T/volumes_get"][0].suppliers[0] == "T/volumes_list"


def test_a_supplier_is_among_the_first_ten_however_far_behind_it_is() -> None:
    hits = [Hit(f"h{place}", 1 - place / 100, 0, 0, "q") for place in range(20)]
    known = {"h4": (IdentifierLink("x_id", ("z",)),)}
    found = [hit.id for hit in with_suppliers("q", hits, known, 10)]
    assert found == [*(f"h{place}" for place in range(9)), "z"]
    assert [hit.id for hit in with_suppliers("q", hits, known, 5)] == [h.id for h in hits[:5]]


def test_a_request_that_holds_an_identifier_pulls_nothing_in() -> None:
    known = {"taker": (IdentifierLink("order_id", ("giver",)),)}
    hits = [Hit("taker", 0.9, 1, 1, "q"), Hit("other", 0.8, 1, 1, "q")]
    assert [h.id for h in with_suppliers("my last order", hits, known, 2)] == ["taker", "other"]
    assert [h.id for h in with_suppliers("my last order", hits, known, 3)][2] == "giver"
    for query in ("order 48213", "the order with ID 7", "track 4f9a-bb12"):
        assert gives_identifier(query)
        assert with_suppliers(query, hits, known, 3) == hits


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.integers(1, 8))
def test_taking_in_keeps_the_first_hit_and_the_order_of_the_rest(ids: list[str], k: int) -> None:
    hits = [Hit(one, 1 - place / 10, 0, 0, "q") for place, one in enumerate(ids)]
    known = {one: (IdentifierLink("x_id", ("f", "z")),) for one in "abc"}
    found = [hit.id for hit in with_suppliers("q", hits, known, k)]
    assert len(found) <= k
    assert len(set(found)) == len(found)
    assert found[:1] == ids[:1]
    rest = [one for one in found if one not in "fz"]
    assert rest == [one for one in ids if one in rest]


def test_links_are_kept_and_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    known = {"a": (IdentifierLink("x_id", ("b", "c")),)}
    assert load_links(tmp_path) == {}
    save_links(tmp_path, known)
    assert load_links(tmp_path) == known
    (tmp_path / FILE).write_text('{"version": 1, "links": [3]}')
    with pytest.raises(CatalogError, match=r"chains\.json.*Delete it, and index"):
        load_links(tmp_path)
