"""Real headless Chromium against a live server. Skipped, and said so, where Chromium is not installed."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core import mail
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tickets.background import jobs

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
#: A microphone that beeps, and that every page may use which asks.
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PATIENCE_MS = 15_000  # shared machines are slow now and then
LEFT = ("htmx:sendAbort", "htmx:afterRequest")  # what htmx says when its page is left while it asks
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    # Playwright keeps an event loop in this thread; Django would take every query for one made inside it.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *MICROPHONE])
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> threading.RLock:
    """SQLite in memory has one connection for all threads: a second transaction would end in the middle of the first.

    So the server takes one request at a time. What a test writes itself while a page is open it writes ``with`` this.
    """
    lock = threading.RLock()
    real = WSGIHandler.get_response

    def get_response(handler: WSGIHandler, request: object) -> object:
        with lock:
            return real(handler, request)

    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        monkeypatch.setattr(WSGIHandler, "get_response", get_response)
    return lock


def wait_for_the_server() -> None:
    """Pages ask on their own: what they asked last is answered before the tables are emptied."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end and any(
        "process_request_thread" in thread.name and thread.is_alive() for thread in threading.enumerate()
    ):
        time.sleep(0.05)


@pytest.fixture
def open_window(chromium: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """``open_window()`` is a new person's browser; options are Playwright's. Complaints fail the test."""
    windows: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(**options: object) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(PATIENCE_MS)
        windows.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for window in windows:
        window.close()
    wait_for_the_server()
    assert not [said for said in complaints if not said.startswith(LEFT) and "status of 4" not in said]


@pytest.fixture
def page(open_window: Callable[..., Page]) -> Page:
    return open_window()


@pytest.fixture
def mailed_path() -> Callable[[str], str]:
    """``mailed_path("/accounts/")`` delivers the mail and takes the newest link that begins so."""

    def find(beginning: str) -> str:
        jobs.run_due()
        for message in reversed(mail.outbox):
            if found := re.search(rf"https?://[^/\s]+({beginning}\S+)", message.body):
                return found[1]
        raise AssertionError(
            f"No mail has a link to {beginning}: {[message.body for message in mail.outbox]}"
        )

    return find
