"""The agents' queue: who sees it, in which order, and that its cost does not grow."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Status, Ticket, Urgency
from tickets.service.models import Clock
from triage.desk import queue
from triage.models import Intent

pytestmark = pytest.mark.django_db
QUEUE = "/admin/tickets/ticket/"
Web = Callable[..., Client]


@pytest.fixture
def waiting(
    submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent
) -> Callable[..., Ticket]:
    def make(hours: int = 1, assignee: User | None = None, **facts: object) -> Ticket:
        engine.says(refund_intent.slug, 0.4)
        ticket = submit(**facts)
        since = timezone.now() - timedelta(hours=hours)
        Ticket.objects.filter(pk=ticket.pk).update(escalated_at=since, assignee=assignee)
        Clock.objects.filter(ticket=ticket).update(due_at=since + timedelta(hours=8))
        ticket.refresh_from_db()
        return ticket

    return make


def listed(client: Client, query: str = "") -> list[Ticket]:
    return [row.ticket for row in client.get(f"{QUEUE}{query}").context["rows"]]


def test_a_requester_is_refused(web: Web, requester: User) -> None:
    response = web(requester).get(QUEUE, follow=True)
    assert response.status_code == 403


def test_a_guest_is_sent_to_the_common_login(web: Web) -> None:
    response = web().get(QUEUE, follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/")


def test_agents_start_at_their_queue(web: Web, agent: User) -> None:
    assert web(agent).get("/admin/").headers["Location"] == QUEUE


def test_each_list_begins_with_what_waits_longest(
    web: Web, waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    free_new, free_old = waiting(hours=1), waiting(hours=8)
    own_new, own_old = waiting(hours=2, assignee=agent), waiting(hours=3, assignee=agent)
    waiting(hours=9, assignee=other_agent)
    assert listed(web(agent)) == [own_old, own_new]
    assert listed(web(agent), "?queue=unassigned") == [free_old, free_new]


def test_the_views_show_what_their_names_say(
    web: Web, waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    own, free, theirs = waiting(assignee=agent), waiting(), waiting(assignee=other_agent)
    replied = waiting()
    replied.reply("Which order?", author=agent)
    answered = Ticket.objects.create(
        requester_email="x@example.com", subject="A", status=Status.AUTO_RESOLVED
    )
    client = web(agent)
    found = {
        view: set(listed(client, f"?queue={view}"))
        for view in ("my", "unassigned", "team", "waiting", "auto")
    }
    assert found == {
        "my": {own},
        "unassigned": {free},
        "team": {own, free, theirs},
        "waiting": {replied},
        "auto": {answered},
    }
    assert len(listed(client, "?queue=all")) == 5


def test_an_unknown_view_falls_back_to_the_own_queue(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    ticket = waiting(assignee=agent)
    assert listed(web(agent), "?queue=nonsense") == [ticket]


@pytest.mark.parametrize("words", ["{reference}", "lee@example.com", "LEE@example.com", "blue refund"])
def test_a_search_finds_tickets_in_any_state(
    web: Web, waiting: Callable[..., Ticket], agent: User, words: str
) -> None:
    waiting(subject="Invoice", guest_email="x@example.com")
    sought = waiting(subject="Refund of the blue shoes", guest_email="lee@example.com")
    sought.resolve(actor=agent)
    assert listed(web(agent), "?q=" + words.format(reference=sought.reference.lower())) == [sought]


def test_filters_by_intent_follow_the_agent_s_correction(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    wrong, right = waiting(), waiting()
    other = Intent.objects.create(slug="double_charge", title="Charged twice")
    wrong.decisions.get().correct(other, by=agent)
    client = web(agent)
    assert listed(client, "?queue=team&intent=double_charge") == [wrong]
    assert listed(client, "?queue=team&intent=track_refund") == [right]
    assert listed(client, "?queue=team&reason=low_confidence&intent=track_refund") == [right]
    assert listed(client, "?queue=team&reason=several_questions") == []


def test_the_row_tells_who_writes_and_why_it_is_here(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    waiting(hours=30, guest_name="Lee Wong")
    page = web(agent).get(f"{QUEUE}?queue=unassigned").content.decode()
    for words in (
        "Lee Wong",
        "unverified",
        "Where is my refund",
        "40 %",
        "below the limit",
        "22 h late",
        "I sent the shoes back last week.",
        "Nobody",
    ):
        assert words in page


def test_markup_in_a_subject_stays_text(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    waiting(subject="<img src=x onerror=alert(1)>")
    page = web(agent).get(f"{QUEUE}?queue=all").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_next_takes_the_oldest_and_opens_it(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    waiting(hours=1)
    oldest = waiting(hours=4)
    response = web(agent).post(reverse("desk-next"))
    assert response.headers["Location"] == reverse("admin:tickets_ticket_change", args=[oldest.pk])
    oldest.refresh_from_db()
    assert oldest.assignee == agent


def test_next_says_when_nothing_waits(web: Web, agent: User) -> None:
    response = web(agent).post(reverse("desk-next"), follow=True)
    assert "Nothing waits for you" in response.content.decode()


def test_next_needs_a_post(web: Web, agent: User) -> None:
    assert web(agent).get(reverse("desk-next")).status_code == 405


def test_a_requester_cannot_take_tickets(web: Web, waiting: Callable[..., Ticket], requester: User) -> None:
    ticket = waiting()
    assert web(requester).post(reverse("desk-next"), follow=True).status_code == 403
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_several_tickets_are_taken_and_given_back_at_once(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    tickets = [waiting(), waiting()]
    chosen = {"_selected_action": [ticket.pk for ticket in tickets]}
    client = web(agent)
    client.post(QUEUE, {"action": "take", **chosen})
    assert set(Ticket.objects.values_list("assignee", flat=True)) == {agent.pk}
    client.post(QUEUE, {"action": "give_back", **chosen})
    assert set(Ticket.objects.values_list("assignee", flat=True)) == {None}


@pytest.mark.parametrize("path", ["add/", "1/delete/"])
def test_tickets_are_neither_added_nor_deleted_here(
    web: Web, waiting: Callable[..., Ticket], supervisor: User, path: str
) -> None:
    ticket = waiting()
    assert web(supervisor).get(f"{QUEUE}{path.replace('1', str(ticket.pk))}").status_code == 403


def test_the_list_s_queries_do_not_grow_with_its_rows(
    web: Web, waiting: Callable[..., Ticket], agent: User, requester: User
) -> None:
    client = web(agent)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(QUEUE)
        return len(captured)

    waiting(assignee=agent, requester=requester)
    waiting()
    client.get(QUEUE)
    before = queries()
    for _ in range(8):
        waiting(requester=requester).decisions.get().correct(None, by=agent)
        waiting(assignee=agent)
    assert queries() == before


def test_no_query_of_the_list_counts_without_a_bound(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    waiting()
    with CaptureQueriesContext(connection) as captured:
        web(agent).get(f"{QUEUE}?queue=all")
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"].upper()]
    assert len(counts) == 1
    assert counts[0].count("COUNT(") == len(re.findall(r"LIMIT 1001\)", counts[0]))


def set_urgency(ticket: Ticket, urgency: Urgency) -> Ticket:
    Ticket.objects.filter(pk=ticket.pk).update(urgency=urgency)
    return ticket


def test_what_is_urgent_comes_before_all_else(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    own = waiting(hours=9, assignee=agent)
    high = set_urgency(waiting(hours=2), Urgency.HIGH)
    urgent = set_urgency(waiting(hours=1), Urgency.URGENT)
    high.assign(agent, actor=agent), urgent.assign(agent, actor=agent)
    assert listed(web(agent)) == [urgent, high, own]


def test_only_urgent_is_red_and_normal_is_not_said(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    waiting(), set_urgency(waiting(), Urgency.HIGH)
    page = web(agent).get(f"{QUEUE}?queue=unassigned").content.decode()
    assert '<em class="row-high">High</em>' in page
    assert "row-urgent" not in page
    set_urgency(waiting(), Urgency.URGENT)
    page = web(agent).get(f"{QUEUE}?queue=unassigned").content.decode()
    assert '<em class="row-urgent">Urgent</em>' in page
    assert ">Normal<" not in page


@pytest.mark.parametrize(
    "view", ["my", "unassigned", "due", "overdue", "team", "waiting", "auto", "all", "drafts", "snoozed"]
)
def test_what_is_in_quarantine_is_in_no_other_list_and_no_count(
    web: Web, waiting: Callable[..., Ticket], agent: User, view: str
) -> None:
    ticket = waiting()
    ticket.quarantine("spam", agent)
    client = web(agent)
    assert listed(client, f"?queue={view}") == []
    assert {tab.count for tab in client.get(QUEUE).context["tabs"]} == {"0"}
    assert listed(client, "?queue=quarantine") == [ticket]
    assert listed(client, f"?q={ticket.reference}") == [ticket]


def act(client: Client, view: str, name: str, *tickets: Ticket) -> str:
    chosen = {"action": name, "_selected_action": [ticket.pk for ticket in tickets]}
    return client.post(f"{QUEUE}?queue={view}", chosen, follow=True).content.decode()


def test_spam_is_put_aside_and_brought_back(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    ticket, client = waiting(), web(agent)
    assert "1 ticket is now in quarantine." in act(client, "unassigned", "spam", ticket)
    assert listed(client, "?queue=unassigned") == []
    assert "1 ticket is now in the queue." in act(client, "quarantine", "not_spam", ticket)
    assert listed(client, "?queue=unassigned") == [ticket]
    assert [event.actor for event in ticket.events.order_by("-id")[:2]] == [agent, agent]


def test_each_list_offers_what_can_be_done_there(
    web: Web, waiting: Callable[..., Ticket], agent: User
) -> None:
    waiting(), waiting().quarantine("spam", agent)
    client = web(agent)
    assert "Not spam" not in client.get(QUEUE).content.decode()
    inside = client.get(f"{QUEUE}?queue=quarantine").content.decode()
    assert "Not spam" in inside
    assert "Assign to me" not in inside


# --- whose they are -------------------------------------------------------------------------------------------


def test_colleagues_tickets_are_taken_only_after_a_yes(
    web: Web, waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    free, theirs = waiting(), waiting(assignee=other_agent)
    client = web(agent)
    answer = act(client, "team", "take", free, theirs)
    assert f"{theirs.reference} (Otto Other)" in answer
    theirs.refresh_from_db(), free.refresh_from_db()
    assert (free.assignee, theirs.assignee) == (agent, other_agent)
    client.post(f"{QUEUE}?queue=team", {"action": "take", "yes": "1", "_selected_action": [theirs.pk]})
    theirs.refresh_from_db()
    assert theirs.assignee == agent


def test_nothing_chosen_is_told(web: Web, agent: User) -> None:
    assert "Choose tickets first" in act(web(agent), "my", "take")


def test_several_are_snoozed_at_once(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    first, second = waiting(), waiting()
    chosen = {"action": "snooze", "until": "tomorrow", "_selected_action": [first.pk, second.pk]}
    client = web(agent)
    client.post(f"{QUEUE}?queue=unassigned", chosen)
    assert listed(client, "?queue=my") == []
    assert set(listed(client, "?queue=snoozed")) == {first, second}


# --- counts and pages -----------------------------------------------------------------------------------------


def test_every_row_can_be_reached_page_by_page(web: Web, agent: User) -> None:
    since = timezone.now() - timedelta(hours=1)
    Ticket.objects.bulk_create(
        Ticket(
            requester_email="x@example.com", subject=f"T{at}", status=Status.ESCALATED, urgency=at % 3,
            escalated_at=since - timedelta(minutes=at // 7),
        )
        for at in range(137)
    )  # fmt: skip
    client = web(agent)
    for view in ("unassigned", "all"):
        found, query = [], f"?queue={view}"
        while query:
            context = client.get(f"{QUEUE}{query}").context
            found += [row.ticket.pk for row in context["rows"]]
            query = f"?{context['following']}" if context["following"] else ""
        assert len(found) == len(set(found)) == 137


@pytest.mark.parametrize("key", ["", "x", "1~2", "9~2026-13-45T00:00:00~1", "-1", "~~", "1" * 40])
def test_a_key_that_is_none_shows_the_first_page(
    web: Web, waiting: Callable[..., Ticket], agent: User, key: str
) -> None:
    ticket = waiting()
    assert listed(web(agent), f"?queue=unassigned&after={key}") == [ticket]


def test_a_count_is_true_or_says_that_there_are_more(
    web: Web, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "COUNTED", 3)
    Ticket.objects.bulk_create(
        Ticket(
            requester_email="x@example.com", subject="T", status=Status.ESCALATED, escalated_at=timezone.now()
        )
        for _ in range(3)
    )
    client = web(agent)
    assert {tab.name: tab.count for tab in client.get(QUEUE).context["tabs"]}["unassigned"] == "3"
    Ticket.objects.create(requester_email="x@example.com", subject="T", status=Status.ESCALATED)
    assert {tab.name: tab.count for tab in client.get(QUEUE).context["tabs"]}["unassigned"] == "3+"


def test_due_soon_and_overdue_part_what_waits(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    late, soon, fresh = waiting(hours=9), waiting(hours=7), waiting(hours=1)
    client = web(agent)
    assert listed(client, "?queue=overdue") == [late]
    assert listed(client, "?queue=due") == [soon]
    assert listed(client, "?queue=team") == [late, soon, fresh]
    assert client.get(f"{QUEUE}?queue=team").content.decode().count("row-late") == 1


def test_a_page_is_small_and_asks_the_database_at_most_ten_times(
    web: Web, waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    for at in range(queue.ROWS):
        waiting(
            subject=f"Where is the refund of my order number {at}, please?",
            guest_name="Wilhelmina Featherstone",
        )
    client = web(agent)
    client.get(QUEUE)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(f"{QUEUE}?queue=unassigned")
    assert len(response.context["rows"]) == queue.ROWS
    # What bounds the wait for a list on PostgreSQL reads no table.
    assert len([query for query in captured if " FROM " in query["sql"]]) <= 10
    assert len(response.content) <= 60_000


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("my", "Nothing of yours waits"),
        ("unassigned", "somebody in charge"),
        ("snoozed", "Press s on a ticket"),
    ],
)
def test_an_empty_list_says_what_that_means(web: Web, agent: User, view: str, words: str) -> None:
    assert words in web(agent).get(f"{QUEUE}?queue={view}").content.decode()


def test_what_is_not_found_says_how_to_look(web: Web, agent: User) -> None:
    page = web(agent).get(f"{QUEUE}?q=xyzzy").content.decode()
    assert "Nothing found for “xyzzy”" in page


def test_a_filter_by_agent_reads_words(
    web: Web, waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    mine, theirs, free = waiting(assignee=agent), waiting(assignee=other_agent), waiting()
    client = web(agent)
    for words, found in (("me", mine), ("otto", theirs), ("nobody", free)):
        assert listed(client, f"?queue=team&agent={words}") == [found]


def test_an_intent_that_nobody_knows_is_told(web: Web, waiting: Callable[..., Ticket], agent: User) -> None:
    waiting()
    page = web(agent).get(f"{QUEUE}?queue=team&intent=xyzzy").content.decode()
    assert "No intent has “xyzzy” in its title" in page
