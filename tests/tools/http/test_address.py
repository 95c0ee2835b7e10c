"""Where calls connect. Names are resolved by a stub and connections are noted, never made."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolgrove.data.records import Status, ToolCall, ToolSpec
from toolgrove.tools.http.address import AddressPolicy, Blocked, guarded_transport, origin_of
from toolgrove.tools.http.backend import HttpBackend

PUBLIC = "93.184.216.34"
NAMES = {
    "public.example": [PUBLIC],
    "rebind.example": ["127.0.0.1"],
    "both.example": [PUBLIC, "10.0.0.1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "sixtofour.example": ["2002:7f00:1::"],
    "127.0.0.1.dns.example": ["127.0.0.1"],
    "xn--bcher-kva.example": ["192.168.1.1"],
    "metadata.google.internal": ["169.254.169.254"],
}
HOSTILE = [
    "http://127.0.0.1/x",
    "http://127.1/x",
    "http://2130706433/x",  # decimal
    "http://0x7f000001/x",  # hexadecimal
    "http://0177.0.0.1/x",  # octal
    "http://0/x",
    "http://0.0.0.0/x",
    "http://127.0.0.1./x",  # trailing dot
    "http://localhost/x",
    "http://LOCALHOST./x",
    "http://x.localhost/x",
    "http://[::1]/x",
    "http://[::]/x",
    "http://[::ffff:127.0.0.1]/x",  # IPv4-mapped
    "http://[::ffff:a9fe:a9fe]/x",
    "http://[64:ff9b::7f00:1]/x",  # NAT64
    "http://[2002:7f00:1::]/x",  # 6to4
    "http://[fe80::1]/x",
    "http://[fd00:ec2::254]/x",  # metadata service, IPv6
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/x",  # the same, decimal
    "http://10.0.0.1/x",
    "http://172.16.0.1/x",
    "http://192.168.0.1/x",
    "http://100.64.0.1/x",  # carrier-grade NAT
    "http://224.0.0.1/x",  # multicast
    "http://public.example@127.0.0.1/x",  # userinfo
    "http://public.example:80@169.254.169.254/x",
    "http://127.0.0.1#@public.example/x",
    "http://127.0.0.1\\@public.example/x",
    "http://public.example\\@127.0.0.1/x",
    "http://①②⑦.⓪.⓪.①/x",  # digits that IDNA makes plain
    "http://127。0。0。1/x",  # full stops that IDNA makes plain
    "http://rebind.example/x",  # a public name for a private address
    "http://both.example/x",  # one good address, one bad
    "http://mapped.example/x",
    "http://nat64.example/x",
    "http://sixtofour.example/x",
    "http://127.0.0.1.dns.example/x",
    "http://xn--bcher-kva.example/x",  # punycode
    "http://bücher.example/x",
    "http://metadata.google.internal/x",
    "https://rebind.example:8443/x",
    "file:///etc/hostname",
    "gopher://127.0.0.1:70/x",
    "http://public.example:99999/x",
    "http:///x",
]


class Network:
    """A resolver with a table, and connections that are noted and refused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> None:
        self.names = names
        self.resolved: list[str] = []
        self.attempts: list[tuple[str, int]] = []

        async def connect(remote_host: Any, remote_port: int, **_: Any) -> Any:
            self.attempts.append((str(remote_host), remote_port))
            raise ConnectionRefusedError("noted")

        monkeypatch.setattr(anyio, "connect_tcp", connect)

    async def resolve(self, host: str, port: int) -> list[Any]:
        self.resolved.append(host)
        found = self.names.get(host.rstrip(".").lower())
        if found is None:  # a literal address in whatever spelling; no name server is asked
            flags = socket.AI_NUMERICHOST
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
        kinds = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)[: 4 if ":" in address else 2])
            for kind, address in zip(kinds, found, strict=True)
        ]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch, dict(NAMES))


