"""The tables of docs/api.md are those of the code; the words around them are nobody's but their writer's."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from helpdesk.management.commands import api_tables


def test_the_tables_are_those_of_the_code() -> None:
    """After a change: ``manage.py spectacular --file docs/openapi.yaml``, then ``manage.py api_tables``."""
    call_command("api_tables", "--check", stdout=StringIO())


def test_every_operation_has_a_scope_and_a_sentence() -> None:
    for row in api_tables.operations().splitlines()[2:]:
        assert all(cell.strip() for cell in row.strip("|").split("|")), row
        assert "every view" not in row, row


def test_a_row_that_differs_is_told_and_what_is_written_by_hand_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "api.md"
    there = api_tables.PAGE.read_text(encoding="utf-8")
    page.write_text(
        "Words of ours.\n" + there.replace("`tickets:read` |", "`tickets:rode` |", 1), encoding="utf-8"
    )
    monkeypatch.setattr(api_tables, "PAGE", page)
    with pytest.raises(CommandError, match="tickets:rode"):
        call_command("api_tables", "--check", stdout=StringIO())
    call_command("api_tables", stdout=StringIO())
    assert page.read_text(encoding="utf-8") == "Words of ours.\n" + there


def test_a_page_that_has_lost_a_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "api.md"
    page.write_text("<!-- made: errors -->\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr(api_tables, "PAGE", page)
    with pytest.raises(CommandError, match="events, operations, scopes"):
        call_command("api_tables", stdout=StringIO())
