"""A step on all that a list shows: preview, job, report; and the list as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tickets.background import jobs
from tickets.desk.models import BulkRun
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Status, Ticket
from tickets.tags import tagging
from tickets.teams.sight import closed_to
from triage.desk import bulk

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
LISTS, MANY, EXPORT = "/admin/tickets/ticket/", "/admin/desk/many/", "/admin/desk/many/export/"


@pytest.fixture
def make(requester: User) -> Callable[..., Ticket]:
    def made(subject: str) -> Ticket:
        ticket = submit_ticket(Submission(subject=subject, body=f"{subject}, please.", requester=requester))
        ticket.escalate("low_confidence")
        return ticket

    return made


@pytest.fixture
def mixed(make: Callable[..., Ticket], agent: User, other_agent: User) -> list[Ticket]:
    """Two free, one of a colleague, one resolved, one closed; and a bridge that no search for refunds finds."""
    tickets = [make(f"Refund {number}") for number in range(5)]
    tickets[2].assign(other_agent, actor=other_agent)
    for ticket in tickets[3:]:
        ticket.resolve(actor=agent)
    tickets[4].close("agent", actor=agent)
    make("Bridge")
    return tickets


def holders() -> dict[str, int | None]:
    return dict(Ticket.objects.values_list("subject", "assignee"))


def test_it_is_looked_at_before_it_is_done(web: Web, agent: User, mixed: list[Ticket]) -> None:
    client = web(agent)
    sent = client.post(f"{LISTS}?q=refund", {"action": "take", "all": "1"})
    assert sent["Location"] == f"{MANY}?q=refund&action=take"
    page = client.get(sent["Location"]).content.decode()
    assert "Assign to me: 5 tickets" in page and "<strong>3</strong> will be assigned to you" in page
    assert "1 is left as it is: closed." in page and "1 is left as it is: with a colleague." in page
    assert set(holders().values()) == {None, mixed[2].assignee_id}  # nothing has happened


def test_a_worker_does_it_and_reports_what_was_left(
    web: Web, agent: User, mixed: list[Ticket], make: Callable[..., Ticket]
) -> None:
    client = web(agent)
    begun = client.post(MANY, {"q": "refund", "action": "take"})
    late = make("Refund, too late")
    waiting = client.get(begun["Location"]).content.decode()
    assert "waiting for a worker" in waiting and 'http-equiv="refresh"' in waiting
    jobs.run_due()
    run = BulkRun.objects.get()
    assert (run.state, run.total, run.done, run.left) == ("done", 5, 3, 2)
    said = client.get(begun["Location"]).content.decode()
    assert f"{mixed[2].reference}</a> Otto Other has it." in said and "refresh" not in said
    now = holders()
    assert [now[f"Refund {n}"] for n in range(5)] == [
        agent.pk,
        agent.pk,
        mixed[2].assignee_id,
        agent.pk,
        None,
    ]
    assert (now["Bridge"], now[late.subject]) == (None, None)


def test_colleagues_are_passed_over_until_a_yes(web: Web, agent: User, mixed: list[Ticket]) -> None:
    web(agent).post(MANY, {"q": "refund", "action": "take", "yes": "1"})
    jobs.run_due()
    assert holders()["Refund 2"] == agent.pk


def test_it_goes_on_where_a_worker_died_and_does_nothing_twice(
    agent: User, mixed: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bulk.begin({"q": "refund"}, "tag", {"tags": "vip"}, agent, yes=False)
    real, done = bulk._one, []

    def dies(*args: Any) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(args[2].pk)
        real(*args)

    monkeypatch.setattr(bulk, "_one", dies)
    with pytest.raises(KeyboardInterrupt):
        bulk.perform(run.pk)
    monkeypatch.setattr(bulk, "_one", real)
    bulk.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 5)
    assert all(tagging.tags_of([ticket.pk]) == {ticket.pk: ["vip"]} for ticket in mixed)
    assert mixed[0].events.filter(kind=tagging.TAGGED).count() == 1
    bulk.perform(run.pk)
    assert BulkRun.objects.get().done == 5


@pytest.mark.parametrize("how", ["stopped", "left the team", "never begun"])
def test_it_ends_before_its_end(web: Web, agent: User, mixed: list[Ticket], how: str) -> None:
    run = bulk.begin({"q": "refund"}, "take", {}, agent, yes=False)
    if how == "left the team":
        User.objects.filter(pk=agent.pk).update(role="requester")
    elif how == "stopped":
        BulkRun.objects.update(stop_wished=True)
    else:
        web(agent).post(f"{MANY}{run.pk}/stop/")
    bulk.perform(run.pk)
    assert BulkRun.objects.get().state == "stopped"
    assert holders()["Refund 0"] is None


@pytest.mark.parametrize(
    ("action", "given", "words", "after"),
    [
        ("resolve", {}, "answered or closed", lambda t: t.state is Status.RESOLVED),
        ("snooze", {"until": "tomorrow"}, "answered or closed", lambda t: hasattr(t, "snooze")),
        ("urgency", {"urgency": "2"}, "closed", lambda t: t.urgency == 2),
        ("spam", {}, "answered or closed", lambda t: t.is_quarantined),
        ("give_back", {}, "closed", lambda t: t.assignee_id is None),
    ],
)
def test_each_step_says_which_kinds_it_leaves(
    web: Web, agent: User, mixed: list[Ticket], action: str, given: dict[str, str], words: str, after: Any
) -> None:
    client = web(agent)
    page = client.get(MANY, {"q": "refund", "action": action, **given}).content.decode()
    assert f": {words}." in page
    client.post(MANY, {"q": "refund", "action": action, **given})
    jobs.run_due()
    run = BulkRun.objects.get()
    foretold = bulk.preview({"q": "refund"}, action, agent)
    assert after(Ticket.objects.get(pk=mixed[0].pk)) and run.left >= 1 and run.done + run.left == 5
    assert foretold.total == (0 if action == "spam" else 5) or action == "spam"


def test_what_is_missing_is_asked_for_and_nonsense_refused(
    web: Web, agent: User, mixed: list[Ticket]
) -> None:
    client = web(agent)
    assert client.get(MANY, {"action": "delete"}).status_code == 404
    assert 'name="tags"' in client.post(MANY, {"q": "refund", "action": "tag"}).content.decode()
    refused = client.post(MANY, {"q": "status:nonsense", "action": "take"}, follow=True).content.decode()
    assert "is no status" in refused
    assert not BulkRun.objects.exists()


def test_a_report_is_its_agent_s_and_supervisors(
    web: Web, agent: User, other_agent: User, supervisor: User, mixed: list[Ticket]
) -> None:
    run = bulk.begin({"q": "refund"}, "take", {}, agent, yes=False)
    assert web(other_agent).get(f"{MANY}{run.pk}/").status_code == 404
    assert web(supervisor).get(f"{MANY}{run.pk}/").status_code == 200


def test_only_so_many_are_meant(agent: User, mixed: list[Ticket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    seen = bulk.preview({"q": "refund"}, "tag", agent)
    assert (seen.total, seen.more) == (2, True)
    run = bulk.begin({"q": "refund"}, "tag", {"tags": "x"}, agent, yes=False)
    bulk.perform(run.pk)
    assert BulkRun.objects.get().done == 2


def test_a_preview_is_one_query_however_many(
    agent: User, mixed: list[Ticket], django_assert_num_queries: Callable[[int], object]
) -> None:
    closed_to(agent)  # asked once a request
    with django_assert_num_queries(1):
        bulk.preview({"queue": "all"}, "take", agent)


# --- CSV -------------------------------------------------------------------------------------------------------


def rows_of(client: Client, **query: str) -> list[dict[str, str]]:
    answer: Any = client.get(EXPORT, query)
    return list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))


def test_the_whole_list_is_exported_and_nothing_is_a_formula(
    web: Web,
    supervisor: User,
    mixed: list[Ticket],
    make: Callable[..., Ticket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("triage.admin.desk.many.CHUNK", 2)
    make('=HYPERLINK("http://x","refund")')
    tagging.put(mixed[0], ["vip"], by=supervisor)
    found = rows_of(web(supervisor), q="refund")
    assert [row["subject"] for row in found] == [
        *(f"Refund {n}" for n in range(5)), '\'=HYPERLINK("http://x","refund")',
    ]  # fmt: skip
    assert (found[0]["tags"], found[0]["status"], found[4]["closure"]) == ("vip", "escalated", "agent")
    assert [row["subject"] for row in rows_of(web(supervisor), queue="all", agent="nobody", q="bridge")] == [
        "Bridge"
    ]


def test_agents_do_not_carry_lists_away(web: Web, agent: User, supervisor: User, mixed: list[Ticket]) -> None:
    assert web(agent).get(EXPORT).status_code == 403
    assert "as CSV" not in web(agent).get(f"{LISTS}?queue=all").content.decode()
    assert "as CSV" in web(supervisor).get(f"{LISTS}?queue=all").content.decode()
    refused = web(supervisor).get(EXPORT, {"q": "status:nonsense"}, follow=True).content.decode()
    assert "is no status" in refused


def test_the_export_s_queries_grow_with_its_chunks_only(
    web: Web, supervisor: User, mixed: list[Ticket], django_assert_max_num_queries: Callable[[int], object]
) -> None:
    client = web(supervisor)
    with django_assert_max_num_queries(6):  # session, user, factor; a chunk, its tags, the end
        rows_of(client, queue="all")
