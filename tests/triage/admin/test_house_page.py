"""“Set up your house”: facts are asked once, letters are shown as they will be, and read before Auto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Ticket
from triage.answers import house
from triage.answers.facts import HouseFact, HouseFactChange, set_fact
from triage.models import Answer, Intent, PolicyRevision

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
PAGE = "/admin/house/"


def add_answer(slug: str, *, mode: str = "suggest", meant: bool = True, **facts: Any) -> Answer:
    intent = Intent.objects.create(slug=slug, title=slug.title(), mode=mode, meant_for_auto=meant)
    answer = Answer.objects.create(intent=intent, **{"body": "It takes {refund_days}.", **facts})
    answer.approve(None)
    return answer


@pytest.fixture
def answer(db: None) -> Answer:
    return add_answer("refund", guest_body="Dear guest, {refund_days}.", summary="In short: {refund_days}.")


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize("step", ["", "preview/", "read/{}/", "automate/{}/"])
def test_the_house_is_the_supervisors(
    web: Web, agent: User, requester: User, answer: Answer, step: str
) -> None:
    address = PAGE + step.format(answer.pk)
    assert web(agent).post(address).status_code == 403
    assert web(requester).post(address, follow=True).status_code == 403
    assert web().post(address).status_code == 302
    answer.refresh_from_db()
    assert answer.reviewed_at is None


@pytest.mark.parametrize("step", ["preview/", "read/{}/", "automate/{}/"])
def test_nothing_is_done_by_following_a_link(web: Web, supervisor: User, answer: Answer, step: str) -> None:
    assert web(supervisor).get(PAGE + step.format(answer.pk)).status_code == 405


def test_every_fact_is_asked_with_what_needs_it(web: Web, supervisor: User, answer: Answer) -> None:
    content = text(web(supervisor).get(PAGE))
    assert all(f'name="{key}"' in content for key in house.BY_KEY)
    assert "1 of 1 answers lack something" in content
    assert "Lacks: <a" in content and "[refund days?]" in content


def test_what_is_said_is_kept_with_who_said_it(web: Web, supervisor: User, answer: Answer) -> None:
    before = PolicyRevision.current()
    said = {"refund_days": "3 to 5", "accounts": "yes", "payment_methods": "Visa, PayPal"}
    content = text(web(supervisor).post(PAGE, said, follow=True))
    assert "3 facts are new or different" in content
    assert "Dear guest, 3 to 5 working days." in content
    assert "No answer lacks anything" in content
    assert set(HouseFact.objects.values_list("key", "language", "value")) == {
        ("refund_days", "", "3-5"), ("accounts", "", "yes"), ("payment_methods", "en", "Visa\nPayPal"),
    }  # fmt: skip
    assert set(HouseFactChange.objects.values_list("by", flat=True)) == {supervisor.pk}
    assert PolicyRevision.current() > before
    assert "Nothing was different" in text(web(supervisor).post(PAGE, said, follow=True))


def test_a_fact_that_is_left_empty_is_taken_back(web: Web, supervisor: User) -> None:
    set_fact("refund_days", 5, language="en", by=None)
    web(supervisor).post(PAGE, {})
    assert not HouseFact.objects.exists()
    assert HouseFactChange.objects.filter(key="refund_days", before="5", after="", by=supervisor).exists()


def test_one_wrong_fact_keeps_all_from_being_saved(web: Web, supervisor: User) -> None:
    response = web(supervisor).post(PAGE, {"refund_days": "5", "shop_page": "javascript:alert(1)"})
    assert response.status_code == 400
    assert "write a whole address" in text(response) and "Nothing was saved" in text(response)
    assert not HouseFact.objects.exists()


def test_words_are_asked_in_each_language_that_has_an_answer(
    web: Web, supervisor: User, answer: Answer
) -> None:
    Answer.objects.create(intent=answer.intent, language="de", body="{hours}")
    web(supervisor).post(PAGE, {"language": "de", "hours": "9 bis 17 Uhr", "refund_days": "5"})
    assert ("hours", "de") in set(HouseFact.objects.values_list("key", "language"))
    content = text(web(supervisor).get(f"{PAGE}?language=de"))
    assert "9 bis 17 Uhr" in content and "Read and approve it" in content
    assert "9 bis 17 Uhr" not in text(web(supervisor).get(f"{PAGE}?language=xx")).split("Latest changes")[0]


def test_the_preview_shows_what_is_typed_and_saves_nothing(
    web: Web, supervisor: User, answer: Answer
) -> None:
    content = text(web(supervisor).post(f"{PAGE}preview/", {"refund_days": "7", "shop_page": "nonsense"}))
    for words in ("It takes 7 working days.", "Dear guest, 7 working days.", "In short: 7 working days."):
        assert words in content
    assert "accounts" in content and not HouseFact.objects.exists()


def test_an_intent_goes_to_auto_only_when_its_letter_is_read_and_complete(
    web: Web, supervisor: User, answer: Answer
) -> None:
    client = web(supervisor)
    refused = text(client.post(f"{PAGE}automate/{answer.pk}/", follow=True))
    assert "It is not ready" in refused and "Answer automatically" not in refused
    client.post(f"{PAGE}read/{answer.pk}/")
    answer.refresh_from_db()
    assert (answer.reviewed_by, bool(answer.reviewed_at)) == (supervisor, True)
    client.post(f"{PAGE}automate/{answer.pk}/")
    assert Intent.objects.get().mode == "suggest"  # facts are missing still
    client.post(PAGE, {"refund_days": "5", "accounts": "no"})
    assert "Answer automatically" in text(client.get(PAGE))
    unproven = client.post(f"{PAGE}automate/{answer.pk}/")
    assert unproven.url == reverse("oversight-intent", args=[answer.intent_id])
    client.post(unproven.url, {"mode": "auto", "why": "read and tried by hand"})
    assert Intent.objects.get().mode == "auto"


def test_what_its_author_keeps_for_people_is_not_automated_here(web: Web, supervisor: User) -> None:
    grave = add_answer("complaint", meant=False, body="We are sorry.")
    client = web(supervisor)
    client.post(f"{PAGE}read/{grave.pk}/")
    client.post(f"{PAGE}automate/{grave.pk}/")
    assert Intent.objects.get().mode == "suggest"


def test_a_version_that_was_replaced_meanwhile_is_not_the_one_read(
    web: Web, supervisor: User, answer: Answer
) -> None:
    Answer.objects.create(intent=answer.intent, body="New").approve(None)
    assert "not the approved one any more" in text(
        web(supervisor).post(f"{PAGE}read/{answer.pk}/", follow=True)
    )
    assert answer.intent.unread_answers().count() == 1


def test_an_unread_letter_keeps_the_intents_own_page_from_auto(
    web: Web, supervisor: User, answer: Answer
) -> None:
    form = {
        "title": "Refund", "slug": "refund", "group": "", "mode": "auto", "rules-TOTAL_FORMS": 0,
        "rules-INITIAL_FORMS": 0, "answers-TOTAL_FORMS": 0, "answers-INITIAL_FORMS": 0,
    }  # fmt: skip
    address = f"/admin/triage/intent/{answer.intent_id}/change/"
    with pytest.raises(ValidationError, match="Nobody here has read its answer"):
        Intent(pk=answer.intent_id, slug="refund", title="Refund", mode="auto").clean()
    answer.mark_read(supervisor)
    assert "made on the ladder" in text(web(supervisor).post(address, form))
    assert Intent.objects.get().mode == "suggest"


def test_who_approves_a_text_has_read_it(supervisor: User) -> None:
    answer = add_answer("refund")
    assert answer.reviewed_at is None
    answer.approve(supervisor)
    assert (answer.reviewed_by, bool(answer.reviewed_at)) == (supervisor, True)


def test_the_page_costs_the_same_for_many_answers(web: Web, supervisor: User) -> None:
    client = web(supervisor)
    counts = []
    for number in range(3):
        add_answer(f"one-{number}", guest_body="{phone}", summary="{hours}")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(PAGE)
        counts.append(len(seen))
    assert counts[1] == counts[2]


# --- elsewhere -----------------------------------------------------------------------------------------


def test_the_list_of_intents_and_the_start_say_which_facts_are_missing(
    web: Web, supervisor: User, answer: Answer
) -> None:
    client = web(supervisor)
    listed = text(client.get("/admin/triage/intent/"))
    assert "Lacks facts" in listed and "accounts, refund days" in listed
    assert "Answers that lack a fact" in text(client.get("/admin/"))
    set_fact("refund_days", 5, language="en", by=None)
    set_fact("accounts", "yes", language="en", by=None)
    assert "Lacks facts" not in text(client.get("/admin/triage/intent/"))
    assert "No answer lacks a fact" in text(client.get("/admin/"))


@pytest.fixture
def suggested(answer: Answer, engine: FakeEngine, submit: Callable[..., Ticket]) -> Ticket:
    engine.says("refund", 0.9)
    return submit(body="I sent the shoes back last week and would like to know when the money comes.")


def test_the_desk_says_which_facts_a_suggestion_lacks(web: Web, agent: User, suggested: Ticket) -> None:
    address = f"/admin/tickets/ticket/{suggested.pk}/change/"
    assert "The house has not said: refund days" in text(web(agent).get(address))
    set_fact("refund_days", 5, language="en", by=None)
    content = text(web(agent).get(address))
    assert "Dear guest, 5 working days." in content and "has not said" not in content


def test_a_letter_with_a_gap_is_not_sent_by_an_agent_either(web: Web, agent: User, suggested: Ticket) -> None:
    seen = suggested.messages.last().pk
    reply = {"step": "send_and_wait", "reply-body": "Dear guest, [refund days?].", "reply-seen": seen}
    response = web(agent).post(f"/admin/tickets/ticket/{suggested.pk}/change/", reply)
    assert response.status_code == 400 and "Fill in [refund days?] first" in text(response)
    assert suggested.messages.count() == 1


def test_a_new_version_begins_with_all_texts_of_the_one_before(
    web: Web, supervisor: User, answer: Answer
) -> None:
    content = text(web(supervisor).get(f"/admin/triage/answer/add/?version_of={answer.pk}"))
    for words in ("It takes {refund_days}.", "Dear guest, {refund_days}.", "In short: {refund_days}."):
        assert words in content
    assert web(supervisor).get("/admin/triage/answer/add/?version_of=nonsense").status_code == 200
