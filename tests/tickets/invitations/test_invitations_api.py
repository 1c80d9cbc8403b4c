"""The same for programs."""

from __future__ import annotations

import pytest

from accounts.models import Role
from accounts.tokens import keys
from accounts.tokens.scopes import Scope
from tests.accounts.signin.conftest import with_app  # noqa: F401  # a fixture
from tests.conftest import person
from tests.tickets.invitations.conftest import NEW, last_link
from tickets.invitations.models import Invitation
from tickets.models import OutgoingMail
from tickets.teams.models import Team

pytestmark = pytest.mark.django_db
LIST = "/api/invitations"


def test_invite_list_send_again_revoke(api, web, supervisor) -> None:
    Team.objects.create(name="Billing")
    program = api(supervisor)
    made = program.post(
        LIST, {"email": "Nina@example.com", "role": "agent", "teams": ["Billing"]}, format="json"
    )
    assert made.status_code == 201
    told = made.json()
    assert (told["email"], told["role"], told["teams"], told["state"], told["invited_by"]) == (
        NEW, "agent", ["Billing"], "waiting", supervisor.email,
    )  # fmt: skip
    first = last_link()
    assert first.split("/")[2] not in made.content.decode()
    one = f"{LIST}/{told['id']}"
    assert program.post(f"{one}/send").status_code == 200
    assert (web().get(first).status_code, web().get(last_link()).status_code) == (404, 200)
    assert [row["id"] for row in program.get(LIST, {"state": "waiting"}).json()["results"]] == [told["id"]]
    assert program.get(LIST, {"state": "expired"}).json()["results"] == []
    assert program.delete(one).status_code == 204
    assert program.get(one).json()["state"] == "revoked"
    again = program.delete(one)
    assert (again.status_code, again.json()["code"]) == (409, "invitation_refused")


@pytest.mark.parametrize(
    ("wish", "status"),
    [({"email": NEW, "role": "admin"}, 409), ({"email": NEW, "role": "requester"}, 400), ({"email": "x", "role": "agent"}, 400),
     ({"email": NEW, "role": "agent", "teams": ["None such"]}, 400), ({"email": NEW}, 400),
     ({"email": NEW, "role": "agent", "state": "accepted"}, 400)],
)  # fmt: skip
def test_what_is_refused_writes_nothing(api, supervisor, wish, status) -> None:
    assert api(supervisor).post(LIST, wish, format="json").status_code == status
    assert not Invitation.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_sent_again_with_its_key_it_is_one_invitation(api, supervisor) -> None:
    wish = {"email": NEW, "role": "agent"}
    answers = [
        api(supervisor).post(LIST, wish, format="json", headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert OutgoingMail.objects.count() == 1


def test_agents_see_none_auditors_only_read_and_scopes_narrow(
    api, client, agent, supervisor, invited
) -> None:
    invited()
    assert api(agent).get(LIST).status_code == 403
    auditor = api(person("audrey@example.com", Role.AUDITOR, "Audrey"))
    assert auditor.get(LIST).status_code == 200
    assert auditor.post(LIST, {"email": "x@example.com", "role": "agent"}, format="json").status_code == 403
    _, raw = keys.make(supervisor, name="x", scopes=[Scope.ADMIN_READ], days=30, by=supervisor)
    refused = client.post(LIST, {}, headers={"Authorization": f"Bearer {raw}"})
    assert refused.json()["code"] == "insufficient_scope"


def test_inviting_is_a_power(api, supervisor, with_app) -> None:  # noqa: F811
    with_app(supervisor)
    stale = api(supervisor).post(LIST, {"email": NEW, "role": "agent"}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (401, "second_factor_stale")
