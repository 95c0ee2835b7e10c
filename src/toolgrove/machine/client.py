"""What our own HTTP clients have in common: they do what they are told, not what they find.

A proxy or a ``.netrc`` that happens to be there would see a prompt that was meant for this machine,
or send a password nobody asked it to. So both are ignored. Who needs a proxy says so by the
environment's ``TOOLGROVE_PROXY``; this machine is never asked for through it.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

__all__ = ["client_options"]


def client_options(url: str) -> dict[str, Any]:
    """Options of an httpx client that asks for a URL.

    Certificates that ``SSL_CERT_FILE`` names are believed.

    Examples
    --------
    >>> options = client_options("http://127.0.0.1:8080/v1")
    >>> options["trust_env"], options["proxy"]
    (False, None)
    """
    import httpx

    proxy = None if _here(url) else os.environ.get("TOOLGROVE_PROXY") or None
    return {"trust_env": False, "proxy": proxy, "verify": httpx.create_ssl_context()}


def _here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
