"""A small house in which everybody has something, ten persons who knock at every door, and what they knock with."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.client import ClientHandler
from django.utils import timezone

from accounts.models import Role, User
from accounts.tokens import families, keys
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import Scope
from tests.access.routes import address, variables
from tests.conftest import PASSWORD, person
from tickets.access import GUEST_SESSION_KEY
from tickets.channels.email.models import AddressTrouble, InboundMail, Mailbox, Outcome, RawMail
from tickets.channels.voice.models import Recording
from tickets.channels.widget.models import Site
from tickets.channels.widget.views import SENT_SALT
from tickets.desk.models import BulkRun, Draft, HeldReply, KeptFile, SavedView
from tickets.fields.models import Field
from tickets.following import copies
from tickets.following.models import Copy
from tickets.intake.replies import write_note
from tickets.invitations import inviting
from tickets.invitations.models import Invitation
from tickets.macros.models import Macro
from tickets.mail import choices as mail_choices
from tickets.mail import guest_links
from tickets.models import Attachment, Job, Ticket
from tickets.own_data.models import DataExport
from tickets.service.models import Calendar, Target
from tickets.states import Urgency
from tickets.tags.models import Tag
from tickets.teams.models import Absence, Shift, Team, today
from tickets.webhooks.models import Delivery, Endpoint
from triage.answers.help.models import Article
from triage.drafts.models import Proposal
from triage.instruments.backtest import figures
from triage.learning.runs.models import Run
from triage.models import Answer, Decision, Example, Guard, Intent, ModelVersion
from triage.oversight import evidence, versions
from triage.oversight.models import Latch, PolicyVersion, Recall

PERSONS: Final = (
    "anonymous", "guest", "other-guest", "requester", "inactive", "former", "auditor", "agent", "supervisor", "superuser",
)  # fmt: skip
METHODS: Final = ("GET", "POST", "OTHER")
#: What OTHER stands for, by turns.
OTHERS: Final = ("PATCH", "DELETE")
STRANGE: Final = uuid.UUID(int=7)
ABSENT: Final = {
    "reference": "NOSUCHTICKET", "token": STRANGE, "key": "nokey", "uidb36": "1", "app_label": "accounts", "url": "nowhere",
    "content_type_id": 999_999, "organization_slug": "nobody", "provider_id": "nobody", "slug": "no-such-article",
}  # fmt: skip


Look = Callable[[], object] | None


@dataclass
class Knock:
    """What one person's requests carry."""

    cookies: str = ""
    bearer: str = ""


