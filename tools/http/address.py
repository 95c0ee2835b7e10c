"""Where calls may connect: public addresses, and what a policy allows beyond them.

A name is resolved once, every address it resolves to is checked, and the connection goes to an
address that was checked (promises 14 and 15): a name that points elsewhere a moment later gains
nothing. Which addresses are public, also inside NAT64, 6to4 and IPv4-mapped ones, and the check of
the peer after connecting are the package ssrfguard's; TLS stays httpcore's, which verifies the
certificate against the name and not against the address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from toolgrove.data.settings import decides

if TYPE_CHECKING:
    import httpx
    import ssrfguard

__all__ = [
    "AddressPolicy",
    "Blocked",
    "Resolver",
    "guarded_transport",
    "origin_of",
    "port_of",
]

Resolver: TypeAlias = Callable[[str, int], Awaitable[list[Any]]]
"""Gives what ``socket.getaddrinfo`` gives for a host and a port."""

_PRIVATE = (
    "127.0.0.0/8",  # this machine
    "::1/128",
    "10.0.0.0/8",  # RFC 1918
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",  # RFC 4193
)
_METADATA = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"})
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: what a credential belongs to (RFC 6454).

    Raises
    ------
    ValueError
        Where it is no http(s) URL with a host.

    Examples
    --------
    >>> origin_of("https://API.example/v1"), origin_of("http://[::1]:8000/x")
    ('https://api.example:443', 'http://[::1]:8000')
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url[:200]!r} is no http(s) URL")
    host = parts.hostname.rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port_of(url)}"


def port_of(url: str) -> int:
    """The port of an http(s) URL, written or understood.

    Raises
    ------
    ValueError
        Where what is written is no port.
    """
    parts = urlsplit(url)
    return parts.port if parts.port is not None else _PORTS[parts.scheme]


class Blocked(Exception):
    """A connection that the policy does not allow; the text says how to allow it."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses calls may connect to; public ones always.

    Parameters
    ----------
    private : bool
        Also this machine (127.0.0.0/8, ::1) and private networks (10.0.0.0/8, 172.16.0.0/12,
        192.168.0.0/16, fc00::/7). Link-local addresses and the metadata services of clouds stay
        out: name such a host in ``hosts``.
    hosts : frozenset of str
        Hosts that may have any address, as ``name`` or ``name:port``.

    Examples
    --------
    >>> policy = AddressPolicy(hosts=frozenset({"127.0.0.1:8000"}))
    >>> policy.names("127.0.0.1", 8000), policy.names("127.0.0.1", 22)
    (True, False)
    """

    private: bool = decides(False)
    hosts: frozenset[str] = decides(frozenset())

    def names(self, host: str, port: int) -> bool:
        """Whether a host is allowed by name, whatever its address."""
        name = _plain(host)
        allowed = {_plain(entry) for entry in self.hosts}
        return name in allowed or f"{name}:{port}" in allowed

    def check(self, host: str, port: int) -> None:
        """Refuse what needs no resolving: literal addresses, and names of this machine.

        Raises
        ------
        Blocked
            Where the policy does not allow the host.
        """
        if self.names(host, port):
            return
        name = _plain(host)
        address = _literal(name)
        local = name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
        if address is None and local and not self.private:
            raise _blocked(host, port)
        if address is not None:
            self._check_address(address, host, port)

    def _check_address(self, address: str, host: str, port: int) -> None:
        metadata = address.partition("%")[0] in _METADATA
        if metadata or not _rules(_PRIVATE if self.private else ()).permits_address(address):
            raise _blocked(host, port, address)

    def _check_all(self, host: str, port: int, infos: Iterable[Any]) -> None:
        for info in infos:  # one bad address of several is the mark of a rebinding
            self._check_address(str(info[4][0]), host, port)


def _plain(host: str) -> str:
    return host.replace("[", "").replace("]", "").rstrip(".").lower()


def _literal(name: str) -> str | None:
    """The address that a name without any DNS is: 127.1, 0x7f.1 and 2130706433 are some too."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return None


def _blocked(host: str, port: int, address: str = "") -> Blocked:
    where = f" ({address})" if address and address != _plain(host) else ""
    return Blocked(
        f"{host}{where} is not a public host, and none that hosts= allows. "
        f"Who runs this may allow it: --allow-host {host}:{port}"
    )


@cache
def _rules(allowed: tuple[str, ...]) -> ssrfguard.Policy:
    import ssrfguard

    networks = tuple(ipaddress.ip_network(network) for network in allowed)
    return ssrfguard.Policy(allowed_networks=networks, allowed_ports=frozenset(range(1, 65536)))


async def _resolve(host: str, port: int) -> list[Any]:
    # not ssrfguard's own look-up: that one cannot be cancelled, and a slow name server would
    # hold a call beyond its deadline (promise 17)
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def guarded_transport(
    policy: AddressPolicy, *, resolver: Resolver = _resolve, verify: Any = None
) -> httpx.AsyncHTTPTransport:
    """An httpx transport that connects only where the policy allows.

    Parameters
    ----------
    policy : AddressPolicy
        Checked on every connection that is made.
    resolver : callable
        Looks names up; the system's resolver but in tests.
    verify : ssl.SSLContext or None
        TLS settings; None trusts certifi's authorities.

    Notes
    -----
    A request that the policy does not allow raises :class:`Blocked`.
    """
    import httpcore
    import ssrfguard
    from ssrfguard.httpx import AsyncSafeBackend

    from toolgrove.tools.http.connection import CleanTransport, WatchedStream

    class Guard(httpcore.AsyncNetworkBackend):
        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.AsyncNetworkStream:
            try:
                infos = await resolver(host, port)
            except (OSError, UnicodeError) as error:
                raise httpcore.ConnectError(f"{host} has no address: {error}") from error
            named = policy.names(host, port)
            if not named:
                policy._check_all(host, port, infos)
            rules = _rules(_EVERYWHERE if named else _PRIVATE if policy.private else ())
            backend = AsyncSafeBackend(policy=rules, resolver=lambda *_: infos)
            try:
                return WatchedStream(
                    await backend.connect_tcp(host, port, timeout, local_address, socket_options)
                )
            except ssrfguard.SSRFGuardError as error:
                raise _blocked(host, port) from error

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    context = verify if verify is not None else _tls()
    transport = CleanTransport(verify=context, trust_env=False)
    # httpx has no parameter for the network backend; ssrfguard's own transport does the same
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=context, max_connections=100, keepalive_expiry=5.0, network_backend=Guard()
    )
    return transport


@cache
def _tls() -> Any:
    import httpx

    return httpx.create_ssl_context(trust_env=False)  # 20 ms, and it never changes
