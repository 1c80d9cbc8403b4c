"""One person: all that is kept is shown to them, and after erasing nothing of it is left anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from tests.installation import Installation

FIELDS = Path(__file__).resolve().parents[2] / "accounts" / "personal_fields.txt"
SCENE = """
import django; django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import User
from tickets.background import jobs
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket
from triage.models import Example, Intent
intent = Intent.objects.create(slug="x", title="X")
for address, name in (("zebedee@example.com", "Zebedee Quillfeather"), ("other@example.com", "Someone Else")):
    user = User.objects.create_user(address, "a-long-Passw0rd", name=name)
    file = SimpleUploadedFile("quillfile.txt" if "z" in address[0] else "plain.txt", ("xylophone" * 9).encode() if "z" in address[0] else b"plain")
    body = "My xylophone arrived broken and smashed." if "z" in address[0] else "Where is my parcel?"
    ticket = submit_ticket(Submission(subject=body[:12], body=body, requester=user, files=[file]))
    ticket.refresh_from_db()
    ticket.record_feedback(solved=None, rating=2, comment=body, actor=user)
    Example.objects.create(text=body, intent=intent, ticket=ticket, source="agent")
    guest = submit_ticket(Submission(subject="Guest", body=body, guest_email=address, guest_name=name))
jobs.run_due()
"""
TRACES = (b"zebedee", b"quillfeather", b"xylophone", b"quillfile")


def traces(folder: Path) -> dict[str, list[bytes]]:
    """Which of the person's words lie in which file, byte for byte."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file():
            content = (file.read_bytes() + file.name.encode()).lower()
            if left := [word for word in TRACES if word in content]:
                found[str(file.relative_to(folder))] = left
    return found


def test_after_erasing_no_byte_of_a_person_is_left_and_others_keep_all(installation: Installation) -> None:
    made = installation.run("-c", SCENE)
    assert made.returncode == 0, made.stderr
    assert traces(installation.folder)
    exported = installation.folder.parent / "person.zip"
    assert "rows" in installation.manage("export_person", "zebedee@example.com", str(exported))
    counted = installation.manage("erase_person", "Zebedee@example.com")
    assert "Nothing was erased" in counted
    assert traces(installation.folder)
    receipt = installation.manage("erase_person", "zebedee@example.com", "--yes")
    assert '"tickets": 2' in receipt
    assert "models_that_learnt_the_texts" in receipt
    assert traces(installation.folder) == {}
    assert installation.count("tickets_ticket", "requester_email = 'other@example.com'") == 2
    assert installation.count("tickets_message", "body = 'Where is my parcel?'") == 2
    assert installation.count("triage_example", "text = 'Where is my parcel?'") == 1


def test_every_field_that_can_hold_words_is_classified() -> None:
    """A new field: put it into accounts/personal_fields.txt, and into an exporter and an eraser if it is personal."""
    words = (
        models.CharField,
        models.TextField,
        models.JSONField,
        models.FileField,
        models.GenericIPAddressField,
    )
    there = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, words) and model._meta.app_label not in {"contenttypes", "auth"}
    }
    known = {line.split()[0] for line in FIELDS.read_text().splitlines() if line and not line.startswith("#")}
    assert there - known == set(), "not classified"


@pytest.mark.parametrize("kind", ["personal", "staff", "plain"])
def test_each_kind_of_field_is_used(kind: str) -> None:
    assert any(
        line.split()[1:2] == [kind] for line in FIELDS.read_text().splitlines() if line[:1] != "#" and line
    )
