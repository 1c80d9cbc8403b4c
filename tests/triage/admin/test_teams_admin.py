"""Teams at the desk and in the API: set up, filtered by, handed to, seen on their page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.conftest import person
from tickets.desk.models import BulkRun
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket
from tickets.teams.models import Absence, Membership, Rule, Team, today
from triage.desk import bulk
from triage.models import Intent

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
LISTS = "/admin/tickets/ticket/"


@pytest.fixture
def billing(agent: User) -> Team:
    team = Team.objects.create(name="Billing", is_closed=True)
    Membership.objects.create(team=team, agent=agent)
    return team


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    return made


def page_of(ticket: Ticket) -> str:
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def test_a_ticket_is_handed_over_and_gone_for_who_is_outside(
    web: Web, ticket: Ticket, billing: Team, agent: User, other_agent: User
) -> None:
    outside = web(other_agent)
    said = outside.post(page_of(ticket), {"step": "team", "team": billing.pk}, follow=True).content.decode()
    assert f"{ticket.reference} is with Billing now." in said
    assert outside.get(page_of(ticket)).status_code == 404
    assert outside.get(f"/admin/desk/{ticket.pk}/live/").status_code == 404
    assert "My refund" not in outside.get(LISTS, {"queue": "all"}).content.decode()
    shown = web(agent).get(page_of(ticket)).content.decode()
    assert "Team: Billing" in shown and 'value="team"' in shown
    assert "to Billing" in web(agent).get(reverse("desk-trail", args=[ticket.pk])).content.decode()
    refused = web(agent).post(page_of(ticket), {"step": "team", "team": "999"})
    assert refused.status_code == 400


def test_the_list_shows_filters_and_hands_over(
    web: Web, ticket: Ticket, billing: Team, agent: User, supervisor: User
) -> None:
    browser = web(agent)
    run = bulk.begin({"queue": "all", "team": "none"}, "team", {"team": str(billing.pk)}, agent, yes=False)
    bulk.perform(run.pk)
    assert BulkRun.objects.get().done == 1
    for chosen in ("Billing", "mine"):
        found = browser.get(LISTS, {"queue": "all", "team": chosen}).content.decode()
        assert '<em class="row-team">Billing</em>' in found
    assert "My refund" not in browser.get(LISTS, {"queue": "all", "team": "none"}).content.decode()
    assert "There is no team" in browser.get(LISTS, {"queue": "all", "team": "nonsense"}).content.decode()
    preview = browser.get(
        reverse("desk-many"), {"queue": "all", "action": "team", "team": "none"}
    ).content.decode()
    assert '<option value="none" selected>' in preview
    browser.post(LISTS, {"action": "team", "team": "none", "_selected_action": [ticket.pk]})
    ticket.refresh_from_db()
    assert ticket.team is None


def test_the_page_of_teams(web: Web, ticket: Ticket, billing: Team, agent: User, other_agent: User) -> None:
    ticket.hand_to(billing, actor=agent)
    ticket.assign(agent, actor=agent)
    Absence.objects.create(agent=agent, first_day=today(), last_day=today() + timedelta(days=2))
    inside = web(agent).get(reverse("desk-teams")).content.decode()
    assert "Billing" in inside and "1 open ticket<" in inside and "away until" in inside
    assert "Billing" not in web(other_agent).get(reverse("desk-teams")).content.decode()


def test_agents_keep_their_own_absences(web: Web, agent: User, other_agent: User, supervisor: User) -> None:
    add = reverse("admin:teams_absence_add")
    days = {"first_day": "2027-01-04", "last_day": "2027-01-08"}
    assert web(agent).post(add, {**days, "agent": other_agent.pk}).status_code == 302
    row = Absence.objects.get()
    assert row.agent == agent
    change = reverse("admin:teams_absence_change", args=[row.pk])
    assert web(other_agent).get(change).status_code == 302  # not there for them
    assert web(supervisor).get(change).status_code == 200


def test_supervisors_set_teams_up(web: Web, agent: User, supervisor: User) -> None:
    Intent.objects.create(slug="refund", title="Refund")
    form = {
        "name": " Billing  team ", "is_closed": "on", "gives": "skill",
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0, "memberships-0-agent": agent.pk,
        "memberships-0-skills": ["refund"], "rules-TOTAL_FORMS": 1, "rules-INITIAL_FORMS": 0,
        "rules-0-place": 10, "rules-0-intent": "refund",
    }  # fmt: skip
    browser = web(supervisor)
    assert browser.get(reverse("admin:teams_team_add")).status_code == 200
    answer = browser.post(reverse("admin:teams_team_add"), form)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    team = Team.objects.get()
    assert (team.name, team.is_closed, team.gives) == ("Billing team", True, "skill")
    assert Membership.objects.get().skills == ["refund"] and Rule.objects.get().intent == "refund"
    submit_ticket(Submission(subject="x", body="x", guest_email="g@example.com", team=team))
    gone = browser.post(reverse("admin:teams_team_delete", args=[team.pk]), {"post": "yes"})
    assert gone.status_code == 403 and Team.objects.exists()


def test_over_the_api(
    api: Callable[..., Any], ticket: Ticket, billing: Team, agent: User, other_agent: User, requester: User
) -> None:
    path = f"/api/tickets/{ticket.reference}"
    assert api(requester).post(f"{path}/team", {"team": "Billing"}, format="json").status_code == 403
    assert api(agent).post(f"{path}/team", {"team": "Nowhere"}, format="json").status_code == 400
    assert api(other_agent).post(f"{path}/team", {"team": "billing"}, format="json").status_code == 204
    assert api(other_agent).get(path).status_code == 404
    assert api(agent).get(path).json()["desk"]["team"] == "Billing"
    listed = api(agent).get("/api/tickets", {"scope": "all", "team": "mine"}).json()["results"]
    assert [one["id"] for one in listed] == [ticket.reference]
    assert api(agent).post(f"{path}/team", {"team": None}, format="json").json()["desk"]["team"] is None


# --- auditors and administrators -----------------------------------------------------------------------------


def test_an_auditor_reads_the_desk_and_leaves_no_trace(
    web: Web, api: Callable[..., Any], ticket: Ticket
) -> None:
    auditor = person("audrey@example.com", Role.AUDITOR, "Audrey Auditor")
    browser = web(auditor)
    assert browser.get(page_of(ticket)).status_code == 200
    assert browser.get(f"/admin/desk/{ticket.pk}/live/").status_code == 200
    assert not auditor.presences.exists()
    for step in ("take", "note", "resolve"):
        assert browser.post(page_of(ticket), {"step": step, "note-body": "Hello"}).status_code == 403
    assert api(auditor).get(f"/api/tickets/{ticket.reference}").status_code == 200
    refused = api(auditor).post(f"/api/tickets/{ticket.reference}/messages", {"body": "x"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only")
    assert not auditor.drafts.exists() and ticket.events.filter(actor=auditor).count() == 0


def test_nobody_gives_a_role_above_their_own(web: Web, agent: User, supervisor: User) -> None:
    admin = person("ada@example.com", Role.ADMINISTRATOR, "Ada Administrator")
    change = reverse("admin:accounts_user_change", args=[agent.pk])
    form = {"name": "Anna Agent", "role": "admin", "is_active": "on"}
    web(supervisor).post(change, form)
    agent.refresh_from_db()
    assert agent.role == Role.AGENT
    theirs = reverse("admin:accounts_user_change", args=[admin.pk])
    assert web(supervisor).post(theirs, {**form, "role": "requester"}).status_code == 403
    web(admin).post(change, form)
    agent.refresh_from_db()
    assert agent.role == Role.ADMINISTRATOR
