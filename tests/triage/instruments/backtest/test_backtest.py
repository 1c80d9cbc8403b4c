"""A history is tried by time, told with its bounds, gone on with after an interruption; nothing live is touched."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.triage.core.shop import shop_examples
from tickets.background import jobs
from tickets.models import Ticket
from triage.core import backtest as core
from triage.core.backtest import Past, Tried
from triage.instruments.backtest import figures, history
from triage.instruments.backtest.figures import Assumptions, report, saved
from triage.learning.runs import models as runs
from triage.learning.runs.models import Run
from triage.models import Example, Intent, ModelVersion

Web = Callable[..., Client]


@pytest.fixture
def shop_history(tmp_path: Path) -> Path:
    """A year of a small shop, every day much the same."""
    texts = shop_examples()
    rows = texts[::5] + texts[1::5] + texts[2::5] + texts[3::5] + texts[4::5]
    file = tmp_path / "shop.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["external_id", "body", "requester_email", "intent", "created_at"])
        for at, one in enumerate(rows):
            moment = f"2026-{1 + at // 10:02d}-{1 + at % 10 * 2:02d}T09:00:00Z"
            writer.writerow([f"s{at}", one.text, f"u{at}@example.com", one.intent or "", moment])
    return file


def row(
    confidence: float, *, right: bool = True, ready: bool = True, at: str = "2026-03-01T09:00:00+00:00"
) -> Tried:
    return Tried(
        "r", at, "refund", "refund" if right else "login", confidence, ready, "low_confidence", "Money back"
    )


def test_the_command_tells_how_much_and_leaves_everything_as_it_was(
    db: None, shop_history: Path, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "var"
    out, page = StringIO(), tmp_path / "report.html"
    call_command("backtest", str(shop_history), out=page, stdout=out, stderr=StringIO())
    found = json.loads(page.with_suffix(".json").read_text())
    assert out.getvalue().startswith("Of your last ")
    assert (found["older"], found["newer"]) == (76, 20)
    assert [line["target"] for line in found["targets"]] == [0.05, 0.02, 0.01]
    assert sum(line["tickets"] for line in found["intents"]) == 20
    text = page.read_text()
    assert found["sentence"] in text and "<style>" in text and "<link" not in text and "<script" not in text
    assert not (Ticket.objects.exists() or Example.objects.exists() or Intent.objects.exists())
    assert not ModelVersion.objects.exists()
    assert not list((tmp_path / "var" / "backtests").iterdir())


def test_an_interrupted_run_goes_on_where_it_stood(
    db: None, shop_history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = history.from_file(shop_history)
    whole = history.run(past, tmp_path / "whole", tell=lambda *_: None)

    def die(step: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    monkeypatch.setattr(core, "REPORT_EVERY", 7)
    with pytest.raises(KeyboardInterrupt):
        history.run(past, tmp_path / "cut", tell=die)
    rows = tmp_path / "cut" / "rows.jsonl"
    assert len(rows.read_text().splitlines()) == 7
    rows.write_text(rows.read_text() + '{"reference": "half')  # the disk was full in the middle of a line
    monkeypatch.setattr(core.Model, "fit", None)  # the model is there already
    again = history.run(past, tmp_path / "cut", tell=lambda *_: None)
    del whole["seconds"], again["seconds"]
    assert again == whole


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("body,requester_email\nHello,a@example.com\n", "at least 50 are needed"),
        ("body\nHello\n", "the header lacks requester_email"),
        ("body,requester_email,intent\n" + "Hello,a@example.com,refund\n" * 60, "Fewer than two intents"),
    ],
)
def test_what_cannot_be_tried_says_what_it_lacks(db: None, tmp_path: Path, rows: str, words: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(rows)
    with pytest.raises(CommandError, match=words):
        call_command("backtest", str(file), stdout=StringIO(), stderr=StringIO())


def test_without_dates_the_order_of_the_file_is_that_of_time(tmp_path: Path) -> None:
    file = tmp_path / "undated.csv"
    lines = [f"text {at},a{at}@example.com,{'refund' if at % 2 else 'login'}" for at in range(60)]
    file.write_text("body,requester_email,intent\n" + "\n".join(lines) + "\n")
    past = history.from_file(file)
    older, newer = core.split(past.tickets)
    assert [one.body for one in (*older, *newer)] == [f"text {at}" for at in range(60)]
    assert any("order of the file" in note for note in past.notes)


def test_the_newer_part_is_newer_whatever_the_order_of_the_file() -> None:
    past = [Past(str(at), f"2026-01-{31 - at:02d}", "", "x", None) for at in range(30)]
    older, newer = core.split(past)
    assert max(one.at for one in older) < min(one.at for one in newer)


def test_the_sentence_names_the_span_the_share_and_the_limit() -> None:
    rows = [row(0.99, at=f"2026-0{1 + at // 50}-01T09:00:00+00:00") for at in range(350)]
    found = report(rows, older=900, target=0.05, seconds=1.0, source="x")
    assert (
        found["sentence"] == "Of your last six months we would have answered 100.0 % with at most 5 % wrong."
    )
    hopeless = report([row(0.9, right=False)] * 40, older=9, target=0.05, seconds=1.0, source="x")
    assert "could not promise" in hopeless["sentence"] and hopeless["answered"] == 0


def test_what_a_check_stops_is_answered_at_no_limit() -> None:
    rows = [row(0.99)] * 200 + [row(0.999, ready=False)] * 100
    found = report(rows, older=900, target=0.05, seconds=1.0, source="x")
    assert found["answered"] == 200
    assert found["targets"][0]["coverage"] == pytest.approx(2 / 3)
    assert found["reasons"] == [("low_confidence", 100)]


def test_hours_saved_are_the_formula() -> None:
    rows = [row(0.99)] * 400 + [row(0.99, right=False)] * 4
    found = report(rows, older=900, target=0.05, seconds=1.0, source="x")
    assert (found["answered"], found["wrong"]) == (404, 4)
    assert saved(found, Assumptions(6, 15))["hours"] == pytest.approx((400 * 6 - 4 * 15) / 60)
    assert saved(found, Assumptions(3, 0))["hours"] == pytest.approx(20)


def test_the_span_of_undated_history_is_a_number_of_tickets() -> None:
    assert (
        figures.span_words([row(0.9, at=f"1970-01-01T00:00:00.00000{at}+00:00") for at in range(9)])
        == "your last 9 tickets"
    )


# --- from the screen --------------------------------------------------------------------------------------


def test_a_supervisor_tries_a_file_and_reads_the_report(
    web: Web, supervisor: User, shop_history: Path, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "var"
    client = web(supervisor)
    file = SimpleUploadedFile("shop.csv", shop_history.read_bytes())
    begun = client.post(reverse("triage-backtests"), {"file": file, "target": "5"})
    run = Run.objects.get()
    address = reverse("triage-backtest", args=[run.pk])
    assert begun["Location"] == address
    waiting = client.get(address)
    assert waiting["Refresh"] and "Waiting for a worker".lower() in waiting.content.decode()
    jobs.run_due()
    run.refresh_from_db()
    assert (run.state, run.error) == (Run.State.DONE, "")
    page = client.get(f"{address}?minutes=10&mistake=0")
    assert run.result and run.result["sentence"] in page.content.decode()
    assert page.context["saved"]["minutes_a_ticket"] == 10
    assert "Refresh" not in page
    assert not run.folder.exists()
    assert client.get(reverse("triage-backtest-json", args=[run.pk])).json()["newer"] == 20


@pytest.mark.parametrize("said", [{}, {"months": "0"}, {"months": "3", "target": "0"}])
def test_a_form_that_makes_no_sense_begins_nothing(web: Web, supervisor: User, said: dict[str, str]) -> None:
    page = web(supervisor).post(reverse("triage-backtests"), {"target": "5", **said})
    assert page.status_code == 200 and "desk-error" in page.content.decode()
    assert not Run.objects.exists()


def test_what_fails_is_told_and_not_tried_again(web: Web, supervisor: User) -> None:
    run = runs.begin(Run.Kind.BACKTEST, by=supervisor, months=6, name="the house")
    jobs.run_due()
    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    assert (
        "0 tickets can be used"
        in web(supervisor).get(reverse("triage-backtest", args=[run.pk])).content.decode()
    )


def test_a_run_stops_when_it_is_told_to(web: Web, supervisor: User) -> None:
    run = runs.begin(Run.Kind.BACKTEST, by=supervisor, months=6, name="the house")
    web(supervisor).post(reverse("triage-stop-run", args=[run.pk]))
    jobs.run_due()
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING)
    with pytest.raises(runs.Cancelled):
        run.tell("Trying", 1, 2)
