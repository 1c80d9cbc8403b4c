"""``POST /api/auth/login`` for people with a second factor."""

from __future__ import annotations

import pytest

from accounts.signin.models import Change
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN = "/api/auth/login"


def ask(api, person, **more):
    answer = api().post(LOGIN, {"email": person.email, "password": PASSWORD, **more})
    return answer.status_code, answer.json().get("code", "")


def test_without_a_second_factor_no_code_is_asked_for(api, agent):
    assert ask(api, agent) == (200, "")
    assert ask(api, agent, code="123456") == (200, "")


def test_with_one_the_code_is_needed_and_good_for_one_use(api, agent, with_app):
    app = with_app(agent)
    assert ask(api, agent) == (401, "second_factor_required")
    assert ask(api, agent, code="") == (401, "second_factor_required")
    assert ask(api, agent, code=app.wrong()) == (401, "invalid_code")
    code = app.code()
    assert ask(api, agent, code=code) == (200, "")
    assert ask(api, agent, code=code) == (401, "invalid_code")
    refused = api().post(LOGIN, {"email": agent.email, "password": PASSWORD})
    assert refused["WWW-Authenticate"] == "Bearer"


def test_a_wrong_password_is_not_told_that_there_is_a_second_factor(api, agent, with_app):
    with_app(agent)
    answer = api().post(LOGIN, {"email": agent.email, "password": "wrong", "code": "123456"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def test_a_recovery_code_works_once_here_too(api, agent, with_app):
    app = with_app(agent)
    assert [ask(api, agent, code=app.spare[0])[0] for _ in range(2)] == [200, 401]
    assert Change.objects.get().what == "code_used"


def test_wrong_codes_lock_as_wrong_passwords_do(api, web, agent, with_app):
    app = with_app(agent)
    answers = [ask(api, agent, code=app.wrong()) for _ in range(6)]
    assert answers[3] == (401, "invalid_code")
    assert answers[4:] == [(429, "locked_out")] * 2
    assert ask(api, agent, code=app.code()) == (429, "locked_out")
    form = {"login": agent.email, "password": PASSWORD}
    assert web().post("/accounts/login/", form).status_code == 429


def test_asking_without_a_code_does_not_count(api, agent, with_app):
    app = with_app(agent)
    for _ in range(8):
        assert ask(api, agent)[0] == 401
    assert ask(api, agent, code=app.code())[0] == 200


def test_what_cannot_be_read_lets_nobody_in(api, agent, with_app, settings):
    app = with_app(agent)
    settings.SECRET_KEY = "another-key-for-tests-only-0123456789-0123456789"
    assert ask(api, agent, code=app.code()) == (403, "second_factor_unreadable")


@pytest.mark.parametrize(
    ("required", "agents", "supervisors"),
    [("none", 200, 200), ("supervisors", 200, 403), ("staff", 403, 403)],
)
def test_who_must_have_one_gets_no_token_without(
    api, agent, supervisor, requester, settings, required, agents, supervisors
):
    refresh = {
        person.pk: api().post(LOGIN, {"email": person.email, "password": PASSWORD}).json()["refresh"]
        for person in (agent, supervisor)
    }
    settings.REQUIRE_SECOND_FACTOR = required
    for person, expected in ((agent, agents), (supervisor, supervisors), (requester, 200)):
        status, code = ask(api, person)
        assert (status, code) == (expected, "second_factor_missing" if expected == 403 else "")
        if person.pk in refresh:
            renewed = api().post("/api/auth/refresh", {"refresh": refresh[person.pk]})
            assert renewed.status_code == expected


def test_the_schema_says_so(api):
    schema = api().get("/api/schema?format=json").json()
    assert (
        "second_factor_required"
        in schema["components"]["schemas"]["LoginRequest"]["properties"]["code"]["description"]
    )
