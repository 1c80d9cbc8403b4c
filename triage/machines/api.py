"""The Model Context Protocol, Streamable HTTP without a session: each POST is one JSON-RPC message and its answer.

It speaks the revisions with the ``initialize`` handshake. Nothing is kept between two messages.
"""

from __future__ import annotations

import json
from typing import Any, Final

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.views import ContractView
from accounts.tokens.scopes import Scope
from tickets.errors import TicketError
from triage.machines.tools import Refused, offered

VERSIONS: Final = ("2025-03-26", "2025-06-18", "2025-11-25")
INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32600, -32601, -32602
INSTRUCTIONS: Final = "The helpdesk of {company}. Ask first; pass on an answer as it is. Where it refuses, offer to send a ticket."


class Faulty(Exception):
    """An error of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class McpView(ContractView):
    needs = {"POST": Scope.ASK}

    @extend_schema(
        operation_id="call_mcp", request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT, 202: None}
    )
    def post(self, request: Request) -> Response:
        """The Model Context Protocol for machines: `initialize`, `tools/list`, `tools/call`. No session, no stream.

        `ask` gives the approved answer that a ticket would get, or refuses; `search_help` finds articles; with
        `tickets:write` there is `create_ticket`, with `tickets:read` `get_ticket`.
        """
        refuse_other_pages(request)
        message = request.data
        if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
            return failed(None, Faulty(INVALID_REQUEST, "Send one JSON-RPC message."))
        if (
            "id" not in message or "method" not in message
        ):  # a notification, or an answer to what nobody asked
            return Response(status=status.HTTP_202_ACCEPTED)
        number = message["id"]
        if isinstance(number, bool) or not isinstance(number, str | int):
            return failed(None, Faulty(INVALID_REQUEST, "The id is a text or a whole number."))
        try:
            result = answer(request, message["method"], message.get("params") or {})
        except Faulty as error:
            return failed(number, error)
        return Response({"jsonrpc": "2.0", "id": number, "result": result})


def refuse_other_pages(request: Request) -> None:
    """A page of another origin has no business here (the protocol's guard against DNS rebinding)."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != settings.SITE_URL:
        raise exceptions.PermissionDenied("Requests from other pages are not taken.", "forbidden")


def failed(number: str | int | None, error: Faulty) -> Response:
    return Response({"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}})


def answer(request: Request, method: str, params: Any) -> dict[str, Any]:
    if not isinstance(params, dict):
        raise Faulty(INVALID_PARAMS, "The params are an object.")
    if method == "initialize":
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[-1],
            "capabilities": {"tools": {"listChanged": False}},
            "serverInfo": {"name": "helpdesk", "title": settings.COMPANY_NAME, "version": "1"},
            "instructions": INSTRUCTIONS.format(company=settings.COMPANY_NAME),
        }
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": [tool.told() for tool in offered(request).values()]}
    if method == "tools/call":
        return call(request, params)
    raise Faulty(NO_METHOD, f"There is no method “{method[:60]}” here.")


def call(request: Request, params: dict[str, Any]) -> dict[str, Any]:
    """What a tool gives; what it refuses is its own result, so that the machine reads why."""
    tool = offered(request).get(str(params.get("name")))
    if tool is None:
        raise Faulty(INVALID_PARAMS, "There is no such tool for this token. List the tools.")
    form = tool.form(data=params.get("arguments") or {}, context={"request": request})
    if not form.is_valid():
        wrong = "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items())
        return content(wrong, is_error=True)
    try:
        told = tool.call(request, form.validated_data)
    except (Refused, TicketError) as error:
        return content(str(error), is_error=True)
    written = json.dumps(told, ensure_ascii=False, default=str)
    return content(written, structured=json.loads(written))


def content(text: str, *, structured: dict[str, Any] | None = None, is_error: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = {"content": [{"type": "text", "text": text}], "isError": is_error}
    return told if structured is None else {**told, "structuredContent": structured}
