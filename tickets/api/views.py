"""The ticket endpoints. Each loads what the caller may see, checks the form, and calls one model method."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, ClassVar, cast

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract import once
from accounts.contract.pages import paged, sparse
from accounts.contract.strict import StrictQuery
from accounts.contract.unchanged import etag_of, is_known
from accounts.contract.views import ContractView
from accounts.limits.spending import spend
from accounts.models import User
from accounts.tokens.scopes import Scope
from tickets.access import (
    over_api,
    own_ticket,
    own_tickets,
    readable_on,
    team_ticket,
    visible_attachment,
    visible_ticket,
    visible_tickets,
)
from tickets.api import current, filters
from tickets.api.filters import TicketFieldsQuery, TicketQuery
from tickets.api.serializers import (
    FeedbackFormSerializer,
    FeedbackSerializer,
    MessageSerializer,
    NewMessageSerializer,
    NewMessageWithFilesSerializer,
    SubmissionSerializer,
    SubmissionWithFilesSerializer,
    TicketDetailSerializer,
    TicketSerializer,
)
from tickets.api.submitting import submission, with_files
from tickets.intake.attachments import pay_for_files
from tickets.intake.once import submit_once
from tickets.intake.replies import send_reply, write_note
from tickets.search.find import narrow, time_limit
from tickets.web.files import as_download


def caller(request: Request) -> User:
    return cast(User, request.user)


class TicketsView(ContractView):
    needs = {"GET": Scope.TICKETS_READ, "POST": Scope.TICKETS_WRITE}
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": TicketQuery}
    finds_its_twin = True

    @extend_schema(operation_id="list_tickets", responses=paged(sparse(TicketSerializer)))
    def get(self, request: Request) -> Response:
        """Your tickets, newest first; agents may ask for everybody's with `scope=all`."""
        asked, viewer = self.asked, over_api(request)
        everybody = asked["scope"] == "all"
        listed = visible_tickets(viewer).wanted() if everybody else own_tickets(viewer)
        tickets = listed.matching(filters.wanted(asked)).filter(filters.for_agents(asked, viewer))
        sought = filters.words(asked)
        with time_limit() if sought else nullcontext():
            if sought:
                tickets = narrow(tickets, sought, viewer, staff=everybody)
            return self.page(tickets, TicketSerializer, order=filters.ORDERS[asked["order"]])

    @extend_schema(
        operation_id="create_ticket",
        request={"application/json": SubmissionSerializer, "multipart/form-data": SubmissionWithFilesSerializer},
        responses={201: TicketDetailSerializer, 200: TicketDetailSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Submit a ticket. Unless a broker is set, triage is done by the time the answer comes."""
        told = self.body(SubmissionWithFilesSerializer if with_files(request) else SubmissionSerializer)
        wish = submission(caller(request), told, once.key_of(request))
        spend(request._request, "submit", person=caller(request))
        pay_for_files(request._request, wish.files, person=caller(request))
        ticket, created = submit_once(wish)
        self.made = ticket.reference
        if not created:
            return self.again(ticket.reference)
        body = current.told(request, ticket)
        return Response(
            body, status.HTTP_201_CREATED, headers={"Location": f"/api/tickets/{ticket.reference}"}
        )

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        """Who was an agent when they used the key may not see its ticket any more."""
        return current.answer(self.request, made)


class TicketView(ContractView):
    needs = {"GET": Scope.TICKETS_READ}
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": TicketFieldsQuery}

    @extend_schema(operation_id="get_ticket", responses=sparse(TicketDetailSerializer))
    def get(self, request: Request, reference: str) -> Response:
        """One ticket with its conversation."""
        ticket = visible_ticket(over_api(request), reference)
        body = self.shown(TicketDetailSerializer, ticket)
        if "fields" in self.asked:
            return Response(body)
        etag = etag_of(body)
        if is_known(request, etag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        return Response(body, headers={"ETag": etag})


class MessagesView(ContractView):
    needs = {"POST": Scope.TICKETS_WRITE}
    reads_if_match = frozenset({"POST"})

    @extend_schema(
        operation_id="create_message",
        request={
            "application/json": NewMessageSerializer,
            "multipart/form-data": NewMessageWithFilesSerializer,
        },
        responses={201: MessageSerializer, 200: MessageSerializer},
    )
    def post(self, request: Request, reference: str) -> Response:
        """Reply; a requester's reply brings an answered ticket back to a person.

        An agent's reply to a ticket that a colleague has is refused (409, `held`) unless it says `take_over`.
        """
        ticket = visible_ticket(over_api(request), reference)
        written = self.body(NewMessageWithFilesSerializer if with_files(request) else NewMessageSerializer)
        files = written.get("files", ())
        author = caller(request)
        spend(request._request, "message", person=author)
        pay_for_files(request._request, files, person=author)
        with current.if_unchanged(request, ticket):
            if written["internal"]:
                message = write_note(
                    team_ticket(over_api(request), reference), author, written["body"], files
                )
            else:
                colleague = not over_api(request).owns(ticket)
                held_by = {None, author.pk} if colleague and not written["take_over"] else None
                message = send_reply(ticket, author, written["body"], files, held_by=held_by)
        self.made = str(message.pk)
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        viewer = over_api(self.request)
        message = readable_on(viewer, visible_ticket(viewer, kwargs["reference"])).filter(pk=made).first()
        if message is None:
            raise Http404("The message is gone.")
        return Response(MessageSerializer(message).data)


class FeedbackView(ContractView):
    needs = {"POST": Scope.TICKETS_WRITE}
    reads_if_match = frozenset({"POST"})

    @extend_schema(operation_id="give_feedback", request=FeedbackFormSerializer, responses=FeedbackSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """Was it solved? "No" brings the ticket to a person. Saying it again replaces what was said."""
        ticket = own_ticket(over_api(request), reference, "rates it")
        said = self.body(FeedbackFormSerializer)
        with current.if_unchanged(request, ticket):
            feedback = ticket.record_feedback(actor=caller(request), **said)
        return Response(FeedbackSerializer(feedback).data)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        ticket = own_ticket(over_api(self.request), kwargs["reference"], "rates it")
        return Response(FeedbackSerializer(ticket.feedback).data)


class AttachmentView(ContractView):
    needs = {"GET": Scope.TICKETS_READ}

    @extend_schema(operation_id="get_attachment", responses={(200, "*/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, token: str) -> FileResponse:
        """The file, always as a download."""
        return as_download(visible_attachment(over_api(request), token))
