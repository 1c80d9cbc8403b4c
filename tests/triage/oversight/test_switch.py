"""The one stop: nothing is answered automatically while it is on, wherever the machine stands in its work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import FakeEngine
from tests.installation import Installation, eventually
from tickets.models import Message, Status, Ticket
from triage.core.types import IntentPolicy, Mode
from triage.models import Intent
from triage.oversight import switch
from triage.running import pipeline

Submit = Callable[..., Ticket]
WILL = {"track_refund": IntentPolicy()}


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("automation", *arguments, stdout=out)
    return out.getvalue()


def test_nothing_is_answered_while_all_is_stopped(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99)
    switch.set_stopped(True, by=None)
    ticket = submit()
    decision = ticket.decisions.get()
    assert (ticket.status, decision.reason, decision.would_send) == (Status.ESCALATED, "stopped", True)
    assert not ticket.messages.filter(sender=Message.Sender.MACHINE).exists()


def test_a_stop_while_the_engine_thinks_is_heeded(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99)
    engine.during = lambda: switch.set_stopped(True, by=None)
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "stopped")


def test_the_last_look_is_in_the_transaction_that_answers(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing else tells that the policy changed."""
    judge = pipeline.judge

    def stopped_after(ticket: Ticket) -> pipeline.Verdict:
        verdict = judge(ticket)
        switch.Stop.objects.update_or_create(pk=1, defaults={"stopped": True})
        return verdict

    engine.says("track_refund", 0.99)
    monkeypatch.setattr(pipeline, "judge", stopped_after)
    assert submit().decisions.get().reason == "stopped"


def test_a_switch_that_cannot_be_read_stops_everything(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> bool:
        raise OSError("no such table")

    engine.says("track_refund", 0.99)
    monkeypatch.setattr(switch, "is_stopped", broken)
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "engine_failed")


def test_the_modes_come_back_as_they_were(engine: FakeEngine, refund_intent: Intent, submit: Submit) -> None:
    engine.says("track_refund", 0.99)
    assert switch.set_stopped(True, by=None)
    assert not switch.set_stopped(True, by=None)
    assert switch.set_stopped(False, by=None)
    refund_intent.refresh_from_db()
    assert refund_intent.mode == "auto"
    assert submit().status == Status.AUTO_RESOLVED


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW, Mode.SUGGEST])
def test_every_mode_records_what_would_have_been_sent(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, mode: Mode
) -> None:
    engine.policies = {"track_refund": IntentPolicy(mode=mode)}
    engine.says("track_refund", 0.99)
    decision = submit().decisions.get()
    assert (decision.would_send, decision.answer.version, decision.reason) == (True, 1, "mode_not_auto")
    engine.says("track_refund", 0.5)
    decision = submit().decisions.get()
    assert (decision.would_send, decision.reason) == (False, "low_confidence")


def test_an_answer_retired_in_between_would_not_have_been_sent(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.policies = {"track_refund": IntentPolicy(mode=Mode.SHADOW)}
    engine.says("track_refund", 0.99)
    engine.during = lambda: refund_intent.answers.get().retire()
    decision = submit().decisions.get()
    assert (decision.would_send, decision.reason) == (False, "no_answer")


def test_the_command_stops_tells_and_resumes(refund_intent: Intent) -> None:
    assert "1 intents are on Auto" in told("status")
    assert "stopped since" in told("stop", "--why", "wrong prices")
    with pytest.raises(SystemExit) as ended:
        told("status")
    assert ended.value.code == 3
    assert switch.state().why == "wrong prices"
    assert "Nothing changed." in told("stop")
    assert "are on" in told("resume")


def test_every_page_of_a_supervisor_carries_the_switch(
    web: Callable[..., Client], supervisor: User, agent: User, refund_intent: Intent
) -> None:
    at = reverse("triage-metrics")
    browser = web(supervisor)
    assert "Stop automatic answers" in browser.get(at).content.decode()
    assert (
        browser.post(reverse("oversight-switch"), {"stopped": "1", "why": "a recall", "next": at}).url == at
    )
    page = browser.get(reverse("admin:triage_intent_changelist")).content.decode()
    assert "Automatic answers are stopped" in page
    assert "a recall" in page
    assert (switch.is_stopped(), switch.state().by) == (True, supervisor)
    assert browser.post(
        reverse("oversight-switch"), {"stopped": "0", "next": "//evil.example"}
    ).url == reverse("admin:index")
    assert not switch.is_stopped()
    queue = web(agent).get(reverse("admin:tickets_ticket_changelist")).content.decode()
    assert "Stop automatic answers" not in queue


def test_an_agent_or_a_link_cannot_switch(web: Callable[..., Client], agent: User, supervisor: User) -> None:
    assert web(agent).post(reverse("oversight-switch"), {"stopped": "1"}).status_code == 403
    assert web(supervisor).get(reverse("oversight-switch")).status_code == 405
    assert not switch.is_stopped()


def test_the_stop_reaches_another_process_at_once(installation: Installation) -> None:
    """What one process stops, the next decision of another one heeds: there is nothing in between but the row."""
    program = (
        "import django; django.setup(); from triage.oversight import switch; import time; end = time.time() + 20\n"
        "print('ready', switch.is_stopped(), flush=True)\n"
        "while not switch.is_stopped() and time.time() < end: time.sleep(0.05)\n"
        "print('stopped', switch.is_stopped(), flush=True)"
    )
    with installation.started("-c", program) as process, closing(process.stdout) as lines:  # type: ignore[type-var]
        assert lines.readline().strip() == "ready False"
        installation.manage("automation", "stop")
        done: list[Any] = []
        eventually(lambda: done or done.append(lines.readline()) or done, within=5, what="the stop")
    assert done[0].strip() == "stopped True"
