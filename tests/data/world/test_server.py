"""The server: on loopback, its own state, started and stopped cleanly."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest

from toolgrove.data.world import HOST, VERSION, openapi, running
from toolgrove.errors import UsageError

EVENT = {"title": "Dentist", "date": "2026-05-18", "time": "09:30"}


def test_worlds_run_side_by_side_with_states_of_their_own() -> None:
    with running() as a, running() as b:
        assert a != b
        assert httpx.post(f"{a}/team-calendar/events", json=EVENT).status_code == 201
        span = {"start": "2026-05-01", "end": "2026-05-31"}
        counts = [
            httpx.get(f"{url}/team-calendar/events", params=span).json()["count"] for url in (a, b)
        ]
    assert counts == [1, 0]


def test_it_listens_on_loopback_only_and_stops() -> None:
    before = threading.active_count()
    with running() as url:
        parts = urlsplit(url)
        assert parts.hostname == "127.0.0.1"
        assert httpx.get(f"{url}/_world").json() == {"version": VERSION, "seed": 0}
    assert threading.active_count() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", parts.port or 0)) != 0


def test_it_stops_while_a_client_keeps_its_connection() -> None:
    with httpx.Client() as client, running() as url:
        assert client.get(f"{url}/_world").status_code == 200


def test_a_port_can_be_chosen_and_one_in_use_is_told() -> None:
    with running() as url:
        port = urlsplit(url).port or 0
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}.*another port"), running(port):
            pass
    with running(port) as again:
        assert again == url


def test_a_server_that_fails_inside_its_block_stops_too() -> None:
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="mine"), running():
        raise RuntimeError("mine")
    assert threading.active_count() == before


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254", ""])
def test_a_foreign_host_header_is_refused(world: httpx.Client, host: str) -> None:
    answer = world.get("/airport-finder/iata/OSL", headers={"Host": host})
    assert answer.status_code == 403
    assert "Oslo" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1234", HOST])
def test_its_own_names_are_let_in(world: httpx.Client, host: str) -> None:
    assert world.get("/airport-finder/iata/OSL", headers={"Host": host}).status_code == 200


def test_it_serves_its_openapi_document(world: httpx.Client) -> None:
    assert world.get("/openapi.json").json() == openapi(VERSION)


def test_an_unknown_path_and_method_answer_json(world: httpx.Client) -> None:
    unknown = world.get("/no/such/api")
    assert (unknown.status_code, list(unknown.json())) == (404, ["error"])
    wrong = world.post("/airport-finder/iata/OSL")
    assert (wrong.status_code, list(wrong.json())) == (405, ["error"])


def test_nothing_is_redirected(world: httpx.Client) -> None:
    assert world.get("/airport-finder/iata/OSL%2F").status_code == 404


def test_writes_are_read_back(world: httpx.Client) -> None:
    event = world.post("/team-calendar/events", json=EVENT).json()
    assert event["weekday"] == "Monday"
    found = world.get("/team-calendar/find", params={"title": "dentist"}).json()
    assert found["events"] == [event]
    note = world.post("/notes-book/notes", json={"title": "List", "text": "Milk"}).json()
    assert world.get(f"/notes-book/notes/{note['id']}").json() == note
    assert world.get("/notes-book/search", params={"words": "milk"}).json()["notes"] == [note]


def test_a_reset_forgets_everything(world: httpx.Client) -> None:
    world.post("/team-calendar/events", json=EVENT, headers={"Idempotency-Key": "k"})
    lite = "/world-clock/lite/convert"
    times = {"time": "2026-07-01 09:00", "from_zone": "UTC", "to_zone": "Asia/Tokyo"}
    assert [world.get(lite, params=times).status_code for _ in range(2)] == [429, 200]
    assert world.post("/_world/reset").status_code == 200
    assert world.get("/team-calendar/find", params={"title": "Dentist"}).json()["count"] == 0
    assert world.get(lite, params=times).status_code == 429
    again = world.post("/team-calendar/events", json=EVENT, headers={"Idempotency-Key": "k"})
    assert again.status_code == 201


def test_an_idempotency_key_makes_a_write_happen_once(world: httpx.Client) -> None:
    headers = {"Idempotency-Key": "5f1c"}
    first, second = (
        world.post("/team-calendar/events", json=EVENT, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert world.get("/team-calendar/find", params={"title": "Dentist"}).json()["count"] == 1


def test_an_idempotency_key_is_for_one_request(world: httpx.Client) -> None:
    headers = {"Idempotency-Key": "5f1c"}
    world.post("/team-calendar/events", json=EVENT, headers=headers)
    other = world.post("/team-calendar/events", json={**EVENT, "title": "X"}, headers=headers)
    assert other.status_code == 422


def test_a_refused_write_does_not_use_its_idempotency_key_up(world: httpx.Client) -> None:
    headers = {"Idempotency-Key": "5f1c"}
    refused = world.post("/team-calendar/events", json={**EVENT, "time": "9"}, headers=headers)
    assert refused.status_code == 400
    assert world.post("/team-calendar/events", json=EVENT, headers=headers).status_code == 201


def test_a_huge_body_is_refused(world: httpx.Client) -> None:
    answer = world.post("/notes-book/notes", content=b"x" * 70_000)
    assert answer.status_code == 413
