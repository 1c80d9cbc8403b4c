"""``import_tickets`` on a person's files: what it prints, refuses, survives, and how much memory it takes."""

from __future__ import annotations

import json
import tracemalloc
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.installation import Installation, eventually, kill_group
from tickets.models import Ticket
from triage.learning import importing


def write_rows(file: Path, count: int) -> Path:
    with file.open("w", encoding="utf-8") as stream:
        for number in range(count):
            row = {
                "external_id": number,
                "subject": f"Question {number}",
                "body": f"Where is parcel {number}? " * 20,
                "requester_email": f"person{number % 500}@example.com",
                "intent": f"intent_{number % 7}",
                "reply": "On its way.",
            }
            stream.write(json.dumps(row) + "\n")
    return file


def import_it(file: Path, **options: Any) -> str:
    out = StringIO()
    call_command("import_tickets", str(file), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.django_db
def test_it_says_what_became_of_the_rows_and_where_the_rejected_ones_are(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "past.jsonl", 3)
    file.write_text(file.read_text() + "nonsense\n")
    printed = import_it(file)
    assert "3 tickets imported, 0 were here already, 1 rejected, 3 new intents" in printed
    assert str(tmp_path / "past.jsonl.rejects.jsonl") in printed
    assert "0 tickets imported, 3 were here already" in import_it(file)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.jsonl", "", "holds no rows"),
        ("header_only.csv", "body,requester_email\n", "holds no rows"),
        ("bad.jsonl", "nonsense\n", "No row could be taken"),
        ("columns.csv", "subject\nHello\n", "the header lacks body, requester_email"),
        ("past.txt", "x", r"give a \.csv or \.jsonl file"),
    ],
)
def test_a_file_that_is_of_no_use_ends_with_one_clear_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(CommandError, match=message):
        import_it(file)


@pytest.mark.django_db
def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent\.csv is not there"):
        import_it(tmp_path / "absent.csv")


@pytest.mark.django_db
def test_the_rejects_cannot_overwrite_the_file_itself(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "past.jsonl", 1)
    before = file.read_bytes()
    with pytest.raises(CommandError, match="Name another one"):
        import_it(file, rejects=file)
    assert file.read_bytes() == before
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_a_row_more_takes_no_more_memory_than_its_line_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "save_batch", lambda past, mode: (len(past), 0))
    few, many = write_rows(tmp_path / "few.jsonl", 1_000), write_rows(tmp_path / "many.jsonl", 10_000)
    # Of each row its line and a hash stay, so that a name that comes twice can be told by both lines.
    assert peak_bytes(many) < 1.1 * peak_bytes(few) + 9_000 * 200


def peak_bytes(file: Path) -> int:
    tracemalloc.start()
    try:
        import_it(file)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_import_killed_in_the_middle_is_completed_by_the_next_run(
    installation: Installation, tmp_path: Path
) -> None:
    file = write_rows(tmp_path / "past.jsonl", 3_000)
    with installation.started("manage.py", "import_tickets", str(file)) as process:
        eventually(lambda: installation.count("tickets_ticket"), what="the first batch")
        kill_group(process)
    saved = installation.count("tickets_ticket")
    assert 0 < saved < 3_000
    printed = installation.manage("import_tickets", str(file))
    assert f"{3_000 - saved} tickets imported, {saved} were here already" in printed
    assert installation.count("tickets_ticket") == installation.count("triage_example") == 3_000
    assert installation.count("tickets_message") == 6_000
    assert installation.count("tickets_event") == 3_000
