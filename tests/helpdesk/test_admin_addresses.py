"""Whatever stands in an address below ``/admin/``, no page of the admin breaks on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from helpdesk.urls import ROOMS

pytestmark = [pytest.mark.django_db, pytest.mark.process]  # a thousand pages: too long for `make test`
KEYS = ("abc", "9" * 30, "a%00b")
VALUES = ("x", "9" * 30, "99999999", "99999999-13-45", "2026-02-30", "None", "[1", "1,2,abc", "nan")
LOOKUPS = ("", "__in", "__year", "__contains")
OTHERS = (
    "p",
    "o",
    "q",
    "all",
    "e",
    "_popup",
    "_to_field",
    "days",
    "days__x",
    "language",
    "version_of",
    "queue",
    "insert",
    "use",
    "threshold",
    "margin",
    "target",
    "term",
    "next",
    "_changelist_filters",
    "page",
)


def admin_paths(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every route below ``admin/``, its variables as ``{}``."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern).replace("^", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            yield from admin_paths(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("admin/") and "(?P<" not in route:
            yield "/" + route


PATHS = sorted(set(admin_paths()))
WITH_KEY = [path for path in PATHS if "<" in path]
PLAIN = [path for path in PATHS if "<" not in path and "logout" not in path]


def _filled(path: str, key: str) -> str:
    before, _, rest = path.partition("<")
    return before + key + _filled(rest.partition(">")[2], key) if rest else before


OURS = sorted((model for model in admin.site._registry if model.__module__.split(".")[0] in ROOMS), key=str)


@pytest.fixture
def supervisor_browser(web, supervisor: User, engine: Any) -> Client:
    User.objects.filter(pk=supervisor.pk).update(is_superuser=True)
    browser = web(supervisor)
    browser.raise_request_exception = False
    return browser


def broken(browser: Client, addresses: Any, method: str = "get", **form: Any) -> list[str]:
    return [
        address for address in addresses if getattr(browser, method)(address, form or None).status_code >= 500
    ]


def test_the_walk_knows_the_admin() -> None:
    assert len(PLAIN) >= 20
    assert len(WITH_KEY) >= 20
    assert "/admin/triage/answer/<path:object_id>/change/" in WITH_KEY


def test_no_key_breaks_a_page(supervisor_browser: Client) -> None:
    addresses = [_filled(path, key) for path in WITH_KEY for key in KEYS]
    assert broken(supervisor_browser, addresses) == []
    assert broken(supervisor_browser, addresses, "post", a="b") == []


@pytest.mark.parametrize("model", OURS, ids=str)
def test_no_filter_breaks_a_list(supervisor_browser: Client, model: type[models.Model]) -> None:
    page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    fields = [field.name for field in model._meta.get_fields()]
    tried = chain(
        (f"{page}?{name}{lookup}={VALUES[(i + j) % len(VALUES)]}" for i, name in enumerate(fields) for j, lookup in enumerate(LOOKUPS)),
        (f"{page}?{name}={value}" for name in ("id__in", "id__exact") for value in VALUES),
        (
            f"{page}?{name}__{lookup}={value}"
            for name in admin.site._registry[model].list_filter if isinstance(name, str)
            for lookup in ("exact", "in", "isnull", "id__exact", "gte") for value in VALUES
        ),
    )  # fmt: skip
    assert broken(supervisor_browser, tried) == []


def test_no_parameter_breaks_a_page(supervisor_browser: Client) -> None:
    addresses = [
        f"{path}?{name}={VALUES[(i + j + k) % len(VALUES)]}"
        for i, path in enumerate(PLAIN)
        for j, name in enumerate(OTHERS)
        for k in (0,)
    ]
    assert broken(supervisor_browser, addresses) == []


@pytest.mark.parametrize("value", ["abc", "9" * 30, "", "-1"])
def test_no_chosen_row_breaks_an_action(supervisor_browser: Client, value: str) -> None:
    pages = [path for path in PLAIN if path.count("/") == 4]
    actions = ("approve", "retire", "take", "delete_selected", "nonsense")
    tried = [(page, action) for page in pages for action in actions]
    wrong = [
        tried_one
        for tried_one in tried
        if supervisor_browser.post(
            tried_one[0], {"action": tried_one[1], "_selected_action": value, "index": 0}
        ).status_code
        >= 500
    ]
    assert wrong == []


def test_a_question_that_no_filter_asks_is_refused(supervisor_browser: Client) -> None:
    for question in ("accounts/user/?password__startswith=b", "triage/decision/?ticket__subject__contains=x"):
        assert supervisor_browser.get(f"/admin/{question}").status_code == 400
    assert supervisor_browser.get("/admin/accounts/user/?role__exact=agent").status_code == 200


def test_no_library_brings_admin_pages_of_its_own() -> None:
    assert {model.__module__.split(".")[0] for model in admin.site._registry} <= ROOMS
