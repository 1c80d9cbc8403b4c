"""The languages' page, and an approved answer on its way into another language: proposed or typed, kept, approved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.triage.drafts.conftest import Model
from triage.drafts.models import Proposal
from triage.models import Answer, Decision, Intent, Mode
from triage.running.runtime import read_policies

pytestmark = pytest.mark.django_db
BODY = "{greeting},\n\nYour refund takes {delivery_days} days. Write to us below if it is late."
GERMAN = (
    "{greeting},\n\nIhre Erstattung dauert {delivery_days} Tage. Schreiben Sie uns unten, wenn sie ausbleibt."
)


@pytest.fixture
def original(supervisor: User) -> Answer:
    intent = Intent.objects.create(slug="refund", title="Refund", mode=Mode.SUGGEST)
    answer = Answer.objects.create(intent=intent, language="en", body=BODY)
    answer.approve(supervisor)
    return answer


@pytest.fixture
def page(original: Answer) -> str:
    return f"/admin/languages/{original.pk}/"


def kept(client: Client, page: str, body: str = GERMAN, **more: str) -> Any:
    return client.post(page, {"into": "de", "body": body, **more}, follow=True)


def test_what_is_missing_is_listed_by_language_with_the_way_to_translate_it(
    web: Callable[..., Client], agent: User, original: Answer, page: str
) -> None:
    shown = web(agent).get("/admin/languages/", {"in": "de"})
    row = shown.context["row"]
    assert (row.name, row.answered, row.lacking) == ("German", 0, 1)
    assert f"{page}?into=de" in shown.content.decode()
    assert shown.context["found"].row("en").answered == 1


def test_without_a_row_for_it_a_language_shows_nothing_of_its_own(
    web: Callable[..., Client], agent: User
) -> None:
    shown = web(agent).get("/admin/languages/", {"in": "(.*"})
    assert shown.context["row"] is None
    assert "Choose a language" in shown.content.decode()


def test_a_translation_by_hand_is_a_draft_tied_to_its_original(
    web: Callable[..., Client], agent: User, original: Answer, page: str
) -> None:
    said = kept(web(agent), page)
    draft = Answer.objects.get(language="de")
    assert (draft.state, draft.translated_from, draft.drafted_by) == (Answer.State.DRAFT, original, agent)
    assert "kept as a draft" in said.content.decode()
    kept(web(agent), page, GERMAN + " Danke.")
    assert Answer.objects.filter(language="de").count() == 1


def test_a_colleague_s_draft_is_not_written_over(
    web: Callable[..., Client], agent: User, other_agent: User, page: str
) -> None:
    kept(web(agent), page)
    kept(web(other_agent), page, GERMAN + " Danke.")
    assert Answer.objects.filter(language="de", drafted_by=agent).get().body == GERMAN


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (GERMAN.replace("{delivery_days}", "fünf"), "{delivery_days} is in the original"),
        (GERMAN + " {company}", "{company} is not in the original"),
        ("", "required"),
    ],
)
def test_what_says_something_else_is_not_kept(
    web: Callable[..., Client], agent: User, page: str, body: str, why: str
) -> None:
    said = kept(web(agent), page, body)
    assert said.status_code == 400
    assert why in said.content.decode()
    assert not Answer.objects.filter(language="de").exists()


def test_a_variable_without_words_in_the_language_is_told(
    web: Callable[..., Client], agent: User, page: str
) -> None:
    said = web(agent).post(page, {"into": "pl", "body": GERMAN})
    assert said.status_code == 400
    assert "Write it out in your own words" in said.content.decode()


@pytest.mark.parametrize("into", ["en", "en-GB", "", "klingon", "../x"])
def test_there_is_no_page_for_a_language_that_is_none_or_the_same(
    web: Callable[..., Client], agent: User, page: str, into: str
) -> None:
    assert web(agent).get(page, {"into": into}).status_code == 404


def test_a_change_of_the_original_flags_the_translation_and_stops_one_under_way(
    web: Callable[..., Client], agent: User, supervisor: User, original: Answer, page: str
) -> None:
    kept(web(agent), page)
    translation = Answer.objects.get(language="de")
    translation.approve(supervisor)
    assert not Answer.objects.outdated()
    newer = Answer.objects.create(intent=original.intent, language="en", body=BODY + " Soon.")
    newer.approve(supervisor)
    assert list(Answer.objects.outdated()) == [translation]
    shown = web(agent).get("/admin/languages/", {"in": "de"})
    assert [one for one, _ in shown.context["outdated"]] == [translation]
    said = kept(web(agent), page, GERMAN + " Bald.")
    assert said.status_code == 400
    assert "The original has changed" in said.content.decode()
    kept(web(agent), f"/admin/languages/{newer.pk}/", GERMAN + " Bald.")
    Answer.objects.get(translated_from=newer).approve(supervisor)
    assert not Answer.objects.outdated()


# --- proposed by the model -------------------------------------------------------------------------------


def test_without_a_model_nobody_is_offered_one(web: Callable[..., Client], agent: User, page: str) -> None:
    assert "a person translates" in web(agent).get(page, {"into": "de"}).content.decode()
    assert web(agent).post(page, {"into": "de", "step": "propose"}).status_code == 404


def proposes(model: Model, second: str = "Ihre Erstattung dauert [VARIABLE-2] Tage.") -> None:
    said = {
        "body-1": "[VARIABLE-1],", "body-3": second,
        "body-4": "Schreiben Sie uns unten, wenn sie zu lange ausbleibt.",
    }  # fmt: skip
    model.says = lambda given: json.dumps(said)


def test_what_the_model_proposes_stands_in_the_form_and_is_no_answer(
    web: Callable[..., Client],
    agent: User,
    page: str,
    model: Model,
    write: Any,
) -> None:
    proposes(model)
    web(agent).post(page, {"into": "de", "step": "propose"})
    write()
    assert "{" not in json.dumps(model.given["lines"]).replace("{", "", 1)
    shown = web(agent).get(page, {"into": "de"})
    assert shown.context["form"].initial["body"] == (
        "{greeting},\n\nIhre Erstattung dauert {delivery_days} Tage. "
        "Schreiben Sie uns unten, wenn sie zu lange ausbleibt."
    )
    assert "Proposed by stub: read every line." in shown.content.decode()
    assert not Answer.objects.filter(language="de").exists()


def test_a_line_that_lost_its_variable_stays_in_the_original_s_words(
    web: Callable[..., Client],
    agent: User,
    page: str,
    model: Model,
    write: Any,
) -> None:
    proposes(model, "Ihre Erstattung dauert fünf Tage.")
    web(agent).post(page, {"into": "de", "step": "propose"})
    write()
    shown = web(agent).get(page, {"into": "de"})
    assert "Your refund takes {delivery_days} days." in shown.context["form"].initial["body"]
    assert "1 line could not be relied on" in shown.content.decode()


def test_a_model_that_fails_leaves_the_form_and_the_record_names_the_answer(
    web: Callable[..., Client],
    agent: User,
    supervisor: User,
    page: str,
    model: Model,
    write: Any,
) -> None:
    model.says = lambda given: "nonsense"
    web(agent).post(page, {"into": "de", "step": "propose"})
    assert "is writing" in web(agent).get(page, {"into": "de"}).content.decode()
    write()
    assert "You can write it yourself." in web(agent).get(page, {"into": "de"}).content.decode()
    assert Proposal.objects.get().ticket is None
    assert "refund [en] v1" in web(supervisor).get("/admin/drafts/proposal/").content.decode()


# --- and what follows from an approval -------------------------------------------------------------------


def test_the_first_answer_in_a_language_is_not_sent_by_itself(
    web: Callable[..., Client], agent: User, supervisor: User, original: Answer, page: str
) -> None:
    Intent.objects.update(mode=Mode.AUTO)
    kept(web(agent), page)
    translation = Answer.objects.select_related("intent").get(language="de")
    translation.approve(supervisor)
    intent = Intent.objects.get()
    assert (intent.mode_in("de"), intent.mode_in("de-AT"), intent.mode_in("en")) == (
        Mode.SUGGEST,
        Mode.SUGGEST,
        Mode.AUTO,
    )
    newer = Answer.objects.create(intent=intent, language="en", body=BODY)
    newer.approve(supervisor)
    assert intent.mode_in("en") == Mode.AUTO


def test_a_ticket_in_a_language_whose_bound_does_not_hold_is_not_answered(
    submit: Any, engine: Any, agent: User, supervisor: User, original: Answer
) -> None:
    """The same sure ticket: answered in English, where the intent is on Auto, and handed to a person in German."""
    intent = original.intent
    Intent.objects.update(mode=Mode.AUTO)
    translation = Answer.objects.create(
        intent=intent, language="de", body="Ihre Erstattung dauert fünf Tage.", translated_from=original
    )
    plain = Answer.objects.create(intent=intent, language="en", body="Your refund takes five days.")
    for one in (plain, translation):
        one.approve(supervisor)
    engine.policies = read_policies(None)
    engine.says("refund", 0.99, in_scope=True, read_whole=True)
    submit(subject="Refund", body="Where is the refund for the kettle that I sent back to you last week?")
    submit(
        guest_email="another@example.com",
        subject="Erstattung",
        body="Wo bleibt die Erstattung für den Wasserkocher, den ich zurückgeschickt habe?",
    )
    by_language = {one.language: one for one in Decision.objects.all()}
    assert by_language["en"].action == "auto_resolve"
    assert (by_language["de"].action, by_language["de"].reason) == ("suggest", "mode_not_auto")
