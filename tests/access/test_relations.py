"""Every field and address that takes an id or a reference is given somebody else's: nothing is told, nothing changes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.core import signing

from accounts.tokens import families
from accounts.tokens.models import TokenFamily
from tests.access import scene as house
from tests.access.scene import FORM, STRANGE, Scene
from tickets.desk.models import HeldReply, KeptFile
from tickets.models import Attachment, Feedback, Message, Ticket
from triage.models import Decision

pytestmark = pytest.mark.django_db
#: What is only a stranger's; nothing of it may stand in an answer to somebody else.
SECRETS: Final = (
    "Steve writes",
    "steve@example.com",
    "foreign.txt",
    "A note of the team",
    "note.txt",
    "Gus writes",
    "gus@example.com",
    "Steve Stranger",
)
Probe = tuple[str, str, str, dict[str, Any] | None]

#: Who asks how for what. In braces: ids of somebody else (see ``names``).
PROBES: Final[tuple[Probe, ...]] = (
    *(("requester", "GET", path, None) for path in (
        "/api/tickets?search=coat", "/api/tickets?q=shoes", "/api/tickets?search={foreign}", "/api/tickets?scope=all", "/api/tickets?scope=all&search=coat",
        "/api/tickets?search=from:steve%40example.com", "/api/tickets?scope=all&search=from:steve%40example.com", "/api/tickets?cursor={cursor}",
        "/api/tickets?requester={steve}", "/api/tickets?requester_email=steve%40example.com", "/api/tickets?id={foreign}",
        "/api/tickets/{foreign}", "/api/tickets/{foreign_lower}", "/api/tickets/{foreign_pk}", "/api/tickets/%20{foreign}", "/api/attachments/{file}", "/api/attachments/{note}",
        "/tickets/?q=coat", "/tickets/?q={foreign}", "/tickets/?before={foreign}", "/tickets/{foreign}/", "/tickets/{foreign_lower}/", "/tickets/{foreign_pk}/", "/tickets/{foreign}/live/",
        "/tickets/{foreign}/follow-up/", "/attachments/{file}/", "/attachments/{file}/?view=1", "/attachments/{file}/small/", "/attachments/{note}/", "/attachments/{waiting}/",
        "/g/{other_salt}/", "/g/{foreign}/", "/admin/tickets/ticket/{foreign_pk}/change/", "/admin/desk/{foreign_pk}/live/",
    )),
    *(("requester", "POST", path, body) for path, body in (
        ("/api/tickets/{foreign}/messages", {"body": "x"}), ("/api/feedback/{foreign}", {"rating": 1}), ("/api/feedback/{foreign}", {"solved": False}), ("/api/tickets/{foreign}/resolve", {}),
        ("/api/tickets", {"body": "x", "follow_up_of": "{foreign}", "requester": "{steve}", "requester_id": "{steve}", "id": "{foreign}", "assignee": "{agent}", "external_id": "api:{agent}:key"}),
        ("/api/tickets", {"body": "x", "requester_email": "steve@example.com"}), ("/api/tickets/{own}/messages", {"body": "x", "ticket": "{foreign}", "id": "{message}", "author": "{steve}"}),
        ("/api/tickets/{own}/messages", {"body": "x", "attachments": ["{file}", "{waiting}"], "staged": ["{waiting}"]}), ("/api/feedback/{own}", {"rating": 1, "ticket": "{foreign}", "author": "{steve}"}),
        ("/api/auth/logout", {"refresh": "{refresh}"}), ("/api/tickets/{own}/resolve", {"ticket": "{foreign}", "reference": "{foreign}"}),
        ("/tickets/{foreign}/reply/", {"body": "x"}), ("/tickets/{foreign}/person/", {}), ("/tickets/{foreign}/close/", {}), ("/tickets/{foreign}/undo/", {}), ("/tickets/{foreign}/feedback/", {"rating": 1}),
        ("/tickets/{foreign}/follow-up/", {"body": "x"}), ("/tickets/{own}/reply/", {"body": "x", "staged": "{waiting}"}), ("/tickets/{own}/reply/", {"body": "x", "staged": "{file}"}),
        ("/tickets/{own}/reply/", {"body": "x", "staged": "{note}"}), ("/tickets/new/", {"body": "x", "staged": "{waiting}", "subject": "x"}), ("/tickets/new/", {"body": "x", "follow_up_of": "{foreign}", "email": "steve@example.com"}),
        ("/uploads/{waiting}/remove/", {}), ("/uploads/{file}/remove/", {}), ("/accounts/email/", {"email": "steve@example.com", "action_remove": ""}), ("/accounts/email/", {"email": "steve@example.com", "action_primary": ""}),
        ("/accounts/profile/", {"name": "R", "pk": "{steve}", "id": "{steve}", "email": "steve@example.com", "role": "supervisor", "is_superuser": "on"}),
        ("/admin/desk/undo/{held}/", {}), ("/admin/desk/{foreign_pk}/files/{kept}/drop/", {}),
    )),
    *(("guest", "GET", path, None) for path in ("/tickets/{foreign}/", "/attachments/{file}/", "/attachments/{note}/", "/", "/tickets/{own}/")),
    *(("other-guest", "POST", path, {"body": "x", "rating": 1}) for path in ("/tickets/{guests}/reply/", "/tickets/{guests}/feedback/", "/tickets/{guests}/close/", "/g/{other_salt}/renew/")),
    *(("supervisor", "POST", path, {}) for path in ("/admin/desk/undo/{held}/", "/admin/desk/{own_pk}/files/{kept}/drop/", "/admin/desk/{foreign_pk}/files/{kept}/drop/")),
)  # fmt: skip


@pytest.fixture
def scene(submit: Callable[..., Ticket], engine: Any) -> Scene:
    return house.build(submit, engine)


def names(scene: Scene) -> dict[str, Any]:
    own, foreign, steve = scene.tickets["own"], scene.tickets["foreign"], scene.users["stranger"]
    return {
        "own": own.reference, "own_pk": own.pk, "guests": scene.tickets["guests"].reference,
        "foreign": foreign.reference, "foreign_lower": foreign.reference.lower(), "foreign_pk": foreign.pk, "steve": steve.pk, "agent": scene.users["agent"].pk,
        "message": foreign.messages.first().pk, "file": Attachment.objects.get(message__ticket=foreign).token,  # type: ignore[union-attr]
        "note": Attachment.objects.get(name="note.txt").token, "waiting": Attachment.objects.get(holder="held by somebody", name="w.txt").token,
        "held": HeldReply.objects.get(author=scene.users["other-agent"]).pk, "kept": KeptFile.objects.get().pk,
        "refresh": families.begin(steve)["refresh"], "cursor": base64.b64encode(f"p={foreign.pk + 1}".encode()).decode(),
        "other_salt": signing.dumps(foreign.reference, salt="another"),
    }  # fmt: skip


def filled(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    return value.format(**known) if isinstance(value, str) and "{" in value else value


def kept(scene: Scene) -> list[Any]:
    """All that is somebody else's, row by row."""
    steve, foreign = scene.users["stranger"], scene.tickets["foreign"]
    theirs = [foreign.pk, scene.tickets["guests"].pk]
    tables: list[Any] = [
        Ticket.objects.filter(pk__in=theirs), Message.objects.filter(ticket__in=theirs), Attachment.objects.exclude(message__ticket=scene.tickets["own"]).exclude(holder="held by requester"),
        Feedback.objects.filter(ticket__in=theirs), Decision.objects.filter(ticket__in=theirs), HeldReply.objects.filter(author=scene.users["other-agent"]), KeptFile.objects.all(),
        type(steve).objects.filter(pk=steve.pk), steve.emailaddress_set.all(), TokenFamily.objects.filter(user=steve),  # type: ignore[attr-defined]
        type(steve).objects.filter(role__in=["agent", "supervisor"]).order_by("pk").values_list("pk"), Ticket.objects.filter(requester=steve).values_list("pk"),
    ]  # fmt: skip
    return [list(table.values()) if not table.query.values_select else list(table) for table in tables]


