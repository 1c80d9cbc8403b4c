"""``manage.py fetch_mail``: mail from the mailboxes, once or for good."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from collections import Counter
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from tickets.channels.email import fetching
from tickets.channels.email.fetching import MailboxError
from tickets.channels.email.models import Mailbox, Outcome

LONGEST_PAUSE: Final = 300.0
SHORTEST_PAUSE: Final = 5.0
IDLE_SECONDS: Final = 240.0  # many servers end a silent connection after five to thirty minutes


class Command(BaseCommand):
    help = "Fetch new mail from all mailboxes that are in use. With --watch: go on, and wait for new mail (IMAP IDLE)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mailbox", default="", help="Only the mailbox with this address.")
        parser.add_argument("--watch", action="store_true", help="Go on until stopped.")
        parser.add_argument(
            "--every", type=float, default=60.0, help="Seconds between looks where IDLE is missing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        mailboxes = list(
            Mailbox.objects.filter(active=True).exclude(way=Mailbox.Way.HANDED)
            if not options["mailbox"]
            else Mailbox.objects.filter(address__iexact=options["mailbox"])
        )
        if not mailboxes:
            raise CommandError(
                "There is no mailbox to fetch from. Add one in the admin, under Mail → Mailboxes."
            )
        if options["watch"]:
            self._watch(mailboxes, options["every"])
            return
        failed = [mailbox for mailbox in mailboxes if not self._once(mailbox)]
        if failed:
            raise CommandError(f"{len(failed)} of {len(mailboxes)} mailboxes could not be read.")

    def _once(self, mailbox: Mailbox) -> bool:
        try:
            outcomes = fetching.fetch(mailbox)
        except MailboxError as error:
            self.stderr.write(f"{mailbox}: {error}")
            return False
        self.stdout.write(f"{mailbox}: {told(outcomes)}")
        return True

    def _watch(self, mailboxes: list[Mailbox], every: float) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        watchers = [
            threading.Thread(
                target=self._watch_one, args=(mailbox, every, stop), name=str(mailbox), daemon=True
            )
            for mailbox in mailboxes
        ]
        for watcher in watchers:
            watcher.start()
        self.stdout.write(f"Watching {', '.join(map(str, mailboxes))}. Stop with Ctrl-C.")
        while any(watcher.is_alive() for watcher in watchers) and not stop.wait(0.5):
            pass
        for watcher in watchers:
            watcher.join(2)

    def _watch_one(self, mailbox: Mailbox, every: float, stop: threading.Event) -> None:
        pause = SHORTEST_PAUSE
        while not stop.is_set():
            try:
                self._follow(mailbox, every, stop)
                pause = SHORTEST_PAUSE
            except (MailboxError, DatabaseError) as error:
                self.stderr.write(
                    f"{mailbox}: {error if isinstance(error, MailboxError) else 'The database is away.'}"
                )
                stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                connection.close()

    def _follow(self, mailbox: Mailbox, every: float, stop: threading.Event) -> None:
        """Fetch, then wait for more over the same connection, until it ends or somebody stops us."""
        if mailbox.way != Mailbox.Way.IMAP:
            self._tell(mailbox, fetching.fetch(mailbox))
            stop.wait(every)
            return
        with fetching.imap(mailbox) as client:
            while not stop.is_set():
                self._tell(mailbox, fetching.take_new(client, mailbox))
                mailbox.worked()
                connection.close()  # nothing is held while nothing comes
                if client.has_capability("IDLE"):
                    fetching.wait_for_mail(client, min(every, IDLE_SECONDS), stop.is_set)
                else:
                    stop.wait(every)

    def _tell(self, mailbox: Mailbox, outcomes: Counter[str]) -> None:
        if outcomes:
            self.stdout.write(f"{mailbox}: {told(outcomes)}")


def told(outcomes: Counter[str]) -> str:
    if not outcomes:
        return "nothing new."
    words = {**dict(Outcome.choices), "gone": "Gone meanwhile"}
    return (
        ", ".join(f"{count} × {words[outcome].lower()}" for outcome, count in sorted(outcomes.items())) + "."
    )
