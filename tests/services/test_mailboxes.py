"""Mail fetched from a real Dovecot and handed over by real LMTP: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.installation import ROOT, Installation, kill_group
from tests.tickets.channels.email.conftest import mail

pytestmark = pytest.mark.process

PASSWORD = "a-password-for-tests"
NOBODY = 65_534
MAKE_BOX = """
import sys
from tickets.channels.email.models import Mailbox
way, port = sys.argv[1:3]
box = Mailbox(address="support@example.com", way=way, host="127.0.0.1", port=port, security="none", username="desk")
box.password = sys.argv[3]
box.save()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dovecot:
    """A mail server of its own in a folder. Mail is delivered by a file, as local delivery does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.imap, self.pop3, self.delivered = folder, free_port(), free_port(), 0
        self.maildir = folder / "desk" / "Maildir"
        for part in ("new", "cur", "tmp"):
            (self.maildir / part).mkdir(parents=True)
        for one in (folder / "desk", self.maildir, *self.maildir.iterdir()):
            os.chown(one, NOBODY, NOBODY)  # it serves no mail as root
        config = folder / "dovecot.conf"
        config.write_text(
            f"base_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = {folder}/log\nssl = no\n"
            "protocols = imap pop3\ndisable_plaintext_auth = no\nlisten = 127.0.0.1\nfirst_valid_uid = 0\n"
            f"mail_location = maildir:{self.maildir}\nmail_uid = {NOBODY}\nmail_gid = {NOBODY}\n"
            f"passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n"
            f"userdb {{\n driver = static\n args = uid={NOBODY} gid={NOBODY} home={folder}/desk\n}}\n"
            f"service imap-login {{\n inet_listener imap {{\n port = {self.imap}\n }}\n"
            " inet_listener imaps {\n port = 0\n }\n}\n"
            f"service pop3-login {{\n inet_listener pop3 {{\n port = {self.pop3}\n }}\n"
            " inet_listener pop3s {\n port = 0\n }\n}\n",
            encoding="utf-8",
        )
        self.process = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", str(config)], start_new_session=True, text=True
        )

    def deliver(self, *bodies: str) -> None:
        for body in bodies:
            self.delivered += 1
            name = f"{self.delivered:06}.{os.getpid()}.test"
            content = mail(body, sender=f"p{self.delivered}@example.org", message_id=f"<{name}@example.org>")
            (self.maildir / "tmp" / name).write_bytes(content.as_bytes())
            os.chown(self.maildir / "tmp" / name, NOBODY, NOBODY)
            (self.maildir / "tmp" / name).rename(self.maildir / "new" / name)

    def wait(self) -> None:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.imap), 1):
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text(encoding="utf-8"))


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    if not shutil.which("dovecot", path="/usr/sbin:/usr/bin") or os.getuid() != 0:
        if os.environ.get("REQUIRE_SERVICES"):
            raise AssertionError("No Dovecot here, or not root.")
        pytest.skip("No Dovecot here, or not root.")
    folder = Path(tempfile.mkdtemp(prefix="hd-dovecot."))  # pytest's own folders are closed to other accounts
    folder.chmod(0o755)
    server = Dovecot(folder)
    try:
        server.wait()
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, 15)
        server.process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def helpdesk(installation: Installation) -> Installation:
    return installation


def make_box(helpdesk: Installation, way: str, port: int) -> None:
    made = helpdesk.run("-c", f"import django; django.setup()\n{MAKE_BOX}", way, str(port), PASSWORD)
    assert made.returncode == 0, made.stderr


def outcomes(helpdesk: Installation) -> dict[str, int]:
    return dict(helpdesk.rows("SELECT outcome, count(*) FROM email_channel_inboundmail GROUP BY outcome"))


def test_mail_is_fetched_by_imap_and_marked(helpdesk: Installation, dovecot: Dovecot) -> None:
    make_box(helpdesk, "imap", dovecot.imap)
    dovecot.deliver("Where is my parcel?", "How do I pay?")
    assert "2 × new ticket" in helpdesk.manage("fetch_mail")
    assert "nothing new" in helpdesk.manage("fetch_mail")
    assert outcomes(helpdesk) == {"ticket": 2}
    marks = [file.name.rpartition(",")[2] for file in (dovecot.maildir / "cur").iterdir()]
    assert marks == ["S", "S"]
    assert "password" not in helpdesk.rows("SELECT sealed_password FROM email_channel_mailbox")[0][0]


def test_mail_is_fetched_by_pop3_and_deleted_there(helpdesk: Installation, dovecot: Dovecot) -> None:
    make_box(helpdesk, "pop3", dovecot.pop3)
    dovecot.deliver("Where is my parcel?")
    assert "1 × new ticket" in helpdesk.manage("fetch_mail")
    assert "nothing new" in helpdesk.manage("fetch_mail")
    assert not [*(dovecot.maildir / "cur").iterdir(), *(dovecot.maildir / "new").iterdir()]


def test_a_server_that_refuses_is_named_with_what_to_do(helpdesk: Installation, dovecot: Dovecot) -> None:
    make_box(helpdesk, "imap", free_port())
    ended = helpdesk.run("manage.py", "fetch_mail")
    assert ended.returncode == 1
    assert "Check server and port" in ended.stderr
    helpdesk.rows("SELECT 1")
    assert "Traceback" not in ended.stderr


def test_new_mail_is_taken_while_one_watches(helpdesk: Installation, dovecot: Dovecot) -> None:
    make_box(helpdesk, "imap", dovecot.imap)
    with helpdesk.started("manage.py", "fetch_mail", "--watch"):
        dovecot.deliver("Where is my parcel?")
        wait_for(lambda: outcomes(helpdesk) == {"ticket": 1}, 60)
        dovecot.deliver("How do I pay?")
        wait_for(lambda: outcomes(helpdesk) == {"ticket": 2}, 30)  # long before the next regular look


@pytest.mark.parametrize(("kills", "mails"), [(8, 40), pytest.param(50, 150, marks=pytest.mark.prove)])
def test_a_fetcher_that_is_killed_loses_nothing_and_takes_nothing_twice(
    helpdesk: Installation, dovecot: Dovecot, kills: int, mails: int
) -> None:
    make_box(helpdesk, "imap", dovecot.imap)
    dovecot.deliver(*(f"Question number {n}: where is my parcel?" for n in range(mails)))
    pauses = random.Random(7)
    for _ in range(kills):
        before = helpdesk.count("email_channel_inboundmail")
        with helpdesk.started("manage.py", "fetch_mail") as process:
            wait_for(
                lambda: process.poll() is not None or helpdesk.count("email_channel_inboundmail") > before,  # noqa: B023
                60,
            )
            time.sleep(pauses.uniform(0, 0.2))
            kill_group(process)
    helpdesk.manage("fetch_mail")
    assert outcomes(helpdesk) == {"ticket": mails}
    assert helpdesk.count("tickets_ticket") == mails
    assert helpdesk.rows("SELECT count(DISTINCT body) FROM tickets_message") == [(mails,)]


def test_mail_is_handed_over_by_lmtp(helpdesk: Installation) -> None:
    port = free_port()
    make_box(helpdesk, "handed", 1)
    with helpdesk.started("manage.py", "receive_mail", "--port", str(port)):
        wait_for(lambda: is_open(port), 60)
        with smtplib.LMTP("127.0.0.1", port) as client:
            client.sendmail("gina@example.org", ["support@example.com"], mail().as_bytes())
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("gina@example.org", ["nobody@example.com"], mail().as_bytes())
    assert outcomes(helpdesk) == {"ticket": 1}


def test_a_pipe_gets_one_line_of_json(helpdesk: Installation) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "take_mail"], cwd=ROOT, env=helpdesk.environment, check=True,
        input=mail("Wo ist mein Paket?").as_bytes(), capture_output=True, timeout=120,
    )  # fmt: skip
    assert ended.stdout.startswith(b'{"outcome": "ticket", "ticket": "')
    assert ended.stdout.count(b"\n") == 1


def is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wait_for(condition: object, seconds: float) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.05)
