"""Rows of a file become whole tickets, or go aside with line and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from tickets.models import Closure, Event, Job, Message, OutgoingMail, Status, Ticket
from triage.learning import importing
from triage.learning.importing import ImportFileError, Rejects, Tally, import_file
from triage.models import Example, Intent

pytestmark = pytest.mark.django_db
HEADER = "external_id,subject,body,requester_email,intent,reply,status,created_at"
GOOD = "A-1,Lost parcel,Where is it?,ann@example.com,track_order,It comes today.,closed,2026-03-01T10:00:00Z"


def run(file: Path) -> Tally:
    rejects, tally = Rejects(file.with_suffix(".rejects")), Tally()
    for tally in import_file(file, rejects):  # noqa: B007  # the last one is wanted
        pass
    rejects.close()
    return tally


def rejected(file: Path) -> list[tuple[int, str]]:
    lines = file.with_suffix(".rejects").read_text(encoding="utf-8").splitlines()
    return [(row["line"], row["reason"]) for row in map(json.loads, lines)]


def csv_file(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    file = folder / "past.csv"
    file.write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return file


def jsonl_file(folder: Path, *rows: Any) -> Path:
    file = folder / "past.jsonl"
    file.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8"
    )
    return file


def wish(**changes: Any) -> dict[str, Any]:
    return {"body": "Where is my parcel?", "requester_email": "ann@example.com", **changes}


def test_a_row_becomes_a_whole_settled_ticket_and_an_example(tmp_path: Path) -> None:
    tally = run(csv_file(tmp_path, GOOD))
    ticket = Ticket.objects.get()
    assert (tally.saved, tally.intents) == (1, 1)
    assert (ticket.status, ticket.closure, ticket.subject) == (Status.CLOSED, Closure.AGENT, "Lost parcel")
    assert [message.body for message in ticket.messages.all()] == ["Where is it?", "It comes today."]
    assert ticket.events.get().kind == Event.Kind.CREATED
    assert ticket.created_at.isoformat() == "2026-03-01T10:00:00+00:00"
    assert Example.objects.get().intent.slug == "track_order"


def test_an_import_triages_nothing_and_mails_nobody(tmp_path: Path) -> None:
    run(jsonl_file(tmp_path, wish(), wish(status="open", body="Still waiting")))
    assert not Job.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_what_is_still_open_goes_to_a_person(tmp_path: Path) -> None:
    run(jsonl_file(tmp_path, wish(status="Open")))
    assert Ticket.objects.get().status == Status.ESCALATED


def test_a_new_intent_is_not_automated(tmp_path: Path) -> None:
    run(jsonl_file(tmp_path, wish(intent="Track order")))
    assert (Intent.objects.get().slug, Intent.objects.get().mode) == ("track_order", "suggest")


def test_a_second_run_saves_nothing_twice(tmp_path: Path) -> None:
    file = jsonl_file(tmp_path, wish(external_id=7), wish(body="No id of its own"))
    assert run(file).saved == 2
    again = run(file)
    assert (again.saved, again.known) == (0, 2)
    assert (Ticket.objects.count(), Message.objects.count()) == (2, 2)


def test_a_row_that_stands_twice_in_the_file_is_one_ticket(tmp_path: Path) -> None:
    tally = run(jsonl_file(tmp_path, wish(external_id="A"), wish(external_id="A")))
    assert (tally.saved, tally.known) == (1, 1)


def test_rows_saved_by_another_import_meanwhile_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = importing.save_batch, []

    def beaten_once(past: Any, *, mode: Any) -> tuple[int, int]:
        calls.append(len(past))
        if len(calls) == 1:
            real(past, mode=mode)
            raise IntegrityError("duplicate external_id")
        return real(past, mode=mode)

    monkeypatch.setattr(importing, "save_batch", beaten_once)
    assert run(jsonl_file(tmp_path, wish())).known == 1
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": " "}, "body is empty"),
        ({"body": None}, "body is empty"),
        ({"body": "x" * 100_001}, "longer than 100000"),
        ({"body": ["a", "list"]}, "body is not a text"),
        ({"body": "half a letter \ud83d"}, "not valid UTF-8"),
        ({"requester_email": ""}, "not an e-mail address"),
        ({"requester_email": "ann at example"}, "not an e-mail address"),
        ({"requester_email": "a" * 250 + "@example.com"}, "longer than 254"),
        ({"status": "frozen"}, "status 'frozen' is none of"),
        ({"created_at": "yesterday"}, "created_at 'yesterday' is not a date"),
        ({"created_at": "2026-02-30T10:00:00Z"}, "is not a date"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "is not a date"),
        ({"intent": "???"}, "intent '???' has no letters"),
    ],
)
def test_a_row_that_cannot_be_taken_goes_aside_and_the_rest_is_saved(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    file = jsonl_file(tmp_path, wish(**changes), wish(external_id="good"))
    tally = run(file)
    assert (tally.saved, tally.rejected, tally.read) == (1, 1, 2)
    ((line, why),) = rejected(file)
    assert line == 1
    assert reason in why


@pytest.mark.parametrize(
    "line", ["{", "nonsense", '"a text"', "[1]", "[" * 100_000, '{"body": ' + "9" * 5_000 + "}", '{"body"']
)
def test_a_line_that_is_no_json_object_goes_aside(tmp_path: Path, line: str) -> None:
    file = jsonl_file(tmp_path, wish(), line, wish(body="And this one"))
    assert (run(file).saved, [number for number, _ in rejected(file)]) == (2, [2])


def test_a_file_cut_off_in_mid_row_loses_only_that_row(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, GOOD.replace("A-1", "A-2"))
    file.write_bytes(file.read_bytes()[:-40])
    assert run(file).saved == 1
    assert rejected(file) == [(3, "has fewer values than the header has columns")]


def test_a_row_with_too_many_values_goes_aside(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD + ",one more")
    run(file)
    assert rejected(file) == [(2, "has more values than the header has columns")]


def test_the_line_named_is_where_the_row_begins(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD.replace("Where is it?", '"Where\nis\nit?"'), "B,,,x@example.com,,,,")
    run(file)
    assert rejected(file) == [(5, "body is empty")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    run(csv_file(tmp_path, GOOD, encoding="utf-8-sig"))
    assert Ticket.objects.get().external_id == "import:A-1"


def test_columns_may_come_in_any_order_and_more_than_are_known(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "ann@example.com,gold,Where is it?", header="requester_email,tier,body")
    assert run(file).saved == 1


def test_letters_of_another_encoding_are_refused_not_garbled(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, GOOD.replace("Lost parcel", "Verlorenes Päckchen"), encoding="latin-1")
    assert run(file).saved == 1
    assert "subject holds characters that are not valid UTF-8" in rejected(file)[0][1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_in_utf_16_is_refused_as_a_whole(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ImportFileError, match="UTF-8"):
        run(csv_file(tmp_path, GOOD, encoding=encoding))


@pytest.mark.parametrize("header", ["subject,body", "body;requester_email", ""])
def test_a_header_without_the_needed_columns_stops_the_import(tmp_path: Path, header: str) -> None:
    with pytest.raises(ImportFileError, match="the header lacks"):
        run(csv_file(tmp_path, header=header))


def test_a_quote_that_is_never_closed_is_told_of(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, 'B,"never closed,body,b@example.com', *[GOOD] * 3)
    assert run(file).saved == 1
    ((line, reason),) = rejected(file)
    assert line == 3 and "is a quote not closed?" in reason


def test_a_quote_closed_by_another_rows_puts_nobodys_words_into_a_ticket(tmp_path: Path) -> None:
    file = csv_file(
        tmp_path, 'A,"never closed,body,a@example.com,,,,', 'B,"Mine",Secret,b@example.com,,,,', GOOD
    )
    run(file)
    assert (
        not Ticket.objects.filter(messages__body__contains="Secret")
        .exclude(requester_email="b@example.com")
        .exists()
    )
    assert rejected(file)[0][0] == 2


def test_of_two_rows_with_one_id_neither_text_is_lost_in_silence(tmp_path: Path) -> None:
    rows = [wish(external_id="A", body=f"Text {n}", intent=f"intent {n}") for n in (1, 2)]
    file = jsonl_file(tmp_path, *rows)
    assert (run(file).saved, rejected(file)) == (
        1,
        [(2, "has the external_id of line 1, which says something else")],
    )
    assert [(e.text, e.ticket.messages.get().body) for e in Example.objects.all()] == [
        (Example.objects.get().text, "Text 1")
    ]
    assert "Text 1" in Example.objects.get().text
    later = tmp_path / "later"
    later.mkdir()
    again = jsonl_file(later, rows[1])
    assert (run(again).known, rejected(again)[0][0]) == (0, 1)
    assert Message.objects.get().body == "Text 1"


def test_html_is_kept_as_people_read_it(tmp_path: Path) -> None:
    html = "<html><head><title>x</title></head><body><p>Where is<br>my parcel?</p></body></html>"
    run(
        jsonl_file(
            tmp_path, wish(body=html, subject="<html><b>Parcel</b></html>", reply="<div>On its way</div>")
        )
    )
    ticket = Ticket.objects.get()
    kept = [ticket.subject, *ticket.messages.values_list("body", flat=True)]
    assert not any("<" in text for text in kept)
    assert "my parcel?" in kept[1] and "On its way" in kept[2]


def test_a_date_without_a_zone_is_the_houses_and_the_future_is_refused(tmp_path: Path, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    file = jsonl_file(
        tmp_path, wish(created_at="2026-03-01T10:00:00"), wish(body="x", created_at="2099-01-01")
    )
    run(file)
    assert Ticket.objects.get().created_at.isoformat() == "2026-03-01T09:00:00+00:00"
    assert rejected(file) == [(2, "created_at '2099-01-01' lies in the future")]


def test_a_huge_field_goes_aside(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, f"B,Big,{'x' * 300_000},b@example.com,,,,", GOOD.replace("A-1", "C"))
    assert run(file).saved == 2
    assert "longer than" in rejected(file)[0][1]


def test_a_line_without_end_goes_aside_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LONGEST_LINE", 1_000)
    file = jsonl_file(tmp_path, wish(), wish(body="x" * 10_500), wish(body="And this one"))
    assert run(file).saved == 2
    assert rejected(file) == [(2, "is longer than 1000 characters")]
    assert file.with_suffix(".rejects").stat().st_size < 1_000


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "past.xlsx"
    file.write_bytes(b"PK")
    with pytest.raises(ImportFileError, match=r"\.csv or \.jsonl"):
        run(file)
