"""How calls may use the network: what a run's owner decides once for all tools."""

from __future__ import annotations

from dataclasses import dataclass

from toolgrove.data.settings import decides, passes
from toolgrove.tools.calls.limits import HostLimits
from toolgrove.tools.http.address import AddressPolicy

__all__ = ["Network"]


@dataclass(frozen=True, slots=True)
class Network:
    """Settings of how calls use the network.

    Parameters
    ----------
    addresses : AddressPolicy
        Where they may connect besides public addresses.
    redirects : int
        Redirects of a read that are followed.
    max_bytes : int
        Bytes of an answer that are read, after decompression.
    limits : HostLimits
        What one host may be asked; the object is shared by all stacks that get it.
    failures : int
        Calls in a row without an answer after which a host is left alone.
    pause : float
        Seconds for which it is.
    path_slashes : tuple of str
        Ids of tools whose path values may hold slashes, as ``GitHub/*``; they are sent as ``%2F``.
        Values that a specification lets hold them may always.
    """

    addresses: AddressPolicy = decides(factory=AddressPolicy)
    redirects: int = decides(0)
    max_bytes: int = decides(5_000_000)
    limits: HostLimits = passes(factory=HostLimits, kept=False)
    failures: int = decides(5)
    pause: float = decides(30.0)
    path_slashes: tuple[str, ...] = decides(())
