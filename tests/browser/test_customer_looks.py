"""Every customer page, errors and the widget's frame: no fault that axe finds in any language, theme or width, nothing
wider than its window, usable by keyboard."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_customer_flows import log_in
from tickets.channels.widget.models import Site
from tickets.mail import choices, guest_links
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
ERRORS = [
    f"/errors/{name}/" for name in ("bad", "forbidden", "many", "old-link", "stale-form", "broken", "closed")
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


@pytest.fixture
def guests(submit, engine, refund_intent) -> list[str]:
    """A guest's ticket by its link, and the page where its reader chooses what comes by mail."""
    engine.says("track_refund", 0.97)
    ticket = submit(guest_email="gus@example.com", body="Where is my refund?")
    return [urlsplit(address).path for address in (guest_links.url_for(ticket), choices.link(ticket))]


def faults(page: Page, address: str) -> list[str]:
    page.goto(address)
    found = Axe().run(page)["violations"]
    said = [f"{address}: {fault['id']}: {[node['html'] for node in fault['nodes']]}" for fault in found]
    width = page.evaluate("document.documentElement.scrollWidth")
    return said + ([f"{address} is {width} px wide"] if width > page.viewport_size["width"] else [])


LANGUAGES = ("de", "en", "fr", "es", "pt", "nl")
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (390, 1280)]


def turns(addresses: list[str], whole: bool) -> list[tuple[str, str, str, int]]:
    """Each address in each language, theme and width. Short: in German and another language, light and dark, narrow and wide."""
    if whole:
        return [(one, said, *look) for said in LANGUAGES for look in LOOKS for one in addresses]
    german = [(one, "de", *LOOKS[at % 4]) for at, one in enumerate(addresses)]
    others = [(one, LANGUAGES[1 + at % 5], *LOOKS[3 - at % 4]) for at, one in enumerate(addresses)]
    return [*german, *others]


def look_at(page: Page, addresses: list[str], whole: bool) -> list[str]:
    found = []
    for address, said, scheme, width in turns(addresses, whole):
        page.context.set_extra_http_headers({"Accept-Language": said})
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        found += [f"{said} {scheme} {width}: {fault}" for fault in faults(page, address)]
        shown = page.evaluate("document.documentElement.lang")
        found += [] if shown.startswith(said) else [f"{address} is in {shown}, not in {said}"]
    return found


every_language = pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.prove)])


@every_language
@pytest.mark.urls("tests.helpdesk.styleguide_urls")  # these have the errors at addresses of their own
def test_pages_for_guests_and_errors(open_window, framed, guests, whole):
    assert look_at(open_window(), [*FOR_GUESTS, *ERRORS, *framed, *guests], whole) == []


@every_language
def test_pages_for_requesters_in_every_state(open_window, requester, tickets, whole):
    page = open_window()
    log_in(page, requester.email)
    expect(page.get_by_text("Welcome, Rita.")).to_be_visible()
    addresses = [*FOR_REQUESTERS, *(ticket.get_absolute_url() for ticket in tickets)]
    assert look_at(page, addresses, whole) == []


@pytest.mark.urls("tests.helpdesk.styleguide_urls")
def test_every_component(open_window):
    page = open_window(viewport=PHONE)
    assert faults(page, "/styleguide/") == []
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert not Axe().run(page, options={"runOnly": ["color-contrast"]})["violations"]


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
