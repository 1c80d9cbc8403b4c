"""Powers ask for the second factor again where it is not fresh. A route that is not listed here fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from django.contrib import admin
from django.urls import get_resolver

from accounts.models import Role, User
from accounts.signin.powers import Powerful
from tests.accounts.signin.conftest import log_in, step
from tickets.webhooks.models import Endpoint
from triage.models import Answer, Intent, Mode
from triage.oversight import versions
from triage.oversight.switch import is_stopped, set_stopped

pytestmark = pytest.mark.django_db

ASKED = "/accounts/2fa/reauthenticate/"


@pytest.fixture
def proved(web, supervisor, with_app) -> Callable[..., Any]:
    """A supervisor's browser whose second factor was proved so many minutes ago."""
    app = with_app(supervisor)

    def open_browser(minutes: float) -> Any:
        browser = web()
        log_in(browser, supervisor)
        step(browser, app.spare.pop())
        age(browser, minutes)
        browser.app = app
        return browser

    return open_browser


def age(browser: Any, minutes: float) -> None:
    session = browser.session
    session[RECORDS] = [{**record, "at": time.time() - minutes * 60} for record in session[RECORDS]]
    session.save()


def intent_form(intent: Intent, **changed: Any) -> dict[str, Any]:
    empty = {
        f"{part}-{name}": "0" for part in ("rules", "answers") for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    facts = {"title": intent.title, "slug": intent.slug, "group": "", "description": "", "mode": intent.mode}
    return {**facts, "threshold": "", **empty, **changed}


#: name → what is posted where, given the intent.
POWERS: dict[str, Callable[[Intent], tuple[str, dict[str, Any]]]] = {
    "Auto on the ladder": lambda i: (f"/admin/oversight/ladder/{i.pk}/", {"mode": "auto", "why": "a campaign"}),
    "yes to an override": lambda i: (f"/admin/oversight/ladder/{i.pk}/", {"step": "confirm"}),
    "Auto from the house": lambda i: (f"/admin/house/automate/{i.answers.get().pk}/", {}),
    "a threshold": lambda i: (f"/admin/triage/intent/{i.pk}/change/", intent_form(i, threshold="0.5")),
    "a new intent": lambda i: ("/admin/triage/intent/add/", intent_form(i, slug="new")),
    "a never-automate rule less": lambda i: ("/admin/triage/guard/1/delete/", {"post": "yes"}),
    "several less": lambda i: ("/admin/triage/guard/", {"action": "delete_selected", "_selected_action": "1"}),
    "an answer": lambda i: (f"/admin/triage/answer/{i.answers.get().pk}/change/", {"triage_answer_approve": "1"}),
    "a fact of the house": lambda i: ("/admin/house/", {"shop_name": "x"}),
    "a model": lambda i: ("/admin/triage/modelversion/1/change/", {"triage_modelversion_promote": "1"}),
    "a former policy": lambda i: (
        f"/admin/oversight/policyversion/{version()}/change/", {"oversight_policyversion_restore": "1"}
    ),
    "undo": lambda i: (f"/admin/oversight/undo/{version()}/", {}),
    "resume after an alarm": lambda i: ("/admin/oversight/alarms/1/resume/", {"why": "looked"}),
    "resume after the stop": lambda i: ("/admin/oversight/switch/", {"stopped": "0"}),
    "a recall": lambda i: ("/admin/oversight/recall/?intent=1", {"text": "Sorry."}),
    "a role": lambda i: (f"/admin/accounts/user/{someone()}/change/", {"role": "supervisor"}),
    "a new colleague": lambda i: ("/admin/accounts/user/add/", {"email": "x@example.com", "role": "agent"}),
    "an invitation": lambda i: ("/admin/invitations/invitation/add/", {"email": "x@example.com", "role": "agent"}),
    "an API token": lambda i: ("/accounts/tokens/", {"name": "x", "scopes": "ask", "days": "30"}),
    "a service's API token": lambda i: ("/admin/tokens/apitoken/add/", {"service": "x"}),
    "a webhook": lambda i: ("/admin/webhooks/endpoint/add/", {"name": "x", "url": "https://example.com/"}),
    "a webhook's new secret": lambda i: (f"/admin/webhooks/endpoint/{webhook()}/rotate/", {}),
    "a mailbox": lambda i: ("/admin/email_channel/mailbox/add/", {"address": "x@example.com"}),
}  # fmt: skip


def version() -> int:
    with versions.changing("mode", by=None):
        Intent.objects.update(threshold=0.9)
    return versions.latest().pk


def webhook() -> int:
    return Endpoint.objects.create(name="x", url="https://example.com/").pk


def someone() -> int:
    return User.objects.create_user("new@example.com", role=Role.AGENT).pk


@pytest.mark.parametrize("name", POWERS)
def test_each_power_asks_where_the_factor_is_old_and_only_there(proved, refund_intent, name):
    path, form = POWERS[name](refund_intent)
    where = f"{ASKED}?next={path.partition('?')[0].replace('/', '%2F')}"
    assert proved(16).post(path, form).headers.get("Location") == where
    assert not proved(14).post(path, form).headers.get("Location", "").startswith(ASKED)


@pytest.mark.parametrize(
    "path",
    [
        "/admin/metrics/export/?days=7",
        "/admin/metrics/tickets/export/?days=7",
        "/admin/desk/many/export/?queue=all",
    ],
)
def test_what_is_carried_out_of_the_house_asks_too(proved, path):
    asked = proved(16).get(path)
    assert asked.url == f"{ASKED}?{urlencode({'next': path})}"
    assert not getattr(proved(14).get(path), "url", "").startswith(ASKED)


def test_nothing_happens_before_it_is_proved_and_then_what_was_sent_happens(
    proved, supervisor, refund_intent
):
    Answer.objects.update(reviewed_at="2026-01-01T00:00Z")
    Intent.objects.update(mode=Mode.SHADOW)
    browser = proved(60)
    asked = browser.post(
        f"/admin/oversight/ladder/{refund_intent.pk}/", {"mode": "auto", "why": "a campaign"}
    )
    assert Intent.objects.get().mode == Mode.SHADOW
    wrong = browser.post(asked.url, {"code": browser.app.wrong()})
    assert (wrong.status_code, Intent.objects.get().mode) == (200, Mode.SHADOW)
    page = browser.get(asked.url)
    form = {"code": browser.app.spare.pop(), "next": page.wsgi_request.GET["next"]}
    done = browser.post(asked.url, form)
    assert done.url == f"/admin/oversight/ladder/{refund_intent.pk}/"
    assert (Intent.objects.get().mode, versions.latest().by) == (Mode.AUTO, supervisor)


def test_what_is_kept_while_it_asks_holds_no_cookie_and_no_password(proved):
    browser = proved(60)
    browser.post("/admin/oversight/switch/", {"stopped": "0"})
    kept = str(dict(browser.session))
    assert '"stopped=0"' in kept
    assert "COOKIE" not in kept
    browser.session.flush()
    browser = proved(60)
    browser.post("/admin/email_channel/mailbox/add/", {"address": "x@example.com", "password": "secret-word"})
    assert "secret-word" not in str(dict(browser.session))


def test_who_has_no_second_factor_is_not_asked(web, supervisor, refund_intent):
    set_stopped(True, by=supervisor, why="")
    web(supervisor).post("/admin/oversight/switch/", {"stopped": "0"})
    assert not is_stopped()


def test_taking_power_away_is_never_held_up(proved, refund_intent):
    browser = proved(600)
    browser.post("/admin/oversight/switch/", {"stopped": "1"})
    assert is_stopped()
    browser.post(f"/admin/oversight/ladder/{refund_intent.pk}/", {"mode": "off"})
    assert Intent.objects.get().mode == Mode.OFF
    chosen = {"action": "only_suggest", "_selected_action": str(refund_intent.pk), "sure": "1"}
    browser.post("/admin/triage/intent/", chosen)
    assert Intent.objects.get().mode == Mode.SUGGEST


# --- Every route that supervisors can send something to is one or the other ------------------------------

#: Tables whose rows change nothing that is sent without a person, nor who may do what.
HARMLESS_TABLES = {
    "tickets.ticket", "tickets.job", "tickets.feedback", "triage.decision", "triage.example", "service.calendar",
    "service.target", "email_channel.inboundmail", "email_channel.addresstrouble",
    "macros.macro", "tags.tag", "fields.field", "teams.absence", "teams.shift", "help.article", "webhooks.delivery",
    "drafts.proposal",
}  # fmt: skip
HARMLESS_VIEWS = {
    "admin-home", "triage-metrics", "triage-behind", "triage-house-preview", "triage-house-read", "triage-simulator",
    "oversight-recall-report", "oversight-review", "oversight-precision", "oversight-ladder", "oversight-alarms",
    "oversight-retire", "help-readers", "triage-backtests", "triage-backtest", "triage-stop-run", "triage-unanswered",
    "triage-training", "triage-languages", "triage-translate", "oversight-drift", "oversight-drift-accept",
}  # fmt: skip
POWER_VIEWS = {
    "oversight-intent", "oversight-resume", "oversight-undo", "oversight-switch", "oversight-recall", "triage-house",
    "triage-house-automate", "triage-behind-csv", "triage-metrics-csv", "triage-backtest-html", "triage-backtest-json",
    "triage-what-if", "triage-promote", "triage-training-back",
}  # fmt: skip


def test_every_table_of_the_admin_is_a_power_or_listed_as_harmless():
    assert get_resolver().url_patterns  # loading them takes the libraries' tables out
    tables = {model._meta.label_lower: table for model, table in admin.site._registry.items()}
    harmless = {label for label, table in tables.items() if not isinstance(table, Powerful)}
    assert harmless <= HARMLESS_TABLES, "a table that changes what is automated belongs to Powerful"


def own_views() -> Iterator[tuple[str, Any]]:
    """Named views of the admin that are no table's; the agents' desk, whose steps are about one ticket, aside."""

    def walk(patterns: Any, path: str) -> Iterator[tuple[str, str, Any]]:
        for pattern in patterns:
            here = path + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                if getattr(pattern, "app_name", None) != "admin":
                    yield from walk(pattern.url_patterns, here)
            elif pattern.name:
                yield here, pattern.name, pattern.callback

    for path, name, view in walk(get_resolver().url_patterns, ""):
        if path.startswith("admin/") and not name.startswith("desk-"):
            yield name, view


def test_every_other_page_of_supervisors_is_a_power_or_listed_as_harmless():
    found = dict(own_views())
    powers = {name for name, view in found.items() if getattr(view, "is_power", False)}
    assert powers == POWER_VIEWS
    assert found.keys() - powers <= HARMLESS_VIEWS, "a new page: is it a power?"
