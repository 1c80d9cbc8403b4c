"""Every customer page: no accessibility fault that axe finds, nothing wider than a phone, usable by keyboard."""

from __future__ import annotations

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_customer_flows import log_in
from tickets.channels.widget.models import Site
from tickets.models import Closure, Ticket
from triage.answers.help.models import Article

PHONE = {"width": 390, "height": 844}
FOR_GUESTS = [
    "/",
    "/tickets/new/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/nothing/",
    "/help/",
    "/help/?q=zebra",
]
FOR_REQUESTERS = [
    "/", "/tickets/", "/tickets/?q=zebra", "/tickets/new/", "/accounts/profile/", "/accounts/email/",
    "/accounts/password/change/", "/accounts/logout/", "/accounts/data/", "/accounts/data/delete/", "/accounts/2fa/",
]  # fmt: skip


@pytest.fixture
def tickets(submit, requester, agent, engine, refund_intent, settings) -> list[Ticket]:
    """One ticket in each state that a requester may find, most of them after the same answer."""
    settings.TRIAGE_REPEAT_DAYS = 0
    engine.says("track_refund", 0.97)
    answered, rated, replied, closed, resolved = (submit(requester=requester) for _ in range(5))
    rated.record_feedback(solved=True, rating=4, actor=requester)
    replied.reply("Which order is it?", author=agent)
    resolved.reply("Done.", author=agent)
    resolved.resolve(actor=agent)
    closed.close(Closure.SILENCE)
    engine.says("track_refund", 0.1)
    long = submit(requester=requester, subject="x" * 200, body="All began in January. " * 400 + "y" * 300)
    return [answered, rated, replied, closed, resolved, long]


@pytest.fixture
def framed(refund_intent) -> list[str]:
    """An article, found and read on our page and in the widget's frame, and the frame's form."""
    facts = {"title": "Where is my refund?", "summary": "Five days.", "topic": "Refunds"}
    Article.objects.create(intent=refund_intent, **facts).approve(None)
    frame = f"/widget/{Site.objects.create(name='Shop', origins='https://shop.example.com').key}/"
    inside = ("", "help/", "help/?q=zebra", "help/track_refund/", "sent/x/")
    return ["/help/track_refund/", "/help/?q=refund", *(f"{frame}{path}" for path in inside)]


def faults(page: Page, address: str) -> list[str]:
    page.goto(address)
    found = Axe().run(page)["violations"]
    said = [f"{address}: {fault['id']}: {[node['html'] for node in fault['nodes']]}" for fault in found]
    width = page.evaluate("document.documentElement.scrollWidth")
    return said + ([f"{address} is {width} px wide"] if width > page.viewport_size["width"] else [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_for_guests(open_window, framed, scheme):
    page = open_window(color_scheme=scheme, viewport=PHONE)
    assert not [fault for address in (*FOR_GUESTS, *framed) for fault in faults(page, address)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_for_requesters_in_every_state(open_window, requester, tickets, scheme):
    page = open_window(color_scheme=scheme, viewport=PHONE)
    log_in(page, requester.email)
    expect(page.get_by_text("Welcome, Rita.")).to_be_visible()
    addresses = [*FOR_REQUESTERS, *(ticket.get_absolute_url() for ticket in tickets)]
    assert not [fault for address in addresses for fault in faults(page, address)]


def test_a_form_with_mistakes(open_window):
    page = open_window(viewport=PHONE)
    page.goto("/tickets/new/")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Please check the following")
    assert not Axe().run(page)["violations"]


def test_the_first_tab_stop_leads_past_the_navigation(page):
    page.goto("/tickets/new/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_nothing_is_fetched_from_anywhere_else(page, live_server):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/tickets/new/")
    assert asked
    assert not [url for url in asked if not url.startswith(live_server.url)]


WATCH_SHIFTS = """
window.shifted = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.shifted.push(...one.sources.map(({ node }) => node?.className ?? node?.nodeName));
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("address", ["/", "/tickets/new/"])
def test_nothing_moves_when_answers_were_looked_for_and_none_fit(open_window, address):
    page = open_window(viewport=PHONE)
    page.add_init_script(WATCH_SHIFTS)
    with page.expect_response("**/help/suggestions/"):
        page.goto(address)
    page.wait_for_function(
        "document.getElementById('suggestions').classList.contains('htmx-request') === false"
    )
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.shifted") == []
