"""The tools that machines are offered, each with its scope, its form and what it gives. None does more than its user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.contract import once
from accounts.contract.strict import StrictSerializer
from accounts.limits.spending import spend
from accounts.models import User
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import Scope
from tickets.access import over_api, visible_ticket
from tickets.api.serializers import TicketDetailSerializer, WrittenField
from tickets.intake.once import caller_key, submit_once
from tickets.intake.submit import Submission
from tickets.models import Channel
from triage.answers.help import library
from triage.answers.help.search import LONGEST_QUERY
from triage.desk.wording import reason_text
from triage.machines import asking

LONGEST_QUESTION: Final = 8_000
MOST_ARTICLES: Final = 8


class Refused(Exception):
    """The tool was called in a way that it does not take; the message is for the machine."""


class QuestionForm(StrictSerializer):
    question = WrittenField(max_length=LONGEST_QUESTION)


class TicketForm(StrictSerializer):
    subject = WrittenField(max_length=200, required=False, allow_blank=True, default="")
    body = WrittenField(max_length=settings.MESSAGE_MAX_CHARS)
    human_requested = serializers.BooleanField(default=False)


class ReferenceForm(StrictSerializer):
    id = serializers.CharField(max_length=40)


class SearchForm(StrictSerializer):
    words = serializers.CharField(max_length=LONGEST_QUERY)


def ask(request: Request, wish: Mapping[str, Any]) -> dict[str, Any]:
    user = cast(User, request.user)
    spend(request._request, "suggest", person=user)
    said = asking.ask(user, wish["question"])
    told = asdict(said)
    return {"answered": said.answer is not None, **told, "reason_text": f"{reason_text(said.reason)}."}


def create_ticket(request: Request, wish: Mapping[str, Any]) -> dict[str, Any]:
    user = cast(User, request.user)
    spend(request._request, "submit", person=user)
    submission = Submission(
        subject=wish["subject"], body=wish["body"], human_requested=wish["human_requested"], requester=user, channel=Channel.API,
        external_id=caller_key(user, once.key_of(request)),
    )  # fmt: skip
    ticket, _is_new = submit_once(submission)
    ticket.refresh_from_db(fields=["status"])
    return {
        "id": ticket.reference,
        "status": ticket.status,
        "url": f"{settings.SITE_URL}{ticket.get_absolute_url()}",
    }


def get_ticket(request: Request, wish: Mapping[str, Any]) -> dict[str, Any]:
    try:
        ticket = visible_ticket(over_api(request), wish["id"])
    except Http404:
        raise Refused("There is no such ticket, or you may not see it.") from None
    told: dict[str, Any] = TicketDetailSerializer(ticket, context={"request": request}).data
    return told


def search_help(request: Request, wish: Mapping[str, Any]) -> dict[str, Any]:
    spend(request._request, "suggest", person=cast(User, request.user))
    pages = library.shelf(settings.TRIAGE_LANGUAGE).find(wish["words"], MOST_ARTICLES)
    return {
        "articles": [
            {"title": page.title, "summary": page.summary, "url": f"{settings.SITE_URL}{reverse('help-article', args=[page.slug])}"}
            for page in pages
        ]
    }  # fmt: skip


def text(description: str, longest: int) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": longest}


@dataclass(frozen=True)
class Tool:
    """``reads_only`` and ``scope`` say what it may do; ``properties`` is its form for machines, ``form`` checks it."""

    name: str
    title: str
    description: str
    scope: Scope
    reads_only: bool
    form: type[StrictSerializer]
    call: Callable[[Request, Mapping[str, Any]], dict[str, Any]]
    properties: Mapping[str, Any]
    required: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": {
                "type": "object", "properties": dict(self.properties), "required": list(self.required),
                "additionalProperties": False,
            },
            "annotations": {"readOnlyHint": self.reads_only, "destructiveHint": False, "openWorldHint": False},
        }  # fmt: skip


TOOLS: Final = (
    Tool(
        "ask", "Ask the helpdesk",
        "Answers a question of a customer with a text that a person of this house approved, or refuses. Pass on an answer "
        "as it is. After a refusal do not guess: offer create_ticket, so that a person answers. `confidence` is the "
        "probability that the question was understood, `bound` the measured upper limit of wrong answers on it.",
        Scope.ASK, True, QuestionForm, ask, {"question": text("The question, as it was asked.", LONGEST_QUESTION)}, ("question",),
    ),
    Tool(
        "search_help", "Search the help centre", "Finds articles of the help centre by words.", Scope.ASK, True, SearchForm,
        search_help, {"words": text("Words to look for.", LONGEST_QUERY)}, ("words",),
    ),
    Tool(
        "create_ticket", "Send a ticket", "Sends a message to the helpdesk. It is answered by mail and on its page.",
        Scope.TICKETS_WRITE, False, TicketForm, create_ticket,
        {
            "subject": text("A few words on what it is about.", 200),
            "body": text("The message.", settings.MESSAGE_MAX_CHARS),
            "human_requested": {"type": "boolean", "description": "True: a person answers, never the machine."},
        },
        ("body",),
    ),
    Tool(
        "get_ticket", "Read a ticket", "A ticket of yours with its conversation.", Scope.TICKETS_READ, True, ReferenceForm,
        get_ticket, {"id": text("Its reference, such as MBJS-H973-FSFP.", 40)}, ("id",),
    ),
)  # fmt: skip


def offered(request: Request) -> dict[str, Tool]:
    """The tools that this caller's token opens; a log-in opens all."""
    token = request.auth
    held = token.held if isinstance(token, ApiToken) else frozenset(Scope)
    return {tool.name: tool for tool in TOOLS if tool.scope in held}
