"""``manage.py receive_mail``: a listener that our own mail server hands mail to, by LMTP or SMTP."""

from __future__ import annotations

import asyncio
import signal
from argparse import ArgumentParser
from functools import partial
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from tickets.channels.email.models import Mailbox, Outcome
from tickets.channels.email.reading.parts import MOST_BYTES
from tickets.channels.email.taking import take


class Handler:
    """Accepts what is for a mailbox of ours; answers 250 only when the mail is taken over."""

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        try:
            known = await sync_to_async(Mailbox.objects.written_to)(address)
        except DatabaseError:
            return "451 4.3.0 Try again later"
        if known is None:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        try:
            outcome = await sync_to_async(_take)(raw, envelope.rcpt_tos[0], envelope.mail_from)
        except DatabaseError:
            return "451 4.3.0 Try again later"
        return f"250 2.0.0 Taken ({Outcome(outcome).value})"


def _take(raw: bytes, recipient: str, envelope_from: str | None) -> str:
    close_old_connections()
    headers = f"Delivered-To: {recipient}\r\n"
    if envelope_from == "":
        headers = f"Return-Path: <>\r\n{headers}"
    try:
        row, _ = take(headers.encode("utf-8", "surrogateescape") + raw, Mailbox.objects.written_to(recipient))
    finally:
        close_old_connections()
    return row.outcome


class Command(BaseCommand):
    help = (
        "Listen for mail that our own mail server hands over (LMTP, or SMTP with --smtp). It speaks no TLS and asks for "
        "no password: let it listen on this machine only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8024)
        parser.add_argument("--smtp", action="store_true", help="Speak SMTP instead of LMTP.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["port"] < 65_536:
            raise CommandError(f"{options['port']} is no port. Choose one from 1 to 65535.")
        protocol = partial(
            SMTP if options["smtp"] else LMTP,
            Handler(),
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            timeout=60,
        )
        try:
            asyncio.run(self._listen(protocol, options["host"], options["port"]))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {options['host']}:{options['port']}: {error.strerror}."
            ) from error

    async def _listen(self, protocol: Any, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = await loop.create_server(lambda: protocol(loop=loop), host, port)
        self.stdout.write(f"Listening on {host}:{port}. Stop with Ctrl-C.")
        self.stdout.flush()
        async with server:
            await stop.wait()
