"""The Model Context Protocol, Streamable HTTP without a session: each POST is one JSON-RPC message and its answer.

It speaks the revisions with the ``initialize`` handshake and the one without. Nothing is kept between two messages.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.views import ContractView
from accounts.tokens.scopes import Scope
from tickets.errors import TicketError
from triage.machines import envelope
from triage.machines.faults import INVALID_PARAMS, INVALID_REQUEST, NO_METHOD, UNSUPPORTED_VERSION, Faulty
from triage.machines.tools import Refused, offered

METHODS: Final = ("initialize", "ping", "tools/list", "tools/call")
INSTRUCTIONS: Final = "The helpdesk of {company}. Ask first; pass on an answer as it is. Where it refuses, offer to send a ticket."


class McpView(ContractView):
    needs = {"POST": Scope.ASK}
    repeatable = True  # what a tool makes, it makes once by the same key

    @extend_schema(
        operation_id="call_mcp",
        parameters=[
            OpenApiParameter(
                envelope.VERSION_HEADER, str, OpenApiParameter.HEADER, enum=envelope.SUPPORTED,
                description="Left out, the revision is agreed on by `initialize`.",
            )
        ],
        request=OpenApiTypes.OBJECT,
        responses={
            200: OpenApiTypes.OBJECT, 202: None,
            (400, "application/json"): OpenApiTypes.OBJECT, (404, "application/json"): OpenApiTypes.OBJECT,
        },
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """The Model Context Protocol for machines: `tools/list`, `tools/call`, and how to begin. No session, no stream.

        `ask` gives the approved answer that a ticket would get, or refuses; `search_help` finds articles; with
        `tickets:write` there is `create_ticket`, with `tickets:read` `get_ticket`. Errors are JSON-RPC's: in an answer
        of 200, from revision 2026-07-28 on of 400 or 404.
        """
        refuse_other_pages(request)
        version = request.headers.get(envelope.VERSION_HEADER)
        is_stateless = version == envelope.STATELESS
        number: str | int | None = None
        try:
            envelope.refuse_unknown(version)
            message = read(request.data)
            if message is None:
                return Response(status=status.HTTP_202_ACCEPTED)
            number, method, params = message
            if is_stateless:
                envelope.check(request, method, params)
            result = answer(request, method, params, envelope.METHODS if is_stateless else METHODS)
        except Faulty as error:
            told = {"jsonrpc": "2.0", "id": number, "error": error.told()}
            has_status = is_stateless or error.code == UNSUPPORTED_VERSION
            response = Response(told, status=error.status if has_status else status.HTTP_200_OK)
            response.own_shape = True  # type: ignore[attr-defined]
            return response
        if is_stateless:
            result = envelope.whole(method, result)
        return Response({"jsonrpc": "2.0", "id": number, "result": result})


def refuse_other_pages(request: Request) -> None:
    """A page of another origin has no business here (the protocol's guard against DNS rebinding)."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != settings.SITE_URL:
        raise exceptions.PermissionDenied("Requests from other pages are not taken.", "forbidden")


def read(message: Any) -> tuple[str | int, str, Any] | None:
    """Id, method and params; None for a notification, or an answer to what nobody asked."""
    if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
        raise Faulty(INVALID_REQUEST, "Send one JSON-RPC message.")
    if "id" not in message or "method" not in message:
        return None
    number = message["id"]
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise Faulty(INVALID_REQUEST, "The id is a text or a whole number.")
    return number, message["method"], message.get("params") or {}


def answer(request: Request, method: str, params: Any, known: Collection[str]) -> dict[str, Any]:
    """What one of the ``known`` methods gives."""
    if not isinstance(params, dict):
        raise Faulty(INVALID_PARAMS, "The params are an object.")
    if method not in known:
        raise Faulty(NO_METHOD, f"There is no method “{method[:60]}” here.")
    if method == "initialize":
        wanted = params.get("protocolVersion")
        agreed = wanted if wanted in envelope.HANDSHAKE else envelope.HANDSHAKE[-1]
        return {"protocolVersion": agreed, "serverInfo": envelope.server(), **offer()}
    if method == "server/discover":
        return {"supportedVersions": list(envelope.SUPPORTED), **offer()}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": [tool.told() for tool in offered(request).values()]}
    return call(request, params)


def offer() -> dict[str, Any]:
    return {
        "capabilities": {"tools": {"listChanged": False}},
        "instructions": INSTRUCTIONS.format(company=settings.COMPANY_NAME),
    }


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
