"""The contract is true: what it allows is taken, what it forbids is refused, and every answer is as it says.

schemathesis draws requests from the contract, valid and invalid ones, and holds each answer against all its checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from django.urls import get_resolver
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as drawing
from hypothesis.errors import Unsatisfiable
from rest_framework.permissions import AllowAny
from schemathesis import GenerationMode

from accounts.contract.views import ContractView
from accounts.tokens import families
from tests.access import scene as house
from tests.access.scene import Scene
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
SHORT, WHOLE = 1, 60
COMMITTED: Final = Path(__file__).parents[2] / "docs/openapi.yaml"
VARIABLE: Final = re.compile(r"{(\w+)}")
#: Operations whose valid requests may be refused all the same, by a rule that no schema can tell.
RULES: Final = {
    "log_out": "one of two fields, and a token of one's own",
    "register": "how strong a password is, and what a name is",
    "draft_answer": "variables in a text, and what is a language",
    "change_draft": "variables in a text",
    "assign_ticket": "which agents there are",
    "hand_ticket_to_team": "which teams there are",
    "fill_fields": "which fields there are, and of which kind",
    "correct_intent": "which intents there are",
    "give_feedback": "at least one of three fields",
    "invite_colleague": "which teams there are",
    "create_webhook": "which addresses may be called",
    "change_webhook": "which addresses may be called",
    "preview_recall": "at least one of six fields, and which rows there are",
    "begin_recall": "the same, and which agents there are",
    "try_policy": "which intents there are",
    "apply_policy": "which intents there are",
}
#: JSON-RPC: errors in an answer of 200; and with a revision in a header, headers that repeat what the body says.
JSON_RPC: Final = "call_mcp"
#: Codes of 400 for requests that have the right form and ask for what cannot be.
BY_STATE: Final = {"ticket_error", "search", "no_tag", "no_such_macro"}


def test_the_committed_contract_is_the_one_that_is_served(tmp_path: Path, settings: Any) -> None:
    """After a change: ``manage.py spectacular --file docs/openapi.yaml``, and look at what changed."""
    if connection.vendor != "sqlite":
        pytest.skip("how large a number may be is the database's: the committed file has SQLite's")
    settings.SITE_URL = "http://127.0.0.1:8000"
    call_command("spectacular", "--file", str(tmp_path / "now.yaml"), "--validate", "--fail-on-warn")
    assert (tmp_path / "now.yaml").read_text() == COMMITTED.read_text()


@pytest.fixture
def scene(submit: Callable[..., Ticket], engine: Any, settings: Any) -> Iterator[Scene]:
    settings.LIMITS = {operation: {} for operation in settings.LIMITS}
    for signal in (request_started, request_finished):  # the connection is the test's, and stays open
        signal.disconnect(close_old_connections)
    yield house.build(submit, engine)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations() -> list[Any]:
    accept = {"Accept": "application/vnd.oai.openapi+json"}
    schema = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application(), headers=accept)
    return [found.ok() for found in schema.get_all_operations()]


def there(scene: Scene, operation: Any) -> dict[str, Any]:
    """The variables of the path, naming what is there."""
    values = {
        **scene.objects["<there>"]["there"],
        "reference": scene.tickets["own"].reference,
        "token": str(scene.objects["/api/attachments/<uuid:token>"]["own"]["token"]),
        "token_id": scene.api_tokens["requester"].pk,
    }
    return {name: values[name] for name in VARIABLE.findall(operation.path) if name in values}


def allowed(operation: Any, failure: BaseException, response: Any) -> bool:
    operation_id = operation.definition.raw["operationId"]
    if type(failure).__name__ == "AcceptedNegativeData":
        return operation_id == JSON_RPC and "error" in response.json()
    if type(failure).__name__ != "RejectedPositiveData":
        return False
    if response.status_code == 412:  # nobody guesses an ETag, nor a cursor
        return True
    said = response.json()
    if said.get("code") == "key_reused":  # the same key was drawn for another request before
        return response.status_code == 422
    if operation_id == JSON_RPC and "error" in said:
        return response.status_code in {400, 404}
    guessed = [one["field"] for one in said["violations"]] == ["cursor"]
    by_rule = operation_id in RULES or said["code"] in BY_STATE
    return response.status_code == 400 and (by_rule or guessed)


def faults_of(scene: Scene, operation: Any, mode: GenerationMode, examples: int) -> dict[str, str]:
    """What is wrong with the answers to so many requests, one of each kind."""
    found: dict[str, str] = {}
    sent = {"Authorization": f"Bearer {families.begin(scene.users['superuser'])['access']}"}
    cases = operation.as_strategy(generation_mode=mode, path_parameters=there(scene, operation), headers=sent)

    @seed(20261201)
    @drawing(
        max_examples=examples, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    @given(case=cases)
    def hold(case: Any) -> None:
        response = case.call(headers=sent)
        try:
            case.validate_response(response, headers=sent, transport_kwargs={"headers": sent})
        except BaseExceptionGroup as error:
            wrong = [one for one in error.exceptions if not allowed(operation, one, response)]
            for one in wrong:
                asked = f"{case.query} {case.headers} {case.body!r}"
                key = f"{operation.label} {type(one).__name__}"
                found[key] = (
                    f"{str(one)[:400]} | {asked[:600]} | {response.status_code} {response.text[:400]}"
                )

    try:
        hold()
    except Unsatisfiable:  # nothing about it can be invalid
        assert mode is GenerationMode.NEGATIVE
    return found


@pytest.mark.parametrize(("mode", "turn"), [(GenerationMode.POSITIVE, 0), (GenerationMode.NEGATIVE, 1)])
def test_answers_are_what_the_contract_says(scene: Scene, mode: GenerationMode, turn: int) -> None:
    """Each kind on every third operation: drawing costs a tenth of a second an operation. `make prove` does all."""
    found: dict[str, str] = {}
    for operation in operations()[turn::3]:
        found |= faults_of(scene, operation, mode, SHORT)
    assert not found, "\n\n".join(f"{name}: {fault}" for name, fault in found.items())


@pytest.mark.prove
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_many_answers_are_what_the_contract_says(scene: Scene, mode: GenerationMode) -> None:
    found: dict[str, str] = {}
    for operation in operations():
        found |= faults_of(scene, operation, mode, WHOLE)
    assert not found, "\n\n".join(f"{name}: {fault}" for name, fault in found.items())


def test_every_post_says_what_it_answers_to_a_key_that_it_has_seen() -> None:
    """A request sent again finds what the first has made, or is simply carried out again; never an error of ours."""
    lacking = [
        view.__name__
        for pattern in get_resolver().url_patterns
        if str(pattern.pattern) == "api/"
        for view in views_of(pattern)
        if hasattr(view, "post") and AllowAny not in view.permission_classes
        if not view.repeatable and view.again is ContractView.again
    ]
    assert lacking == []


def views_of(pattern: Any) -> Iterator[type[ContractView]]:
    for one in getattr(pattern, "url_patterns", ()):
        yield from views_of(one)
    view = getattr(getattr(pattern, "callback", None), "view_class", None)
    if view is not None and issubclass(view, ContractView):
        yield view
