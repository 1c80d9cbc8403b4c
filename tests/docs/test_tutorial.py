"""The tutorial's Python runs as it stands, against a real server and worker; the client alone by hand-made pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.slow_clients import page_of
from tests.installation import ROOT, Installation, eventually, free_port

CLIENT = ROOT / "docs/client"
SCENE = """
import django; django.setup()
from accounts.models import Role, User
from accounts.tokens import keys
from accounts.tokens.scopes import Scope
sue = User.objects.create_user("sue@example.com", None, role=Role.SUPERVISOR, name="Sue")
print(keys.make(sue, name="tutorial", scopes=list(Scope), days=30, by=sue)[1])
"""


def blocks() -> str:
    text = (ROOT / "docs/api-tutorial.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def house(tmp_path: Path, migrated_database: Path) -> Iterator[tuple[Installation, str]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    house = Installation(tmp_path / "var", WEBHOOK_INTERNAL_HOSTS="127.0.0.1", SITE_URL=address)
    house.folder.mkdir()
    house.database.write_bytes(migrated_database.read_bytes())
    web = (
        "-m",
        "gunicorn",
        "--config",
        "python:helpdesk.gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
    )
    with house.started(*web, "helpdesk.wsgi:application"), house.started("manage.py", "work"):
        eventually(page_of(("127.0.0.1", port), "/healthz"), within=90, what="the server")
        yield house, address


@pytest.mark.process
def test_the_tutorial_runs_as_it_stands(house: tuple[Installation, str], tmp_path: Path) -> None:
    installation, address = house
    made = installation.run("-c", SCENE)
    assert made.returncode == 0, made.stderr
    environment = {
        "HELPDESK_URL": address,
        "HELPDESK_TOKEN": made.stdout.split()[-1],
        "PYTHONPATH": str(CLIENT),
        "PATH": "",
    }
    told = subprocess.run(
        [sys.executable, "-c", blocks()], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "Complete from" in told.stdout
    assert installation.count("tickets_ticket") == 1


def test_the_client_finds_a_gap_and_what_no_webhook_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CLIENT))
    from helpdesk_client import Feed, Gap, missed

    def told(position: int) -> dict[str, Any]:
        rest = {
            "type": "ticket.created",
            "at": "2026-12-01T08:00:00.000000Z",
            "ticket": "A",
            "actor": None,
            "before": None,
        }
        return {"position": position, **rest, "after": "open", "facts": {}, "seal": "x"}

    pages = {0: ([1, 2], True), 2: ([3], False), 3: ([5], False)}

    def fetch(after: int) -> dict[str, Any]:
        positions, more = pages[after]
        return {"results": [told(position) for position in positions], "more": more}

    feed = Feed(fetch)
    events = list(feed.read())
    assert ([event.position for event in events], feed.place) == ([1, 2, 3], 3)
    assert [event.position for event in missed({1, 3}, events)] == [2]
    assert missed({1, 3}, events, ["ticket.resolved"]) == []
    with pytest.raises(Gap):
        list(feed.read())
    reader = Feed(fetch).read()
    next(reader)
    assert json.loads(json.dumps(next(reader).position)) == 2


def test_an_event_that_was_not_worked_on_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CLIENT))
    from helpdesk_client import Feed

    row = {
        "position": 1,
        "type": "ticket.created",
        "at": "2026-12-01T08:00:00Z",
        "ticket": "A",
        "actor": None,
        "before": None,
    }
    feed = Feed(
        lambda after: {
            "results": [{**row, "after": None, "facts": {}, "seal": ""}] if after == 0 else [],
            "more": False,
        }
    )
    reader = feed.read()
    next(reader)  # and then the program dies
    assert feed.place == 0
