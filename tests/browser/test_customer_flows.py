"""What a customer does, from the first word to the last, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD
from tickets.background import jobs
from tickets.models import Message, Status, Ticket

ANSWER = "refunds take five days"


@pytest.fixture(autouse=True)
def confident(engine, refund_intent) -> None:
    engine.says("track_refund", 0.97)


def write_as_guest(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Your question").fill("Where is my refund?")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Your email address").fill("gus@example.com")
    page.get_by_role("button", name="Send", exact=True).click()


def log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()


def test_a_guest_asks_sees_the_answer_and_says_that_it_helped(page):
    write_as_guest(page)
    expect(page.get_by_text(ANSWER)).to_be_visible()
    page.get_by_role("button", name="Yes, that’s solved").click()
    expect(page.get_by_role("heading", name="Great, that’s solved")).to_be_visible()
    expect(page.locator("#ticket-status")).to_have_text("Closed")
    page.get_by_label("Excellent").check()
    page.get_by_role("button", name="Send rating").click()
    expect(page.get_by_text("5 out of 5")).to_be_visible()
    assert Ticket.objects.get().feedback.rating == 5


def test_the_answer_is_in_sight_right_after_sending_on_a_phone(open_window):
    page = open_window(viewport={"width": 390, "height": 700})
    write_as_guest(page)
    expect(page.get_by_text("Automatic answer")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Yes, that’s solved")).to_be_in_viewport()


def test_no_brings_a_person_without_a_reload(page):
    write_as_guest(page)
    expect(page.get_by_text(ANSWER)).to_be_visible()
    page.evaluate("window.sameDocument = true")
    page.get_by_role("button", name="No, I need a person").click()
    expect(page.get_by_role("heading", name="A person will answer you")).to_be_visible()
    expect(page.locator("#ticket-status")).to_have_text("With our team")
    assert page.evaluate("window.sameDocument") is True
    assert page.evaluate("document.activeElement.id") == "outcome"
    assert Ticket.objects.get().escalation_reason == "not_solved"


def test_a_reply_being_written_survives_the_no(page):
    write_as_guest(page)
    page.get_by_label("Your reply").fill("It has been nine days already.")
    page.get_by_role("button", name="No, I need a person").click()
    expect(page.get_by_role("heading", name="A person will answer you")).to_be_visible()
    expect(page.get_by_label("Your reply")).to_have_value("It has been nine days already.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_label("Conversation").get_by_text("It has been nine days already.")).to_be_visible()


def test_a_person_can_be_asked_for_with_one_click(page, engine):
    write_as_guest(page)
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_text("You asked for a person")).to_be_visible()
    expect(page.get_by_role("button", name="Talk to a person")).to_have_count(0)


def test_the_page_shows_the_answer_by_itself_once_it_is_there(page, monkeypatch):
    monkeypatch.setattr(jobs, "dispatch", lambda *args, **options: None)
    write_as_guest(page)
    expect(page.get_by_role("heading", name="We’re checking for an answer")).to_be_visible()
    page.get_by_label("Your reply").fill("One more thing")
    jobs.Job.objects.update(lease_until=None)  # what was to do it at once is out of the way
    jobs.run_one(jobs.Job.objects.get(kind="triage").pk)
    expect(page.get_by_text(ANSWER)).to_be_visible()
    expect(page.locator("#ticket-status")).to_have_text("Answered")
    expect(page.get_by_role("status").filter(has_text="Did this solve it?")).to_have_count(1)
    expect(page.get_by_label("Your reply")).to_have_value("One more thing")


def test_everything_works_without_javascript(open_window):
    page = open_window(java_script_enabled=False)
    write_as_guest(page)
    expect(page.get_by_text(ANSWER)).to_be_visible()
    page.get_by_role("button", name="No, I need a person").click()
    expect(page.get_by_role("heading", name="A person will answer you")).to_be_visible()
    page.get_by_label("Your reply").fill("It is urgent.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_text("It is urgent.")).to_be_visible()
    assert Ticket.objects.get().state is Status.ESCALATED


def test_sending_by_a_double_click_makes_one_ticket(page):
    page.goto("/tickets/new/")
    page.get_by_label("How can we help?").fill("Where is my refund?")
    page.get_by_label("Your email address").fill("gus@example.com")
    page.get_by_role("button", name="Send", exact=True).dblclick()
    expect(page.get_by_text(ANSWER)).to_be_visible()
    assert Ticket.objects.count() == 1


def test_files_can_be_attached_and_come_back_as_downloads(page):
    page.goto("/tickets/new/")
    page.get_by_label("How can we help?").fill("Where is my refund?")
    page.get_by_label("Your email address").fill("gus@example.com")
    names = ["what happened.txt", "and then.txt"]  # the first two that this browser ever sends, at once
    files = [{"name": name, "mimeType": "text/plain", "buffer": b"nothing"} for name in names]
    page.get_by_label("Attach files").set_input_files(files)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("link", name="and then.txt")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="what happened.txt").click()
    assert download.value.suggested_filename == "what happened.txt"


def test_the_mailed_link_opens_the_ticket_in_another_browser(
    page, open_window, mailed_path: Callable[[str], str]
):
    write_as_guest(page)
    expect(page.get_by_text(ANSWER)).to_be_visible()
    other = open_window()
    other.goto(mailed_path("/g/"))
    expect(other.get_by_text(ANSWER)).to_be_visible()


def test_from_sign_up_to_ones_own_ticket(page, mailed_path):
    page.goto("/accounts/signup/")
    page.get_by_label("Your name").fill("Nora New")
    page.get_by_label("Email address").fill("nora@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    page.goto(mailed_path("/accounts/confirm-email/"))
    page.get_by_role("button", name="Yes, that’s mine").click()
    expect(page.get_by_text("is confirmed")).to_be_visible()
    log_in(page, "nora@example.com")
    page.get_by_role("link", name="Ask a question", exact=True).click()
    page.get_by_label("How can we help?").fill("Where is my refund?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text(f"Hello Nora, {ANSWER}")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="My tickets").click()
    expect(page.get_by_role("link", name="Where is my refund?")).to_be_visible()


def test_my_tickets_are_filtered_and_searched_in_place(page, requester):
    for subject, status in [("Lamp", Status.CLOSED), ("Chair", Status.PENDING)]:
        Ticket.objects.create(
            requester=requester, requester_email=requester.email, subject=subject, status=status
        )
    log_in(page, requester.email)
    page.goto("/tickets/")
    page.evaluate("window.sameDocument = true")
    page.get_by_role("link", name="Waiting for you", exact=True).click()
    expect(page.get_by_role("link", name="Lamp")).to_have_count(0)
    expect(page.get_by_role("link", name="Chair")).to_be_visible()
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.get_by_role("link", name="Lamp")).to_be_visible()
    page.get_by_label("Search my tickets").fill("lamp")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Chair")).to_have_count(0)
    assert page.evaluate("window.sameDocument") is True
    assert "q=lamp" in page.url
    page.go_back()
    expect(page.get_by_role("link", name="Chair")).to_be_visible()


def test_a_closed_ticket_goes_on_as_a_follow_up(page):
    write_as_guest(page)
    page.get_by_role("button", name="Yes, that’s solved").click()
    page.get_by_role("complementary").get_by_role("link", name="Write a follow-up").click()
    page.get_by_label("How can we help?").fill("It came back.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("complementary").get_by_text("Follow-up to")).to_be_visible()
    assert Ticket.objects.exclude(follow_up_of=None).count() == 1


def test_a_reply_with_a_mistake_comes_back_where_it_was_written(page):
    write_as_guest(page)
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#id_body_error")).to_be_in_viewport()
    expect(page.get_by_label("Your reply")).to_be_focused()


def test_the_lock_page_comes_up_after_five_wrong_passwords(page, requester):
    page.goto("/accounts/login/")
    for _ in range(5):
        page.get_by_label("Email address").fill(requester.email)
        page.get_by_label("Password", exact=True).fill("wrong")
        page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Locked for now")).to_be_visible()


def test_an_agents_reply_is_there_for_the_customer(page, agent):
    write_as_guest(page)
    expect(page.get_by_text(ANSWER)).to_be_visible()
    Ticket.objects.get().reply("I looked it up for you: it left on Monday.", author=agent)
    page.reload()
    expect(page.get_by_text("it left on Monday")).to_be_visible()
    expect(page.get_by_role("heading", name="We’ve replied")).to_be_visible()
    assert Message.objects.filter(sender=Message.Sender.AGENT).count() == 1
