"""Secrets: sent where their owner said, and found nowhere else."""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.secret_forms import VALUE, forms
from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.http.address import AddressPolicy
from toolgrove.tools.http.network import Network
from toolgrove.tools.http.request import Refused, Request
from toolgrove.tools.registry import Registry
from toolgrove.tools.secrets import SecretStore, authorize, scrubbed_logs

ORIGIN = "https://api.example:443"
JSON = "Content-Type: application/json"


def store(value: str = VALUE, origin: str = "https://api.example") -> SecretStore:
    return SecretStore({"TOOLGROVE_SECRET_KEY": value, "TOOLGROVE_ORIGIN_KEY": origin})


SAFE = st.characters(codec="ascii", exclude_categories=["Cc", "Zs"])


@settings(max_examples=40)
@given(st.text(SAFE, min_size=8, max_size=40), st.text(max_size=5), st.text(max_size=5))
def test_promise_13_a_secret_is_found_in_all_its_forms(value: str, a: str, b: str) -> None:
    scrub = store(value).scrub
    for name, form in forms(value).items():
        clean = scrub(f"{a} {form} {b}")
        assert "[secret KEY]" in clean, name
        assert form not in clean


def test_promise_13_a_secret_within_another_leaves_no_rest() -> None:
    short, long = "abcdefgh", "abcdefghijkl"
    secrets = SecretStore({"TOOLGROVE_SECRET_A": short, "TOOLGROVE_SECRET_B": long})
    assert secrets.scrub(f"{long} {short}") == "[secret B] [secret A]"


def test_text_without_secrets_stays_as_it_is() -> None:
    text = "the quick brown fox, 12345 and a base64 dGhlIHF1aWNr"
    assert store().scrub(text) == text


@pytest.mark.parametrize("value", ["", "short", "with a blank", "two\nlines!", "ümläutißch"])
def test_promise_13_a_secret_that_could_not_be_scrubbed_is_not_used(value: str) -> None:
    with pytest.raises(Refused, match="cannot be used"):
        store(value).get("key", ORIGIN)


def test_promise_16_a_secret_goes_only_to_the_origin_its_owner_named() -> None:
    secrets = store(origin="https://api.example https://b.example:8443")
    assert secrets.get("Key", ORIGIN) == VALUE
    assert secrets.get("key", "https://b.example:8443") == VALUE
    for other in ("http://api.example:80", "https://api.example:8443", "https://evil.example:443"):
        with pytest.raises(Refused, match="TOOLGROVE_ORIGIN_KEY") as refused:
            secrets.get("key", other)
        assert refused.value.status is Status.UNAUTHORIZED
        assert VALUE not in str(refused.value)
    with pytest.raises(Refused, match="not for"):
        SecretStore({"TOOLGROVE_SECRET_KEY": VALUE}).get("key", ORIGIN)


def test_promise_13_a_secret_set_or_changed_later_is_scrubbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = SecretStore()
    text = "first-secret, other-secret and third-secret"
    seen = [secrets.scrub(text)]
    monkeypatch.setenv("TOOLGROVE_SECRET_LATER", "first-secret")
    seen.append(secrets.scrub(text))
    monkeypatch.setenv("TOOLGROVE_SECRET_LATER", "other-secret")  # as many, of the same names
    seen.append(secrets.scrub(text))
    secrets._from_keyring["KEPT"] = "third-secret"
    seen.append(secrets.scrub(text))
    monkeypatch.delenv("TOOLGROVE_SECRET_LATER")
    seen.append(secrets.scrub(text))
    assert seen == [
        text,
        "[secret LATER], other-secret and third-secret",
        "first-secret, [secret LATER] and third-secret",
        "first-secret, [secret LATER] and [secret KEPT]",
        "first-secret, other-secret and [secret KEPT]",
    ]


def test_a_keyring_entry_belongs_to_the_origin_in_its_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1  # type: ignore[assignment] # keyring declares a classproperty

        def get_password(self, service: str, username: str) -> str | None:
            return VALUE if (service, username) == (f"toolgrove {ORIGIN}", "KEY") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    monkeypatch.setattr(keyring.core, "_keyring_backend", Memory())
    secrets = SecretStore({})
    assert secrets.get("key", ORIGIN) == VALUE
    assert secrets.scrub(f"x {VALUE}") == "x [secret KEY]"
    with pytest.raises(Refused, match="needs a credential"):
        secrets.get("key", "https://evil.example:443")


