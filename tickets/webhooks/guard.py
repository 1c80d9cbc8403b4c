"""Where a webhook, or any other call of ours, may go: never into our own house, however its address is spelt.

An address is read once, by rules stricter than any client's, and its name is resolved once: what was checked is what is
connected to. All addresses of a name must be public; a name with one private address is refused whole.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

LONGEST: Final = 500
PORTS: Final = {"https": 443, "http": 80}
CLEAN: Final = re.compile(r"[!-\[\]-~]+")  # printable ASCII without blanks and backslashes
LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
FOUR: Final = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)")
#: Names that never leave a house (RFC 6761, 6762, 8375, 9476, and what clouds and routers use).
INNER: Final = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "invalid",
    "test", "onion", "alt", "arpa",
)  # fmt: skip
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Of one look-up. The system's own limit is a minute where several name servers are silent, and it cannot be stopped.
LOOK_UP_SECONDS: Final = 5.0
#: Look-ups at once in this process, those included that nobody waits for any more.
_looking_up: Final = threading.BoundedSemaphore(32)

#: Public by the registry, and yet somebody's inside: a cloud's own server, relays of 6to4.
CLOSED_4: Final = tuple(
    map(ipaddress.IPv4Network, ("168.63.129.16/32", "192.88.99.0/24", "100.100.100.200/32"))
)
GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
#: Within it: Teredo, 6to4, documentation, ORCHID and other special purposes; they carry other addresses or nobody's.
CLOSED_6: Final = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")))  # fmt: skip


class Refused(Exception):
    """The address is not one to send to. The message is for the supervisor who wrote it."""


@dataclass(frozen=True, slots=True)
class Internal:
    """The private hosts that may be reached all the same, and the setting that names them."""

    setting: str
    named: Sequence[str]

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(host.lower().strip("[]") for host in self.named)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was read and found good, before its name is resolved."""

    scheme: str
    host: str
    port: int
    path: str
    named: bool  # among the internal hosts that a setting allows

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"


def read(url: str, internal: Internal | None = None) -> Target:
    """The parts of an address that may be sent to, as far as its spelling tells.

    ``internal``: the private hosts that may be reached, and the setting that names them; None: those of webhooks.
    """
    allowed = internal or Internal("WEBHOOK_INTERNAL_HOSTS", settings.WEBHOOK_INTERNAL_HOSTS)
    if not CLEAN.fullmatch(url) or len(url) > LONGEST:
        raise Refused(f"Use at most {LONGEST} plain letters, digits and signs, without blanks.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("This is no web address.") from None
    if parts.scheme not in PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        raise Refused("Begin with https://")
    if "@" in parts.netloc or parts.fragment or "#" in url:
        raise Refused("Leave out names, passwords and what follows a #.")
    if parts.netloc.endswith(":") or port == 0:
        raise Refused("The port is missing or 0.")
    named = host in allowed.hosts
    if parts.scheme == "http" and not named:
        raise Refused(f"Use https://. Only internal hosts that {allowed.setting} names may do without.")
    _check_host(host, bracketed=parts.netloc.startswith("["), named=named)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path, named)


def resolve(target: Target) -> list[tuple[int, Any]]:
    """Family and socket address of all that the name stands for, each checked; these are connected to and no others."""
    kept = []
    for family, _kind, _protocol, _name, place in _looked_up(target):
        check_address(ipaddress.ip_address(str(place[0]).partition("%")[0]), named=target.named)
        kept.append((int(family), place))
    if not kept:
        raise Refused("Its name is not known.")
    return kept


def _looked_up(target: Target) -> list[Any]:
    """What the name servers say, or Refused within LOOK_UP_SECONDS: a server that is silent holds nobody longer."""
    ends = time.monotonic() + LOOK_UP_SECONDS
    if not _looking_up.acquire(timeout=LOOK_UP_SECONDS):
        raise Refused("Name servers do not answer.")
    said: SimpleQueue[list[Any] | None] = SimpleQueue()

    def ask() -> None:
        try:
            said.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            said.put(None)
        finally:
            _looking_up.release()

    threading.Thread(target=ask, name="webhook-look-up", daemon=True).start()
    try:
        found = said.get(timeout=max(0.0, ends - time.monotonic()))
    except Empty:
        raise Refused("Name servers do not answer.") from None
    if found is None:
        raise Refused("Its name is not known.")
    return found


def check_address(address: Address, *, named: bool = False) -> None:
    if not (is_public(address) or (named and is_inner(address))):
        raise Refused("It leads into a private network.")


def is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in net for net in CLOSED_4)
    return address in GLOBAL_6 and address.is_global and not any(address in net for net in CLOSED_6)


def is_inner(address: Address) -> bool:
    """What a named host may be besides: private or this machine. Never link-local, where clouds keep their keys."""
    if getattr(address, "ipv4_mapped", None) is not None:
        return False
    nobodys = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    return address.is_loopback or (address.is_private and not nobodys)


def _check_host(host: str, *, bracketed: bool, named: bool) -> None:
    if bracketed:
        try:
            address: Address = ipaddress.IPv6Address(host)
        except ValueError:
            raise Refused("What stands in the brackets is no address.") from None
        if "%" in host:
            raise Refused("An address with a zone leads nowhere from here.")
        check_address(address, named=named)
        return
    if FOUR.fullmatch(host):
        check_address(ipaddress.IPv4Address(host), named=named)
        return
    labels = host.split(".")
    if not all(LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise Refused("This is no host name. Write one with other letters in its xn-- form.")
    if NUMBER.fullmatch(labels[-1]):
        raise Refused("Write an address as four numbers from 0 to 255.")
    if named:
        return
    if len(labels) < 2 or any(host == inner or host.endswith(f".{inner}") for inner in INNER):
        raise Refused("This name belongs to a private network.")
