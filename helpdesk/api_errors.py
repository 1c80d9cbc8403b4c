"""What each exception says over the API. ``accounts.contract.problems`` makes the whole problem of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.contract.problems import BY_CODE, told
from accounts.contract.strict import in_words
from accounts.limits.spending import LimitReached
from tickets.access import NotTheRequester
from tickets.errors import TicketError


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None (a bug) becomes Django's 500, which has the same shape."""
    if isinstance(error, LimitReached):
        headers = {"Retry-After": str(error.wait)}
        return Response(
            told(error.code, str(error)), status=status.HTTP_429_TOO_MANY_REQUESTS, headers=headers
        )
    if isinstance(error, TicketError):
        kind = BY_CODE.get(error.code)
        return Response(told(error.code, str(error)), status=kind.status if kind else 400)
    if isinstance(error, RequestDataTooBig):
        body = told("too_large", "The request is too large. Send files as multipart/form-data.")
        return Response(body, status=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = validation(error)
    elif isinstance(error, Http404):
        response.data = told("not_found", "No such thing, or you may not see it.")
    elif isinstance(error, NotTheRequester):
        response.data = told(error.code, str(error))
    elif isinstance(error, PermissionDenied):
        response.data = told("forbidden", "You may not do that.")
    elif isinstance(error, exceptions.APIException):
        response.data = told(code_of(error), text_of(error.detail))
    return response


def validation(error: exceptions.ValidationError) -> dict[str, Any]:
    hints: Mapping[str, Mapping[str, Any]] = getattr(error, "hints", {})
    found = [with_hint(one, hints.get(one["field"], {})) for one in violations(error.get_full_details())]
    errors: dict[str, list[str]] = {}
    for one in found:
        errors.setdefault(one["field"], []).append(one["message"])
    first = found[0]["message"] if found else "The request is not valid."
    fields = [name for name in errors if name != "non_field_errors"]
    return {**told("invalid", f"{fields[0]}: {first}" if fields else first, errors), "violations": found}


def with_hint(violation: dict[str, Any], hint: Mapping[str, Any]) -> dict[str, Any]:
    """What is taken there stands in the sentence too, unless it does already."""
    words = "" if "Allowed:" in violation["message"] else in_words(hint)
    return {**violation, "message": f"{violation['message']} {words}".strip(), **hint}


def violations(detail: Any, field: str = "") -> list[dict[str, Any]]:
    """Nested details in a row, each under the dotted name of its field."""
    if isinstance(detail, Mapping) and not {"message", "code"} <= detail.keys():
        named = ((f"{field}.{name}" if field else str(name), inner) for name, inner in detail.items())
        return [one for name, inner in named for one in violations(inner, name)]
    if isinstance(detail, list):
        return [one for inner in detail for one in violations(inner, field)]
    return [
        {"field": field or "non_field_errors", "rule": str(detail["code"]), "message": str(detail["message"])}
    ]


def code_of(error: exceptions.APIException) -> str:
    """The error's own code; what the framework calls ``permission_denied`` is ``forbidden`` here."""
    codes = error.get_codes()
    if isinstance(codes, Mapping):
        codes = codes.get("code") or codes.get("detail") or error.default_code
    return "forbidden" if codes == exceptions.PermissionDenied.default_code else str(codes)


def text_of(detail: Any) -> str:
    if isinstance(detail, Mapping):
        detail = detail.get("detail", "The request could not be carried out.")
    return str(detail)