def test_without_a_keyring_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Refused, match="TOOLGROVE_SECRET_KEY=… and TOOLGROVE_ORIGIN_KEY=https"):
        SecretStore({}).get("key", ORIGIN)
    broken = ModuleType("keyring")
    monkeypatch.setitem(sys.modules, "keyring", broken)  # has no get_password: a backend's fault
    with pytest.raises(
        Refused, match=r"keyring entry KEY .* \(which cannot be read here: AttributeError\)"
    ):
        SecretStore({}).get("key", ORIGIN)


def auth(**credential: str) -> Request:
    request = Request("GET", "https://api.example/x?a=1", {"X-Lang": "de"})
    security = [[{"secret": "key", **credential}]]
    return authorize(request, security, ORIGIN, lambda name, origin: "user:s3cr3t&")


def test_each_kind_of_credential_goes_to_its_place() -> None:
    query = auth(type="apiKey", name="api key", **{"in": "query"})
    assert query.url == "https://api.example/x?a=1&api%20key=user%3As3cr3t%26"
    header = auth(type="apiKey", name="x-lang", **{"in": "header"})
    assert header.headers == {"x-lang": "user:s3cr3t&"}  # never twice
    cookie = auth(type="apiKey", name="sid", **{"in": "cookie"})
    assert cookie.headers["Cookie"] == "sid=user%3As3cr3t%26"
    bearer = auth(type="http", scheme="Bearer")
    assert bearer.headers["Authorization"] == "Bearer user:s3cr3t&"
    assert auth(type="oauth2").headers == bearer.headers
    basic = auth(type="http", scheme="basic").headers["Authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"user:s3cr3t&"


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "a b", "a\r\nb"])
def test_promise_20_a_binding_puts_no_secret_where_it_frames_the_request(name: str) -> None:
    with pytest.raises(Refused):
        auth(type="apiKey", name=name, **{"in": "header"})


def test_alternatives_are_tried_in_order_and_none_needed_is_one() -> None:
    request = Request("GET", "https://api.example/x")

    def get(name: str, origin: str) -> str:
        if name == "b":
            return "b-secret"
        raise Refused(Status.UNAUTHORIZED, f"no {name}")

    bearer = {"type": "http", "scheme": "bearer"}
    both = [[{**bearer, "secret": "a"}], [{**bearer, "secret": "b"}]]
    assert authorize(request, both, ORIGIN, get).headers == {"Authorization": "Bearer b-secret"}
    assert authorize(request, [both[0], []], ORIGIN, get) == request
    assert authorize(request, None, ORIGIN, get) == request
    with pytest.raises(Refused, match="no a"):
        authorize(request, [both[0], [{**bearer, "secret": "c"}]], ORIGIN, get)


SECURITY = [
    [
        {"secret": "key", "type": "apiKey", "in": "header", "name": "X-Key"},
        {"secret": "key", "type": "apiKey", "in": "query", "name": "k"},
    ]
]


def guarded(faults: Any, path: str = "/x") -> ToolSpec:
    binding = {"kind": "http", "method": "GET", "url": faults.base + path, "security": SECURITY}
    return ToolSpec(f"t{path}", "c", "t", path, binding=binding)


async def made(
    faults: Any, spec: ToolSpec, secrets: SecretStore, store: Any = None, **more: Any
) -> Observation:
    allowed = frozenset({faults.base.removeprefix("http://")})
    network = Network(AddressPolicy(hosts=allowed), redirects=2)
    with Registry() as registry:
        registry.add([spec])
        async with build_stack(
            registry, CallSettings(network=network, **more), secrets=secrets, store=store
        ) as execute:
            return await execute(ToolCall("c", spec.id))


