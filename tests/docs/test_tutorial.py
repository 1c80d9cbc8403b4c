"""The tutorial runs as it stands, against a real server and worker; the client alone by hand-made pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.slow_clients import page_of
from tests.installation import ROOT, Installation, eventually, free_port
from tests.node import COMPILE, npx, types_of, workshop

CLIENT = ROOT / "docs/client"
SCENE = """
import django; django.setup()
from accounts.models import Role, User
from accounts.tokens import keys
from accounts.tokens.scopes import Scope
sue = User.objects.create_user("sue@example.com", None, role=Role.SUPERVISOR, name="Sue")
print(keys.make(sue, name="tutorial", scopes=list(Scope), days=30, by=sue)[1])
"""


def blocks(language: str) -> str:
    text = (ROOT / "docs/api-tutorial.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@dataclass
class House:
    """A server with its worker, and a supervisor's token."""

    installation: Installation
    address: str
    token: str

    def run(self, *command: str, cwd: Path, **environment: str) -> str:
        """What a program says that knows the address and the token alone."""
        known = {"HELPDESK_URL": self.address, "HELPDESK_TOKEN": self.token, "PATH": os.environ["PATH"]}
        told = subprocess.run(
            command, env={**known, **environment}, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    def tickets(self) -> int:
        return self.installation.count("tickets_ticket")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[House]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("house")
    house = Installation(folder / "var", WEBHOOK_INTERNAL_HOSTS="127.0.0.1", SITE_URL=address)
    house.folder.mkdir()
    house.database.write_bytes(migrated_database.read_bytes())
    bind = ("--bind", f"127.0.0.1:{port}", "--workers", "1")
    web = ("-m", "gunicorn", "--config", "python:helpdesk.gunicorn", *bind, "helpdesk.wsgi:application")
    with house.started(*web), house.started("manage.py", "work"):
        eventually(page_of(("127.0.0.1", port), "/healthz"), within=90, what="the server")
        made = house.run("-c", SCENE)
        assert made.returncode == 0, made.stderr
        yield House(house, address, made.stdout.split()[-1])


@pytest.mark.process
def test_the_python_runs_as_it_stands(house: House, tmp_path: Path) -> None:
    before = house.tickets()
    said = house.run(sys.executable, "-c", blocks("python"), cwd=tmp_path, PYTHONPATH=str(CLIENT))
    assert "Complete from" in said
    assert house.tickets() == before + 1


@pytest.mark.process
def test_the_curl_runs_as_it_stands(house: House, tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("curl was not tried: it is not here")
    before = house.tickets()
    said = house.run("bash", "-c", blocks("bash"), cwd=tmp_path)
    assert "The feed tells of" in said
    assert house.tickets() == before + 1


@pytest.mark.process
def test_the_typescript_compiles_and_runs_as_it_stands(house: House, tmp_path: Path) -> None:
    shop = workshop(tmp_path)
    types_of(shop, f"{house.address}/api/schema")
    (shop / "tutorial.ts").write_text(blocks("typescript"))
    npx(shop, *COMPILE, "tutorial.ts")
    before = house.tickets()
    said = house.run("node", "tutorial.js", cwd=shop)
    assert "Complete from" in said
    assert house.tickets() == before + 1


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
