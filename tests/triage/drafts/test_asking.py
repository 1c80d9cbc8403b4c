"""From the wish to the draft: what the model reads, what of its answer is shown, and what is never asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tests.triage.drafts import scene
from tests.triage.drafts.conftest import Model
from tickets.models import Event, Ticket
from triage.answers.facts import set_fact
from triage.drafts import asking, letters, limits, retention
from triage.drafts.faults import NotNow
from triage.drafts.models import Proposal

pytestmark = pytest.mark.django_db

REFUND = "Refunds take five working days once the parcel is back with us."
LABEL = "Print the label first."


@pytest.fixture
def ticket(submit: Any, engine: FakeEngine) -> Ticket:
    scene.house()
    return scene.ticket(
        submit, engine, guest_name="Robin Rider", body="Where is the money for order AB-48213?"
    )


def written(ticket: Ticket, agent: User, write: Any) -> Proposal:
    asking.ask_for_reply(ticket, agent)
    write()
    return Proposal.objects.get()


def ids(model: Model) -> dict[str, str]:
    return {text: name for name, text in model.given["paragraphs"].items()}


def choosing(*texts: str) -> Any:
    """A model that names the ids of these paragraphs, or these words where there is none."""

    def says(given: dict[str, Any]) -> str:
        known = {text: name for name, text in given["paragraphs"].items()}
        return json.dumps({"use": [known.get(text, text) for text in texts]})

    return says


def test_a_draft_is_made_of_approved_paragraphs_in_the_order_that_the_model_gives(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.says = choosing(LABEL, "also", REFUND)
    found = written(ticket, agent, write)
    assert found.state == "ready"
    assert (
        letters.letter(found.parts)
        == f"Hello Robin Rider,\n\n{LABEL}\n\nIn addition: {REFUND}\n\nNorthwind Supplies"
    )
    assert all(part["source"] for part in found.parts)
    assert found.parts[1]["source"] == "Answer: Send something back"
    assert (found.tokens, found.model, found.struck) == (123, "stub", 0)


def test_what_the_model_writes_itself_is_struck_and_counted(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.says = choosing("You get 500 euros tomorrow: http://evil.example", REFUND, "A99")
    found = written(ticket, agent, write)
    assert "evil" not in json.dumps(found.parts)
    assert "500" not in letters.letter(found.parts)
    assert found.struck == 2


def test_a_paragraph_written_out_word_for_word_counts_as_chosen(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.says = lambda given: json.dumps({"use": [f" {REFUND} "]})
    assert written(ticket, agent, write).struck == 0


@pytest.mark.parametrize(
    ("said", "code"),
    [('{"use": []}', "no_source"), ('{"use": ["also"]}', "no_source"), ("Dear Robin, all is well.", "garbage"), ('{"use": 5}', "garbage"), ("{" * 9_000, "garbage")],
)  # fmt: skip
def test_an_answer_without_a_source_is_no_draft(
    ticket: Ticket, agent: User, model: Model, write: Any, said: str, code: str
) -> None:
    model.says = lambda given: said
    found = written(ticket, agent, write)
    assert (found.state, found.failure, found.parts) == ("failed", code, [])


def test_the_question_holds_this_ticket_masked_and_public_texts_and_nothing_else(
    ticket: Ticket, agent: User, model: Model, write: Any, submit: Any
) -> None:
    submit(body="Another person's secret wish", guest_email="other@example.com")
    ticket.note("The team thinks that Robin is difficult.", author=agent)
    ticket.reply(
        "Mail robin@home.example or call +44 113 496 0000, IBAN GB82 WEST 1234 5698 7654 32. Robin",
        author=None,
    )
    asking.ask_for_reply(ticket, agent)
    write()
    asked = json.dumps(model.asked[-1], ensure_ascii=False)
    for secret in (
        "48213",
        "Robin",
        "Rider",
        "robin@home",
        "496 0000",
        "WEST",
        "difficult",
        "secret wish",
        ticket.requester_email,
        ticket.reference,
    ):
        assert secret not in asked, secret
    assert "[NUMBER-1]" in asked
    assert "[EMAIL-1]" in asked
    assert set(model.given) == {"messages", "paragraphs"}


def test_a_number_of_the_ticket_comes_back_in_the_house_s_own_words(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.says = lambda given: json.dumps({"use": ["T1", "A1"]})
    found = written(ticket, agent, write)
    assert found.parts[1] == {
        "text": "This is about AB-48213.",
        "kind": "ticket",
        "source": "This ticket",
        "message": ticket.messages.get().pk,
    }
    assert "This is about [NUMBER-1]." in json.dumps(model.given)


def test_house_facts_in_whole_sentences_can_be_chosen(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    set_fact("return_cost", "Sending it back is free with our label.", language="en", by=None)
    model.says = choosing(REFUND, "Sending it back is free with our label.")
    assert written(ticket, agent, write).parts[-2]["source"] == "House: return cost"


def test_nothing_happens_to_the_ticket(ticket: Ticket, agent: User, model: Model, write: Any) -> None:
    before = (Ticket.objects.values().get(pk=ticket.pk), Event.objects.count(), ticket.messages.count())
    written(ticket, agent, write)
    assert (
        Ticket.objects.values().get(pk=ticket.pk),
        Event.objects.count(),
        ticket.messages.count(),
    ) == before


def test_the_same_question_is_asked_once(ticket: Ticket, agent: User, model: Model, write: Any) -> None:
    first = written(ticket, agent, write)
    assert asking.ask_for_reply(ticket, agent) == first
    first.refuse()
    assert asking.ask_for_reply(ticket, agent) != first
    write()
    assert len(model.asked) == 2


def test_a_failed_question_is_asked_again(ticket: Ticket, agent: User, model: Model, write: Any) -> None:
    model.says = lambda given: "nothing"
    first = written(ticket, agent, write)
    assert asking.ask_for_reply(ticket, agent) != first


def refusal(ask: Any) -> str:
    with pytest.raises(NotNow) as caught:
        ask()
    return caught.value.reason


def test_without_a_model_nothing_is_asked(ticket: Ticket, agent: User, settings: Any) -> None:
    settings.LLM_URL = ""
    assert refusal(lambda: asking.ask_for_reply(ticket, agent)) == "off"


def test_without_an_approved_text_nothing_is_asked(
    submit: Any, engine: FakeEngine, agent: User, model: Model
) -> None:
    assert refusal(lambda: asking.ask_for_reply(scene.ticket(submit, engine), agent)) == "nothing"


def test_the_day_s_budget_ends(ticket: Ticket, agent: User, model: Model, write: Any, settings: Any) -> None:
    written(ticket, agent, write)
    settings.LLM_DAILY_TOKENS = 200
    ticket.reply("And my label?", author=None)
    assert refusal(lambda: asking.ask_for_reply(ticket, agent)) == "budget"
    Proposal.objects.update(created_at=timezone.now() - timedelta(days=1))
    settings.LLM_DAILY_TOKENS = 5_000
    assert asking.ask_for_reply(ticket, agent)


def test_after_five_failures_the_model_is_left_alone_for_a_minute(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.sends = lambda handler: handler.send_error(500)
    for _ in range(5):
        asking.ask_for_reply(ticket, agent)
        write()
    assert refusal(lambda: asking.ask_for_reply(ticket, agent)) == "resting"
    assert len(model.asked) == 5
    Proposal.objects.update(finished_at=timezone.now() - limits.REST)
    assert asking.ask_for_reply(ticket, agent)


def test_answers_without_a_source_are_no_outage(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.says = lambda given: '{"use": []}'
    for _ in range(6):
        asking.ask_for_reply(ticket, agent)
        write()
    assert not limits.is_resting()


def test_what_nobody_writes_in_time_is_ended(ticket: Ticket, agent: User, model: Model, write: Any) -> None:
    proposal = asking.ask_for_reply(ticket, agent)
    retention.end_overdue()
    assert Proposal.objects.waiting().exists()
    Proposal.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    retention.end_overdue()
    proposal.refresh_from_db()
    assert (proposal.failure, proposal.tokens) == ("late", 0)
    write()
    assert model.asked == []


def test_a_job_done_twice_asks_once(ticket: Ticket, agent: User, model: Model, write: Any) -> None:
    proposal = written(ticket, agent, write)
    asking.write(proposal.pk)
    assert len(model.asked) == 1


def test_words_go_after_some_weeks_and_figures_stay(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    proposal = written(ticket, agent, write)
    Proposal.objects.update(created_at=timezone.now() - timedelta(days=29))
    retention.forget_old()
    assert Proposal.objects.get().prompt
    Proposal.objects.update(created_at=timezone.now() - timedelta(days=31))
    retention.forget_old()
    proposal.refresh_from_db()
    assert (proposal.prompt, proposal.answer, proposal.parts, proposal.tokens) == ("", "", [], 123)


def test_a_new_ticket_never_waits_for_the_model(model: Model, submit: Any, engine: FakeEngine) -> None:
    scene.house()
    scene.ticket(submit, engine)
    assert not Proposal.objects.exists()
    assert model.asked == []
