"""Where a webhook may go: every spelling of a way into our own house is refused."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from tickets.webhooks import guard

#: Refused by the address alone, or by what its name stands for.
REFUSED = ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "data:text/html,x", "//example.com/", "example.com", "https:example.com", "https:/example.com", "https:///example.com", "https://", "https://?", "https://#", "https://user@example.com/", "https://user:pass@example.com/", "https://example.com@127.0.0.1/", "https://127.0.0.1@example.com/", "https://example.com/#x", "https://example.com\\@127.0.0.1/", "https://example.com\\.evil/", "https:\\\\example.com/", "https://example.com:0/", "https://example.com:/", "https://example.com:99999/", "https://example.com:x/", "https://example.com:-1/", "https://ex%61mple.com/", "https://127%2e0.0.1/", "https://%31%32%37.0.0.1/", "https://example.com%00.evil/", "https://example..com/", "https://.example.com/", "https://example.com./", "https://localhost./", "https://-example.com/", "https://example-.com/", "https://exa*mple.com/", "https://localhost/", "https://LOCALHOST/", "https://a.localhost/", "https://printer.local/", "https://db.internal/", "https://x.lan/", "https://router.home.arpa/", "https://intranet/", "https://metadata/", "https://metadata.google.internal/", "https://x.corp/", "https://x.private/", "https://x.test/", "https://x.invalid/", "https://x.onion/", "https://x.home/", "https://x.localdomain/", "https://x.intranet/", "https://127.0.0.1/", "https://127.0.0.1:8443/", "https://127.1.2.3/", "https://127.255.255.255/", "https://0.0.0.0/", "https://0.1.2.3/", "https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.0.1/", "https://192.168.255.255/", "https://169.254.169.254/latest/meta-data/", "https://169.254.0.1/", "https://100.64.0.1/", "https://100.127.255.255/", "https://100.100.100.200/", "https://168.63.129.16/", "https://192.0.0.1/", "https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://198.18.0.1/", "https://198.19.255.255/", "https://192.88.99.1/", "https://224.0.0.1/", "https://239.255.255.255/", "https://240.0.0.1/", "https://255.255.255.255/", "https://127.1/", "https://127.0.1/", "https://127/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0x7f.1/", "https://0177.0.0.1/", "https://017700000001/", "https://00000177.0.0.1/", "https://127.0.0.01/", "https://127.0.0.0x1/", "https://0X7F.0.0.1/", "https://0/", "https://0x0/", "https://00/", "https://1.2.3.4.5/", "https://256.256.256.256/", "https://999.1/", "https://10.1/", "https://3232235521/", "https://0xc0a80001/", "https://0300.0250.0.1/", "https://2852039166/", "https://0xa9fea9fe/", "https://169.254.43518/", "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::ffff:8.8.8.8]/", "https://[::127.0.0.1]/", "https://[::8.8.8.8]/", "https://[::ffff:0:127.0.0.1]/", "https://[64:ff9b::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::808:808]/", "https://[64:ff9b:1::a00:1]/", "https://[2002:7f00:1::]/", "https://[2002:a00:1::1]/", "https://[2002:808:808::]/", "https://[2001::1]/", "https://[2001:0:7f00:1::]/", "https://[2001:db8::1]/", "https://[2001:10::1]/", "https://[2001:20::1]/", "https://[3fff::1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[febf::1]/", "https://[fec0::1]/", "https://[fc00::1]/", "https://[fd00::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/", "https://[ff0e::1]/", "https://[100::1]/", "https://[5f00::1]/", "https://[4000::1]/", "https://[::1", "https://::1/", "https://[::1]x/", "https://[v1.x]/", "https://[127.0.0.1]/", "https://[example.com]/", "https://[]/", "https://１２７.0.0.1/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://ｌｏｃａｌｈｏｓｔ/", "https://loc\xadalhost/", "https://bücher.example/", "https://private-name.example/", "https://mixed-name.example/", "https://mapped-name.example/", "https://link-name.example/", "https://sixtofour-name.example/", "https://nat64-name.example/", "https://zoned-name.example/", "https://nothing-name.example/"]  # fmt: skip
WITH_BLANKS = ["https://exam ple.com/", " https://example.com/", "https://example.com/\n", "https://example.com/\tx", "https://exa\rmple.com/",
               "https://example.com/\0", "", "https://example.com/" + "a" * 500, "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/"]  # fmt: skip
GOOD = [
    "https://example.com",
    "https://example.com/",
    "https://EXAMPLE.com/Hook?a=b&c=d",
    "https://hooks.example.co.uk:8443/x",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://xn--bcher-kva.example/",
    "https://a_b.example.com/",
    "https://1password.com/",
    "https://x.0b.com/",
    "https://172.32.0.1/",
    "https://100.128.0.1/",
    "https://9.255.255.255/",
    "https://11.0.0.1/",
]
NAMES = {
    "private-name.example": ["10.0.0.5"], "mixed-name.example": ["93.184.216.34", "127.0.0.1"],
    "mapped-name.example": ["::ffff:10.0.0.1"], "link-name.example": ["169.254.169.254"], "sixtofour-name.example": ["2002:7f00:1::"],
    "nat64-name.example": ["64:ff9b::a00:1"], "zoned-name.example": ["fe80::1%1"], "nothing-name.example": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a name server: a name that is not listed is a public one, an address is itself."""

    def find(host: str, port: int, **kwargs: Any) -> list[Any]:
        literal = ":" in host or guard.FOUR.fullmatch(host)
        found = [host] if literal else NAMES.get(host, ["93.184.216.34"])
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in found
        ]

    monkeypatch.setattr(guard.socket, "getaddrinfo", find)


