"""One call of every operation of the contract, by what it says of itself: what is read first, what ends things last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from accounts.tokens import families
from tests.access.scene import Scene
from tests.contract.test_contract import COMMITTED, VARIABLE

ORDER: Final = ("get", "post", "put", "patch", "delete")
#: What ends the walk: afterwards the token, or what others need, is gone.
LAST: Final = ("log_out",)
BY_FORMAT: Final = {
    "date-time": "2030-01-01T09:00:00Z", "date": "2030-01-01", "email": "walker@example.com",
    "uri": "https://hooks.example.com/x", "uuid": "6f9619ff-8b86-4d11-b42d-00c04fc964ff",
}  # fmt: skip


QUERIES: Final = {"preview_recall": {"intent": "track_refund"}}  # one of several must be there
#: What a requester alone may do; the rest is walked by a superuser.
REQUESTERS: Final = {"give_feedback", "ask_for_person", "undo_closing", "revoke_api_token"}


@dataclass(frozen=True)
class Step:
    """``who`` walks it: a name among the scene's users."""

    name: str
    who: str
    method: str
    path: str
    variables: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any
    statuses: frozenset[int]


def steps(scene: Scene) -> list[Step]:
    contract = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    known = {
        **scene.objects["<there>"]["there"],
        "reference": scene.tickets["own"].reference,
        "token": str(scene.objects["/api/attachments/<uuid:token>"]["own"]["token"]),
        "token_id": scene.api_tokens["requester"].pk,
    }
    bodies = known_bodies(scene)
    found = []
    for path, operations in contract["paths"].items():
        for method, told in operations.items():
            name = told["operationId"]
            content = told.get("requestBody", {}).get("content", {}).get("application/json")
            body = bodies.get(name, example(content["schema"], contract) if content else None)
            statuses = frozenset(int(status) for status in told["responses"])
            variables = {one: known[one] for one in VARIABLE.findall(path)}
            who = "requester" if name in REQUESTERS else "superuser"
            found.append(
                Step(name, who, method.upper(), path, variables, QUERIES.get(name, {}), body, statuses)
            )
    return sorted(found, key=lambda step: (step.name in LAST, ORDER.index(step.method.lower()), step.path))


def known_bodies(scene: Scene) -> dict[str, Any]:
    """What no schema can tell: who and what there is."""
    agent, other = scene.users["agent"], scene.tickets["others"]
    return {
        "log_in": {"email": agent.email, "password": "a-long-enough-Passw0rd"},
        "refresh_tokens": {"refresh": families.begin(agent)["refresh"]},
        "log_out": {"refresh": families.begin(scene.users["superuser"])["refresh"]},
        "register": {
            "name": "Wanda Walker",
            "email": "walker@example.com",
            "password": "Long-walks-on-Sunday-7",
        },
        "create_intent": {"slug": "walking", "title": "Walking"},
        "assign_ticket": {"assignee": agent.email},
        "link_ticket": {"other": other.reference},
        "unlink_ticket": {"other": other.reference},
        "correct_intent": {"intent": "track_refund"},
        "merge_ticket": {"into": other.reference},
        "give_feedback": {"solved": False},
        "begin_recall": {"intent": "track_refund", "text": "The period was wrong."},
        "call_mcp": {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {}},
    }


def example(schema: Mapping[str, Any], contract: Mapping[str, Any]) -> Any:
    """The smallest value that the schema allows, made of its own examples."""
    if "$ref" in schema:
        return example(contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]], contract)
    if "examples" in schema:
        return schema["examples"][0]
    for name in ("example", "default", "const"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    for name in ("oneOf", "anyOf", "allOf"):
        if name in schema:
            return example(schema[name][0], contract)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        needed = schema.get("required", ())
        return {
            name: example(one, contract)
            for name, one in schema.get("properties", {}).items()
            if name in needed
        }
    if kind == "array":
        return [example(schema["items"], contract)] * schema.get("minItems", 1)
    plain = {"integer": schema.get("minimum", 1), "number": 0.5, "boolean": True}
    return plain.get(
        kind, BY_FORMAT.get(schema.get("format", ""), "walk".ljust(schema.get("minLength", 4), "x"))
    )
