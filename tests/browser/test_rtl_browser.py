"""Every customer page from right to left, in a language whose words are longer: nothing is wider than a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.test_customer_flows import log_in
from tests.browser.test_customer_looks import FOR_GUESTS, FOR_REQUESTERS, PHONE, framed, tickets
from tests.tickets.words import pseudo

__all__ = ["framed", "tickets"]  # fixtures


@pytest.fixture(autouse=True)
def arabic(tmp_path: Any, settings: Any) -> None:
    pseudo.speak(tmp_path, settings)


def faults(page: Page, addresses: list[str]) -> list[str]:
    found = []
    for address in addresses:
        page.goto(address)
        facts = page.evaluate(
            "[document.documentElement.dir, document.documentElement.scrollWidth, "
            "document.querySelector('h1').getBoundingClientRect().right]"
        )
        if facts[0] != "rtl" or facts[1] > PHONE["width"] or facts[2] > PHONE["width"]:
            found.append(f"{address}: {facts}")
    return found


def test_pages_for_guests_from_right_to_left(open_window, framed):
    page = open_window(viewport=PHONE, locale="ar")
    assert faults(page, [*FOR_GUESTS, *framed]) == []


def test_pages_for_requesters_from_right_to_left(open_window, requester, tickets):
    page = open_window(viewport=PHONE)
    log_in(page, requester.email)
    page.context.set_extra_http_headers({"Accept-Language": "ar"})
    assert faults(page, [*FOR_REQUESTERS, *(ticket.get_absolute_url() for ticket in tickets)]) == []