@dataclass
class Scene:
    tickets: dict[str, Ticket]
    persons: dict[str, Knock]
    users: dict[str, User]
    api_tokens: dict[str, ApiToken]
    #: Route → object → its variables. What is not named here is one object that is there.
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def knock(self, who: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> HttpResponse:
        """One request as ``who`` with ``body`` in the way that the door expects, whose traces are undone."""
        if method in {"GET", "HEAD"}:
            return self.send(who, method, path, b"", "")
        if path.startswith("/api"):
            return self.send(who, method, path, json.dumps(body or {}).encode(), "application/json")
        return self.send(who, method, path, urlencode(body or {}, doseq=True).encode(), FORM)

    def send(
        self,
        who: str,
        method: str,
        path: str,
        raw: bytes,
        kind: str,
        *,
        first: Look = None,
        last: Look = None,
        **headers: str,
    ) -> HttpResponse:
        """One request with these bytes, whose traces are undone; ``first`` and ``last`` are called before and after it."""
        carried = {"HTTP_COOKIE": self.persons[who].cookies, **headers}
        if path.startswith("/api") and self.persons[who].bearer:
            carried.setdefault("HTTP_AUTHORIZATION", f"Bearer {self.persons[who].bearer}")
        request = RequestFactory().generic(method, path, raw, kind, **carried)
        with transaction.atomic():
            if first:
                first()
            response = HANDLER(request.environ)
            if last:
                last()
            transaction.set_rollback(True)
        return response  # type: ignore[no-any-return]


FORM: Final = "application/x-www-form-urlencoded"
HANDLER: Final = ClientHandler(enforce_csrf_checks=False)


def objects_of(route: str) -> tuple[str, ...]:
    """Which objects a route is asked for: known without a database, so that the table can be checked alone."""
    names = variables(route)
    if not names:
        return ("-",)
    if route.startswith(("/attachments/", "/api/attachments/")):
        return ("own", "note", "guests", "foreign", "absent")
    own_files = {
        "/uploads/<uuid:token>/remove/",
        "/recordings/<uuid:token>/",
        "/accounts/data/export/<uuid:token>/",
    }
    if route in own_files or {"held_id", "token_id"} & set(names):
        return ("own", "foreign", "absent")
    if "reference" in names:
        return ("own", "guests", "foreign", "absent")
    if route.startswith("/g/"):
        return ("guests", "own", "absent")
    if "url" in names or "app_label" in names:
        return ("there",)
    return ("there", "absent")


def build(submit: Callable[..., Ticket], engine: Any) -> Scene:
    engine.says("track_refund", 0.2)
    users = {
        "requester": person("rita@example.com", Role.REQUESTER, "Rita Requester"),
        "stranger": person("steve@example.com", Role.REQUESTER, "Steve Stranger"),
        "inactive": person("ina@example.com", Role.SUPERVISOR, "Ina Inactive"),
        "former": person("fred@example.com", Role.SUPERVISOR, "Fred Former"),
        "auditor": person("audrey@example.com", Role.AUDITOR, "Audrey Auditor"),
        "agent": person("anna@example.com", Role.AGENT, "Anna Agent"),
        "other-agent": person("otto@example.com", Role.AGENT, "Otto Other"),
        "supervisor": person("sue@example.com", Role.SUPERVISOR, "Sue Supervisor"),
        "superuser": User.objects.create_superuser("root@example.com", PASSWORD, name="Root"),
    }
    files = {
        who: SimpleUploadedFile(f"{who}.txt", who.encode()) for who in ("own", "guests", "foreign", "note")
    }
    tickets = {
        "own": submit(requester=users["requester"], files=[files["own"]], body="Rita writes of her parcel."),
        "guests": submit(
            guest_email="gus@example.com", files=[files["guests"]], body="Gus writes of his shoes."
        ),
        "foreign": submit(
            requester=users["stranger"], files=[files["foreign"]], body="Steve writes of his coat."
        ),
        "others": submit(guest_email="gwen@example.com", body="Gwen writes of her hat."),
    }
    copies.add(tickets["own"], "copy@example.com", way=Copy.Way.TEAM, by=users["agent"])
    write_note(tickets["own"], users["agent"], "A note of the team.", [files["note"]])
    persons = {
        "anonymous": Knock(),
        "guest": Knock(_browser(None, {GUEST_SESSION_KEY: [tickets["guests"].reference]})),
        "other-guest": Knock(_browser(None, {GUEST_SESSION_KEY: [tickets["others"].reference]})),
        **{who: _member(users[who], who) for who in PERSONS[3:]},
    }
    # Both had logged in before. What their rows say now is all that a request may go by.
    User.objects.filter(pk=users["inactive"].pk).update(is_active=False)
    User.objects.filter(pk=users["former"].pk).update(role=Role.REQUESTER)
    api_tokens = {
        who: keys.make(users[who], name="script", scopes=[Scope.ASK], days=30, by=users[who])[0] for who in ("requester", "stranger")
    }  # fmt: skip
    scene = Scene(tickets, persons, users, api_tokens)
    scene.objects = {**_customers(scene), **_desks(scene)}
    return scene


def _member(user: User, who: str) -> Knock:
    return Knock(_browser(user, {"holder": f"held by {who}"}), families.begin(user)["access"])


def _browser(user: User | None, session: dict[str, Any]) -> str:
    client = Client()
    if user is not None:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    kept = client.session
    kept.update(session)
    kept.save()
    client.cookies["sessionid"] = kept.session_key
    return f"sessionid={kept.session_key}"


def _file(name: str, **facts: Any) -> dict[str, Any]:
    return {
        "file": ContentFile(b"text", name), "name": name, "content_type": "text/plain", "size": 4, "sha256": "0" * 64, **facts
    }  # fmt: skip


def _customers(scene: Scene) -> dict[str, dict[str, dict[str, Any]]]:
    tickets, absent = scene.tickets, {"absent": {"token": STRANGE}}
    links = {
        "guests": {"token": guest_links.token_for(tickets["guests"])},
        "own": {"token": guest_links.token_for(tickets["own"])},
        "absent": {"token": "abc:def:ghi"},
    }
    files = {
        **{name: {"token": _first_file(tickets[name]).token} for name in ("own", "guests", "foreign")},
        "note": {"token": Attachment.objects.get(name="note.txt").token},
        **absent,
    }
    waiting = {
        name: {"token": Attachment.objects.create(**_file("w.txt", holder=holder)).token}
        for name, holder in (("own", "held by requester"), ("foreign", "held by somebody"))
    } | absent
    spoken = {
        name: {
            "token": Recording.objects.create(
                attachment=Attachment.objects.create(**recorded)
            ).attachment.token
        }
        for name, recorded in (
            ("own", _file("w.webm", holder="held by requester")),
            ("foreign", _file("w.webm", holder="held by somebody")),
        )
    } | absent
    stranger = scene.users["stranger"]
    reset = {"uidb36": user_pk_to_url_str(stranger), "key": default_token_generator.make_token(stranger)}
    confirm = EmailConfirmationHMAC(EmailAddress.objects.get(user=stranger)).key
    site = Site.objects.create(name="Shop", origins="https://shop.example.com")
    framed = {"key": site.key, "token": signing.dumps(tickets["guests"].reference, salt=SENT_SALT)}
    references = {name: {"reference": tickets[name].reference} for name in ("own", "guests", "foreign")}
    return {
        "<reference>": references,
        "/attachments/<uuid:token>/": files,
        "/attachments/<uuid:token>/small/": files,
        "/api/attachments/<uuid:token>": files,
        "/uploads/<uuid:token>/remove/": waiting,
        "/recordings/<uuid:token>/": spoken,
        "/copies/<str:token>/": {
            "there": {"token": copies.link(tickets["own"].copies.get()).split("/")[-2]},
            "absent": {"token": "abc:def:ghi"},
        },
        "/emails/<str:token>/": {
            "there": {"token": mail_choices.link(tickets["own"]).split("/")[-2]},
            "absent": {"token": "abc:def:ghi"},
        },
        "/g/<str:token>/": links,
        "/join/<str:token>/": {"there": {"token": _invitation(scene)}, "absent": {"token": "abc:def"}},
        "<token_id>": {
            name: {"token_id": scene.api_tokens[who].pk}
            for name, who in (("own", "requester"), ("foreign", "stranger"))
        },
        "/g/<str:token>/renew/": links,
        "/accounts/data/export/<uuid:token>/": {**_copies(scene), **absent},
        "/widget/theme/<str:name>.css": {"there": {"name": "dark"}},
        "/widget/<str:key>/": {"there": framed},
        "/widget/<str:key>/uploads/": {"there": framed},
        "/widget/<str:key>/uploads/<uuid:token>/remove/": {
            "there": {**framed, "token": "6f9619ff-8b86-4d11-b42d-00c04fc964ff"}
        },
        "/widget/<str:key>/sent/<str:token>/": {"there": framed},
        "/widget/<str:key>/help/": {"there": framed},
        "/widget/<str:key>/suggestions/": {"there": framed},
        "/widget/<str:key>/solved/": {"there": framed},
        "/widget/<str:key>/help/<slug:slug>/": {"there": {**framed, "slug": "track_refund"}},
        "/accounts/confirm-email/<key>/": {"there": {"key": confirm}},
        "/accounts/password/reset/key/<uidb36>-<key>/": {"there": reset},
    }


def _copies(scene: Scene) -> dict[str, dict[str, Any]]:
    """The requester's copy of their data, and a stranger's."""
    until = timezone.now() + datetime.timedelta(days=1)
    return {
        name: {
            "token": DataExport.objects.create(
                user=scene.users[who], file=ContentFile(b"zip", "x.zip"), expires_at=until
            ).token
        }
        for name, who in (("own", "requester"), ("foreign", "stranger"))
    }


def _invitation(scene: Scene) -> str:
    """The token of one to a colleague who has no account."""
    invitation = inviting.invite("nina@example.com", Role.AGENT, by=scene.users["superuser"])
    Invitation.objects.filter(pk=invitation.pk).update(digest=inviting.digest_of("secret"))
    return inviting.token_of("secret")


def _first_file(ticket: Ticket) -> Attachment:
    return Attachment.objects.filter(message__ticket=ticket).exclude(name="note.txt").get()


#: What is left of a backtest that has found nothing.
BACKTEST: Final = figures.report([], older=0, target=0.05, seconds=0.0, source="a history")


def _desks(scene: Scene) -> dict[str, dict[str, dict[str, Any]]]:
    own, agent, supervisor = scene.tickets["own"], scene.users["agent"], scene.users["supervisor"]
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="suggest")
    answer = Answer.objects.create(intent=intent, body="Refunds take five days.")
    with versions.changing("answer", by=supervisor):
        answer.approve(None)
    article = Article.objects.create(
        intent=intent, title="Where is my refund?", summary="Soon.", topic="Refunds"
    )
    article.approve(None)
    draft = Draft.objects.create(agent=agent, ticket=own, reply="Dear Rita")
    kept = KeptFile.objects.create(draft=draft, **_file("k.txt"))
    held = {
        name: {"held_id": HeldReply.objects.create(
            ticket=own, author=scene.users[who], body="Hello", seen=0, once=uuid.uuid4(),
            send_at=timezone.now() + datetime.timedelta(hours=1),
        ).pk}
        for name, who in (("own", "agent"), ("foreign", "other-agent"))
    }  # fmt: skip
    mail = InboundMail.objects.create(outcome=Outcome.QUARANTINE, key="k", sender="x@example.com")
    RawMail.objects.create(mail=mail, content=b"From: x@example.com\r\n\r\nHello")
    on_own = InboundMail.objects.create(
        outcome=Outcome.TICKET, key="own", ticket=own, message=own.messages.first(), has_html=True
    )
    RawMail.objects.create(
        mail=on_own, content=b"From: x@example.com\r\nContent-Type: text/html\r\n\r\n<p>Hello"
    )
    rows: dict[str, Any] = {
        "accounts/user": scene.users["stranger"],
        "tokens/apitoken": scene.api_tokens["stranger"],
        "oversight/policyversion": PolicyVersion.objects.first(),
        "triage/intent": intent,
        "triage/guard": Guard.objects.create(topic="court", pattern="lawyer"),
        "triage/answer": answer,
        "help/article": article,
        "triage/example": Example.objects.create(text="Where is my money?", intent=intent),
        "triage/decision": Decision.objects.first(),
        "drafts/proposal": Proposal.objects.create(
            ticket=own,
            agent=agent,
            kind="reply",
            model="m",
            fingerprint="f",
            prompt="[]",
            state="ready",
            parts=[{"text": "Hello", "kind": "answer", "source": "Answer"}],
        ),
        "triage/modelversion": ModelVersion.objects.create(folder="m", training_fingerprint="a"),
        "tickets/ticket": own,
        "tickets/job": Job.objects.create(kind="deliver_mail", subject_id=1, unique_key="key", attempts=12),
        "tickets/feedback": scene.tickets["guests"].record_feedback(solved=None, rating=3),
        "widget/site": Site.objects.get(),
        "email_channel/mailbox": Mailbox.objects.create(address="in@example.com", way=Mailbox.Way.HANDED),
        "email_channel/inboundmail": mail,
        "email_channel/addresstrouble": AddressTrouble.objects.create(address="dead@example.com"),
        "service/calendar": Calendar.objects.first(),
        "macros/macro": Macro.objects.create(name="Refund", reply="Soon."),
        "fields/field": Field.objects.create(name="Order"),
        "tags/tag": Tag.objects.create(name="vip"),
        "teams/team": Team.objects.create(name="Billing"),
        "invitations/invitation": Invitation.objects.get(),
        "teams/absence": Absence.objects.create(agent=agent, first_day=today(), last_day=today()),
        "teams/shift": Shift.objects.create(agent=agent, calendar=Calendar.objects.get()),
        "webhooks/endpoint": _webhook(),
        "service/target": Target.objects.get_or_create(urgency=Urgency.URGENT)[0],
    }
    rows["webhooks/delivery"] = Delivery.objects.create(
        endpoint=rows["webhooks/endpoint"], type="webhook.test"
    )
    latch = Latch.objects.create(intent=intent, reviewed=20, wrong=5, target=0.05)
    recall = Recall.objects.create(by=supervisor, wanted={})
    found = {
        f"/admin/{table}/": {"there": {"object_id": row.pk, "pk": row.pk}} for table, row in rows.items()
    }
    passkey = Authenticator.objects.create(
        user=scene.users["stranger"], type="webauthn", data={"name": "Key"}
    )
    audit = evidence.draw(Decision.objects.get(ticket=own))
    names = {
        "view_id": SavedView.objects.create(name="Everybody's", base="all").pk,
        "alarm_id": latch.pk, "audit_id": audit.pk,
        "bulk_id": BulkRun.objects.create(by=agent, step="take", state="done").pk,
        "proposal_id": rows["drafts/proposal"].pk,
        "ticket_id": own.pk, "mail_id": on_own.pk, "file_id": kept.pk, "answer_id": answer.pk, "intent_id": intent.pk, "latch_id": latch.pk,
        "recall_id": recall.pk, "version_id": rows["oversight/policyversion"].pk,
        "run_id": Run.objects.create(kind="backtest", state="done", result=BACKTEST).pk,
        "model_id": rows["triage/modelversion"].pk,
        "invitation_id": rows["invitations/invitation"].pk,
        "endpoint_id": rows["webhooks/endpoint"].pk, "delivery_id": rows["webhooks/delivery"].pk,
        "content_type_id": ContentType.objects.get_for_model(Ticket).pk, "object_id": own.pk,
        "app_label": "accounts", "url": "nowhere", "provider_id": "sso", "organization_slug": "saml", "pk": passkey.pk, "slug": intent.slug,
    }  # fmt: skip
    return {**found, "<held_id>": held, "<there>": {"there": names}}


