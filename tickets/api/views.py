"""The ticket endpoints. Each loads what the caller may see, checks the form, and calls one model method."""

from __future__ import annotations

from typing import Any, cast

from django.db import IntegrityError
from django.db.models import Q
from django.http import FileResponse, Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from accounts.models import User
from tickets.api.serializers import (
    FeedbackSerializer,
    MessageSerializer,
    NewMessageSerializer,
    SubmissionSerializer,
    TicketDetailSerializer,
    TicketFilterSerializer,
    TicketSerializer,
)
from tickets.intake.replies import send_reply, write_note
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Attachment, Channel, Message, Ticket, TicketQuerySet
from tickets.references import read_reference
from tickets.web.downloads import as_download

IDEMPOTENCY_KEY_LENGTH = 80


def caller(request: Request) -> User:
    return cast(User, request.user)


def load_ticket(request: Request, reference: str) -> Ticket:
    """The ticket if the caller may see it; a stranger's and an absent one are the same 404."""
    visible = Ticket.objects.all().visible_to(caller(request))
    ticket = visible.select_related("assignee", "follow_up_of").named(reference).first()
    if ticket is None:
        raise Http404
    return ticket


class TicketPages(CursorPagination):
    """Keyset pages, newest first: as fast on the last page as on the first."""

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is not None and not str(cursor.position or 0).isdecimal():
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


class TicketsView(APIView):
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "submit"

    def get_throttles(self) -> list[Any]:
        return super().get_throttles() if self.request.method == "POST" else []

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
        tickets = filtered(caller(request), filters.validated_data)
        pages = TicketPages()
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
        ticket, created = submit_once(caller(request), form.validated_data, idempotency_key(request))
        ticket.refresh_from_db()
        body = TicketDetailSerializer(ticket, context={"request": request}).data
        return Response(
            body,
            status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
            headers={"Location": f"/api/tickets/{ticket.reference}"},
        )


def idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > IDEMPOTENCY_KEY_LENGTH:
        raise exceptions.ValidationError(
            {"Idempotency-Key": [f"At most {IDEMPOTENCY_KEY_LENGTH} characters."]}
        )
    return key


def submit_once(user: User, wish: dict[str, Any], key: str) -> tuple[Ticket, bool]:
    """Submit, or find what the same caller submitted under the same key before."""
    external_id = f"api:{user.pk}:{key}" if key else None
    known = submitted_before(user, external_id) if external_id else None
    if known is not None:
        return known, False
    behalf = wish.get("requester_email")
    submission = Submission(
        subject=wish["subject"],
        body=wish["body"],
        human_requested=wish["human_requested"],
        files=wish["files"],
        requester=None if behalf else user,
        guest_email=behalf or "",
        guest_name=wish.get("requester_name", ""),
        channel=Channel.API,
        external_id=external_id,
    )
    try:
        return submit_ticket(submission), True
    except IntegrityError:
        if external_id is None:
            raise
        return Ticket.objects.get(external_id=external_id), False  # the same request, twice at once


def submitted_before(user: User, external_id: str) -> Ticket | None:
    """The ticket of this key; 404 for somebody who was an agent then and may not see it any more."""
    known = Ticket.objects.filter(external_id=external_id).first()
    if known is not None and not (user.is_agent or known.requester_id == user.pk):
        raise Http404
    return known


def filtered(user: User, wanted: dict[str, Any]) -> TicketQuerySet:
    tickets = Ticket.objects.all()
    tickets = tickets.visible_to(user).wanted() if wanted["scope"] == "all" else tickets.for_requester(user)
    if wanted.get("status"):
        tickets = tickets.filter(status__in=wanted["status"])
    if wanted.get("created_after"):
        tickets = tickets.filter(created_at__gte=wanted["created_after"])
    if wanted.get("created_before"):
        tickets = tickets.filter(created_at__lt=wanted["created_before"])
    if wanted.get("q"):
        tickets = tickets.filter(Q(subject__icontains=wanted["q"]) | Q(reference=read_reference(wanted["q"])))
    return tickets


class TicketView(APIView):
    @extend_schema(responses=TicketDetailSerializer)
    def get(self, request: Request, reference: str) -> Response:
        """One ticket with its conversation."""
        ticket = load_ticket(request, reference)
        return Response(TicketDetailSerializer(ticket, context={"request": request}).data)


class MessagesView(APIView):
    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})
    def post(self, request: Request, reference: str) -> Response:
        """Reply; a requester's reply brings an answered ticket back to a person."""
        ticket = load_ticket(request, reference)
        form = NewMessageSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        written = form.validated_data
        write = write_note if written["internal"] else send_reply
        message = write(ticket, caller(request), written["body"], written["files"])
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)


class FeedbackView(APIView):
    @extend_schema(request=FeedbackSerializer, responses=FeedbackSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """Was it solved? "No" brings the ticket to a person. Saying it again replaces what was said."""
        ticket = load_ticket(request, reference)
        if ticket.requester_id != caller(request).pk:
            raise exceptions.PermissionDenied("Only the requester of a ticket rates it.", "not_the_requester")
        form = FeedbackSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        feedback = ticket.record_feedback(actor=caller(request), **form.validated_data)
        return Response(FeedbackSerializer(feedback).data)


class AttachmentView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): bytes})
    def get(self, request: Request, token: str) -> FileResponse:
        """The file, always as a download."""
        attachment = Attachment.objects.select_related("message").filter(token=token).first()
        if attachment is None:
            raise Http404
        user = caller(request)
        owner = Ticket.objects.filter(pk=attachment.message.ticket_id)
        hidden = attachment.message.kind == Message.Kind.NOTE and not user.is_agent
        if hidden or not owner.visible_to(user).exists():
            raise Http404
        return as_download(attachment)
