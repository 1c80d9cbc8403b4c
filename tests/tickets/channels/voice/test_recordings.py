"""Recordings: what is taken, what is done with it, who sees how far it is, and what becomes of the ticket."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts import privacy
from accounts.limits.models import Allowance
from tickets.background import jobs
from tickets.channels.email.taking import take
from tickets.channels.voice import hearing, work
from tickets.channels.voice.hearing import Heard, Segment, Unheard
from tickets.channels.voice.models import Recording
from tickets.intake import attachments
from tickets.models import Attachment, Job, Message, Status
from triage.models import Decision

pytestmark = pytest.mark.django_db

WEBM = b"\x1aE\xdf\xa3" + b"\0" * 60
SAID = (
    Segment(" Where is my refund?", ((0.5, 0.8, " Where", 0.99), (0.8, 1.0, " is", 0.98), (1.0, 1.3, " my", 0.99), (1.3, 1.9, " refund?", 0.97))),
    Segment(" Merkel.", ((3.5, 4.2, " Merkel.", 0.2),)),
)  # fmt: skip
CLEAR = Heard(4.0, "en", 0.99, SAID[:1])
DOUBTFUL = Heard(5.0, "en", 0.99, SAID)


def recording_file(name: str = "Recording.webm", content: bytes = WEBM) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def voice(settings, monkeypatch, tmp_path):
    """Voice is on, and what is said is ``voice.found``: a transcript, or why there is none."""

    class Voice:
        found: Heard | Unheard = CLEAR
        heard: list[Path] = []

        def hear(self, file: Any, model: Path, *, tell: Any, **options: Any) -> Heard:
            self.heard.append(model)
            tell(1.0, 4.0)
            if isinstance(self.found, Unheard):
                raise self.found
            return self.found

    spoken = Voice()
    settings.VOICE_MODEL = tmp_path
    monkeypatch.setattr(hearing, "hear", spoken.hear)
    return spoken


def upload(browser: Any, file: SimpleUploadedFile | None = None) -> Any:
    return browser.post("/uploads/", {"file": file or recording_file()})


def transcribe() -> Recording:
    recording = Recording.objects.get()
    work.perform(recording.pk)
    recording.refresh_from_db()
    return recording


# --- Off, and on -------------------------------------------------------------------------------------------


def test_without_a_model_there_is_no_button_no_microphone_and_no_recording(web, requester):
    browser = web(requester)
    page = browser.get("/tickets/new/")
    assert "data-voice" not in page.content.decode()
    assert "microphone=()" in page["Permissions-Policy"]
    refused = upload(browser)
    assert refused.status_code == 422
    assert "can’t take files of this type" in refused.json()["error"]
    assert not Recording.objects.exists()


def test_with_a_model_the_form_has_the_recorder_and_the_page_the_microphone(web, requester, voice):
    page = web(requester).get("/tickets/new/")
    assert "data-voice" in page.content.decode()
    assert "microphone=(self)" in page["Permissions-Policy"]
    assert "media-src 'self' blob:" in page["Content-Security-Policy"]


def test_a_ticket_page_has_the_recorder_at_its_reply(web, requester, voice, submit, engine):
    ticket = submit(requester=requester)
    assert "data-voice" in web(requester).get(ticket.get_absolute_url()).content.decode()


# --- What is taken -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.webm", WEBM), ("a.ogg", b"OggS" + b"\0" * 20), ("a.opus", b"OggS" + b"\0" * 20), ("a.mp3", b"ID3\x04" + b"\0" * 20),
        ("a.m4a", b"\0\0\0\x20ftypM4A " + b"\0" * 20), ("a.wav", b"RIFF\0\0\0\0WAVEfmt "), ("a.amr", b"#!AMR\n" + b"\0" * 9), ("a.flac", b"fLaC" + b"\0" * 9),
    ],
)  # fmt: skip
def test_audio_of_every_kind_is_taken_and_to_be_heard(web, requester, voice, name, content):
    assert upload(web(requester), recording_file(name, content)).status_code == 201
    assert Attachment.objects.get().is_audio
    assert Job.objects.filter(kind=work.KIND, subject_id=Recording.objects.get().pk).exists()


def test_what_only_calls_itself_audio_is_not_taken(web, requester, voice):
    assert upload(web(requester), recording_file("a.mp3", b"<html>")).status_code == 422
    assert not Recording.objects.exists()


def test_more_than_20_mb_are_not_taken(web, requester, voice, monkeypatch):
    monkeypatch.setattr("tickets.intake.attachments.AUDIO_MAX_BYTES", 50)
    assert "larger than" in upload(web(requester)).json()["error"]


def test_recordings_are_counted_against_a_limit_of_their_own(web, requester, voice):
    upload(web(requester))
    assert Allowance.objects.filter(key__startswith="voice:person:").exists()


def test_other_files_are_not_heard(web, requester, voice):
    upload(web(requester), SimpleUploadedFile("a.txt", b"words"))
    assert not Recording.objects.exists()


def test_an_agents_own_audio_is_not_heard(voice, submit, engine, requester, agent):
    note = submit(requester=requester).note("Listen.", author=agent)
    attachments.attach(note, [recording_file()])
    assert not Recording.objects.exists()


# --- How far it is -----------------------------------------------------------------------------------------


def test_whoever_recorded_it_sees_how_far_it_is_and_then_the_words(web, requester, voice):
    browser = web(requester)
    voice.found = DOUBTFUL
    address = f"/recordings/{upload(browser).json()['token']}/"
    assert browser.get(address).json()["state"] == "waiting"
    transcribe()
    told = browser.get(address).json()
    assert told["state"] == "done"
    assert told["text"] == "Where is my refund? Merkel."
    assert told["language"] == "en"
    assert [word["text"] for line in told["lines"] for word in line["words"] if word["doubtful"]] == [
        " Merkel."
    ]
    assert "no-store" in browser.get(address)["Cache-Control"]


def test_nobody_else_does(web, requester, stranger, voice):
    token = upload(web(requester)).json()["token"]
    for other in (web(stranger), web(requester), web()):
        assert other.get(f"/recordings/{token}/").status_code == 404


@pytest.mark.parametrize("code", ["unreadable", "too_long", "silent", "too_slow", "failed"])
def test_what_is_not_understood_says_why_and_is_not_tried_again(web, requester, voice, code):
    browser = web(requester)
    token = upload(browser).json()["token"]
    voice.found = Unheard(code)
    assert transcribe().state == Recording.State.FAILED
    assert browser.get(f"/recordings/{token}/").json()["why"]
    voice.heard.clear()
    transcribe()
    assert not voice.heard


def test_what_was_thrown_away_meanwhile_stays_away(web, requester, voice):
    browser = web(requester)
    told = upload(browser).json()
    recording = Recording.objects.get()
    browser.post(told["remove"])
    work.perform(recording.pk)
    assert not Recording.objects.exists()


def test_the_job_goes_to_a_worker_and_not_into_the_request(web, requester, voice):
    upload(web(requester))
    assert not voice.heard
    assert jobs.KINDS[work.KIND].long


# --- Its ticket --------------------------------------------------------------------------------------------


def sent_with(browser: Any, token: str | list[str], engine: Any) -> Decision:
    engine.says("track_refund", 0.99)
    browser.post("/tickets/new/", {"body": "Where is my refund?", "staged": token})
    return Decision.objects.get()


def test_a_clear_recording_stays_with_the_ticket_and_is_answered(
    web, requester, voice, engine, refund_intent
):
    browser = web(requester)
    token = upload(browser).json()["token"]
    transcribe()
    decision = sent_with(browser, token, engine)
    assert decision.ticket.status == Status.AUTO_RESOLVED
    assert decision.basis["spoken"] == pytest.approx(0.9825)
    assert decision.ticket.messages.first().attachments.get().recording.confidence > 0.9


def test_a_doubtful_one_goes_to_a_person(web, requester, voice, engine, refund_intent):
    browser = web(requester)
    voice.found = DOUBTFUL
    token = upload(browser).json()["token"]
    transcribe()
    decision = sent_with(browser, token, engine)
    assert (decision.ticket.status, decision.reason) == (Status.ESCALATED, "voice_unclear")


@pytest.mark.parametrize("found", [None, Unheard("silent")])
def test_one_that_nobody_has_understood_goes_to_a_person(web, requester, voice, engine, refund_intent, found):
    browser = web(requester)
    token = upload(browser).json()["token"]
    if found:
        voice.found = found
        transcribe()
    assert sent_with(browser, token, engine).reason == "voice_unclear"


def test_the_least_certain_of_several_counts(web, requester, voice, engine, refund_intent):
    browser = web(requester)
    first, second = (upload(browser).json()["token"] for _ in range(2))
    work.perform(Recording.objects.first().pk)
    voice.found = DOUBTFUL
    work.perform(Recording.objects.last().pk)
    assert sent_with(browser, [first, second], engine).reason == "voice_unclear"


def test_a_voicemail_by_mail_is_heard_and_read_by_a_person(voice, engine, refund_intent):
    engine.says("track_refund", 0.99)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "gus@example.com", "support@example.com", "Voicemail"
    mail["Message-ID"] = "<a@example.com>"
    mail.set_content("Where is my refund?")
    mail.add_attachment(b"RIFF\0\0\0\0WAVEfmt ", maintype="audio", subtype="wav", filename="voicemail.wav")
    take(mail.as_bytes())
    ticket = Message.objects.get().ticket
    assert Recording.objects.get().attachment.message.ticket == ticket
    assert transcribe().text == "Where is my refund?"


def test_the_page_has_a_player_the_words_and_their_times(web, requester, agent, voice, engine, submit):
    voice.found = DOUBTFUL
    ticket = submit(requester=requester, files=[recording_file()])
    transcribe()
    token = Attachment.objects.get().token
    for page in (
        web(requester).get(ticket.get_absolute_url()),
        web(agent).get(f"/admin/tickets/ticket/{ticket.pk}/change/", follow=True),
    ):
        words = page.content.decode()
        assert f'src="/attachments/{token}/?view"' in words
        assert '<span data-at="0.5"> Where</span>' in words
        assert re.search(r'<mark data-at="3.5"[^>]*> Merkel.</mark>', words)


def test_it_is_played_in_place_with_its_own_type(web, requester, voice, engine, submit):
    submit(requester=requester, files=[recording_file()])
    response = web(requester).get(f"/attachments/{Attachment.objects.get().token}/?view")
    assert response["Content-Type"] == "audio/webm"
    assert response["Content-Disposition"].startswith("inline")
    assert response["X-Content-Type-Options"] == "nosniff"


# --- What is kept ------------------------------------------------------------------------------------------


def test_recordings_go_after_their_time_and_the_words_of_the_message_stay(
    voice, settings, engine, submit, requester, django_capture_on_commit_callbacks
):
    ticket = submit(requester=requester, files=[recording_file()])
    file = Attachment.objects.get()
    path = Path(file.file.path)
    Recording.objects.update(created_at=timezone.now() - timedelta(days=31))
    work.forget_old()
    assert path.exists(), "0 days: as long as the ticket"
    settings.VOICE_KEEP_DAYS = 30
    with django_capture_on_commit_callbacks(execute=True):
        work.forget_old()
    assert not path.exists()
    assert not Recording.objects.exists()
    assert ticket.messages.first().body


def test_younger_ones_stay(voice, settings, engine, submit, requester):
    submit(requester=requester, files=[recording_file()])
    settings.VOICE_KEEP_DAYS = 30
    work.forget_old()
    assert Recording.objects.exists()


def test_a_person_gets_what_they_said_and_can_have_it_erased(voice, engine, submit, requester):
    submit(requester=requester, files=[recording_file()])
    transcribe()
    person = privacy.find(requester.email)
    assert privacy.export(person)["voice"]["recordings"][0]["text"] == "Where is my refund?"
    privacy.erase_rows(person)
    assert not Recording.objects.exists()