def _webhook() -> Endpoint:
    endpoint = Endpoint(name="CRM", url="https://hooks.example.com/")
    endpoint.renew_secret()
    endpoint.save()
    return endpoint


def values(scene: Scene, route: str, which: str) -> dict[str, Any]:
    """The variables of ``route`` that name the object ``which``."""
    if which == "absent":
        missing = dict.fromkeys(variables(route), 999_999)
        return {
            **missing,
            **{name: ABSENT[name] for name in missing if name in ABSENT},
            **_own(scene, route).get("absent", {}),
        }
    return _own(scene, route).get(which, {})


def _own(scene: Scene, route: str) -> dict[str, dict[str, Any]]:
    if route in scene.objects:
        return scene.objects[route]
    for key in ("reference", "held_id", "token_id"):
        if key in variables(route):
            return scene.objects[f"<{key}>"]
    table = "/".join(route.split("/")[:4]) + "/"
    named = scene.objects["<there>"]["there"]
    return {"there": {**named, **scene.objects.get(table, {}).get("there", {})}}


def path_of(scene: Scene, route: str, which: str) -> str:
    return address(route, values(scene, route, which)) if variables(route) else route


#: What a POST must carry to be meant seriously; without it, it could be refused for its form alone.
BODIES: Final[dict[str, dict[str, Any]]] = {
    "/api/auth/login": {"email": "nobody@example.com", "password": "a-wrong-Passw0rd"},
    "/api/auth/refresh": {"refresh": "abc"},
    "/api/auth/logout": {"everywhere": True},
    "/api/tickets": {"body": "Hello"},
    "/api/tickets/<str:reference>/assign": {"assignee": "me"},
    "/api/tickets/<str:reference>/priority": {"priority": "high"},
    "/api/tickets/<str:reference>/team": {"team": "Billing"},
    "/api/tickets/<str:reference>/fields": {"values": {"Order": "4711"}},
    "/api/tickets/<str:reference>/snooze": {
        "until": (timezone.now() + datetime.timedelta(days=1)).isoformat()
    },
    "/api/tickets/<str:reference>/tags": {"add": ["vip"]},
    "/api/tickets/<str:reference>/macro": {"macro": "Refund"},
    "/api/tickets/<str:reference>/merge": {"into": "NOSUCHTICKET"},
    "/api/tickets/<str:reference>/link": {"other": "NOSUCHTICKET"},
    "/api/tickets/<str:reference>/unlink": {"other": "NOSUCHTICKET"},
    "/api/tickets/<str:reference>/split": {"messages": [1]},
    "/api/tickets/<str:reference>/intent": {"intent": None},
    "/api/intents": {"slug": "new", "title": "New"},
    "/api/intents/<slug:slug>/mode": {"mode": "off"},
    "/admin/languages/<int:answer_id>/": {"into": "de", "body": "Bald."},
    "/api/answers": {"intent": "track_refund", "language": "en", "body": "Soon."},
    "/api/alarms/<int:alarm_id>/resume": {"why": "It is mended."},
    "/api/audits/<int:audit_id>/verdict": {"verdict": "right"},
    "/api/recalls": {"intent": "track_refund"},
    "/api/candidates/take": {"candidates": [1]},
    "/api/candidates/leave": {"candidates": [1]},
    "/api/unanswered": {"key": 1, "title": "New"},
    "/api/backtests": {"months": 6},
    "/api/policy/try": {"threshold": 0.8, "margin": 0.1},
    "/api/policy/apply": {"threshold": 0.8, "margin": 0.1},
    "/api/drift/accept": {"why": "It is so now."},
    "/api/tickets/bulk": {"tickets": [{"body": "Hello"}]},
    "/api/mcp": {"jsonrpc": "2.0", "id": 1, "method": "ping"},
    "/api/invitations": {"email": "nora@example.com", "role": "agent"},
    "/api/webhooks": {"name": "CRM", "url": "https://hooks.example.com/"},
    "/api/tickets/<str:reference>/messages": {"body": "Hello"},
    "/api/feedback/<str:reference>": {"rating": 3},
    "/tickets/<str:reference>/reply/": {"body": "Hello"},
    "/tickets/<str:reference>/feedback/": {"rating": 3},
    "/help/<slug:slug>/helpful/": {"helpful": "yes"},
}