async def test_promise_13_no_secret_in_observation_store_or_log(
    faults: Any, reply: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """A server that echoes what it got, in every form, body and headers."""
    echoed = json.dumps({"got": forms(VALUE), "long": "x" * 3000 + VALUE}).encode()
    faults.answer("/x", reply(echoed, JSON, f"X-Echo: {VALUE}"))
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return "name"

    caplog.set_level(logging.DEBUG)
    observation = await made(faults, guarded(faults), store(origin=faults.base), store=keep)
    assert observation.status is Status.OK
    [asked] = faults.asked
    assert asked.headers["x-key"] == VALUE  # it was really sent
    assert quote(VALUE, safe="") in asked.target
    assert "X-Echo" in caplog.text  # and what came back was really logged
    for place in (observation.content, *kept, caplog.text):
        assert "secret KEY" in place
        assert not [name for name, form in forms(VALUE).items() if form in place]


def test_promise_13_logs_are_scrubbed_for_as_long_as_any_run_is_under_way() -> None:
    logger = logging.getLogger("httpx")
    before = list(logger.filters)
    first, second = store("first-secret").scrub, store("second-secret").scrub
    record = logging.LogRecord("httpx", 20, "", 0, "%s second-secret", ("first-secret",), None)
    with scrubbed_logs(first):
        with scrubbed_logs(first), scrubbed_logs(second):
            assert len(logger.filters) == len(before) + 1  # a record passes every one of them
        assert logger.filter(record)
        assert record.getMessage() == "[secret KEY] second-secret"
        with scrubbed_logs(second):
            logger.filter(record)
        assert record.getMessage() == "[secret KEY] [secret KEY]"
    assert logger.filters == before


async def test_promise_13_no_secret_in_an_error(faults: Any) -> None:
    faults.answer("/x", faults.reset)
    observation = await made(faults, guarded(faults), store(origin=faults.base), attempts=1)
    assert observation.status is Status.NOT_WORKING
    assert "s3cr3t" not in observation.content


async def test_promise_16_no_secret_is_sent_where_its_owner_did_not_say(faults: Any) -> None:
    observation = await made(faults, guarded(faults), store(origin="https://api.example"))
    assert observation.status is Status.UNAUTHORIZED
    assert faults.asked == []


async def test_promise_16_a_redirect_to_another_origin_gets_no_credential(
    faults: Any, reply: Callable[..., bytes]
) -> None:
    other = f"http://localhost:{faults.base.rpartition(':')[2]}/y"  # another name, another origin
    faults.answer("/x", reply(b"", f"Location: {other}", status="302 Found"))
    faults.answer("/y", reply(b'{"a":1}', JSON))
    spec = guarded(faults)
    allowed = AddressPolicy(private=True)
    with Registry() as registry:
        registry.add([spec])
        network = Network(allowed, redirects=2)
        async with build_stack(
            registry, CallSettings(network=network), secrets=store(origin=faults.base)
        ) as execute:
            observation = await execute(ToolCall("c", spec.id))
    assert observation.status is Status.OK
    first, second = faults.asked
    assert first.headers["x-key"] == VALUE
    assert second.target == "/y"
    assert second.headers.keys() <= {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
    }


def test_the_environment_is_read_when_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = SecretStore()
    monkeypatch.setenv("TOOLGROVE_SECRET_LATE", "late-secret")
    monkeypatch.setenv("TOOLGROVE_ORIGIN_LATE", "https://api.example")
    assert secrets.get("late", ORIGIN) == "late-secret"
    assert secrets.scrub("a late-secret") == "a [secret LATE]"


async def test_promise_13_no_secret_in_where_an_answer_goes_on(
    faults: Any, reply: Callable[..., bytes], tmp_path: Path
) -> None:
    from toolgrove.data.records import JsonObject
    from toolgrove.tools.calls.stack import with_scrubbing

    more: JsonObject = {"cursor": f"k={VALUE}", "list": [{quote(VALUE, safe=""): [VALUE, 3]}]}

    async def execute(call: ToolCall) -> Observation:
        return Observation(Status.OK, "fine", 4, more=more)

    got = await with_scrubbing(execute, store().scrub)(ToolCall("c", "x"))
    assert got.more == {"cursor": "k=[secret KEY]", "list": [{"[secret KEY]": ["[secret KEY]", 3]}]}


@pytest.mark.parametrize(
    "piece",
    ["\\", "\\\\n", "&amp;", "&#0", "%25", "%252525", "s3cr3t", "YWI", " \n", "=\n", "\\u00"],
)
def test_promise_17_no_text_makes_scrubbing_long(piece: str) -> None:
    """A hundred thousand characters: what is quadratic would take hours here."""
    text = piece * (100_000 // len(piece)) + "."
    assert store().scrub(text) == text
    for value in ("\\" * 12 + "z", "&" * 12 + "z", "a\\b\\c\\d\\e", "%" * 9):
        assert store(value).scrub(text).endswith(".")


@pytest.mark.parametrize("limit", range(1, len(VALUE) + 9))
def test_promise_13_what_was_cut_before_it_was_scrubbed_shows_no_secret(limit: int) -> None:
    text = f"Error: {VALUE} is no key"[: 7 + limit]
    for shown in (text, f"It failed ({text}). Mend it."):
        left = store().scrub(shown)
        assert VALUE[: len(VALUE) // 2 + 1] not in left
    assert VALUE[:6] not in store().scrub(text)
