"""The Host header is written by the client: no link in a mail or an answer is made from it."""

from __future__ import annotations

import pytest
from django.core import mail

from tests.conftest import PASSWORD
from tickets.background import jobs

pytestmark = pytest.mark.django_db
EVIL = "evil.example"


@pytest.fixture(autouse=True)
def another_host_is_served_too(settings):
    settings.ALLOWED_HOSTS = ["testserver", EVIL]
    settings.SITE_URL = "https://help.example.com"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (
            "/accounts/signup/",
            {"email": "new@example.com", "name": "N", "password1": PASSWORD, "password2": PASSWORD},
        ),
        (
            "/accounts/signup/",
            {"email": "rita@example.com", "name": "N", "password1": PASSWORD, "password2": PASSWORD},
        ),
        ("/accounts/password/reset/", {"email": "rita@example.com"}),
        ("/accounts/password/reset/", {"email": "unknown@example.com"}),
        ("/api/auth/register", {"email": "new@example.com", "name": "N", "password": PASSWORD}),
        ("/api/auth/register", {"email": "rita@example.com", "name": "N", "password": PASSWORD}),
        ("/tickets/new/", {"email": "guest@example.com", "body": "Where is it?"}),
    ],
)
def test_links_in_mails_lead_to_the_site(web, requester, engine, path, form):
    kind = {"content_type": "application/json"} if path.startswith("/api") else {}
    web().post(path, form, HTTP_HOST=EVIL, HTTP_X_FORWARDED_HOST=EVIL, **kind)
    jobs.run_due()
    (sent,) = mail.outbox
    assert "https://help.example.com/" in sent.body
    assert EVIL not in sent.body + sent.subject


def test_answers_of_the_api_name_the_site(api, requester, submit, engine):
    for number in range(3):
        submit(requester=requester, body=f"Wish {number}")
    page = api(requester).get("/api/tickets?page_size=1", HTTP_HOST=EVIL)
    assert page.json()["next"].startswith("https://help.example.com/api/tickets?")
    assert EVIL not in page.content.decode()
    made = api(requester).post("/api/tickets", {"body": "Where?"}, HTTP_HOST=EVIL)
    assert EVIL not in made.content.decode() + made["Location"]
