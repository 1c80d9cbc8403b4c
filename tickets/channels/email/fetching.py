"""Fetching mail: IMAP and POP3, each mail taken over first and marked on the server only afterwards.

The place in an IMAP folder (UIDVALIDITY and the last UID) is kept in the transaction that takes the mail over, so a
process may die at any instant: nothing is lost, nothing is taken twice. POP3 has no such place; a mail is deleted
there once it is taken, and one that could not be deleted is known by its Message-ID and body when it comes again.
"""

from __future__ import annotations

import logging
import poplib
import shlex
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from tickets.channels.email import secrecy, taking
from tickets.channels.email.models import InboundMail, Mailbox
from tickets.channels.email.reading.parts import MOST_BYTES

logger = logging.getLogger(__name__)

WAIT: Final = 30.0  # seconds for one answer of the server
BATCH: Final = 50
TOO_LARGE: Final = "The mail is larger than what is fetched; it is still on the server."


class MailboxError(Exception):
    """The mailbox cannot be read. The message says what is wrong and what to do."""


def fetch(mailbox: Mailbox, *, most: int | None = None) -> Counter[str]:
    """Take over what is new, at most ``most`` mails; how many there were of each outcome.

    Raises MailboxError where the server cannot be reached or refuses.
    """
    ways = {Mailbox.Way.IMAP: _fetch_imap, Mailbox.Way.POP3: _fetch_pop3}
    way = ways.get(Mailbox.Way(mailbox.way))
    if way is None:
        raise MailboxError(f"{mailbox} is not fetched: our mail server hands its mail over.")
    try:
        outcomes = way(mailbox, most)
    except MailboxError as error:
        mailbox.failed(str(error))
        raise
    mailbox.worked()
    return outcomes


def try_connection(mailbox: Mailbox) -> str:
    """Log in and look, without taking anything: what was found, in words. Raises MailboxError."""
    if mailbox.way == Mailbox.Way.IMAP:
        with imap(mailbox) as client:
            found = _asked(client.select_folder, mailbox.folder, readonly=True)
            return f"Connected. {found[b'EXISTS']} mails in {mailbox.folder}."
    if mailbox.way == Mailbox.Way.POP3:
        with _pop3(mailbox) as client:
            return f"Connected. {client.stat()[0]} mails."
    return "Our mail server hands its mail over: there is nothing to connect to."


# --- IMAP ------------------------------------------------------------------------------------------


@contextmanager
def imap(mailbox: Mailbox) -> Iterator[IMAPClient]:
    """A logged-in connection, closed at the end whatever happens."""
    secured = mailbox.security == Mailbox.Security.TLS
    try:
        client = IMAPClient(
            mailbox.host,
            mailbox.usual_port,
            ssl=secured,
            ssl_context=ssl.create_default_context() if secured else None,
            timeout=WAIT,
        )
    except (OSError, IMAPClientError) as error:
        raise MailboxError(_unreached(mailbox, error)) from error
    try:
        if mailbox.security == Mailbox.Security.STARTTLS:
            _asked(client.starttls, ssl.create_default_context())
        if mailbox.token_command:
            _asked(client.oauth2_login, mailbox.username, _token(mailbox))
        else:
            _asked(client.login, mailbox.username, _password(mailbox))
        yield client
    finally:
        with suppress(OSError, IMAPClientError):
            client.shutdown()


def _fetch_imap(mailbox: Mailbox, most: int | None) -> Counter[str]:
    with imap(mailbox) as client:
        return take_new(client, mailbox, most)


def take_new(client: IMAPClient, mailbox: Mailbox, most: int | None = None) -> Counter[str]:
    """Take over what is new in the folder, over an open connection."""
    found = _asked(client.select_folder, mailbox.folder)
    _keep_place(mailbox, int(found[b"UIDVALIDITY"]), int(found.get(b"UIDNEXT", 1)))
    outcomes: Counter[str] = Counter()
    # What came while others were taken was told of in between, and an IDLE does not tell of it again.
    while uids := _new_uids(client, mailbox)[: None if most is None else most - outcomes.total()]:
        for uid in uids:
            outcomes[_take_uid(client, mailbox, uid)] += 1
    return outcomes


def _keep_place(mailbox: Mailbox, validity: int, uid_next: int) -> None:
    """Begin anew where the server renumbered its mails; of what is old then, only what nobody read is taken."""
    if mailbox.uid_validity == validity:
        return
    mailbox.uid_validity, mailbox.last_uid, mailbox.first_new_uid = validity, 0, uid_next
    mailbox.save(update_fields=["uid_validity", "last_uid", "first_new_uid"])


def _new_uids(client: IMAPClient, mailbox: Mailbox) -> list[int]:
    """The UIDs that are to be taken, in their order."""
    first = mailbox.last_uid + 1
    uids = set(_asked(client.search, ["UID", f"{max(first, mailbox.first_new_uid)}:*"]))
    if first < mailbox.first_new_uid:
        uids |= set(_asked(client.search, ["UNSEEN", "UID", f"{first}:{mailbox.first_new_uid - 1}"]))
    return sorted(uid for uid in uids if uid >= first)  # "n:*" always names the last one, however low it is


