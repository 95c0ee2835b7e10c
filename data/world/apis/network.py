"""Category Network: IP addresses and subnets (ipaddress)."""

from __future__ import annotations

import ipaddress
from typing import Annotated, TypeAlias

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Refusal, Tool
from toolgrove.data.world.trouble import NOT_SUBSCRIBED, Unsubscribed

__all__ = ["TOOLS"]

IP = Tool("Network", "IP Toolbox", "Subnets and addresses, IPv4 and IPv6.")
LOCATE = Tool("Network", "IP Locator", "Where in the world an address is. Paid plans only.")
TOOLS = (IP, LOCATE)

Cidr = Annotated[str, Field(description="Subnet, e.g. 10.0.0.0/22", max_length=60)]
Address = Annotated[str, Field(description="IP address", max_length=60)]
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def _network(cidr: str) -> _Network:
    try:
        return ipaddress.ip_network(cidr.strip(), strict=False)
    except ValueError:
        raise Refusal(400, f"'{cidr}' is not a subnet such as 10.0.0.0/22.") from None


def _address(address: str) -> _Ip:
    try:
        return ipaddress.ip_address(address.strip())
    except ValueError:
        raise Refusal(400, f"'{address}' is not an IP address.") from None


def _hosts(network: _Network) -> int:
    """Addresses that hosts can have: an IPv4 subnet keeps its first and last for itself."""
    if network.version == 4 and network.prefixlen < 31:
        return network.num_addresses - 2
    return network.num_addresses


@IP.get("Subnet Info", "/subnet", example={"cidr": "192.168.4.0/22"})
def subnet_info(cidr: Cidr) -> JsonObject:
    """Netmask, first and last address and number of usable hosts of a subnet."""
    found = _network(cidr)
    return {
        "network": str(found),
        "netmask": str(found.netmask),
        "first": str(found.network_address),
        "last": str(found.broadcast_address),
        "usable_hosts": str(_hosts(found)),
    }


@IP.get("Address Info", "/address", example={"address": "172.16.5.4"})
def address_info(address: Address) -> JsonObject:
    """Version of an address, whether it is private, and its reverse DNS name."""
    found = _address(address)
    return {
        "address": str(found),
        "version": found.version,
        "private": found.is_private,
        "multicast": found.is_multicast,
        "expanded": found.exploded,
        "reverse_dns": found.reverse_pointer,
    }


@IP.get("Address in Subnet", "/contains", example={"address": "10.1.2.3", "cidr": "10.1.0.0/16"})
def address_in_subnet(address: Address, cidr: Cidr) -> JsonObject:
    """Whether an address lies in a subnet."""
    return {"contained": _address(address) in _network(cidr)}


@IP.get("Split Subnet", "/split", example={"cidr": "10.0.0.0/22", "new_prefix": 24})
def split_subnet(
    cidr: Cidr,
    new_prefix: Annotated[int, Field(description="Longer prefix", ge=1, le=128)],
) -> JsonObject:
    """The smaller subnets that a subnet splits into; the first 16 are listed."""
    found = _network(cidr)
    if not found.prefixlen <= new_prefix <= found.max_prefixlen:
        raise Refusal(400, f"Parameter 'new_prefix': {found} has no subnets of /{new_prefix}.")
    parts = found.subnets(new_prefix=new_prefix)
    listed = [str(part) for part, _ in zip(parts, range(16), strict=False)]
    return {"count": str(2 ** (new_prefix - found.prefixlen)), "subnets": listed}


@IP.get("Range to Subnets", "/range", example={"first": "10.0.0.0", "last": "10.0.0.11"})
def range_to_subnets(first: Address, last: Address) -> JsonObject:
    """The subnets that cover a range of addresses exactly."""
    a, b = _address(first), _address(last)
    try:
        found = [str(one) for one in ipaddress.summarize_address_range(a, b)]
    except (ValueError, TypeError) as error:
        raise Refusal(400, f"Not a range of addresses: {error}.") from None
    return {"count": len(found), "subnets": found}


@LOCATE.get("Locate Address", "/locate", example={"address": "192.0.2.1"}, trouble=Unsubscribed())
def locate_address(address: Address) -> JsonObject:
    """Country and city of an IP address."""
    raise NOT_SUBSCRIBED
