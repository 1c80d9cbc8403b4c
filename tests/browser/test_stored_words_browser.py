"""What somebody wrote runs nowhere, even where no policy forbids it: each page opened once without one."""

from __future__ import annotations

from typing import Any

from django.test import Client
from playwright.sync_api import Browser

from tests.browser.conftest import PATIENCE_MS, wait_for_the_server
from tests.stored_words import fill

WATCH = """
window.ran = [];
window.xss = () => { window.ran.push("xss"); };
window.alert = window.xss;
"""
#: What would run later, when somebody points, clicks or waits.
LATER = """
[...document.querySelectorAll("*")].flatMap((one) => [...one.attributes]
  .filter(({ name, value }) => (name.startsWith("on") && value.includes("xss")) || /^\\s*javascript:/i.test(value))
  .map(({ name, value }) => `${one.tagName} ${name}=${value}`)).concat(window.ran)
"""


def test_without_a_policy_nothing_runs_either(
    chromium: Browser, live_server: Any, requester, agent, supervisor, submit, engine
) -> None:
    found, seen = {}, set()
    asked: list[str] = []
    for user, path in fill(requester, agent, supervisor, submit):
        context = chromium.new_context(base_url=live_server.url, bypass_csp=True)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        if user is not None:
            client = Client()
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
            cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
            context.add_cookies([cookie])
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: dialog.dismiss())
        answer = page.goto(path)
        assert answer is not None
        assert answer.status in {200, 404}, path
        if not path.endswith(".xml"):
            seen |= set(
                page.evaluate("document.documentElement.innerText.includes('xss()') ? ['shown'] : []")
            )
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            if ran := page.evaluate(LATER):
                found[f"{user} {path}"] = ran
        context.close()
    wait_for_the_server()
    assert found == {}
    assert seen == {"shown"}
    assert not [url for url in asked if not url.startswith((live_server.url, "data:"))]


def test_the_watch_sees_what_runs(chromium: Browser, live_server: Any) -> None:
    context = chromium.new_context(base_url=live_server.url, bypass_csp=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto("/nothing/")
    page.set_content("<script>xss()</script><p onclick='xss()'></p><a href='javascript:xss()'>x</a>")
    assert len(page.evaluate(LATER)) == 3
    context.close()
    wait_for_the_server()