def _take_uid(client: IMAPClient, mailbox: Mailbox, uid: int) -> str:
    size = _asked(client.fetch, [uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
    if size is None:  # gone meanwhile: somebody moved it
        return _pass_by(mailbox, uid, None)
    if size > MOST_BYTES:
        return _pass_by(mailbox, uid, _headers(client, uid))
    raw = _asked(client.fetch, [uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
    if not isinstance(raw, bytes):
        return _pass_by(mailbox, uid, None)
    with transaction.atomic():
        row, _ = taking.take(raw, mailbox)
        mailbox.last_uid = uid
        mailbox.save(update_fields=["last_uid"])
    with suppress(
        OSError, IMAPClientError
    ):  # it is taken; the mark only tells people who look into the mailbox
        client.add_flags([uid], [b"\\Seen"], silent=True)
    return row.outcome


def _headers(client: IMAPClient, uid: int) -> bytes:
    return bytes(_asked(client.fetch, [uid], ["BODY.PEEK[HEADER]"]).get(uid, {}).get(b"BODY[HEADER]") or b"")


def _pass_by(mailbox: Mailbox, uid: int, headers: bytes | None) -> str:
    """Go on behind a mail that is gone or too large; of a large one, its headers are put aside."""
    with transaction.atomic():
        outcome = ""
        if headers is not None:
            row, _ = taking.put_aside(headers, mailbox, TOO_LARGE)
            outcome = row.outcome
        mailbox.last_uid = uid
        mailbox.save(update_fields=["last_uid"])
    return outcome or "gone"


def wait_for_mail(client: IMAPClient, seconds: float, is_over: Callable[[], bool]) -> None:
    """Wait in one IDLE (RFC 2177) until the server tells of something, ``seconds`` are gone or it ``is_over``."""
    until = time.monotonic() + seconds
    _asked(client.idle)
    try:
        while not is_over() and time.monotonic() < until:
            if _asked(client.idle_check, timeout=1.0):
                return
    finally:
        _asked(client.idle_done)


def _asked(ask: Any, *arguments: Any, **named: Any) -> Any:
    """The server's answer. Raises MailboxError for a refusal, a broken line and silence alike."""
    try:
        return ask(*arguments, **named)
    except (OSError, IMAPClientError) as error:
        name = getattr(ask, "__name__", "")
        if "login" in name:
            raise MailboxError("The server refuses the user name or password. Enter them again.") from error
        if name == "select_folder":
            raise MailboxError("The server has no such folder.") from error
        raise MailboxError(
            f"The server stopped answering ({type(error).__name__}). It is tried again."
        ) from error


def _unreached(mailbox: Mailbox, error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (
            f"No safe connection to {mailbox.host}: {error.reason or 'TLS failed'}. Check port and security."
        )
    return (
        f"{mailbox.host}:{mailbox.usual_port} is not reached ({type(error).__name__}). Check server and port."
    )


def _password(mailbox: Mailbox) -> str:
    try:
        return mailbox.password
    except secrecy.Unsealable as error:
        raise MailboxError(str(error)) from error


def _token(mailbox: Mailbox) -> str:
    """What the token command prints. It was entered by a supervisor, and runs without a shell."""
    try:
        done = subprocess.run(  # noqa: S603
            shlex.split(mailbox.token_command), capture_output=True, text=True, timeout=WAIT, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise MailboxError(f"The token command failed ({type(error).__name__}).") from error
    token = done.stdout.strip()
    if not token:
        raise MailboxError("The token command printed nothing.")
    return token


# --- POP3 ------------------------------------------------------------------------------------------


@contextmanager
def _pop3(mailbox: Mailbox) -> Iterator[poplib.POP3]:
    client: poplib.POP3
    try:
        if mailbox.security == Mailbox.Security.TLS:
            context = ssl.create_default_context()
            client = poplib.POP3_SSL(mailbox.host, mailbox.usual_port, timeout=WAIT, context=context)
        else:
            client = poplib.POP3(mailbox.host, mailbox.usual_port, timeout=WAIT)
            if mailbox.security == Mailbox.Security.STARTTLS:
                client.stls(ssl.create_default_context())
    except (OSError, poplib.error_proto) as error:
        raise MailboxError(_unreached(mailbox, error)) from error
    try:
        try:
            client.user(mailbox.username)
            client.pass_(_password(mailbox))
        except (OSError, poplib.error_proto) as error:
            raise MailboxError("The server refuses the user name or password. Enter them again.") from error
        yield client
        client.quit()  # only now the server deletes what was marked
    except (OSError, poplib.error_proto) as error:
        raise MailboxError(
            f"The server stopped answering ({type(error).__name__}). It is tried again."
        ) from error
    finally:
        with suppress(OSError, poplib.error_proto):
            client.close()


def _fetch_pop3(mailbox: Mailbox, most: int | None) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    left = BATCH if most is None else most
    with _pop3(mailbox) as client:
        for number in range(1, client.stat()[0] + 1):
            if left < 1:
                break
            size = int(bytes(client.list(number)).split()[2])  # type: ignore[arg-type]  # one line for one mail
            if size > MOST_BYTES:
                outcomes += _told_of(mailbox, b"\r\n".join(client.top(number, 0)[1]))
                continue
            raw = b"\r\n".join(client.retr(number)[1]) + b"\r\n"
            row, _ = taking.take(raw, mailbox)
            outcomes[row.outcome] += 1
            client.dele(number)
            left -= 1  # only what leaves the server counts: what stays must not keep the rest waiting
    return outcomes


def _told_of(mailbox: Mailbox, headers: bytes) -> Counter[str]:
    """Put the headers of a mail aside that is too large and stays on the server, the first time it is met."""
    if InboundMail.objects.filter(key=sha256(headers).hexdigest()).exists():
        return Counter()
    row, _ = taking.put_aside(headers, mailbox, TOO_LARGE)
    return Counter({row.outcome: 1})
