"""Two helpdesks that write to each other, whatever is lost of their headers on the way: it ends after a few mails."""

from __future__ import annotations

import base64
import email
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.message import Message
from pathlib import Path

import pytest

from tests.installation import ROOT, Installation, kill_group
from tests.tickets.channels.email.conftest import mail

pytestmark = pytest.mark.process

ROUNDS = 3
MOST_HOPS = 40  # a loop that goes on is not followed for ever
AUTOMATIC = (
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Precedence",
    "Return-Path",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)
THREADING = ("In-Reply-To", "References", "Reply-To")  # fmt: skip


def without(made: Message, *names: str) -> None:
    for name in names:
        del made[name]


def as_it_is(made: Message, hop: int) -> None:
    """Nothing is lost."""


def machine_marks_lost(made: Message, hop: int) -> None:
    without(made, *AUTOMATIC)


def threads_lost(made: Message, hop: int) -> None:
    without(made, *AUTOMATIC, *THREADING)
    made.replace_header("Message-ID", f"<{hop}@gateway.example>")


def subjects_lost(made: Message, hop: int) -> None:
    """Another subject each time, so that no reference is in it."""
    threads_lost(made, hop)
    made.replace_header("Subject", f"Message {hop}")


def all_new(made: Message, hop: int) -> None:
    """Another program that quotes nothing and never says the same twice."""
    subjects_lost(made, hop)
    words = f"We have received your message number {hop} and will see to it. Your case is {hop * 7919}."
    made.set_payload(words, "utf-8")
    without(made, "Content-Type", "Content-Transfer-Encoding", "MIME-Version")
    made["Content-Type"] = "text/plain; charset=utf-8"


WAYS: list[Callable[[Message, int], None]] = [
    as_it_is,
    machine_marks_lost,
    threads_lost,
    subjects_lost,
    all_new,
]


class Helpdesk:
    """A process with a database of its own."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name, self.process = name, process

    def address(self, way: str) -> str:
        return f"{way}@{self.name}.example"

    def take(self, raw: bytes, way: str, writer: str) -> list[bytes]:
        """Hand a mail over; what is sent for it to its writer."""
        facts = {"raw": base64.b64encode(raw).decode(), "mailbox": self.address(way), "from": writer}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(facts) + "\n")
        self.process.stdin.flush()
        return [base64.b64decode(one) for one in json.loads(self.process.stdout.readline())]


@contextmanager
def helpdesk(name: str, folder: Path, database: Path) -> Iterator[Helpdesk]:
    folder.mkdir()
    settings = {
        "SUPPORT_EMAIL": f"desk@{name}.example",
        "SITE_URL": f"https://{name}.example",
        "COMPANY_NAME": name,
    }
    house = Installation(folder, **settings, LOG_LEVEL="ERROR")
    shutil.copy(database, house.database)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.mail_instance"], cwd=ROOT, env=house.environment, text=True,
        start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Helpdesk(name, process)
    finally:
        kill_group(process)


def test_it_ends_after_a_few_rounds_whatever_is_lost_on_the_way(
    tmp_path: Path, migrated_database: Path
) -> None:
    with ExitStack() as stack:
        houses = [
            stack.enter_context(helpdesk(name, tmp_path / name, migrated_database)) for name in ("one", "two")
        ]
        sent = {way.__name__: rounds(houses, way) for way in WAYS}
    assert all(0 < first + second < MOST_HOPS for first, second in sent.values()), sent
    assert all(max(both) <= ROUNDS for both in sent.values()), sent


def rounds(houses: list[Helpdesk], lose: Callable[[Message, int], None]) -> tuple[int, int]:
    """How many mails each of the two sends, once a person's first mail seems to come from the other one."""
    way, sent = lose.__name__.replace("_", "-"), [0, 0]
    first = mail("Where is my parcel?", sender=houses[1].address(way), to=houses[0].address(way))
    waiting = [(0, first.as_bytes())]
    while waiting and sum(sent) < MOST_HOPS:
        at, raw = waiting.pop(0)
        for answer in houses[at].take(raw, way, houses[1 - at].address(way)):
            sent[at] += 1
            made = email.message_from_bytes(answer)
            lose(made, sum(sent))
            waiting.append((1 - at, made.as_bytes()))
    return sent[0], sent[1]
