"""What an agent and a supervisor do in a real browser, with the keyboard, and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.conftest import PASSWORD
from tickets.models import Message, Status, Ticket
from triage.models import Answer


def press(page: Page, key: str) -> None:
    """Keys count once the scripts of the page are there."""
    page.wait_for_load_state()
    page.keyboard.press(key)


@pytest.fixture
def escalated(engine, refund_intent, submit: Callable[..., Ticket]) -> Ticket:
    engine.says("track_refund", 0.6)
    return submit(guest_name="Lee Wong")


@pytest.fixture
def desk_of(open_window: Callable[..., Page]) -> Callable[..., Page]:
    """A logged-in person's window at ``path``."""

    def go(person: User, path: str, **options: object) -> Page:
        page = open_window(**options)
        page.goto(f"/accounts/login/?next={path}")
        page.get_by_label("Email address").fill(person.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url(f"**{path}")
        return page

    return go


def page_of(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


LETTER = "Hello Lee, refunds take five days.\n\nAnna Agent"
REPLY = "Reply to the requester"


def test_an_agent_works_a_ticket_with_four_keys(desk_of, agent, escalated, time_is_up):
    page = desk_of(agent, "/admin/tickets/ticket/")
    expect(page.get_by_role("link", name="Unassigned 1")).to_be_visible()
    press(page, "n")
    expect(page.get_by_role("heading", name="Where is my refund?")).to_be_visible()
    expect(page.get_by_text("(you)")).to_be_visible()
    press(page, "i")
    expect(page.get_by_label(REPLY)).to_have_value(LETTER)
    press(page, "Control+Shift+Enter")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    time_is_up()
    escalated.refresh_from_db()
    assert (escalated.state, escalated.assignee) == (Status.RESOLVED, agent)


def test_letters_typed_into_a_text_are_no_shortcuts(desk_of, agent, escalated):
    page = desk_of(agent, page_of(escalated))
    press(page, "n")
    note = page.get_by_label("Internal note", exact=True).and_(page.locator("textarea"))
    expect(note).to_be_focused()
    page.keyboard.type("a jar in question?")
    expect(note).to_have_value("a jar in question?")
    escalated.refresh_from_db()
    assert escalated.assignee is None


def test_the_help_shows_the_keys(desk_of, agent, escalated):
    page = desk_of(agent, page_of(escalated))
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Assign to me")


def test_the_suggestion_joins_what_is_already_typed_and_only_once(desk_of, agent, escalated):
    page = desk_of(agent, page_of(escalated))
    reply = page.get_by_label(REPLY)
    reply.fill("Dear Lee,")
    for _ in range(2):
        page.locator("[data-insert=suggestion]").click()
        expect(reply).to_have_value(f"Dear Lee,\n\n{LETTER}")


def test_a_reply_that_crosses_a_newer_message_is_held_and_kept(desk_of, agent, escalated):
    page = desk_of(agent, page_of(escalated))
    page.get_by_label(REPLY).fill("We are looking.")
    expect(page.get_by_text("Draft kept")).to_be_visible()
    page.evaluate(
        "() => { window.fetch = () => Promise.reject(new Error()); }"
    )  # the page hears nothing any more
    escalated.reply("It has arrived, thank you.", author=None)
    page.get_by_role("button", name="Send and wait").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody wrote since this page was loaded")
    expect(page.get_by_text("It has arrived, thank you.")).to_be_visible()
    expect(page.get_by_label(REPLY)).to_have_value("We are looking.")
    page.get_by_role("button", name="Send and wait").click()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()


def test_everything_works_without_javascript(desk_of, agent, escalated):
    page = desk_of(agent, "/admin/tickets/ticket/", java_script_enabled=False)
    page.get_by_role("button", name="Next ticket").click()
    page.locator("[data-insert=suggestion]").click()
    page.get_by_role("button", name="Send and wait").click()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    page.locator("label[for=writer-note]").click()
    page.locator(".writer-note textarea").fill("Called the bank.")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator(".talk").get_by_text("Called the bank.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(desk_of, supervisor, escalated, width, scheme):
    page = desk_of(supervisor, "/admin/", viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in (
        "/admin/",
        "/admin/tickets/ticket/",
        page_of(escalated),
        "/admin/metrics/",
        "/admin/simulator/",
        "/admin/house/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_the_letters_follow_what_is_typed_into_the_house(desk_of, supervisor, refund_intent):
    Answer.objects.create(intent=refund_intent, body="It takes {refund_days}.").approve(None)
    page = desk_of(supervisor, "/admin/house/")
    letter = page.locator("#house-answers details")
    letter.locator("summary").click()
    expect(letter).to_contain_text("It takes [refund days?].")
    page.get_by_label("How soon after it is back with you is the money sent?").fill("3-5")
    expect(letter).to_contain_text("It takes 3 to 5 working days.")
    expect(letter).to_have_attribute("open", "")
    page.get_by_role("button", name="Save").click()
    page.locator("#house-answers summary").click()
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_text("Read by Sue Supervisor")).to_be_visible()


def test_a_chooser_has_the_name_of_its_field(desk_of, supervisor, refund_intent):
    page = desk_of(supervisor, "/admin/triage/answer/add/")
    chooser = page.get_by_role("combobox", name="Intent")
    chooser.click()
    page.get_by_role("searchbox", name="Search").fill("refund")
    page.get_by_role("option", name="Where is my refund").click()
    expect(page.get_by_role("combobox", name="Intent")).to_contain_text("Where is my refund")


def test_a_row_of_a_supervisor_s_list_is_a_short_card_on_a_phone(desk_of, supervisor, refund_intent):
    page = desk_of(supervisor, "/admin/triage/intent/", viewport={"width": 390, "height": 800})
    card = page.locator("#result_list .data-row")
    assert card.bounding_box()["height"] < 200
    card.get_by_role("checkbox").check()
    expect(page.get_by_role("link", name="Where is my refund")).to_be_visible()


# --- the day of an agent -----------------------------------------------------------------------------------------


@pytest.fixture
def many(escalated, submit) -> list[Ticket]:
    return [escalated, *(submit(guest_name=f"Customer {at}", subject=f"Refund {at}") for at in range(1, 10))]


def test_colleagues_see_each_other_and_new_messages_come_in_place(desk_of, agent, other_agent, escalated):
    mine, theirs = desk_of(agent, page_of(escalated)), desk_of(other_agent, page_of(escalated))
    theirs.get_by_label(REPLY).press_sequentially("Hello")
    expect(mine.get_by_text("Otto Other is writing")).to_be_visible()
    escalated.reply("Are you there?", author=None)
    expect(mine.locator(".talk").get_by_text("Are you there?")).to_be_visible()


def test_the_intent_box_takes_a_word_and_enter(desk_of, agent, escalated):
    page = desk_of(agent, page_of(escalated))
    press(page, "c")
    page.keyboard.type("refund")
    expect(page.get_by_role("option", name="Where is my refund")).to_be_visible()
    press(page, "Enter")
    expect(page.get_by_text("The intent is now “Where is my refund”.")).to_be_visible()


def test_a_chosen_file_waits_with_the_draft_and_breaks_no_script(desk_of, agent, escalated, tmp_path):
    (tmp_path / "label.txt").write_text("Return label")
    page = desk_of(agent, page_of(escalated))
    page.get_by_label("Attach files").first.set_input_files(tmp_path / "label.txt")
    expect(page.locator("[data-files]")).to_contain_text("label.txt")
    page.reload()
    expect(page.locator("[data-files]")).to_contain_text("label.txt")
    page.get_by_role("button", name="Take label.txt away").click()
    expect(page.locator("[data-files]")).not_to_contain_text("label.txt")


def test_the_first_ticket_is_one_tab_away_and_the_list_is_walked_by_keys(desk_of, agent, many):
    page = desk_of(agent, "/admin/tickets/ticket/?queue=unassigned", viewport={"width": 1280, "height": 800})
    press(page, "Tab")
    press(page, "Enter")
    expect(page.locator(".row a").first).to_be_focused()
    press(page, "j")
    expect(page.locator(".row a").nth(1)).to_be_focused()
    press(page, "x")
    expect(page.get_by_text("1 chosen:")).to_be_visible()
    assert page.locator(".row").first.bounding_box()["height"] <= 46
    press(page, "Control+k")
    page.keyboard.type(many[3].reference[:6])
    expect(page.get_by_role("option", name=many[3].reference)).to_be_visible()
    press(page, "Escape")
    press(page, "j")
    press(page, "Enter")
    page.wait_for_url("**/change/**")


def test_a_long_conversation_leaves_the_writer_in_view(desk_of, agent, escalated):
    Message.objects.bulk_create(
        Message(ticket=escalated, sender="requester", body=f"Message {at}. " * 30) for at in range(200)
    )
    page = desk_of(agent, page_of(escalated), viewport={"width": 1280, "height": 800})
    expect(page.get_by_label(REPLY)).to_be_in_viewport()
    expect(page.get_by_text("Message 199.").first).to_be_in_viewport()
    page.get_by_label(REPLY).fill("line\n" * 60)
    expect(page.get_by_role("button", name="Send and next")).to_be_in_viewport()
    expect(page.locator(".talk-item").last).to_be_visible()
    page.get_by_text("Show 181 earlier messages").click()
    expect(page.get_by_text("Show 131 earlier messages")).to_be_attached()