async def call(network: Network, url: str, policy: AddressPolicy | None = None) -> Any:
    policy = policy or AddressPolicy()
    spec = ToolSpec("i", "c", "t", "n", binding={"kind": "http", "method": "GET", "url": url})
    transport = guarded_transport(policy, resolver=network.resolve)
    backend = HttpBackend({"i": spec}.__getitem__, addresses=policy, transport=transport)
    try:
        return await backend(ToolCall("c", "i"))
    finally:
        await backend.close()


@pytest.mark.parametrize("url", HOSTILE)
async def test_promise_14_no_connection_to_an_address_that_is_not_public(
    network: Network, url: str
) -> None:
    observation = await call(network, url)
    assert observation.status in (Status.NOT_WORKING, Status.INVALID_REQUEST)
    assert network.attempts == []


@pytest.mark.parametrize("url", HOSTILE)
async def test_promise_14_the_connection_itself_is_guarded_too(network: Network, url: str) -> None:
    """As if nothing before it had looked at the URL."""
    transport = guarded_transport(AddressPolicy(), resolver=network.resolve)
    refusals = (Blocked, httpx.TransportError, httpx.InvalidURL, UnicodeError)
    with pytest.raises(refusals):
        await transport.handle_async_request(httpx.Request("GET", url))
    public = [(PUBLIC, 80)]  # some spellings put the private host where it is not the host
    assert network.attempts in ([], public)
    assert network.attempts == [] or httpx.URL(url).host == "public.example"


