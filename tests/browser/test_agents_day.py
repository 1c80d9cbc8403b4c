"""An agent's day by the keyboard alone: tickets in a row, and all that comes in between. Keys, page loads and seconds are counted."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Error, Locator, Page, expect

from accounts.models import User
from tests.conftest import PASSWORD
from tickets.desk.models import HeldReply
from tickets.macros.models import Macro
from tickets.models import Message, Status, Ticket

REPLY = "Reply to the requester"
MOST_KEYS = 4  # beside the edit: take, insert, send and go on
EDIT = "One more line, typed by hand."


@dataclass
class Walk:
    """One agent's window, and what each ticket cost: keys beside the edit, page loads, seconds."""

    page: Page
    person: User
    undisturbed: AbstractContextManager[Any]
    keys: int = 0
    loads: int = 0
    spent: list[tuple[int, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch()

    def watch(self) -> None:
        self.page.on("framenavigated", self._loaded)

    def _loaded(self, frame: object) -> None:
        self.loads += 1

    def press(self, key: str) -> None:
        """Keys count once the scripts of the page are there."""
        self.page.wait_for_load_state()
        self.keys += 1
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    @property
    def reply(self) -> Locator:
        return self.page.get_by_label(REPLY)

    def leave_by(self, key: str) -> None:
        """Press ``key`` and wait for another page than this one."""
        here = self.page.url
        self.press(key)
        self.page.wait_for_url(lambda url: url != here)

    def log_in(self) -> None:
        self.page.get_by_label("Email address").fill(self.person.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/accounts/login/" not in url)

    @property
    def ticket_id(self) -> int:
        found = re.search(r"/ticket/(\d+)/change/", self.page.url)
        assert found, f"{self.page.url} is no ticket's page"
        return int(found[1])


@pytest.fixture
def sit_down(open_window: Callable[..., Page], one_at_a_time) -> Callable[[User], Walk]:
    def start(person: User) -> Walk:
        walk = Walk(open_window(viewport={"width": 1280, "height": 800}), person, one_at_a_time)
        walk.page.goto("/accounts/login/?next=/admin/tickets/ticket/?queue=unassigned")
        walk.log_in()
        return walk

    return start


@pytest.fixture
def inbox(engine, refund_intent, submit) -> Callable[[int], list[Ticket]]:
    """Three kinds in turn: a letter is suggested; a macro fits; neither, it is written by hand."""
    Macro.objects.create(name="Parcel late", reply="Hello {first_name}, your parcel is late.")
    Macro.objects.create(name="Invoice sent", reply="Here is your invoice.")

    def fill(count: int) -> list[Ticket]:
        made = []
        for at in range(count):
            engine.says("track_refund", 0.6 if at % 3 == 0 else 0.1)
            made.append(submit(guest_name=f"Customer {at}", subject=f"Matter {at}"))
        return made

    return fill


def write(walk: Walk, ticket_id: int) -> str:
    """Fill the writer with the fewest keys, and edit. Returns what must go out in the end."""
    if walk.page.locator("[data-insert=suggestion]").count():
        walk.press("i")
        expect(walk.reply).to_have_value(re.compile("refunds take five days"))
    elif ticket_id % 2:
        walk.press("m")
        walk.press("p")
        walk.press("Enter")
        expect(walk.reply).to_have_value("Hello Customer, your parcel is late.")
    else:
        walk.press("r")
    expect(walk.reply).to_be_focused()
    walk.type(EDIT)
    text: str = walk.reply.input_value()
    assert text.endswith(EDIT), "the cursor does not stand behind the text"
    return text


# --- what comes in between: each ends with the reply still to be sent --------------------------------------------


def nothing(walk: Walk) -> None:
    pass


def the_requester_writes(walk: Walk) -> None:
    """A message that the agent has not seen stops the reply, which is kept."""
    walk.page.route("**/live/*", lambda route: route.fulfill(status=304))
    with walk.undisturbed:
        Ticket.objects.get(pk=walk.ticket_id).reply("It has arrived meanwhile.", author=None)
    walk.page.keyboard.press("Control+Enter")
    expect(walk.page.get_by_role("alert")).to_contain_text("Somebody wrote since this page was loaded")
    walk.page.unroute("**/live/*")
    expect(walk.page.locator(".talk").get_by_text("It has arrived meanwhile.")).to_be_in_viewport()


def the_session_ends(walk: Walk) -> None:
    walk.page.context.clear_cookies(name="sessionid")
    walk.page.keyboard.press("Control+Enter")
    walk.page.wait_for_url("**/accounts/login/**")
    walk.log_in()


def the_window_crashes(walk: Walk) -> None:
    """The browser's process of the page dies; the agent opens the ticket in a new window."""
    expect(walk.page.get_by_text("Draft kept")).to_be_visible()
    address, context = walk.page.url, walk.page.context
    with contextlib.suppress(Error):
        walk.page.goto("chrome://crash")
    walk.page = context.new_page()
    walk.watch()
    walk.page.goto(address)


def the_page_is_loaded_again(walk: Walk) -> None:
    """At once after the last key, before the draft's own timer."""
    walk.page.reload()


BETWEEN = [the_requester_writes, the_session_ends, the_window_crashes, the_page_is_loaded_again]


def work_through(walk: Walk, count: int, between: dict[int, Callable[..., None]]) -> dict[int, str]:
    """``count`` tickets from the first to the end of the round; ticket → what must go out."""
    written: dict[int, str] = {}
    walk.keys = 0
    walk.leave_by("n")
    walk.loads = 0
    for at in range(count):
        begun = time.monotonic()
        assert walk.ticket_id not in written, "a ticket was offered twice"
        expect(walk.reply).to_have_value("")
        text = written[walk.ticket_id] = write(walk, walk.ticket_id)
        happens = between.get(at, nothing)
        happens(walk)
        expect(walk.reply).to_have_value(text)
        walk.leave_by("Control+Enter")
        if happens is nothing:
            walk.spent.append((walk.keys, walk.loads, time.monotonic() - begun))
        walk.keys, walk.loads = 0, 0
    expect(walk.page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    return written


def judged(walk: Walk, written: dict[int, str]) -> None:
    """Everything went out once, as it was typed, with the keys and page loads that a ticket may cost."""
    said = dict(Message.objects.filter(sender="agent").values_list("ticket_id", "body"))
    assert said == written
    assert Message.objects.filter(sender="agent").count() == len(written)
    assert {ticket.status for ticket in Ticket.objects.all()} == {Status.PENDING}
    keys, loads, seconds = (sorted(each) for each in zip(*walk.spent, strict=True))
    print(
        f"{len(keys)} tickets: keys {keys[0]}–{keys[-1]}, loads {loads[-1]}, median {seconds[len(seconds) // 2]:.2f} s, slowest {seconds[-1]:.2f} s"
    )
    assert keys[-1] <= MOST_KEYS
    assert loads[-1] <= 1


def both_take_the_next(first: Walk, second: Walk) -> tuple[int, int]:
    """Two agents press the key in the same moment."""
    here = [walk.page.url for walk in (first, second)]
    for walk in (first, second):
        walk.page.wait_for_load_state()
        walk.page.keyboard.press("n")
    for walk, before in zip((first, second), here, strict=True):
        walk.page.wait_for_url(lambda url, before=before: url != before)
    return first.ticket_id, second.ticket_id


def test_ten_tickets_in_a_row(sit_down, inbox, agent, settings, time_is_up):
    settings.REPLY_HOLD_SECONDS = 3600  # nothing goes out before the walk is over
    inbox(10)
    walk = sit_down(agent)
    written = work_through(walk, 10, {1 + 2 * at: happens for at, happens in enumerate(BETWEEN)})
    assert HeldReply.objects.on_its_way().count() == 10
    time_is_up()
    judged(walk, written)


@pytest.mark.prove
def test_eighty_tickets_in_a_row(sit_down, inbox, agent, settings, time_is_up):
    settings.REPLY_HOLD_SECONDS = 3600
    inbox(80)
    walk = sit_down(agent)
    between = {5 * at + 2: happens for at, happens in enumerate(BETWEEN * 3)}
    written = work_through(walk, 80, between)
    assert HeldReply.objects.on_its_way().count() == 80
    time_is_up()
    judged(walk, written)


def test_two_agents_on_one_ticket(sit_down, inbox, agent, other_agent, one_at_a_time, time_is_up):
    """They are led to different ones; who opens the other's all the same reads its reply before sending one."""
    inbox(4)
    mine, theirs = sit_down(agent), sit_down(other_agent)
    first, second = both_take_the_next(mine, theirs)
    assert first != second
    mine.page.goto(theirs.page.url)
    mine.press("r")
    mine.type("I was here too.")
    theirs.press("r")
    theirs.type("Your parcel is found.")
    theirs.leave_by("Control+Enter")
    mine.press("Control+Enter")
    expect(mine.page.get_by_role("alert")).to_contain_text("Otto Other has just sent a reply")
    with one_at_a_time:
        time_is_up()
    expect(mine.page.locator(".talk").get_by_text("Your parcel is found.")).to_be_visible()
    expect(mine.reply).to_have_value("I was here too.")
    assert list(Message.objects.filter(sender="agent").values_list("body", flat=True)) == [
        "Your parcel is found."
    ]
