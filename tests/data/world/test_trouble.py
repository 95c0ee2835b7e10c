"""Each deliberate trouble behaves as it is documented, and reproduces."""

from __future__ import annotations

import httpx
import pytest

from toolgrove.data.records import ToolSpec
from toolgrove.data.world import running
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.declare import Endpoint
from toolgrove.data.world.trouble import Flaky, Gone, Throttled, Unsubscribed

from .conftest import Send, send


def _troubled(kind: type) -> list[Endpoint]:
    return [one for one in endpoints().values() if isinstance(one.trouble, kind)]


def test_every_kind_of_trouble_is_there() -> None:
    assert all(_troubled(kind) for kind in (Flaky, Gone, Throttled, Unsubscribed))


@pytest.mark.parametrize("endpoint", _troubled(Gone), ids=lambda one: one.name)
def test_a_deprecated_api_names_a_working_one_of_its_tool(ask: Send, endpoint: Endpoint) -> None:
    assert isinstance(endpoint.trouble, Gone)
    answer = ask(endpoint.name, **endpoint.example)
    assert answer.status_code == 410
    assert f"'{endpoint.trouble.replacement}'" in answer.json()["error"]
    siblings = {one.name: one for one in endpoint.tool.endpoints}
    assert siblings[endpoint.trouble.replacement].trouble is None


@pytest.mark.parametrize("endpoint", _troubled(Throttled), ids=lambda one: one.name)
def test_a_throttled_api_answers_429_first_and_then_works(call: Send, endpoint: Endpoint) -> None:
    first, second = (call(endpoint.name, **endpoint.example) for _ in range(2))
    assert (first.status_code, first.headers["retry-after"]) == (429, "1")
    assert second.status_code == 200


@pytest.mark.parametrize("endpoint", _troubled(Unsubscribed), ids=lambda one: one.name)
def test_an_api_of_a_paid_plan_answers_403(ask: Send, endpoint: Endpoint) -> None:
    answer = ask(endpoint.name, **endpoint.example)
    assert answer.status_code == 403
    assert answer.json() == {"error": "You are not subscribed to this API."}


CITIES = (
    "Oslo",
    "Rome",
    "Lima",
    "Cairo",
    "Tokyo",
    "Paris",
    "Hanoi",
    "Quito",
    "Accra",
    "Turin",
    "Sofia",
)


def _statuses(client: httpx.Client, spec: ToolSpec) -> list[list[int]]:
    return [[send(client, spec, {"city": c}).status_code for _ in range(7)] for c in CITIES]


def test_a_flaky_api_fails_first_and_then_works_for_good(
    world: httpx.Client, spec_of: dict[str, ToolSpec]
) -> None:
    failures = set()
    for statuses in _statuses(world, spec_of["City Population"]):
        failed = statuses.count(503)
        assert statuses == [503] * failed + [200] * (7 - failed)
        failures.add(failed)
    assert failures == {0, 1, 2, 3, 4, 5}


def test_a_flaky_api_depends_on_seed_and_arguments_only(spec_of: dict[str, ToolSpec]) -> None:
    seen = {}
    for seed in (0, 0, 1):
        with running(seed=seed) as url, httpx.Client(base_url=url) as client:
            statuses = _statuses(client, spec_of["City Population"])
            assert seen.setdefault(seed, statuses) == statuses
    assert seen[0] != seen[1]


def test_the_order_of_other_requests_does_not_matter(spec_of: dict[str, ToolSpec]) -> None:
    spec = spec_of["City Population"]
    with running() as url, httpx.Client(base_url=url) as client:
        plain = _statuses(client, spec)
    with running() as url, httpx.Client(base_url=url) as client:
        mixed = [
            [send(client, spec, {"city": city}).status_code for city in CITIES] for _ in range(7)
        ]
    assert [list(column) for column in zip(*mixed, strict=True)] == plain


def test_one_api_wants_another_date_format(ask: Send) -> None:
    refused = ask("Check Holiday", country="NO", day="2026-05-17")
    assert refused.status_code == 400
    assert "DD/MM/YYYY" in refused.json()["error"]
    assert ask("Check Holiday", country="NO", day="17/05/2026").json()["holiday"] == "yes"
    assert ask("Check Holiday", country="NO", day="31/02/2026").status_code == 400


@pytest.mark.parametrize(
    ("api", "lookalike", "asked", "other"),
    [
        (
            "Distance Between Airports",
            "Route Distance",
            {"origin": "OSL", "destination": "LHR"},
            {"from_icao": "ENGM", "to_icao": "EGLL"},
        ),
        (
            "Convert Units",
            "Convert Volume (UK)",
            {"value": 10, "from_unit": "gallon", "to_unit": "litre"},
            None,
        ),
        ("Sample Deviation", "Population Deviation", {"numbers": "1,2,4"}, None),
        ("Hex to HSL", "Hex to HSV", {"color": "#336699"}, None),
        ("Element by Symbol", "Mass Number", {"symbol": "Cl"}, None),
        (
            "Compound Interest",
            "Simple Interest",
            {"principal": 1000, "annual_rate": 5, "years": 10},
            None,
        ),
    ],
)
def test_near_duplicates_mean_something_else(
    ask: Send,
    api: str,
    lookalike: str,
    asked: dict[str, object],
    other: dict[str, object] | None,
) -> None:
    first, second = ask(api, **asked), ask(lookalike, **(other or asked))
    assert first.status_code == second.status_code == 200
    assert first.json() != second.json()
