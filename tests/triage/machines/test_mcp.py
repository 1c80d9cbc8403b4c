"""What machines get: the gates of a ticket, tools by scope, and never more than their user."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.tokens import keys
from accounts.tokens.scopes import Scope
from tickets.models import OutgoingMail, Ticket
from triage.core.types import IntentPolicy
from triage.core.types import Mode as CoreMode
from triage.machines import asking, sweeping
from triage.machines.models import Asking
from triage.oversight.switch import set_stopped

pytestmark = pytest.mark.django_db


class Machine:
    def __init__(self, client: APIClient) -> None:
        self.client = client

    def say(self, method: str, **params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        return self.client.post("/api/mcp", message, format="json").json()

    def use(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.say("tools/call", name=tool, arguments=arguments)["result"]

    def ask(self, question: str = "Where is my refund?") -> dict[str, Any]:
        return self.use("ask", question=question)["structuredContent"]


@pytest.fixture(autouse=True)
def same_engine(engine, monkeypatch) -> None:
    monkeypatch.setattr(asking, "runtime", engine)


@pytest.fixture
def machine(requester):
    def with_scopes(*scopes: Scope, user: Any = requester) -> Machine:
        raw = keys.make(user, name="bot", scopes=scopes or (Scope.ASK,), days=30, by=user)[1]
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        return Machine(client)

    return with_scopes


def test_it_answers_with_the_approved_text_and_makes_no_ticket(machine, refund_intent, engine, requester):
    engine.says("track_refund", 0.97)
    said = machine().ask()
    assert said["answered"] is True
    assert said["answer"].startswith("Hello Rita")
    assert (said["intent"], said["confidence"], said["threshold"], said["bound"]) == (
        "track_refund",
        0.97,
        0.75,
        None,
    )
    row = Asking.objects.get()
    assert (said["decision"], row.user, row.answered, row.answer) == (
        row.pk,
        requester,
        True,
        refund_intent.answers.get(),
    )
    assert not Ticket.objects.exists()
    assert not OutgoingMail.objects.exists()


def unsure(intent: Any, engine: Any, submit: Any, requester: Any) -> None:
    engine.says("track_refund", 0.6)


def suggested_only(intent: Any, engine: Any, *others: Any) -> None:
    engine.policies = {"track_refund": IntentPolicy(mode=CoreMode.SUGGEST)}


def stopped(intent: Any, *others: Any) -> None:
    set_stopped(True, by=None, why="")


def answered_before(intent: Any, engine: Any, submit: Any, requester: Any) -> None:
    assert submit(requester=requester).status == "auto_resolved"


def withdrawn(intent: Any, *others: Any) -> None:
    intent.answers.update(state="retired")


def lacking_a_fact(intent: Any, *others: Any) -> None:
    intent.answers.update(body="It takes {refund_days} days.")


def broken(intent: Any, engine: Any, *others: Any) -> None:
    engine.error = RuntimeError("no model")


@pytest.mark.parametrize(
    "hold", [unsure, suggested_only, stopped, answered_before, withdrawn, lacking_a_fact, broken]
)
def test_whatever_holds_a_tickets_answer_back_holds_its_back_with_the_same_reason(
    machine, refund_intent, engine, submit, requester, stranger, hold
):
    engine.says("track_refund", 0.97)
    hold(refund_intent, engine, submit, requester)
    said = machine().ask()
    assert (said["answered"], said["answer"]) == (False, None)
    ticket = submit(requester=requester)
    decision = ticket.decisions.get()
    assert decision.action != "auto_resolve"
    assert said["reason"] == decision.reason
    assert Asking.objects.get(pk=said["decision"]).answer is None


def test_the_question_is_not_kept(machine, refund_intent, engine):
    machine().ask("My xylophone arrived smashed")
    assert "xylophone" not in str(Asking.objects.values().get())


def test_the_tools_are_those_of_the_tokens_scopes(machine):
    def names(*scopes: Scope) -> list[str]:
        return [tool["name"] for tool in machine(*scopes).say("tools/list")["result"]["tools"]]

    assert names(Scope.ASK) == ["ask", "search_help"]
    assert names(Scope.ASK, Scope.TICKETS_READ) == ["ask", "search_help", "get_ticket"]
    assert names(*Scope) == ["ask", "search_help", "create_ticket", "get_ticket"]
    refused = machine(Scope.ASK).say("tools/call", name="create_ticket", arguments={"body": "Hello"})
    assert refused["error"]["code"] == -32602
    assert not Ticket.objects.exists()


def test_it_sends_and_reads_its_own_tickets_and_no_others(machine, engine, submit, stranger):
    theirs = submit(requester=stranger)
    bot = machine(Scope.ASK, Scope.TICKETS_READ, Scope.TICKETS_WRITE)
    sent = bot.use("create_ticket", body="My shoes are torn")["structuredContent"]
    assert (
        bot.use("get_ticket", id=sent["id"])["structuredContent"]["messages"][0]["body"]
        == "My shoes are torn"
    )
    for reference in (theirs.reference, "NOSUCHTICKET"):
        refused = bot.use("get_ticket", id=reference)
        assert (refused["isError"], "structuredContent" in refused) == (True, False)


def test_a_message_sent_again_under_its_key_makes_no_second_ticket(machine, engine):
    bot = machine(Scope.ASK, Scope.TICKETS_WRITE)
    wish = {"name": "create_ticket", "arguments": {"body": "My shoes are torn"}}
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": wish}
    first, second = (
        bot.client.post("/api/mcp", message, format="json", headers={"Idempotency-Key": "shoes-1"}).json()
        for _ in range(2)
    )
    assert first["result"]["structuredContent"]["id"] == second["result"]["structuredContent"]["id"]
    assert Ticket.objects.count() == 1
    wish["arguments"] = {"body": "My coat is torn"}
    other = bot.client.post("/api/mcp", message, format="json", headers={"Idempotency-Key": "shoes-1"}).json()
    assert other["result"]["isError"] is True
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    "arguments",
    [{}, {"question": ""}, {"question": 7}, {"question": "a", "extra": 1}, {"question": "a" * 9_000}],
)
def test_wrong_arguments_are_told_to_the_machine(machine, arguments):
    refused = machine().use("ask", **arguments)
    assert refused["isError"] is True
    assert not Asking.objects.exists()


@pytest.mark.parametrize(
    ("message", "code"),
    [([], -32600), ("x", -32600), ({"jsonrpc": "2.0", "id": True, "method": "ping"}, -32600), ({"id": 1, "method": "x"}, -32601),
     ({"id": 1, "method": "server/discover"}, -32601), ({"id": 1, "method": "ping", "params": []}, None), ({"id": 1, "method": "ping", "params": [1]}, -32602),
     ({"id": 1, "method": "tools/call", "params": {"name": "x"}}, -32602), ({"id": 1, "method": 5}, -32600)],
)  # fmt: skip
def test_what_is_no_message_is_an_error_of_the_protocol(machine, message, code):
    got = machine().client.post("/api/mcp", message, format="json").json()
    assert got.get("error", {}).get("code") == code


def test_a_notification_gets_no_answer_and_other_pages_none_at_all(machine):
    client = machine().client
    told = client.post("/api/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, format="json")
    assert (told.status_code, told.content) == (202, b"")
    other = client.post(
        "/api/mcp",
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        format="json",
        HTTP_ORIGIN="https://evil.example",
    )
    assert other.status_code == 403


@pytest.mark.parametrize(
    ("wanted", "got"), [("2025-06-18", "2025-06-18"), ("2099-01-01", "2025-11-25"), (None, "2025-11-25")]
)
def test_the_version_is_agreed_on(machine, wanted, got):
    assert machine().say("initialize", protocolVersion=wanted)["result"]["protocolVersion"] == got


def test_old_decisions_are_swept(machine, engine):
    machine().ask()
    Asking.objects.update(at="2020-01-01T00:00Z")
    machine().ask()
    sweeping.forget_old()
    assert Asking.objects.count() == 1


# --- Without a handshake ------------------------------------------------------------------------------------

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def say(
    bot: Machine,
    method: str,
    params: dict[str, Any] | None = None,
    *,
    meta: Any = META,
    **headers: str | None,
) -> Any:
    params = {**(params or {}), **({} if meta is None else {"_meta": meta})}
    sent = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    if method == "tools/call":
        sent["Mcp-Name"] = params["name"]
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    known = {name: value for name, value in sent.items() if value is not None}
    return bot.client.post("/api/mcp", message, format="json", headers=known)


def test_the_newest_revision_needs_no_handshake(machine, refund_intent, engine):
    engine.says("track_refund", 0.97)
    bot = machine()
    found = say(bot, "server/discover").json()["result"]
    assert "2026-07-28" in found["supportedVersions"]
    assert (found["resultType"], found["cacheScope"]) == ("complete", "private")
    listed = say(bot, "tools/list").json()["result"]
    assert [tool["name"] for tool in listed["tools"]] == ["ask", "search_help"]
    asked = {"name": "ask", "arguments": {"question": "Where is my refund?"}}
    said = say(bot, "tools/call", asked).json()["result"]
    assert (said["resultType"], said["structuredContent"]["answered"]) == ("complete", True)
    assert said["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "helpdesk"


@pytest.mark.parametrize(
    ("method", "changed", "status", "code"),
    [
        ("initialize", {}, 404, -32601), ("ping", {}, 404, -32601),
        ("tools/list", {"meta": None}, 400, -32602), ("tools/list", {"meta": "x"}, 400, -32602),
        ("tools/list", {"meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}, 400, -32602),
        ("tools/list", {"meta": {**META, "io.modelcontextprotocol/protocolVersion": "2025-11-25"}}, 400, -32020),
        ("tools/list", {"Mcp_Method": "tools/call"}, 400, -32020), ("tools/list", {"Mcp_Method": None}, 400, -32020),
        ("tools/call", {"Mcp_Name": "search_help"}, 400, -32020), ("tools/call", {"Mcp_Name": None}, 400, -32020),
        ("tools/list", {"MCP_Protocol_Version": "2099-01-01"}, 400, -32022),
    ],
)  # fmt: skip
def test_headers_that_differ_from_the_body_and_envelopes_that_are_not_whole_are_refused(
    machine, engine, method, changed, status, code
):
    params = {"name": "ask", "arguments": {"question": "Where?"}} if method == "tools/call" else {}
    answer = say(machine(), method, params, **changed)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer["Content-Type"] == "application/json"
    assert not Asking.objects.exists()


def test_a_version_that_is_not_spoken_is_told_which_are(machine):
    told = say(machine(), "tools/list", MCP_Protocol_Version="2099-01-01").json()
    assert told["error"]["data"] == {
        "supported": ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
        "requested": "2099-01-01",
    }
