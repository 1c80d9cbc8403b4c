"""Moving in: each system's recorded answers, over HTTP, become the same ticket here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.triage.moving import recorded
from tickets.macros.models import Macro
from tickets.models import Attachment, Job, Message, Ticket
from tickets.tags.tagging import tags_of
from triage.answers.help.models import Article
from triage.management.commands.import_from import Command
from triage.models import Example, Intent
from triage.moving.records import Broken

pytestmark = pytest.mark.django_db


@dataclass
class There:
    """The other help desk: what it answers by address, and what it was asked. ``first`` is sent before anything else."""

    answers: dict[str, Any] = field(default_factory=dict)
    first: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    one = There()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            one.asked.append(self.path)
            one.keys.append(
                self.headers.get("Authorization") or self.headers.get("X-FreeScout-API-Key") or ""
            )
            status, headers = (
                one.first.pop(0) if one.first else (200 if self.path in one.answers else 404, {})
            )
            told = one.answers.get(self.path, {})
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "image/png" if isinstance(told, bytes) else "application/json")
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    one.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("IMPORT_TOKEN", "rita/token:key")
    yield one
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    def start(*words: str, **facts: Any) -> str:
        out = StringIO()
        facts = {"left": tmp_path / "left.jsonl", "stderr": StringIO(), **facts}
        call_command("import_from", *words, stdout=out, **facts)
        return out.getvalue()

    return start


def over_api(there: There, name: str) -> list[str]:
    there.answers = recorded.APIS[name](there.url)
    return [name, "--url", there.url, "--internal-host", "127.0.0.1", "--label-tag", "topic_"]


def check(ticket: Ticket, agent: User) -> None:
    """The ticket of the recordings, whichever system it came from."""
    assert (ticket.subject, ticket.requester_name, ticket.requester_email) == (
        "Kettle",
        "Rita Moor",
        "rita@example.com",
    )
    assert (ticket.status, ticket.channel, ticket.assignee) == ("closed", "import", None)
    assert [(one.sender, one.kind, one.body) for one in ticket.messages.order_by("id")] == [
        ("requester", "reply", recorded.QUESTION), ("agent", "reply", recorded.ANSWER), ("agent", "note", recorded.NOTE),
    ]  # fmt: skip
    assert ticket.messages.get(body=recorded.ANSWER).author == agent
    assert ticket.created_at.isoformat() == "2026-03-01T10:00:00+00:00"
    assert ticket.closed_at is not None
    assert ticket.closed_at.isoformat() == "2026-03-01T11:30:00+00:00"
    assert ticket.first_human_reply_at is not None
    assert ticket.first_human_reply_at.hour == 11
    file = Attachment.objects.get()
    assert (file.name, file.message) == ("leak.png", ticket.messages.first())
    assert file.file.read() == recorded.PNG
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", recorded.APIS)
def test_an_api_becomes_the_same_ticket(there: There, run: Any, name: str, agent: User) -> None:
    told = run(*over_api(there, name), "--yes")
    ticket = Ticket.objects.get()
    assert ticket.external_id == f"{name}:35"
    check(ticket, agent)
    assert tags_of([ticket.pk])[ticket.pk] == ["kettle", "topic_broken"]
    assert "1 tickets with 3 messages moved" in told
    assert "1 × ticket" in told
    assert "backtest --months 6" in told
    assert Example.objects.get().intent.slug == "broken"
    assert (Macro.objects.count(), Article.objects.filter(state="draft").count()) == recorded.BESIDE[name]
    assert all(there.keys)


def test_osticket_moves_in_from_files(tmp_path: Path, run: Any, agent: User) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/leak.png").write_bytes(recorded.PNG)
    (tmp_path / "tickets.jsonl").write_text(json.dumps(recorded.OSTICKET) + "\nnot json\n")
    (tmp_path / "macros.json").write_text(
        json.dumps([{"id": 1, "title": "Another kettle", "response": recorded.ANSWER}])
    )
    (tmp_path / "articles.json").write_text(
        json.dumps([{"faq_id": 1, "question": "Leaks", "answer": "Empty it."}])
    )
    told = run("osticket", str(tmp_path), "--yes")
    check(Ticket.objects.get(), agent)
    assert "1 × ticket: not readable as JSON" in told
    assert (Macro.objects.count(), Article.objects.count()) == (1, 1)
    assert json.loads((tmp_path / "left.jsonl").read_text())["id"] == "tickets.jsonl, line 2"


def test_an_export_of_answers_reads_as_the_api_does(
    there: There, tmp_path: Path, run: Any, agent: User
) -> None:
    answers = recorded.zendesk(there.url)
    first, *_, comments = (answers[path] for path in list(answers)[:3])
    row = first["tickets"][0] | {"comments": comments["comments"], "requester": first["users"][0]}
    row["comments"][1]["author"] = {"email": "anna@example.com"}
    (tmp_path / "tickets.json").write_text(json.dumps({"tickets": [row]}))
    (tmp_path / "files").mkdir()
    (tmp_path / "files/leak.png").write_bytes(recorded.PNG)
    run("zendesk", str(tmp_path), "--yes")
    check(Ticket.objects.get(), agent)


def test_a_dry_run_reads_everything_and_writes_nothing(there: There, run: Any) -> None:
    told = run(*over_api(there, "zendesk"))
    assert "1 tickets with 3 messages would be moved" in told
    assert "nothing was written" in told
    assert not (
        Ticket.objects.exists()
        or Macro.objects.exists()
        or Article.objects.exists()
        or Intent.objects.exists()
    )


def test_the_second_run_asks_only_for_what_is_new(there: There, run: Any) -> None:
    words = over_api(there, "zendesk")
    run(*words, "--yes")
    there.asked.clear()
    assert "0 tickets with 0 messages moved, 1 were here already" in run(*words, "--yes")
    assert not [path for path in there.asked if "comments" in path]
    assert (Message.objects.count(), Macro.objects.count(), Article.objects.count()) == (3, 1, 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"X-RateLimit-Retry-After": "9"}, 9.0),
        ({}, 2.0),
        ({"Retry-After": "9999"}, 900.0),
    ],
)
def test_it_waits_as_long_as_the_other_side_asks(
    there: There, run: Any, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], seconds: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(Command, "wait", lambda command, pause: waits.append(pause))
    there.first = [(429, headers), (503, {})]
    run(*over_api(there, "helpscout"), "--yes")
    assert waits == [seconds, 4.0]
    assert Ticket.objects.count() == 1


def test_what_was_moved_stays_where_the_other_side_breaks_off(
    there: There, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Command, "wait", lambda command, pause: None)
    monkeypatch.setattr("triage.moving.taking.BATCH", 1)
    words = over_api(there, "freescout")
    second = there.answers.pop("/api/conversations?embed=threads&pageSize=50&page=2")
    with pytest.raises(CommandError, match=r"answered 404.*goes on from there"):
        run(*words, "--yes")
    assert Ticket.objects.count() == 1
    there.answers["/api/conversations?embed=threads&pageSize=50&page=2"] = second
    assert "1 were here already" in run(*words, "--yes")


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_does_not_open_is_told(there: There, run: Any, status: int) -> None:
    there.first = [(status, {})]
    with pytest.raises(CommandError, match="Check IMPORT_TOKEN"):
        run(*over_api(there, "zammad"))


def test_a_private_host_must_be_named(there: There, run: Any) -> None:
    with pytest.raises(CommandError, match="--internal-host"):
        run("zammad", "--url", there.url)


def test_nobody_else_is_told_the_key(there: There, run: Any) -> None:
    words = over_api(there, "zendesk")
    other = there.url.replace("127.0.0.1", "localhost")
    there.answers["/api/v2/tickets/35/comments.json?include=users"]["comments"][0]["attachments"][0][
        "content_url"
    ] = f"{other}/files/leak.png"
    run(*words, "--internal-host", "localhost", "--yes")
    keys = dict(zip(there.asked, there.keys, strict=True))
    assert keys["/files/leak.png"] == ""
    assert Attachment.objects.count() == 1


def test_a_file_that_is_not_taken_is_listed_and_the_ticket_moves(
    there: There, run: Any, tmp_path: Path
) -> None:
    words = over_api(there, "zendesk")
    there.answers["/files/leak.png"] = b"MZ no picture"
    assert "1 × file: a file of its kind is not taken here" in run(*words, "--yes")
    assert Ticket.objects.count() == 1
    assert "kettle" not in (tmp_path / "left.jsonl").read_text().lower()


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "..", "link.png"])
def test_a_folder_gives_no_file_from_elsewhere(tmp_path: Path, run: Any, name: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "files/link.png").symlink_to(tmp_path / "secret.txt")
    row = recorded.OSTICKET | {
        "thread": [
            {
                "type": "M",
                "body": "Hello",
                "created": recorded.ASKED,
                "files": [{"name": "a.txt", "key": name}],
            }
        ]
    }
    (tmp_path / "tickets.json").write_text(json.dumps([row]))
    assert "1 × file: it cannot be had" in run("osticket", str(tmp_path), "--yes")
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    "row", [{}, {"number": 1}, {"number": 1, "thread": "x"}, {"number": 2, "email": "no", "created": "never", "thread": [{"type": "M", "body": "a", "created": "b"}]}, {"number": 3, "thread": [7, None]}]
)  # fmt: skip
def test_a_record_of_another_shape_is_left_and_the_others_go_on(
    tmp_path: Path, run: Any, row: dict[str, Any]
) -> None:
    (tmp_path / "tickets.jsonl").write_text(
        json.dumps(row)
        + "\n"
        + json.dumps(recorded.OSTICKET | {"thread": recorded.OSTICKET["thread"][1:]})
        + "\n"
    )
    assert "1 × ticket" in run("osticket", str(tmp_path), "--yes")
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zendesk"], "Give the folder"),
        (["zendesk", "/nowhere"], "is no folder"),
        (["osticket", "--url", "https://x.example.com"], "no API to read tickets"),
        (["zendesk", "--url", "ftp://x"], "https"),
    ],
)
def test_what_cannot_be_read_is_said(
    run: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setenv("IMPORT_TOKEN", "x")
    with pytest.raises((CommandError, Broken), match=said):
        run(*words)


def test_without_a_key_nothing_is_asked(run: Any, monkeypatch: pytest.MonkeyPatch, there: There) -> None:
    monkeypatch.delenv("IMPORT_TOKEN")
    with pytest.raises(CommandError, match="IMPORT_TOKEN"):
        run(*over_api(there, "zendesk"))
    assert there.asked == []
