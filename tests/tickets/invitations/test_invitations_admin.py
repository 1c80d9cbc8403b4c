"""Supervisors' list of invitations: who is offered which role, what the steps do, who only reads."""

from __future__ import annotations

import pytest

from accounts.models import Role, User
from tests.conftest import person
from tests.tickets.invitations.conftest import NEW
from tickets.invitations.models import Invitation
from tickets.models import OutgoingMail
from tickets.teams.models import Team

pytestmark = pytest.mark.django_db
LIST = "/admin/invitations/invitation/"


def test_a_supervisor_invites_into_a_team_and_sees_the_state(
    web, supervisor, django_assert_max_num_queries
) -> None:
    team = Team.objects.create(name="Billing")
    browser = web(supervisor)
    form = {"email": "Nina@Example.com ", "role": "agent", "teams": [team.pk]}
    assert browser.post(f"{LIST}add/", form).url == LIST
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.invited_by, list(invitation.teams.all())) == (
        NEW,
        supervisor,
        [team],
    )
    assert OutgoingMail.objects.count() == 1
    with django_assert_max_num_queries(25):
        page = browser.get(LIST).content.decode()
    assert "Waiting" in page
    assert "Billing" in browser.get(f"{LIST}{invitation.pk}/change/").content.decode()
    assert NEW not in browser.get(f"{LIST}?state=expired").content.decode()
    assert NEW in browser.get(f"{LIST}?state=nonsense").content.decode()


@pytest.mark.parametrize(("role", "offered"), [("supervisor", False), ("admin", True)])
def test_only_administrators_are_offered_that_role_and_a_forged_form_gets_no_further(
    web, role, offered
) -> None:
    browser = web(person("by@example.com", Role(role), "By"))
    assert ('value="admin"' in browser.get(f"{LIST}add/").content.decode()) is offered
    browser.post(f"{LIST}add/", {"email": NEW, "role": "admin"})
    assert Invitation.objects.exists() is offered


def test_what_is_refused_stands_at_the_form(web, supervisor, agent) -> None:
    page = web(supervisor).post(f"{LIST}add/", {"email": agent.email, "role": "agent"})
    assert "works here already" in page.content.decode()
    page = web(supervisor).post(f"{LIST}add/", {"email": "no address", "role": "agent"})
    assert "Enter an email address" in page.content.decode()
    assert not Invitation.objects.exists()


def test_steps_of_the_list(web, supervisor, invited) -> None:
    invitation, link = invited()
    browser = web(supervisor)
    browser.post(LIST, {"action": "send_again", "_selected_action": invitation.pk})
    assert OutgoingMail.objects.count() == 2
    assert web().get(link).status_code == 404
    browser.post(LIST, {"action": "revoke", "_selected_action": invitation.pk})
    assert Invitation.objects.get().state == "revoked"
    said = browser.post(LIST, {"action": "send_again", "_selected_action": invitation.pk}, follow=True)
    assert "It was revoked already." in said.content.decode()


def test_an_auditor_reads_and_an_agent_does_not(web, invited, agent) -> None:
    invited()
    auditor = person("audrey@example.com", Role.AUDITOR, "Audrey")
    assert NEW in web(auditor).get(LIST).content.decode()
    assert web(auditor).post(f"{LIST}add/", {"email": "x@example.com", "role": "agent"}).status_code == 403
    assert web(agent).get(LIST).status_code == 403


def test_one_address_is_not_flooded(web, supervisor, invited) -> None:
    invitation, _ = invited()
    browser = web(supervisor)
    wish = {"action": "send_again", "_selected_action": invitation.pk}
    statuses = [browser.post(LIST, wish).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]
    assert OutgoingMail.objects.count() == 6
    assert User.objects.count() == 1
