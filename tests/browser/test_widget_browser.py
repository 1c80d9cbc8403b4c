"""The widget on somebody else's site: pages of two other origins, one that is allowed and one that is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.conftest import PATIENCE_MS, wait_for_the_server
from tickets.channels.widget.models import Site
from tickets.models import Ticket

PHONE = {"width": 390, "height": 844}
SHOP = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Shop</title><link rel="icon" href="data:,"></head><body><main><h1>Our shop</h1><p><a href="/">Shoes</a></p>{link}</main>
<script src="{home}/widget.js" data-key="{key}" {facts} async></script></body></html>"""


class Shop(ThreadingHTTPServer):
    """One origin whose only page is ``page``, under a policy that lets in no inline style and nothing but the widget."""

    daemon_threads = True
    page = ""
    home = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        content = self.server.page.encode()
        home = self.server.home
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        policy = f"default-src 'none'; script-src {home}; frame-src {home}; img-src data:"
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Tests speak for themselves."""


@pytest.fixture
def shops(live_server: Any) -> Iterator[tuple[Shop, Shop]]:
    """A site that may show the widget, and one that may not."""
    found = tuple(Shop(("127.0.0.1", 0), Answer) for _ in range(2))
    for one in found:
        one.home = live_server.url
        threading.Thread(target=one.serve_forever, daemon=True).start()
    yield found  # type: ignore[misc]
    for one in found:
        one.shutdown()
        one.server_close()


@pytest.fixture
def visit(shops: tuple[Shop, Shop], chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Open the page of a shop with the widget in it, in a browser of its own."""
    site = Site.objects.create(name="Shop", origins=shops[0].origin)
    contexts = []

    def go(shop: Shop = shops[0], facts: str = "", link: bool = False, **options: Any) -> Page:
        address = f"{live_server.url}/widget/{site.key}/"
        shown = f'<p><a id="help" href="{address}" data-helpdesk>Need help?</a></p>' if link else ""
        shop.page = SHOP.format(home=live_server.url, key=site.key, facts=facts, link=shown)
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(shop.origin)
        return page

    yield go
    for context in contexts:
        context.close()
    wait_for_the_server()


def attach_files(frame: FrameLocator) -> None:
    """Three at once: one is kept, one taken out again, one refused with its reason."""
    field = frame.get_by_label("Attach files")
    names = ("bill.txt", "wrong.txt", "film.exe")
    field.set_input_files([{"name": name, "mimeType": "text/plain", "buffer": b"twelve"} for name in names])
    expect(frame.locator("input[name=staged]")).to_have_count(2)
    expect(frame.get_by_text("We can’t take files of this type.")).to_be_visible()
    frame.get_by_role("button", name="Remove: wrong.txt").click()
    expect(frame.locator("input[name=staged]")).to_have_count(1)


def test_a_guest_asks_from_another_site_and_nothing_is_fetched_before(
    visit, live_server, engine, refund_intent
) -> None:
    engine.says("track_refund", 0.97)
    asked: list[str] = []
    page = visit()
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    button = page.get_by_role("button", name="Help", exact=True)
    expect(button).to_have_attribute("aria-expanded", "false")
    assert [url for url in asked if url.startswith(live_server.url)] == [f"{live_server.url}/widget.js"]
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    frame = page.frame_locator("iframe")
    frame.get_by_label("Your question").fill("Where is my refund?")
    attach_files(frame)
    frame.get_by_label("Your email address").fill("gus@example.com")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.get_by_text("refunds take five days")).to_be_visible()
    assert [file.name for file in Ticket.objects.get().messages.first().attachments.all()] == ["bill.txt"]
    frame.get_by_role("button", name="No, I need a person").click()
    expect(frame.get_by_role("heading", name="A person will answer you")).to_be_visible()
    assert Ticket.objects.get().escalation_reason == "not_solved"
    assert page.context.cookies() == []


def test_it_is_used_by_keyboard_and_gives_the_focus_back(visit) -> None:
    page = visit(link=True)
    link = page.get_by_role("link", name="Need help?")
    link.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="How can we help?")).to_be_visible()
    page.wait_for_load_state("networkidle")  # it has the focus once it is loaded
    page.keyboard.press("Tab")
    expect(frame.get_by_label("Search our answers")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(link).to_be_focused()
    link.press("Enter")
    page.get_by_role("button", name="Close help").click()
    expect(link).to_be_focused()
    expect(link).to_have_attribute("aria-expanded", "false")


def test_a_site_that_is_not_named_shows_nothing_of_it(visit, shops) -> None:
    said: list[str] = []
    page = visit(shops[1])
    page.on("console", lambda message: said.append(message.text))
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.get_by_role("button", name="Help", exact=True).click()
    expect(page.frame_locator("iframe").get_by_role("heading", name="How can we help?")).to_have_count(0)


def test_without_scripts_the_link_leads_to_the_same_form(visit, engine) -> None:
    page = visit(link=True, java_script_enabled=False)
    page.get_by_role("link", name="Need help?").click()
    page.get_by_label("Your question").fill("Where is my parcel?")
    page.get_by_label("Your email address").fill("gus@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert Ticket.objects.get().requester_email == "gus@example.com"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_in_each_theme_and_german(visit, theme) -> None:
    """The theme is the one that the site asks for, whatever the reader's system prefers."""
    other = {"light": "dark", "dark": "light"}[theme]
    page = visit(facts=f'data-lang="de" data-theme="{theme}"', viewport=PHONE, color_scheme=other)
    page.get_by_role("button", name="Hilfe", exact=True).click()
    expect(page.frame_locator("iframe").get_by_role("heading", name="Wie können wir helfen?")).to_be_visible()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    inside = next(frame for frame in page.frames if frame != page.main_frame)
    ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(26, 33, 31)"}[theme]
    expect(inside.locator("body")).to_have_css("background-color", ground)
    assert inside.evaluate("document.documentElement.scrollWidth") <= 390
    assert not Axe().run(page)["violations"]
    page.goto(inside.url)
    assert not Axe().run(page)["violations"]
