"""Where a request comes from: the one answer for limits, the log-in lock, account mails and logs."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

#: What stands for a client whose address nobody knows: a server on a Unix socket without a proxy in front.
UNKNOWN: Final = "0.0.0.0"  # noqa: S104
SUBSCRIBER_PREFIX: Final = (
    64  # one IPv6 subscriber has at least so large a network: single addresses count nothing
)
NETWORK_PREFIX: Final = {4: 24, 6: 48}
WITH_PORT: Final = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[\d.]+):\d+")


def client_address(request: HttpRequest) -> str:
    """The client's address as text.

    Behind TRUSTED_PROXIES proxies it is what the outermost of them saw: each appends its peer to X-Forwarded-For, so
    it is counted from the right; what stands further left was written by the client and means nothing.
    """
    proxies = int(settings.TRUSTED_PROXIES)
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    candidates = [forwarded[-min(proxies, len(forwarded))]] if proxies and forwarded else []
    for candidate in (*candidates, request.META.get("REMOTE_ADDR", "")):
        if address := _read(candidate):
            return str(address)
    return UNKNOWN


def client_source(request: Any) -> str:
    """The address that stands for one client: an IPv6 client is its whole /64."""
    return source_of(client_address(request))


def source_of(address: str) -> str:
    return _network(address, {4: 32, 6: SUBSCRIBER_PREFIX})


def network_of(address: str) -> str:
    """The network that a client can change addresses in: /24, for IPv6 /48."""
    return _network(address, NETWORK_PREFIX)


def _network(address: str, prefixes: dict[int, int]) -> str:
    read = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((read, prefixes[read.version]), strict=False).network_address)


def _read(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, perhaps with a port or in brackets; one of IPv4 written as IPv6 is the IPv4 one."""
    if found := WITH_PORT.fullmatch(text):
        text = found["six"] or found["four"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