async def test_promise_15_the_address_that_was_checked_is_connected(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    observation = await call(network, "https://public.example/x")
    assert "No connection" in observation.content
    assert network.attempts == [(PUBLIC, 443)]
    assert network.resolved == ["public.example"]


async def test_promise_15_a_name_that_points_elsewhere_a_moment_later_gains_nothing(
    network: Network,
) -> None:
    class Turning(dict[str, list[str]]):
        def get(self, host: str, default: Any = None) -> Any:
            answer = [PUBLIC] if not network.resolved[1:] else ["127.0.0.1"]
            return answer if host == "public.example" else default

    network.names = Turning()
    await call(network, "http://public.example/x")
    assert network.attempts == [(PUBLIC, 80)]  # resolved once, connected to that
    second = await call(network, "http://public.example/x")
    assert second.attempts == 0
    assert len(network.attempts) == 1


async def test_promise_15_a_peer_that_is_another_than_was_checked_is_left(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    class Elsewhere:
        def extra(self, *_: Any) -> Any:
            return ("10.0.0.1", 80)

        async def aclose(self) -> None:
            closed.append(True)

    async def connect(**_: Any) -> Any:
        return Elsewhere()

    monkeypatch.setattr(anyio, "connect_tcp", connect)
    transport = guarded_transport(AddressPolicy(), resolver=network.resolve)
    with pytest.raises((Blocked, httpx.TransportError)):
        await transport.handle_async_request(httpx.Request("GET", "http://public.example/"))
    assert closed == [True]


async def test_a_refusal_says_how_to_allow_the_host(network: Network) -> None:
    observation = await call(network, "http://rebind.example:8080/x")
    assert "--allow-host rebind.example:8080" in observation.content
    assert observation.attempts == 0


ALLOWED = [
    (AddressPolicy(private=True), "http://127.0.0.1/x", True),
    (AddressPolicy(private=True), "http://localhost/x", True),
    (AddressPolicy(private=True), "http://rebind.example/x", True),
    (AddressPolicy(private=True), "http://169.254.169.254/x", False),
    (AddressPolicy(private=True), "http://[fd00:ec2::254]/x", False),
    (AddressPolicy(private=True), "http://metadata.google.internal/x", False),
    (AddressPolicy(private=True), "http://[::ffff:10.0.0.1]/x", False),
    (AddressPolicy(hosts=frozenset({"rebind.example"})), "http://rebind.example:81/x", True),
    (AddressPolicy(hosts=frozenset({"rebind.example:80"})), "http://rebind.example/x", True),
    (AddressPolicy(hosts=frozenset({"rebind.example:80"})), "http://rebind.example:81/x", False),
    (AddressPolicy(hosts=frozenset({"[::1]:80"})), "http://[::1]/x", True),
    (AddressPolicy(hosts=frozenset({"127.0.0.1"})), "http://rebind.example/x", False),
    (AddressPolicy(hosts=frozenset({"169.254.169.254"})), "http://169.254.169.254/x", True),
]


@pytest.mark.parametrize(("policy", "url", "connects"), ALLOWED)
async def test_promise_14_private_hosts_only_by_an_explicit_policy(
    monkeypatch: pytest.MonkeyPatch, policy: AddressPolicy, url: str, connects: bool
) -> None:
    network = Network(monkeypatch, {**NAMES, "localhost": ["127.0.0.1"]})
    await call(network, url, policy)
    assert bool(network.attempts) == connects


async def test_promise_17_a_name_server_that_hangs_does_not_outlast_the_deadline(
    network: Network,
) -> None:
    async def hang(host: str, port: int) -> list[Any]:
        await asyncio.Event().wait()
        return []

    transport = guarded_transport(AddressPolicy(), resolver=hang)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await transport.handle_async_request(httpx.Request("GET", "http://public.example/"))


async def test_tls_asks_for_the_name_and_not_for_the_address() -> None:
    """A pinned connection still names its host, and refuses a certificate that is not trusted."""
    hello = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.set_result(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def resolve(host: str, asked: int) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", asked))]

    policy = AddressPolicy(hosts=frozenset({"pinned.example"}))
    transport = guarded_transport(policy, resolver=resolve)
    with pytest.raises(httpx.ConnectError):
        await transport.handle_async_request(
            httpx.Request("GET", f"https://pinned.example:{port}/")
        )
    assert b"pinned.example" in await hello
    server.close()
    await server.wait_closed()


def certificate(name: str, folder: Path) -> Path:
    """A certificate for a name, signed by itself, and its key."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(secret + signed.public_bytes(pem))
    return path


@pytest.mark.parametrize(("host", "trusted"), [("pinned.example", True), ("other.example", False)])
async def test_tls_verifies_the_name_and_not_the_address(
    tmp_path: Path, host: str, trusted: bool
) -> None:
    path = certificate("pinned.example", tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]

    async def resolve(name: str, asked: int) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", asked))]

    transport = guarded_transport(
        AddressPolicy(private=True),
        resolver=resolve,
        verify=ssl.create_default_context(cafile=path),
    )
    request = httpx.Request("GET", f"https://{host}:{port}/")
    if trusted:
        response = await transport.handle_async_request(request)
        assert response.status_code == 204
        await response.aclose()
    else:
        with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
            await transport.handle_async_request(request)
    await transport.aclose()
    server.close()
    await server.wait_closed()


@given(st.integers(0, 2**32 - 1), st.sampled_from(["dotted", "decimal", "hex", "octal"]))
@example(0x7F000001, "decimal")
@example(0xA9FEA9FE, "octal")
def test_promise_14_every_spelling_of_an_address_is_judged_alike(value: int, spelled: str) -> None:
    import ipaddress

    address = ipaddress.IPv4Address(value)
    forms = {
        "dotted": str(address),
        "decimal": str(value),
        "hex": hex(value),
        "octal": f"0{value:o}",
    }
    refused = False
    try:
        AddressPolicy().check(forms[spelled], 80)
    except Blocked:
        refused = True
    if not address.is_global or address.is_multicast:
        assert refused
    else:  # the registry's own finer rules may refuse some more; all spellings agree
        plain = False
        try:
            AddressPolicy().check(str(address), 80)
        except Blocked:
            plain = True
        assert refused == plain


def test_origins_are_compared_by_what_they_mean() -> None:
    assert origin_of("HTTPS://A.example.") == origin_of("https://a.example:443/x?y#z")
    assert origin_of("http://a.example") != origin_of("https://a.example")
    for bad in ("ftp://a.example", "https://", "x", "http://a.example:x"):
        with pytest.raises(ValueError):  # noqa: PT011 - what urlsplit says of each
            origin_of(bad)