def is_refused(url: str) -> bool:
    try:
        guard.resolve(guard.read(url))
    except guard.Refused:
        return True
    return False


def test_every_way_into_our_house_is_refused_however_it_is_spelt():
    cases = REFUSED + WITH_BLANKS
    assert len(set(cases)) >= 120
    assert [url for url in cases if not is_refused(url)] == []


def test_what_is_public_is_let_through():
    assert [url for url in GOOD if is_refused(url)] == []


def test_what_was_checked_is_what_is_connected_to():
    target = guard.read("https://EXAMPLE.com/Hook?a=b")
    assert (target.host, target.port, target.path) == ("example.com", 443, "/Hook?a=b")
    assert guard.resolve(target) == [(int(socket.AF_INET), ("93.184.216.34", 443))]


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://crm/hook", False), ("http://CRM:8080/hook", False), ("https://crm/hook", False), ("http://127.0.0.1:9000/", False),
        ("http://[::1]/", False), ("http://cloud/", True), ("http://wide/", True), ("http://mapped/", True), ("http://crm2/hook", True),
        ("http://crm.example/", True), ("https://127.0.0.2/", True), ("http://x@crm/", True), ("http://2130706433/", True),
    ],
)  # fmt: skip
def test_a_named_host_may_be_private_but_never_link_local(settings, monkeypatch, url, refused):
    settings.WEBHOOK_INTERNAL_HOSTS = ["crm", "127.0.0.1", "[::1]", "cloud", "wide", "mapped", "2130706433"]
    inner = {
        "crm": ["10.1.2.3"],
        "cloud": ["169.254.169.254"],
        "wide": ["0.0.0.0"],
        "mapped": ["::ffff:169.254.169.254"],
    }
    for name, found in inner.items():
        monkeypatch.setitem(NAMES, name, found)
    assert is_refused(url) is refused


def test_a_name_server_that_is_silent_holds_nobody_for_long(monkeypatch):
    """Each look-up is given up in time, and those that nobody waits for any more are never too many."""
    silent = threading.Event()
    asked = []

    def wait(host: str, port: int, **kwargs: Any) -> list[Any]:
        asked.append(host)
        silent.wait(30)
        return []

    monkeypatch.setattr(guard.socket, "getaddrinfo", wait)
    monkeypatch.setattr(guard, "LOOK_UP_SECONDS", 0.02)
    monkeypatch.setattr(guard, "_looking_up", threading.BoundedSemaphore(2))
    target = guard.read("https://silent.example/")
    began = time.monotonic()
    try:
        for _ in range(4):
            with pytest.raises(guard.Refused, match="do not answer"):
                guard.resolve(target)
        assert time.monotonic() - began < 10
        assert len(asked) <= 2
    finally:
        silent.set()
