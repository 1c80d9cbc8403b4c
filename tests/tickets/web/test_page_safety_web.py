"""What holds for every page: a strict script policy that the templates keep, and errors with a face."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db

OF_THE_ADMIN = {
    "admin",
    "unfold",
    "triage",
    "oversight",
}  # its libraries start themselves inline; its policy allows that
PAGES = ["/", "/tickets/new/", "/accounts/login/", "/nothing/"]
INLINE = {
    "a script without a file": r"<script(?![^>]*\bsrc=)",
    "an event handler": r"<[^>]*\son[a-z]+\s*=",
    "a script address": r"javascript:",
    "a style in an element": r"<[^>]*\sstyle\s*=",
    "somebody else's file": r"""(?:src|href)=["']https?://""",
}


def customer_templates() -> Iterator[Path]:
    root = settings.BASE_DIR / "templates"
    return (file for file in root.rglob("*.html") if file.relative_to(root).parts[0] not in OF_THE_ADMIN)


@pytest.mark.parametrize("page", PAGES)
def test_only_scripts_with_the_nonce_of_this_very_answer_run(web, page):
    first, second = (web().get(page) for _ in range(2))
    nonces = [
        re.search(r"script-src 'nonce-([\w-]{22})';", one["Content-Security-Policy"])[1]
        for one in (first, second)
    ]
    assert nonces[0] != nonces[1]
    assert "unsafe" not in first["Content-Security-Policy"]
    scripts = re.findall(r"<script[^>]*>", first.content.decode())
    assert scripts
    assert all(f'nonce="{nonces[0]}"' in script for script in scripts)


@pytest.mark.parametrize("fault", INLINE)
@pytest.mark.parametrize("template", sorted(customer_templates()), ids=lambda file: file.name)
def test_no_template_breaks_the_policy(template, fault):
    assert not re.search(INLINE[fault], template.read_text())


def test_the_patterns_find_what_they_are_for():
    bad = '<script>x()</script><a onclick="x()" style="top:0" href="https://x.example">x</a><a href="javascript:x()">'
    assert all(re.search(pattern, bad) for pattern in INLINE.values())
    assert not any(
        re.search(pattern, '<script src="/static/a.js" defer></script>') for pattern in INLINE.values()
    )


def test_an_expired_form_says_so_instead_of_a_bare_403():
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/accounts/login/", {"login": "a@example.com", "password": "secret-word"})
    assert response.status_code == 403
    assert "This page was out of date" in response.content.decode()
    assert "secret-word" not in response.content.decode()


def test_too_many_requests_have_a_page(web, settings):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "1/m/ip"}
    form = {"name": "N", "email": "n@example.com", "password1": "x", "password2": "x"}
    answers = [web().post("/accounts/signup/", form) for _ in range(2)]
    assert answers[-1].status_code == 429
    assert "Please wait a moment" in answers[-1].content.decode()


def test_a_fault_of_ours_is_admitted_without_touching_the_database(web, monkeypatch):
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("tickets.web.views.recent_tickets", broken)
    browser = web()
    browser.raise_request_exception = False
    response = browser.get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
    assert "broken on purpose" not in response.content.decode()
