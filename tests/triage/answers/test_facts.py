"""The rows of the house's facts: kept once, with a record of each change, all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import User
from triage.answers.facts import HouseFact, HouseFactChange, current, set_all, set_fact
from triage.models import Answer, Intent

pytestmark = pytest.mark.django_db


def rows() -> set[tuple[str, str, str]]:
    return set(HouseFact.objects.values_list("key", "language", "value"))


def test_every_change_is_kept_with_who_and_what(supervisor: User) -> None:
    assert set_fact("refund_days", "5", language="en", by=supervisor)
    assert set_fact("refund_days", "3-5", language="de", by=supervisor)
    assert set_fact("refund_days", "", language="en", by=None)
    kept = HouseFactChange.objects.order_by("id").values_list("before", "after", "by")
    assert list(kept) == [("", "5", supervisor.pk), ("5", "3-5", supervisor.pk), ("3-5", "", None)]
    assert rows() == set()


def test_what_is_so_already_is_no_change(supervisor: User) -> None:
    set_fact("refund_days", "5", language="en", by=supervisor)
    assert not set_fact("refund_days", 5, language="en", by=supervisor)
    assert HouseFactChange.objects.count() == 1


def test_words_are_kept_for_each_language_and_numbers_once() -> None:
    set_all({"hours": {"en": "9 to 5", "de-AT": "9 bis 17 Uhr"}, "refund_days": 5}, language="en", by=None)
    assert rows() == {("hours", "en", "9 to 5"), ("hours", "de", "9 bis 17 Uhr"), ("refund_days", "", "5")}


@pytest.mark.parametrize(
    "content",
    [
        {"refund_days": 5, "nonsense": 1},
        {"refund_days": 5, "hours": {"klingon": "9 to 5"}},
        {"refund_days": {"en": 5}},
        {"refund_days": 5, "shop_page": "nowhere"},
    ],
)
def test_a_file_is_taken_whole_or_not_at_all(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        set_all(content, language="en", by=None)
    assert rows() == set()
    assert not HouseFactChange.objects.exists()


def test_a_fact_that_a_later_release_dropped_does_no_harm() -> None:
    HouseFact.objects.create(key="fax", value="1")
    assert current().values == {}


# --- manage.py house ------------------------------------------------------------------------------------


@pytest.fixture
def house(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> str:
        call_command("house", *words)
        return capsys.readouterr().out

    return run


def test_a_fact_is_set_and_read_back_on_the_command_line(house: Any) -> None:
    assert house("set", "refund_days", "3 to 5") == "Kept.\n"
    assert house("set", "refund_days", "3-5") == "It is so already.\n"
    assert house("get", "refund_days") == "3 to 5 working days\n"
    assert house("get", "refund_days", "--language", "de") == "3 bis 5 Werktage\n"
    assert "3 to 5 working days" in house("list")
    assert house("set", "refund_days", "") == "Kept.\n"
    with pytest.raises(CommandError, match="has not said refund_days"):
        house("get", "refund_days")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["set", "fax", "1"], "no house fact “fax”"),
        (["get", "fax"], "no house fact “fax”"),
        (["set", "refund_days", "soon"], "write a number of working days"),
        (["set", "hours", "9 to 5", "--language", "xx"], "xx"),
        (["import", "/nowhere/house.yaml"], "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(house: Any, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        house(*words)
    assert rows() == set()


def test_a_file_is_imported(house: Any, tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text("accounts: yes\nhours:\n  en: 9 to 5\n")
    assert house("import", str(file)) == "2 facts are new or different.\n"
    assert rows() == {("accounts", "", "yes"), ("hours", "en", "9 to 5")}
    file.write_text("[not, a, mapping]")
    with pytest.raises(CommandError, match="mapping"):
        house("import", str(file))


def test_the_check_fails_while_an_answer_on_auto_lacks_a_fact(
    house: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    intent = Intent.objects.create(slug="refund", mode="auto")
    Answer.objects.create(intent=intent, body="{refund_days}").approve(None)
    with pytest.raises(CommandError, match="1 answers are on Auto") as failed:
        house("check")
    assert failed.value.returncode == 1
    assert "refund [en] (on Auto): refund_days" in capsys.readouterr().out
    Intent.objects.update(mode="suggest")
    assert "refund [en]: refund_days" in house("check")
    set_fact("refund_days", 5, language="en", by=None)
    Intent.objects.update(mode="auto")
    assert house("check") == "No answer that is on Auto lacks a fact.\n"
