"""Whom one may invite, what the mail and the row hold, and what ends an invitation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import privacy
from accounts.models import Role, User
from accounts.signin.models import Change
from tests.conftest import person
from tests.tickets.invitations.conftest import NEW, last_link
from tickets.invitations import inviting, keeping
from tickets.invitations.models import Invitation
from tickets.models import OutgoingMail
from tickets.teams.models import Team

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("giver", "may"),
    [("requester", ""), ("agent", ""), ("auditor", ""), ("supervisor", "agent auditor supervisor"),
     ("admin", "agent auditor supervisor admin")],
)  # fmt: skip
def test_nobody_invites_above_their_own_role(giver: str, may: str) -> None:
    by = person("giver@example.com", Role(giver), "Gil Giver")
    for role in ("agent", "auditor", "supervisor", "admin"):
        if role in may.split():
            inviting.invite(f"{role}@example.com", role, by=by)
            continue
        with pytest.raises(inviting.Refused):
            inviting.invite(f"{role}@example.com", role, by=by)
    assert {one.role for one in Invitation.objects.all()} == set(may.split())


def test_the_mail_is_in_text_and_html_and_the_row_keeps_no_secret(invited, supervisor, settings) -> None:
    settings.INVITATION_DAYS = 3
    invitation, link = invited(" Nina@Example.com", teams=[Team.objects.create(name="Billing")])
    letter = OutgoingMail.objects.get()
    assert letter.recipients == [NEW]
    assert "Sue Supervisor invites you" in letter.body
    assert link in letter.html_body
    assert "already have an account" not in letter.body
    secret = link.split("/")[2].split(":")[0]
    assert secret not in str(Invitation.objects.values().get())
    assert timedelta(days=2.9) < invitation.expires_at - timezone.now() <= timedelta(days=3)
    assert list(Change.objects.values_list("person", "by", "what", "kind")) == [
        (supervisor.pk, supervisor.pk, "invited", str(invitation.pk))
    ]


def test_an_inviter_whose_name_is_a_text_is_not_named_in_the_mail(invited, supervisor) -> None:
    User.objects.filter(pk=supervisor.pk).update(name="See http://evil.example/ now")
    supervisor.refresh_from_db()
    invited()
    assert "evil" not in OutgoingMail.objects.get().body


def test_a_customer_is_invited_and_told_of_the_account(invited, requester) -> None:
    invited(requester.email)
    assert "already have an account" in OutgoingMail.objects.get().body


@pytest.mark.parametrize("case", ["colleague", "off", "service", "waiting", "auditor in a team"])
def test_what_makes_no_sense_is_refused_with_the_reason(case: str, invited, supervisor, agent) -> None:
    User.objects.create_user("off@example.com", is_active=False)
    team = Team.objects.create(name="Billing")
    if case == "waiting":
        invited()
    wishes = {
        "colleague": (agent.email, "supervisor", [], "works here already"),
        "off": ("off@example.com", "agent", [], "switched off"),
        "service": ("crm@service.invalid", "agent", [], "Services get no mail"),
        "waiting": (NEW, "auditor", [], "invited already"),
        "auditor in a team": (NEW, "auditor", [team], "no team"),
    }
    email, role, teams, why = wishes[case]
    before = OutgoingMail.objects.count()
    with pytest.raises(inviting.Refused, match=why):
        inviting.invite(email, role, teams, by=supervisor)
    assert OutgoingMail.objects.count() == before


def test_sent_again_the_link_before_is_dead_and_the_time_begins_anew(invited, supervisor) -> None:
    invitation, old = invited()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    inviting.send_again(invitation.pk, by=supervisor)
    new = last_link()
    assert inviting.find(old.split("/")[2]) is None
    assert inviting.find(new.split("/")[2]) == invitation


def test_after_it_expired_the_address_can_be_invited_anew(invited) -> None:
    first, _ = invited()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    second, _ = invited(role="auditor")
    first.refresh_from_db()
    assert (first.state, second.state) == ("revoked", "waiting")


def test_who_ranks_below_its_role_neither_revokes_nor_sends_it_again(invited, supervisor) -> None:
    boss = person("boss@example.com", Role.ADMINISTRATOR, "Bo Boss")
    invitation, link = invited(role="admin", by=boss)
    for step in (inviting.revoke, inviting.send_again):
        with pytest.raises(inviting.Refused):
            step(invitation.pk, by=supervisor)
    assert inviting.find(link.split("/")[2]) == invitation


@pytest.mark.parametrize(
    "fault", ["revoked", "expired", "inviter down", "inviter off", "other salt", "cut", "bare"]
)
def test_a_link_opens_nothing_once_anything_is_wrong_with_it(
    fault: str, invited, supervisor, settings
) -> None:
    invitation, link = invited(role="supervisor")
    token = link.split("/")[2]
    assert inviting.find(token) == invitation
    if fault == "revoked":
        inviting.revoke(invitation.pk, by=supervisor)
    if fault == "expired":
        Invitation.objects.update(expires_at=timezone.now())
    if fault == "inviter down":
        User.objects.update(role=Role.AGENT)
    if fault == "inviter off":
        User.objects.update(is_active=False)
    if fault == "other salt":
        settings.SECRET_KEY = "another-key-of-this-house"
    cut = {"cut": token[:-1], "bare": token.split(":")[0]}
    assert inviting.find(cut.get(fault, token)) is None


def test_what_ended_long_ago_goes_and_its_trail_stays(invited, supervisor) -> None:
    long_ago = timezone.now() - keeping.KEPT - timedelta(days=1)
    for number, ended in enumerate(
        ({"expires_at": long_ago}, {"revoked_at": long_ago}, {"accepted_at": long_ago})
    ):
        invitation, _ = invited(f"old{number}@example.com")
        Invitation.objects.filter(pk=invitation.pk).update(**ended)
    kept, _ = invited()
    keeping.discard_old()
    assert list(Invitation.objects.all()) == [kept]
    assert Change.objects.filter(what="invited").count() == 4


def test_one_person_sees_their_invitations_and_has_them_erased(invited) -> None:
    invited()
    someone = privacy.find(NEW)
    assert privacy.export(someone)["invitations"]["invitations"][0]["email"] == NEW
    privacy.erase_rows(someone)
    left = Invitation.objects.get()
    assert left.email != NEW
    assert left.state == "revoked"
