"""Each language of an intent climbs the ladder on its own evidence, and the engine, the versions and the alarm heed it."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from triage.core.deciding import policy as deciding
from triage.core.types import Action, Assessment, IntentPolicy, PolicyConfig, Source
from triage.core.types import Mode as CoreMode
from triage.models import Answer, Decision, Intent, Mode
from triage.modes import LanguageMode
from triage.oversight import ladder, language_ladder, restoring, versions, watch
from triage.oversight.evidence import Trial
from triage.oversight.ladder import Refused
from triage.running.basis import Basis
from triage.running.runtime import read_policies

Shadowed = Callable[..., Decision]


@pytest.fixture
def intent(refund_intent: Intent) -> Intent:
    """On Shadow, with read answers in English and German."""
    refund_intent.put_on(Mode.SHADOW)
    Answer.objects.create(
        intent=refund_intent,
        language="de",
        body="Erstattungen dauern fünf Tage.",
        state=Answer.State.APPROVED,
    )
    Answer.objects.update(reviewed_at="2026-01-01T00:00Z")
    return refund_intent


@pytest.fixture
def agreed(shadowed: Shadowed, intent: Intent) -> Callable[..., None]:
    """People have answered so many tickets in a language as the machine would have."""

    def make(language: str, count: int, result: str = Trial.Result.SAME) -> None:
        decision = shadowed()
        for at in range(count):
            ticket = decision.ticket
            ticket.pk, ticket.reference = None, f"HD-{language}{result}{at}"
            ticket.save(force_insert=True)
            decision.pk, decision.ticket, decision.language = None, ticket, language
            decision.save(force_insert=True)
            Trial.objects.create(decision=decision, intent_slug=intent.slug, result=result, kept=1.0)

    return make


def decided(language: str, policy: IntentPolicy) -> Any:
    sure = Assessment(
        intent="track_refund",
        confidence=0.99,
        margin=0.9,
        in_scope=True,
        source=Source.MODEL,
        read_whole=True,
    )
    return deciding.decide(sure, intents={"track_refund": policy}, language=language, config=PolicyConfig())


def test_evidence_in_one_language_automates_that_language_only(
    agreed: Callable[..., None], intent: Intent, supervisor: User
) -> None:
    agreed("de-AT", 45)
    agreed("en", 10, Trial.Result.OTHER)
    with pytest.raises(Refused, match="10 wrong of 10"):
        language_ladder.set_mode(intent, "en", Mode.AUTO, by=supervisor)
    assert "automatically in “de”" in language_ladder.set_mode(intent, "de-DE", Mode.AUTO, by=supervisor)
    row = LanguageMode.objects.get()
    assert (row.language, row.mode, row.ground, row.seen) == ("de", "auto", "evidence", 45)
    assert (intent.mode_in("de-CH"), intent.mode_in("en")) == (Mode.AUTO, Mode.SHADOW)
    assert Intent.objects.automated().get() == intent


def test_a_language_in_which_nothing_was_seen_does_not_come_along(
    agreed: Callable[..., None], intent: Intent, supervisor: User
) -> None:
    agreed("de", 45)
    assert "In en, where nothing was seen" in ladder.set_mode(intent, Mode.AUTO, by=supervisor)
    intent.refresh_from_db()
    assert (intent.mode_in("de"), intent.mode_in("en")) == (Mode.AUTO, Mode.SHADOW)


def test_the_gate_reads_the_mode_of_the_tickets_language() -> None:
    policy = IntentPolicy(
        mode=CoreMode.SHADOW, answer_languages=frozenset({"en", "de"}), language_modes={"de": CoreMode.AUTO}
    )
    assert decided("de-AT", policy).action is Action.AUTO_RESOLVE
    shadow = decided("en", policy)
    assert (shadow.action, shadow.reason, shadow.would_send) == (Action.ESCALATE, "mode_not_auto", True)
    held = IntentPolicy(answer_languages=frozenset({"en", "de"}), language_modes={"de": CoreMode.OFF})
    assert decided("de", held).action is Action.ESCALATE


@pytest.mark.parametrize(("language_tag", "mode"), [("de", "auto"), ("en", "shadow"), ("", "shadow")])
def test_a_stored_decision_replays_whatever_the_modes_are_now(language_tag: str, mode: str) -> None:
    policy = IntentPolicy(
        mode=CoreMode.SHADOW, answer_languages=frozenset({"en", "de"}), language_modes={"de": CoreMode.AUTO}
    )
    basis = Basis(
        seen=1, text="", is_open=True, human_requested=False, language=language_tag, policy=policy, config=PolicyConfig()
    )  # fmt: skip
    kept = basis.as_json()
    assert kept["mode"] == mode
    sure = Assessment(intent="track_refund", confidence=0.99, margin=0.9, in_scope=True, read_whole=True)
    again, first = Basis.from_json(kept).decide(sure), basis.decide(sure)
    assert (again.action, again.reason, again.facts) == (first.action, first.reason, first.facts)


def test_the_engine_gets_the_modes_from_the_rows(intent: Intent, supervisor: User) -> None:
    language_ladder.set_mode(intent, "de", Mode.OFF, by=supervisor)
    assert read_policies(None)["track_refund"].language_modes == {"de": CoreMode.OFF}


def test_a_second_supervisor_says_yes_to_an_override(
    intent: Intent, supervisor: User, second_supervisor: User
) -> None:
    with pytest.raises(Refused, match="Say in writing"):
        language_ladder.set_mode(intent, "de", Mode.AUTO, by=supervisor)
    assert "Another" in language_ladder.set_mode(intent, "de", Mode.AUTO, by=supervisor, why="a campaign")
    assert intent.mode_in("de") == Mode.SHADOW
    with pytest.raises(Refused, match="Somebody else"):
        language_ladder.confirm(intent, "de", by=supervisor)
    language_ladder.confirm(intent, "de", by=second_supervisor)
    assert (intent.mode_in("de"), LanguageMode.objects.get().ground) == (Mode.AUTO, "override")
    with pytest.raises(Refused, match="Nobody asks"):
        language_ladder.confirm(intent, "de", by=second_supervisor)


def test_what_is_not_ready_is_refused(intent: Intent, supervisor: User) -> None:
    with pytest.raises(Refused, match="no approved answer in “fr”"):
        language_ladder.set_mode(intent, "fr", Mode.AUTO, by=supervisor, why="a campaign")
    with pytest.raises(Refused, match="no language"):
        language_ladder.set_mode(intent, "klingon", Mode.OFF, by=supervisor)
    watch.Latch.objects.create(intent=intent, reviewed=9, wrong=5, target=0.05)
    with pytest.raises(Refused, match="alarm has paused"):
        language_ladder.set_mode(Intent.objects.get(), "de", Mode.AUTO, by=supervisor, why="a campaign")


def test_going_by_the_intent_again_is_no_way_round_the_evidence(intent: Intent, supervisor: User) -> None:
    intent.put_on(Mode.AUTO)
    language_ladder.set_mode(intent, "de", Mode.SHADOW, by=supervisor)
    with pytest.raises(Refused, match="own evidence"):
        language_ladder.set_mode(intent, "de", None, by=supervisor)
    intent.put_on(Mode.SUGGEST)
    language_ladder.set_mode(intent, "de", None, by=supervisor)
    assert not LanguageMode.objects.exists()


def test_down_means_down_in_every_language(intent: Intent, supervisor: User) -> None:
    intent.put_on(Mode.AUTO)
    LanguageMode.objects.create(intent=intent, language="de", mode=Mode.AUTO)
    LanguageMode.objects.create(intent=intent, language="fr", mode=Mode.OFF)
    ladder.set_mode(intent, Mode.SUGGEST, by=supervisor)
    assert dict(LanguageMode.objects.values_list("language", "mode")) == {"de": "suggest", "fr": "off"}


def test_the_alarm_pauses_every_language_and_resuming_brings_them_back(
    intent: Intent, supervisor: User
) -> None:
    LanguageMode.objects.create(intent=intent, language="de", mode=Mode.AUTO)
    assert watch.go_off(watch.gauge(intent.slug))
    assert (intent.mode_in("de"), intent.mode_in("en")) == (Mode.SUGGEST, Mode.SHADOW)
    watch.resume(watch.Latch.objects.get(), by=supervisor, why="an old price")
    assert (intent.mode_in("de"), intent.mode_in("en")) == (Mode.AUTO, Mode.SHADOW)


def test_a_change_is_a_version_that_can_be_taken_back(intent: Intent, supervisor: User) -> None:
    versions.note_unrecorded()
    language_ladder.set_mode(intent, "de", Mode.OFF, by=supervisor)
    newest = versions.latest()
    assert newest is not None
    (change,) = versions.changes_of(newest)
    assert (newest.action, change.part, change.key, change.after) == (
        "language",
        "language mode",
        "track_refund/de",
        "off",
    )
    assert restoring.undo(newest, by=supervisor) == []
    assert intent.mode_in("de") == Mode.SHADOW


# --- faces -----------------------------------------------------------------------------------------------


def test_the_page_shows_and_changes_the_languages(
    web: Callable[..., Client], intent: Intent, supervisor: User
) -> None:
    browser, at = web(supervisor), reverse("oversight-intent", args=[intent.pk])
    page = browser.get(at).content.decode()
    assert "German" in page
    assert "as the intent" in page
    browser.post(at, {"language": "de", "mode": "off"})
    assert intent.mode_in("de") == Mode.OFF
    refused = browser.post(at, {"language": "de", "mode": "auto"}, follow=True).content.decode()
    assert "The evidence is not enough" in refused
    assert "Choose a mode" in browser.post(at, {"language": "de", "mode": "x"}, follow=True).content.decode()
    assert "German: Off" in browser.get(reverse("oversight-ladder")).content.decode()


def test_the_command_shows_and_changes_the_ladder(
    agreed: Callable[..., None], intent: Intent, supervisor: User
) -> None:
    agreed("de", 45)
    out = StringIO()
    call_command(
        "ladder", "set", intent.slug, "auto", "--language", "de", "--by", supervisor.email, stdout=out
    )
    call_command("ladder", "show", intent.slug, stdout=out)
    assert "automatically in “de”" in out.getvalue()
    assert "  de  Auto  on evidence, 45 seen, 0 wrong, at most 5.0%" in out.getvalue()
    with pytest.raises(CommandError, match="Say in writing"):
        call_command(
            "ladder", "set", intent.slug, "auto", "--language", "en", "--by", supervisor.email, stdout=out
        )
    with pytest.raises(CommandError, match="no intent"):
        call_command("ladder", "set", "nothing", "off", "--by", supervisor.email, stdout=out)
    with pytest.raises(CommandError, match="no supervisor"):
        call_command("ladder", "set", intent.slug, "off", "--by", "who@example.com", stdout=out)
