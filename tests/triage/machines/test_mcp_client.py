"""The client of the mcp package against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_PROTOCOL_VERSION

from benchmarks.slow_clients import page_of
from tests.installation import Installation, eventually, free_port

SCENE = """
import django, json; django.setup()
from accounts.models import Role, User
from accounts.tokens import keys
from accounts.tokens.scopes import Scope
from triage.models import Answer, Intent, Rule
supervisor = User.objects.create_user("sue@example.com", None, role=Role.SUPERVISOR, name="Sue")
rita = User.objects.create_user("rita@example.com", None, name="Rita Requester")
intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="auto")
Rule.objects.create(intent=intent, pattern="where is my refund")
Answer.objects.create(intent=intent, body="Hello {requester_name}, refunds take five days.").approve(supervisor)
scopes = [Scope.ASK, Scope.TICKETS_READ, Scope.TICKETS_WRITE]
print(json.dumps(keys.make(rita, name="bot", scopes=scopes, days=30, by=rita)[1]))
"""


@pytest.fixture
def port(installation: Installation) -> Iterator[int]:
    port = free_port()
    bind = ("--bind", f"127.0.0.1:{port}", "--workers", "1")
    with installation.started(
        "-m", "gunicorn", "--config", "python:helpdesk.gunicorn", *bind, "helpdesk.wsgi:application"
    ):
        eventually(page_of(("127.0.0.1", port), "/healthz"), within=90, what="the server")
        yield port


async def talk(url: str, token: str) -> dict[str, Any]:
    heard: dict[str, Any] = {}
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30)
    async with http, Client(streamable_http_client(url, http_client=http)) as client:
        heard["version"] = client.protocol_version
        heard["tools"] = sorted(tool.name for tool in (await client.list_tools()).tools)
        for name, tool, arguments in (
            ("answer", "ask", {"question": "Where is my refund?"}),
            ("refusal", "ask", {"question": "My lawyer will write to you about the parcel."}),
            ("ticket", "create_ticket", {"body": "My shoes are torn.", "human_requested": True}),
            ("absent", "get_ticket", {"id": "NOSUCHTICKET"}),
            ("articles", "search_help", {"words": "refund"}),
        ):
            result = await client.call_tool(tool, arguments)
            heard[name] = (result.is_error, result.structured_content)
        reference = heard["ticket"][1]["id"]
        heard["read"] = (await client.call_tool("get_ticket", {"id": reference})).structured_content
    return heard


async def version_of(url: str, token: str, mode: Any) -> str:
    """What a client of that age agrees on."""
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30)
    async with http, Client(streamable_http_client(url, http_client=http), mode=mode) as client:
        await client.list_tools()
        return client.protocol_version


@pytest.mark.process
def test_the_client_of_the_mcp_package_asks_sends_and_reads(installation: Installation, port: int) -> None:
    made = installation.run("-c", SCENE)
    assert made.returncode == 0, made.stderr
    url, token = f"http://127.0.0.1:{port}/api/mcp", json.loads(made.stdout.splitlines()[-1])
    with ThreadPoolExecutor(1) as apart:  # tests in a browser leave an event loop in this thread
        heard = apart.submit(lambda: asyncio.run(talk(url, token))).result(120)
        older = apart.submit(lambda: asyncio.run(version_of(url, token, "legacy"))).result(120)
    assert (heard["version"], older) == (LATEST_PROTOCOL_VERSION, LATEST_HANDSHAKE_VERSION)
    assert heard["tools"] == ["ask", "create_ticket", "get_ticket", "search_help"]
    failed, answer = heard["answer"]
    assert (failed, answer["answered"], answer["answer"]) == (
        False,
        True,
        "Hello Rita, refunds take five days.",
    )
    assert {"confidence", "bound", "decision", "reason"} <= answer.keys()
    assert (heard["refusal"][1]["answered"], heard["refusal"][1]["answer"]) == (False, None)
    assert heard["absent"][0] is True
    assert heard["articles"] == (False, {"articles": []})
    assert heard["read"]["messages"][0]["body"] == "My shoes are torn."
    assert installation.count("machines_asking") == 2
    assert installation.count("tickets_ticket") == 1