def test_there_are_enough_of_them() -> None:
    assert len(PROBES) >= 60


def test_an_id_of_somebody_else_tells_nothing_and_changes_nothing(scene: Scene) -> None:
    known = names(scene)
    before, wrong = kept(scene), []
    for who, method, path, body in PROBES:
        sent = {name: filled(value, known) for name, value in (body or {}).items()}
        is_api = path.startswith("/api")
        raw = json.dumps(sent, default=str).encode() if is_api else urlencode(sent, doseq=True).encode()
        after: list[Any] = []
        answer = scene.send(
            who, method, filled(path, known), raw if method == "POST" else b"", "application/json" if is_api else FORM,
            last=lambda found=after: found.extend(kept(scene)),  # type: ignore[misc]
        )  # fmt: skip
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        asked = json.dumps(sent, default=str) + path
        told = [word for word in SECRETS if word.encode() in content and word not in asked]
        if who == "guest":
            told = [word for word in told if not word.lower().startswith("gus")]
        if who == "supervisor":
            told = []  # who works here sees all tickets; what is another agent's alone must not change
        if answer.status_code >= 500 or told or after != before:
            wrong.append((who, method, path, answer.status_code, told, "changed" if after != before else ""))
    assert wrong == []


def test_the_probes_would_see_what_is_told_and_what_changes(scene: Scene) -> None:
    """The same questions as the one whose it is."""
    scene.persons["steve"] = house._member(scene.users["stranger"], "steve")
    known = names(scene)
    before, after = kept(scene), []
    found = scene.send("steve", "GET", "/api/tickets?search=coat", b"", "")
    assert known["foreign"].encode() in found.content
    assert b"Steve writes" in scene.send("steve", "GET", f"/tickets/{known['foreign']}/", b"", "").content
    scene.send(
        "steve",
        "POST",
        f"/tickets/{known['foreign']}/person/",
        b"",
        FORM,
        last=lambda: after.extend(kept(scene)),
    )
    assert after != before


@pytest.mark.parametrize("key", ["key", "api:{agent}:key", "{agent}:key"])
def test_the_idempotency_key_of_another_principal_finds_nothing_of_theirs(scene: Scene, key: str) -> None:
    known = names(scene)

    def agent_uses_it() -> None:
        scene_ticket = Ticket.objects.get(pk=known["foreign_pk"])
        Ticket.objects.filter(pk=scene_ticket.pk).update(external_id=f"api:{known['agent']}:key")

    answer = scene.send(
        "requester", "POST", "/api/tickets", b'{"body": "Mine"}', "application/json",
        first=agent_uses_it, HTTP_IDEMPOTENCY_KEY=filled(key, known),
    )  # fmt: skip
    assert answer.status_code == 201
    assert b"Steve" not in answer.content


def test_nobody_sends_a_file_that_is_not_there(scene: Scene) -> None:
    body = urlencode({"body": "x", "staged": [str(STRANGE), "abc", "1"]}, doseq=True).encode()
    assert (
        scene.send(
            "requester", "POST", f"/tickets/{scene.tickets['own'].reference}/reply/", body, FORM
        ).status_code
        == 302
    )
