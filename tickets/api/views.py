"""The ticket endpoints. Each loads what the caller may see, checks the form, and calls one model method."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, cast

from django.conf import settings
from django.http import FileResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.limits.spending import spend
from accounts.models import User
from accounts.tokens.scopes import Scope
from tickets.access import (
    over_api,
    own_ticket,
    own_tickets,
    visible_attachment,
    visible_ticket,
    visible_tickets,
)
from tickets.api.serializers import (
    FeedbackSerializer,
    MessageSerializer,
    NewMessageSerializer,
    SubmissionSerializer,
    TicketDetailSerializer,
    TicketFilterSerializer,
    TicketSerializer,
)
from tickets.intake.attachments import pay_for_files
from tickets.intake.once import KEY_LENGTH, caller_key, submit_once
from tickets.intake.replies import send_reply, write_note
from tickets.intake.submit import Submission
from tickets.models import Channel
from tickets.search.find import narrow, time_limit
from tickets.web.files import as_download


def caller(request: Request) -> User:
    return cast(User, request.user)


class TicketPages(CursorPagination):
    """Keyset pages, newest first: as fast on the last page as on the first."""

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        page: list[Any] | None = super().paginate_queryset(queryset, request, view)
        self.base_url = f"{settings.SITE_URL}{request.get_full_path()}"  # not the Host that the client writes
        return page

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is not None and not str(cursor.position or 0).isdecimal():
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


class TicketsView(APIView):
    needs = {"GET": Scope.TICKETS_READ, "POST": Scope.TICKETS_WRITE}

    @extend_schema(
        parameters=[
            TicketFilterSerializer,
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses=TicketSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Your tickets, newest first; agents may ask for everybody's with `scope=all`."""
        filters = TicketFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        scope, wanted = filters.chosen()
        viewer = over_api(request)
        listed = visible_tickets(viewer).wanted() if scope == "all" else own_tickets(viewer)
        tickets = listed.matching(wanted)
        pages = TicketPages()
        with time_limit() if filters.words else nullcontext():
            if filters.words:
                tickets = narrow(tickets, filters.words, viewer, staff=scope == "all")
            page = pages.paginate_queryset(tickets, request, view=self)
        return pages.get_paginated_response(
            TicketSerializer(page, many=True, context={"request": request}).data
        )

    @extend_schema(
        request=SubmissionSerializer,
        responses={201: TicketDetailSerializer, 200: TicketDetailSerializer},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key", str, OpenApiParameter.HEADER,
                description="Any text of yours; sent again, the same ticket comes back (200) and none is made.",
            )
        ],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Submit a ticket. Unless a broker is set, triage is done by the time the answer comes."""
        form = SubmissionSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        wish = submission(caller(request), form.validated_data, idempotency_key(request))
        spend(request._request, "submit", person=caller(request))
        pay_for_files(request._request, wish.files, person=caller(request))
        ticket, created = submit_once(wish)
        if not created:  # who was an agent when they used the key may not see its ticket any more
            ticket = visible_ticket(over_api(request), ticket.reference)
        body = TicketDetailSerializer(ticket, context={"request": request}).data
        return Response(
            body,
            status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
            headers={"Location": f"/api/tickets/{ticket.reference}"},
        )


def idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > KEY_LENGTH:
        raise exceptions.ValidationError({"Idempotency-Key": [f"At most {KEY_LENGTH} characters."]})
    return key


def submission(user: User, wish: dict[str, Any], key: str) -> Submission:
    """Who asks for what; agents may ask on behalf of somebody else."""
    behalf = wish.get("requester_email")
    return Submission(
        subject=wish["subject"],
        body=wish["body"],
        human_requested=wish["human_requested"],
        files=wish["files"],
        requester=None if behalf else user,
        guest_email=behalf or "",
        guest_name=wish.get("requester_name", ""),
        channel=Channel.API,
        external_id=caller_key(user, key),
    )


class TicketView(APIView):
    needs = {"GET": Scope.TICKETS_READ}

    @extend_schema(responses=TicketDetailSerializer)
    def get(self, request: Request, reference: str) -> Response:
        """One ticket with its conversation."""
        ticket = visible_ticket(over_api(request), reference)
        return Response(TicketDetailSerializer(ticket, context={"request": request}).data)


class MessagesView(APIView):
    needs = {"POST": Scope.TICKETS_WRITE}

    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})
    def post(self, request: Request, reference: str) -> Response:
        """Reply; a requester's reply brings an answered ticket back to a person.

        An agent's reply to a ticket that a colleague has is refused (409, `held`) unless it says `take_over`.
        """
        ticket = visible_ticket(over_api(request), reference)
        form = NewMessageSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        written = form.validated_data
        author = caller(request)
        spend(request._request, "message", person=author)
        pay_for_files(request._request, written["files"], person=author)
        if written["internal"]:
            message = write_note(ticket, author, written["body"], written["files"])
        else:
            colleague = not over_api(request).owns(ticket)
            held_by = {None, author.pk} if colleague and not written["take_over"] else None
            message = send_reply(ticket, author, written["body"], written["files"], held_by=held_by)
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)


class FeedbackView(APIView):
    needs = {"POST": Scope.TICKETS_WRITE}

    @extend_schema(request=FeedbackSerializer, responses=FeedbackSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """Was it solved? "No" brings the ticket to a person. Saying it again replaces what was said."""
        ticket = own_ticket(over_api(request), reference, "rates it")
        form = FeedbackSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        feedback = ticket.record_feedback(actor=caller(request), **form.validated_data)
        return Response(FeedbackSerializer(feedback).data)


class AttachmentView(APIView):
    needs = {"GET": Scope.TICKETS_READ}

    @extend_schema(responses={(200, "application/octet-stream"): bytes})
    def get(self, request: Request, token: str) -> FileResponse:
        """The file, always as a download."""
        return as_download(visible_attachment(over_api(request), token))
