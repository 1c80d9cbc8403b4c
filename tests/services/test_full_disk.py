"""The disk is full: a ticket is taken or refused clearly, never half, and once there is room all goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation

SIZE = 8 * 1024 * 1024
LEFT = 300 * 1024  # bytes at first
SCENE = """
import json, os, sqlite3, django; django.setup()
from pathlib import Path
from django.conf import settings
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken
from accounts.models import User
from tickets.models import Event, Message, Ticket
token = AccessToken.for_user(User.objects.create_user("rita@example.com", "a-long-Passw0rd"))
client = Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)
def send(number):
    body = {"body": f"{number}: " + "Where is my refund? " * 1000}
    return client.post("/api/tickets", body, content_type="application/json", headers={"idempotency-key": str(number)})
filler = Path(settings.VAR_DIR) / "filler"
room = os.statvfs(settings.VAR_DIR)
filler.write_bytes(b"x" * (room.f_bavail * room.f_frsize - LEFT))
answers = [send(number) for number in range(25)]
full = [answer for answer in answers if answer.status_code != 201]
told = full[-1].json() if full else {}
counts = [Ticket.objects.count(), Message.objects.filter(sender="requester").count(), Event.objects.filter(kind="created").count()]
filler.unlink()
later = [send(number).status_code for number in range(25)]
sound = sqlite3.connect(settings.DATABASES["default"]["NAME"]).execute("PRAGMA integrity_check").fetchone()[0]
print(json.dumps({"statuses": [a.status_code for a in answers], "told": told, "retry": full[-1].headers.get("Retry-After") if full else None,
                  "counts": counts, "later": later, "tickets": Ticket.objects.count(), "sound": sound}))
""".replace("LEFT", str(LEFT))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no right to mount a small file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.process
def test_a_full_disk_refuses_tickets_truly_and_keeps_none_half(
    small_disk: Path, migrated_database: Path
) -> None:
    house = Installation(small_disk, LOG_LEVEL="ERROR", ALLOWED_HOSTS="testserver")
    shutil.copy(migrated_database, house.database)
    ended = house.run("-c", SCENE)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    taken = found["statuses"].count(201)
    assert set(found["statuses"]) == {201, 503}
    assert (found["told"]["code"], found["retry"]) == ("no_room", "300")
    assert "What you sent was not saved." in str(found["told"])
    assert found["counts"] == [taken] * 3
    assert set(found["later"]) == {200, 201}
    assert (found["tickets"], found["sound"]) == (25, "ok")
