"""What the contract says of every endpoint, made from what ``ContractView`` does: nothing of it is written by hand."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from accounts.contract.problems import BY_STATUS, KINDS, MEDIA_TYPE, Kind, problem
from accounts.contract.strict import StrictSerializer

EVERYWHERE: Final = (400, 406, 429, 500, 503)
WITH_BODY: Final = (413, 415)
NO_NUL: Final = r"^[^\u0000]*$"
VIOLATION: Final = {
    "type": "object",
    "required": ["field", "rule", "message"],
    "properties": {
        "field": {"type": "string", "description": "Dotted name; `non_field_errors` for the whole."},
        "rule": {"type": "string", "description": "A code for the rule that is broken."},
        "message": {"type": "string"},
        "allowed": {
            "description": "What is taken: a list, or in words.",
            "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        },
        "example": {"description": "A value that is taken."},
    },
}
PROBLEM: Final = {
    "type": "object",
    "description": "Problem details (RFC 9457). `message` is the same as `detail`.",
    "required": ["type", "title", "status", "detail", "instance", "code", "message", "errors", "violations"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference", "description": "Tell us this one."},
        "code": {"type": "string", "description": "One of those at `/api/problems`."},
        "message": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "Messages by field.",
        },
        "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
    },
}


class ContractSchema(AutoSchema):
    """Tells what a ContractView takes."""

    def get_override_parameters(self) -> list[Any]:
        form = getattr(self.view, "query", {}).get(self.method)
        return [*super().get_override_parameters(), *([form] if form else [])]

    def map_parsers(self) -> list[str]:
        """Forms are read too, for whoever types by hand; what is promised is JSON, and multipart where files come."""
        return ["application/json"]

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """A column that may be empty is so in answers too, whatever its choices."""
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        model = getattr(getattr(field.parent, "Meta", None), "model", None)
        if field.read_only and model is not None and "enum" in (schema or {}):
            column = next((one for one in model._meta.concrete_fields if one.name == field.source), None)
            if column is not None and column.blank and "" not in schema["enum"]:
                schema["enum"] = [*schema["enum"], ""]
        return schema

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer(serializer, direction, bypass_extensions)
        form = serializer if isinstance(serializer, serializers.BaseSerializer) else serializer()
        plain = [
            name
            for name, field in getattr(form, "fields", {}).items()
            if type(field) is serializers.CharField
        ]
        for name in plain if direction == "request" else ():
            if schema.get("properties", {}).get(name, {}).get("type") == "string":
                schema["properties"][name].setdefault("pattern", NO_NUL)
        if type(form).__doc__ is None:  # what the base class says of itself is not about this one
            schema.pop("description", None)
        if isinstance(form, StrictSerializer) and direction == "request":
            schema["additionalProperties"] = False
            for name, example in form.examples.items():
                if "$ref" not in schema["properties"].get(name, {"$ref": ""}):
                    schema["properties"][name]["examples"] = [example]
        if getattr(form, "is_sparse", False):
            schema["required"] = ["id"]
        return schema

    def _get_parameters(self) -> list[Any]:
        headers = self.view.headers_of(self.method) if hasattr(self.view, "headers_of") else {}
        return [
            *super()._get_parameters(),
            *({"in": "header", "name": name, "schema": schema} for name, schema in headers.items()),
        ]


def finish(result: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation tells its errors."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(Problem=PROBLEM, Violation=VIOLATION)
    used: set[int] = set()
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in errors_of(path, method, operation):
                reference = {"$ref": f"#/components/responses/Error{status}"}
                told = operation["responses"].setdefault(str(status), reference)
                if "content" in told:  # an error of its own, beside ours
                    told["content"][MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}
                used.add(status)
            operation["responses"] = dict(sorted(operation["responses"].items()))
    components["responses"] = {f"Error{status}": response(status) for status in sorted(used)}
    return result


def errors_of(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    found = {*EVERYWHERE}
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if operation.get("security", [{}]) != [{}] or path.startswith("/api/auth/"):
        found |= {401, 403}
    if "{" in path:
        found.add(404)
    if "requestBody" in operation:
        found |= {*WITH_BODY}
    if method != "get" and not path.startswith("/api/auth/"):
        found |= {404, 409}
    if "Idempotency-Key" in names:
        found |= {409, 422}
    if "If-Match" in names:
        found.add(412)
    return found


def response(status: int) -> dict[str, Any]:
    kinds = [kind for kind in KINDS if kind.status == status]
    first = next(kind for kind in kinds if kind.code == BY_STATUS[status])
    retry = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}}
    return {
        "description": "; ".join(f"`{kind.code}`: {kind.title.lower()}" for kind in kinds) + ".",
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example(first)}
        },
        **({"headers": retry} if status in {429, 503} else {}),
    }


def example(kind: Kind) -> dict[str, Any]:
    said = {"code": kind.code, "message": f"{kind.title}. {kind.advice}"}
    return problem(kind.status, said, "/api/tickets#0f8fad5bd9cb469fa16570867728950e")
