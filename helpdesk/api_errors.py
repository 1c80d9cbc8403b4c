"""The one shape of every API error: ``{"code", "message", "errors"}``, ``errors`` by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.limits.spending import LimitReached
from tickets.access import NotTheRequester
from tickets.errors import Held, InvalidTransition, TicketError


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None (a bug) becomes Django's 500, which has the same shape."""
    if isinstance(error, InvalidTransition | Held):
        return Response(shape(error.code, str(error)), status=status.HTTP_409_CONFLICT)
    if isinstance(error, LimitReached):
        headers = {"Retry-After": str(error.wait)}
        return Response(
            shape(error.code, str(error)), status=status.HTTP_429_TOO_MANY_REQUESTS, headers=headers
        )
    if isinstance(error, TicketError):
        return Response(shape(error.code, str(error)), status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, RequestDataTooBig):
        body = shape("too_large", "The request is too large. Send files as multipart/form-data.")
        return Response(body, status=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = validation(error)
    elif isinstance(error, Http404):
        response.data = shape("not_found", "No such thing, or you may not see it.")
    elif isinstance(error, NotTheRequester):
        response.data = shape(error.code, str(error))
    elif isinstance(error, PermissionDenied):
        response.data = shape("forbidden", "You may not do that.")
    elif isinstance(error, exceptions.APIException):
        response.data = shape(code_of(error), text_of(error.detail))
    return response


def shape(code: str, message: str, errors: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "errors": dict(errors or {})}


def validation(error: exceptions.ValidationError) -> dict[str, Any]:
    errors = flatten(error.detail)
    first = next((messages[0] for messages in errors.values() if messages), "The request is not valid.")
    fields = [name for name in errors if name != "non_field_errors"]
    message = f"{fields[0]}: {first}" if fields else first
    return shape("invalid", message, errors)


def flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Nested field errors under dotted names."""
    if isinstance(detail, Mapping):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            flat.update(flatten(inner, f"{prefix}.{name}" if prefix else str(name)))
        return flat
    messages = detail if isinstance(detail, list) else [detail]
    return {prefix or "non_field_errors": [str(message) for message in messages]}


def code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    if isinstance(codes, Mapping):
        codes = codes.get("code") or codes.get("detail") or error.default_code
    return str(codes)


def text_of(detail: Any) -> str:
    if isinstance(detail, Mapping):
        detail = detail.get("detail", "The request could not be carried out.")
    return str(detail)
