"""Speaking instead of writing, by keyboard, with a microphone that beeps and a model that always hears the same."""

from __future__ import annotations

import re

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect

from tickets.background import jobs
from tickets.channels.voice import hearing
from tickets.channels.voice.hearing import Heard, Segment
from tickets.channels.voice.models import Recording
from tickets.models import Message

SAID = Segment(
    " My lamp is broke.", ((0.1, 0.4, " My", 0.9), (0.4, 0.8, " lamp", 0.3), (0.8, 1.2, " is broke.", 0.9))
)


def test_a_message_is_spoken_corrected_and_sent(page, settings, monkeypatch, tmp_path, engine):
    settings.VOICE_MODEL = tmp_path
    monkeypatch.setattr(hearing, "hear", lambda *args, **options: Heard(1.5, "en", 0.9, (SAID,)))
    page.goto("/tickets/new/")
    record = page.get_by_role("button", name="Record a message")
    record.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Recording. Speak now.")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Go on recording")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"0:0[1-9] / 5:00"))
    page.get_by_role("button", name="Done").click()
    expect(page.locator("input[name=staged]")).to_have_count(1)
    jobs.run_due()
    body = page.get_by_label("How can we help?")
    expect(body).to_have_value("My lamp is broke.")
    expect(page.locator(".voice mark")).to_have_text(" lamp")
    assert not Axe().run(page)["violations"]
    body.fill("My lamp is broken.")
    page.get_by_label("Your email address").fill("gus@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    conversation = page.get_by_role("region", name="Conversation")
    expect(conversation.get_by_text("What we understood")).to_be_visible()
    assert Message.objects.get().body == "My lamp is broken."
    assert Recording.objects.get().attachment.message == Message.objects.get()


def test_a_recording_that_is_deleted_takes_its_words_along(page, settings, monkeypatch, tmp_path):
    settings.VOICE_MODEL = tmp_path
    monkeypatch.setattr(hearing, "hear", lambda *args, **options: Heard(1.5, "en", 0.9, (SAID,)))
    page.goto("/tickets/new/")
    body = page.get_by_label("How can we help?")
    body.fill("Hello.")
    page.get_by_role("button", name="Record a message").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"0:0[1-9]"))
    page.get_by_role("button", name="Done").click()
    expect(page.locator("input[name=staged]")).to_have_count(1)
    jobs.run_due()
    expect(body).to_have_value("Hello.\n\nMy lamp is broke.")
    page.get_by_role("button", name="Delete the recording").click()
    expect(body).to_have_value("Hello.")
    expect(page.locator("input[name=staged]")).to_have_count(0)


def test_a_microphone_that_is_refused_is_explained(page, settings, tmp_path):
    settings.VOICE_MODEL = tmp_path
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto("/tickets/new/")
    page.get_by_role("button", name="Record a message").click()
    expect(
        page.get_by_role("status").filter(has_text="doesn’t let this page use the microphone")
    ).to_be_visible()
    expect(page.get_by_role("button", name="or choose an audio file")).to_be_visible()


def test_a_browser_that_cannot_record_has_no_button(page, settings, tmp_path):
    settings.VOICE_MODEL = tmp_path
    page.add_init_script("delete window.MediaRecorder")
    page.goto("/tickets/new/")
    expect(page.get_by_label("How can we help?")).to_be_visible()
    expect(page.locator("[data-voice]")).to_be_hidden()
