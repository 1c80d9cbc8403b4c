"""Fetching, word by word with a server: what is taken, passed by and marked, and how each refusal is told."""

from __future__ import annotations

import poplib
import shlex
import ssl
import sys
from collections.abc import Callable
from typing import Any

import pytest
from imapclient.exceptions import IMAPClientError, LoginError

from tests.tickets.channels.email.conftest import mail
from tickets.channels.email import fetching
from tickets.channels.email.fetching import MailboxError, fetch, try_connection
from tickets.channels.email.models import InboundMail, Mailbox
from tickets.channels.email.reading.parts import MOST_BYTES
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


class ImapServer:
    """A folder of mails by UID, seen from the client's side. ``broken``: what is asked and fails, and how."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.sizes: dict[int, int] = {}  # of those that claim another than they have
        self.seen: set[int] = set()
        self.validity, self.next = 7, 1
        self.broken: dict[str, Exception] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.arriving: list[bytes] = []  # each comes while another mail is taken

    def put(self, raw: bytes, uid: int | None = None) -> int:
        uid = uid or self.next
        self.mails[uid], self.next = raw, uid + 1
        return uid

    def _note(self, *what: Any) -> None:
        self.asked.append(what)
        if what[0] in self.broken:
            raise self.broken[what[0]]

    def starttls(self, context: ssl.SSLContext) -> None:
        self._note("starttls", context.verify_mode)

    def login(self, name: str, password: str) -> None:
        self._note("login", name, password)

    def oauth2_login(self, name: str, token: str) -> None:
        self._note("oauth2_login", name, token)

    def select_folder(self, folder: str, readonly: bool = False) -> dict[bytes, int]:
        self._note("select_folder", folder, readonly)
        return {b"UIDVALIDITY": self.validity, b"UIDNEXT": self.next, b"EXISTS": len(self.mails)}

    def search(self, criteria: list[str]) -> list[int]:
        self._note("search", *criteria)
        first, last = criteria[-1].split(":")
        found = [uid for uid in self.mails if uid >= int(first) and (last == "*" or uid <= int(last))]
        if last == "*" and not found and self.mails:
            found = [max(self.mails)]  # "n:*" always names the last one
        return [uid for uid in found if criteria[0] != "UNSEEN" or uid not in self.seen]

    def fetch(self, uids: list[int], parts: list[str]) -> dict[int, dict[bytes, object]]:
        self._note("fetch", *parts)
        (uid,) = uids
        raw = self.mails.get(uid)
        if raw is None:
            return {}
        if self.arriving and parts == ["BODY.PEEK[]"]:
            self.put(self.arriving.pop())
        head = raw.partition(b"\n\n")[0]
        return {
            uid: {
                b"RFC822.SIZE": self.sizes.get(uid, len(raw)),
                b"BODY[]": raw,
                b"BODY[HEADER]": head,
            }
        }

    def add_flags(self, uids: list[int], flags: list[bytes], silent: bool) -> None:
        self._note("add_flags")
        self.seen |= set(uids)

    def shutdown(self) -> None:
        self._note("shutdown")


def letter(number: int) -> bytes:
    return mail(f"Letter {number}", subject=f"Letter {number}").as_bytes()


@pytest.fixture
def box(db: None) -> Mailbox:
    made = Mailbox(address="support@example.com", host="imap.example.com", username="support")
    made.password = "a secret"
    made.save()
    return made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> ImapServer:
    made = ImapServer()

    def connect(host: str, port: int, **options: Any) -> ImapServer:
        made._note("connect", host, port, options["ssl"], options["timeout"])
        assert (options["ssl_context"] is not None) is options["ssl"]
        return made

    monkeypatch.setattr(fetching, "IMAPClient", connect)
    return made


def unsafe() -> ssl.SSLError:
    error = ssl.SSLError(1, "certificate verify failed")
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    return error


def subjects() -> list[str]:
    return list(Ticket.objects.order_by("id").values_list("subject", flat=True))


def names(server: ImapServer) -> list[str]:
    return [str(step[0]) for step in server.asked]


# --- IMAP ------------------------------------------------------------------------------------------------------------


def test_at_first_only_what_nobody_has_read_is_taken_and_then_all_that_is_new(
    box: Mailbox, server: ImapServer
) -> None:
    for number in (1, 2, 3):
        server.put(letter(number))
    server.seen = {2}
    assert fetch(box) == {"ticket": 2}
    assert subjects() == ["Letter 1", "Letter 3"]
    server.seen.add(server.put(letter(4)))  # somebody has opened it before we came
    assert fetch(box) == {"ticket": 1}
    assert fetch(box) == {}  # the server names the last one again
    assert subjects()[2:] == ["Letter 4"]
    assert server.seen == {1, 2, 3, 4}
    box.refresh_from_db()
    assert (box.last_uid, box.uid_validity, box.last_error) == (4, 7, "")
    assert box.last_success_at is not None


def test_a_server_that_renumbered_its_mails_has_none_of_them_taken_twice(
    box: Mailbox, server: ImapServer
) -> None:
    server.put(letter(1))
    fetch(box)
    server.validity, server.next, server.mails, server.seen = 8, 1, {}, {1}
    server.put(letter(1))
    server.put(letter(2))
    assert fetch(box) == {"ticket": 1}
    assert subjects() == ["Letter 1", "Letter 2"]
    box.refresh_from_db()
    assert (box.uid_validity, box.last_uid) == (8, 2)


def test_what_comes_while_others_are_taken_is_taken_too(box: Mailbox, server: ImapServer) -> None:
    server.put(letter(1))
    server.arriving = [letter(2)]
    assert fetch(box) == {"ticket": 2}


def test_no_more_are_taken_than_were_asked_for(box: Mailbox, server: ImapServer) -> None:
    for number in (1, 2, 3):
        server.put(letter(number))
    assert fetch(box, most=2) == {"ticket": 2}
    assert fetch(box, most=2) == {"ticket": 1}


def test_a_huge_mail_is_told_of_without_being_fetched_and_stops_nothing(
    box: Mailbox, server: ImapServer
) -> None:
    server.sizes[server.put(letter(1))] = MOST_BYTES + 1
    server.put(letter(2))
    assert fetch(box) == {"quarantine": 1, "ticket": 1}
    aside = InboundMail.objects.get(outcome="quarantine")
    assert aside.reason == fetching.TOO_LARGE
    assert [step[1] for step in server.asked if step[0] == "fetch"].count("BODY.PEEK[]") == 1
    server.sizes[server.put(letter(3))] = MOST_BYTES
    assert fetch(box) == {"ticket": 1}


def test_a_mail_that_somebody_moved_meanwhile_is_passed_by(
    box: Mailbox, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(letter(1))
    server.put(letter(2))
    real = server.search
    monkeypatch.setattr(server, "search", lambda criteria: [*real(criteria), 3] if box.last_uid < 3 else [])
    assert fetch(box) == {"ticket": 2, "gone": 1}
    box.refresh_from_db()
    assert box.last_uid == 3


def test_a_mark_that_cannot_be_set_takes_nothing_back(box: Mailbox, server: ImapServer) -> None:
    server.put(letter(1))
    server.broken["add_flags"] = IMAPClientError("read-only")
    assert fetch(box) == {"ticket": 1}
    assert fetch(box) == {}


def test_what_was_taken_before_the_line_broke_stays_taken(box: Mailbox, server: ImapServer) -> None:
    server.put(letter(1))
    server.put(letter(2))
    real = server.add_flags

    def mark(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        server.broken["fetch"] = TimeoutError("no answer")

    server.add_flags = mark
    with pytest.raises(MailboxError, match=r"stopped answering \(TimeoutError\)"):
        fetch(box)
    box.refresh_from_db()
    assert (subjects(), box.last_uid) == (["Letter 1"], 1)
    assert "stopped answering" in box.last_error
    assert names(server)[-1] == "shutdown"
    server.broken.clear()
    assert fetch(box) == {"ticket": 1}


@pytest.mark.parametrize(
    ("step", "error", "told"),
    [
        ("connect", ConnectionRefusedError("no"), "imap.example.com:993 is not reached (ConnectionRefusedError)"),
        ("connect", unsafe(), "No safe connection to imap.example.com: CERTIFICATE_VERIFY_FAILED."),
        ("login", LoginError("no"), "The server refuses the user name or password."),
        ("select_folder", IMAPClientError("no"), "The server has no such folder."),
        ("search", OSError("cut"), "The server stopped answering (OSError)."),
    ],
)  # fmt: skip
def test_each_refusal_is_told_with_what_to_do_and_kept(
    box: Mailbox, server: ImapServer, step: str, error: Exception, told: str
) -> None:
    server.broken[step] = error
    with pytest.raises(MailboxError) as refused:
        fetch(box)
    assert str(refused.value).startswith(told)
    box.refresh_from_db()
    assert box.last_error == str(refused.value)
    assert "secret" not in box.last_error
    assert ("shutdown" in names(server)) is (step != "connect")


@pytest.mark.parametrize(
    ("security", "port", "encrypted"), [("tls", 993, True), ("starttls", 143, False), ("none", 143, False)]
)
def test_no_password_is_sent_before_the_line_is_as_safe_as_was_asked_for(
    box: Mailbox, server: ImapServer, security: str, port: int, encrypted: bool
) -> None:
    box.security = security
    fetch(box)
    first, *rest = server.asked[:3]
    assert first == ("connect", "imap.example.com", port, encrypted, fetching.WAIT)
    login = ("login", "support", "a secret")
    assert rest[: 2 if security == "starttls" else 1] == (
        [("starttls", ssl.CERT_REQUIRED), login] if security == "starttls" else [login]
    )


def test_a_line_that_refuses_to_be_made_safe_gets_no_password(box: Mailbox, server: ImapServer) -> None:
    box.security, server.broken["starttls"] = Mailbox.Security.STARTTLS, IMAPClientError("not supported")
    with pytest.raises(MailboxError):
        fetch(box)
    assert names(server) == ["connect", "starttls", "shutdown"]


def command(code: str) -> str:
    return shlex.join([sys.executable, "-S", "-c", code])


def test_a_token_takes_the_place_of_the_password(box: Mailbox, server: ImapServer) -> None:
    box.token_command = command("print(' a-token ')")
    fetch(box)
    assert ("oauth2_login", "support", "a-token") in server.asked
    assert "login" not in names(server)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (command("print()"), "printed nothing"),
        (command("raise SystemExit(3)"), "failed (CalledProcessError)"),
        ("/nowhere/token", "failed (FileNotFoundError)"),
        ("'not closed", "failed (ValueError)"),
    ],
)
def test_a_token_command_that_fails_is_told_of(
    box: Mailbox, server: ImapServer, line: str, told: str
) -> None:
    box.token_command = line
    with pytest.raises(MailboxError) as refused:
        fetch(box)
    assert told in str(refused.value)
    assert names(server) == ["connect", "shutdown"]


def test_a_password_that_cannot_be_opened_any_more_is_asked_for_again(
    box: Mailbox, server: ImapServer
) -> None:
    box.sealed_password = "nonsense"
    with pytest.raises(MailboxError, match="SECRET_KEY changed"):
        fetch(box)


def test_looking_takes_nothing(box: Mailbox, server: ImapServer) -> None:
    server.put(letter(1))
    assert try_connection(box) == "Connected. 1 mails in INBOX."
    assert ("select_folder", "INBOX", True) in server.asked
    assert not InboundMail.objects.exists()


def test_what_is_handed_over_is_not_fetched(mailbox: Mailbox) -> None:
    with pytest.raises(MailboxError, match="hands its mail over"):
        fetch(mailbox)
    assert "nothing to connect to" in try_connection(mailbox)


# --- POP3 ------------------------------------------------------------------------------------------------------------


class PopServer:
    """Mails by number; what is marked for deletion goes when the client says goodbye."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.huge: set[bytes] = set()
        self.marked: list[bytes] = []
        self.broken: dict[str, Exception] = {}
        self.closed = 0

    def _note(self, what: str) -> None:
        if what in self.broken:
            raise self.broken[what]

    def user(self, name: str) -> None:
        self._note("user")

    def pass_(self, password: str) -> None:
        self._note("pass")

    def stat(self) -> tuple[int, int]:
        return len(self.mails), 0

    def list(self, number: int) -> bytes:
        raw = self.mails[number - 1]
        return f"+OK {number} {MOST_BYTES + 1 if raw in self.huge else len(raw)}".encode()

    def top(self, number: int, lines: int) -> tuple[bytes, list[bytes], int]:
        assert lines == 0
        return b"+OK", self.mails[number - 1].partition(b"\n\n")[0].splitlines(), 0

    def retr(self, number: int) -> tuple[bytes, list[bytes], int]:
        self._note("retr")
        assert self.mails[number - 1] not in self.huge
        return b"+OK", self.mails[number - 1].splitlines(), 0

    def dele(self, number: int) -> None:
        self.marked.append(self.mails[number - 1])

    def quit(self) -> None:
        self._note("quit")
        self.mails = [raw for raw in self.mails if raw not in self.marked]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def pop(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> PopServer:
    made = PopServer()
    Mailbox.objects.update(way=Mailbox.Way.POP3)
    box.refresh_from_db()

    def connect(host: str, port: int, **options: Any) -> PopServer:
        assert (host, port, options["timeout"]) == ("imap.example.com", 995, fetching.WAIT)
        made._note("connect")
        made.marked = []
        return made

    monkeypatch.setattr(fetching.poplib, "POP3_SSL", connect)
    return made


def test_what_is_taken_by_pop3_is_deleted_there(box: Mailbox, pop: PopServer) -> None:
    pop.mails = [letter(1), letter(2)]
    assert try_connection(box) == "Connected. 2 mails."
    assert fetch(box) == {"ticket": 2}
    assert (subjects(), pop.mails) == (["Letter 1", "Letter 2"], [])


def test_what_could_not_be_deleted_is_known_when_it_comes_again(box: Mailbox, pop: PopServer) -> None:
    pop.mails, pop.broken["quit"] = [letter(1)], poplib.error_proto("-ERR locked")
    with pytest.raises(MailboxError, match="stopped answering"):
        fetch(box)
    pop.broken.clear()
    assert fetch(box) == {"duplicate": 1}
    assert (subjects(), pop.mails) == (["Letter 1"], [])


def test_huge_mails_stay_are_told_of_once_and_keep_nothing_behind_them_waiting(
    box: Mailbox, pop: PopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "BATCH", 2)
    pop.mails = [letter(number) for number in range(1, 6)]
    pop.huge = set(pop.mails[:3])  # their headers are of one length
    assert fetch(box) == {"quarantine": 3, "ticket": 2}
    assert fetch(box) == {}
    assert InboundMail.objects.filter(reason=fetching.TOO_LARGE).count() == 3
    assert (subjects(), len(pop.mails)) == (["Letter 4", "Letter 5"], 3)


def test_no_more_are_taken_by_pop3_than_were_asked_for(box: Mailbox, pop: PopServer) -> None:
    pop.mails = [letter(number) for number in (1, 2, 3)]
    assert fetch(box, most=2) == {"ticket": 2}
    assert subjects() == ["Letter 1", "Letter 2"]


@pytest.mark.parametrize(
    ("step", "error", "told"),
    [
        ("connect", unsafe(), "No safe connection to imap.example.com: CERTIFICATE_VERIFY_FAILED."),
        ("connect", OSError("no"), "imap.example.com:995 is not reached (OSError)."),
        ("pass", poplib.error_proto("-ERR"), "The server refuses the user name or password."),
        ("retr", TimeoutError("no answer"), "The server stopped answering (TimeoutError)."),
    ],
)
def test_each_refusal_by_pop3_is_told_with_what_to_do(
    box: Mailbox, pop: PopServer, step: str, error: Exception, told: str
) -> None:
    pop.mails, pop.broken[step] = [letter(1)], error
    with pytest.raises(MailboxError) as refused:
        fetch(box)
    assert str(refused.value).startswith(told)
    assert pop.mails == [letter(1)]
    assert pop.closed == (step != "connect")


def test_waiting_ends_with_news_with_the_time_and_with_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now, steps = [0.0], []
    monkeypatch.setattr(fetching.time, "monotonic", lambda: now[0])

    class Idle:
        def __init__(self, *told: bool) -> None:
            self.told = list(told)

        def idle(self) -> None:
            steps.append("idle")

        def idle_check(self, timeout: float) -> list[str]:
            now[0] += timeout
            return ["* 1 EXISTS"] if self.told and self.told.pop(0) else []

        def idle_done(self) -> None:
            steps.append("done")

    def waited(client: Idle, is_over: Callable[[], bool] = lambda: False) -> float:
        began = now[0]
        fetching.wait_for_mail(client, 5, is_over)
        return now[0] - began

    assert (waited(Idle(False, True)), waited(Idle()), waited(Idle(), lambda: True)) == (2, 5, 0)
    assert steps == ["idle", "done"] * 3
