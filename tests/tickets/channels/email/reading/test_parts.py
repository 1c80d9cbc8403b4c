"""Headers and bodies that lie, and what is too much."""

from __future__ import annotations

import random
import time
from email.message import EmailMessage

import pytest

from tests.tickets.channels.email.conftest import mail
from tickets.channels.email.reading.characters import unflow
from tickets.channels.email.reading.parts import MOST_DEPTH, Unreadable, read_bytes


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nHallo", "Grüße", "Hallo"),
        ("Subject: Grüße\n\nHällo".encode(), "Grüße", "Hällo"),
        (b"Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?b?4pyT?=\n\nx", "Grüße✓", "x"),
        (b"Subject: =?nonsense?q?x?=\n\nx", "x", "x"),
        (b"Content-Type: text/plain; charset=us-ascii\n\n" + "zwölf".encode(), "", "zwölf"),
        (b"Content-Type: text/plain; charset=utf-8\n\nzw\xf6lf", "", "zwölf"),
        (b"Content-Type: text/plain; charset=iso-8859-1\n\n5 \x80", "", "5 €"),
        (b"Content-Type: text/plain; charset=gb2312\n\n\xc4\xe3\xba\xc3", "", "你好"),
        (b"Content-Type: text/plain; charset=shift_jis\n\n\x82\xb1\x82\xf1", "", "こん"),
        (b"Content-Type: text/plain; charset=koi8-r\n\n\xda\xc1\xcb\xc1\xda", "", "заказ"),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8", "", "Hello"),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: nonsense\n\nHello", "", "Hello"),
    ],
)
def test_text_is_read_whatever_it_says_it_is(raw: bytes, subject: str, text: str) -> None:
    read = read_bytes(b"From: a@example.org\n" + raw)
    assert (read.subject, read.text.strip()) == (subject, text)


def test_markup_counts_only_where_there_is_no_text() -> None:
    made = mail("Plain words.")
    made.add_alternative("<p>Other words.</p>", subtype="html")
    assert (read_bytes(made.as_bytes()).text.strip(), read_bytes(made.as_bytes()).html) == (
        "Plain words.",
        "",
    )
    stub = mail("Your e-mail client does not show HTML mail.")
    stub.add_alternative("<p>Real words.</p>", subtype="html")
    assert read_bytes(stub.as_bytes()).html.strip() == "<p>Real words.</p>"


@pytest.mark.parametrize(
    ("header", "address", "name"),
    [
        ("Gina Guest <gina@example.org>", "gina@example.org", "Gina Guest"),
        ('"Guest, Gina" <GINA@example.org>', "GINA@example.org", "Guest, Gina"),
        ("gina@example.org (Gina)", "gina@example.org", "Gina"),
        ("=?utf-8?q?J=C3=B6rg?= <j@example.org>", "j@example.org", "Jörg"),
        ("gina @ home <gina@example.org>", "gina@example.org", ""),
        ("undisclosed-recipients:;", "", ""),
        ("", "", ""),
    ],
)
def test_the_sender_is_found(header: str, address: str, name: str) -> None:
    sender = read_bytes(f"From: {header}\n\nx".encode()).sender
    assert (sender.address, sender.name) == (address, name)


def test_flowed_lines_are_joined_at_their_own_depth() -> None:
    assert unflow("Where is \nmy parcel?\n> I \n> asked\n-- \nGina", joins=False) == (
        "Where is my parcel?\n> I asked\n--\nGina"
    )


def nested(depth: int) -> bytes:
    parts = (b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (at, at) for at in range(depth))
    return b"".join(parts) + b"\nwords\n"


@pytest.mark.flaky(reruns=2)  # a neighbour on the same core doubles what a second of CPU costs
@pytest.mark.parametrize(
    "raw",
    [
        nested(MOST_DEPTH + 50),
        b'Content-Type: multipart/mixed; boundary="a"\n\n' + b"--a\n\nx\n" * 100_000,
        b"From: " + b"a," * 500_000 + b"\n\nhi",
        b"Subject: a\n" + b" b\n" * 200_000 + b"\nhi",
    ],
    ids=["deep", "many parts", "long header", "folded header"],
)
def test_what_is_too_much_is_refused_soon(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Unreadable):
        read_bytes(raw)
    assert time.process_time() - started < 1


def test_a_deep_mail_and_one_of_a_single_long_line_are_read() -> None:
    assert read_bytes(nested(80)).text.strip() == "words"
    assert len(read_bytes(b"From: a@example.org\n\n" + b"x" * 1_000_000).text) == 1_000_000


def test_no_mutation_of_a_mail_escapes_the_guard() -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.org", "s@example.com", "Où ?"
    made.set_content("Où est mon colis ?")
    made.add_alternative("<p>Où est mon colis ?</p>", subtype="html")
    made.add_attachment(b"abc", maintype="image", subtype="png", filename="naïve.png")
    raw, chance = made.as_bytes(), random.Random(11)
    for _ in range(400):
        broken = bytearray(raw)
        for _ in range(chance.randint(1, 30)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            assert read_bytes(bytes(broken)).key
        except Unreadable:
            continue
