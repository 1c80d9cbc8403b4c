"""Forms of the API that take nothing in silence: no name that they do not know, no value of another type.

What is refused is told with what would be taken. ``examples`` of a form stand in the refusal and in the contract.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.utils import html

WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
NAMES: Final = {str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "an object"}  # fmt: skip


class Invalid(ValidationError):
    """What is wrong, and by the dotted name of each field what would be right."""

    def __init__(self, detail: Any, hints: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(detail)
        self.hints = hints


def writable(name: Any) -> str:
    """JSON can name half a letter, which no text in UTF-8 can hold."""
    return str(name).encode(errors="replace").decode()


def unknown(name: str, allowed: Iterable[str], what: str = "field") -> ErrorDetail:
    """The refusal of a name, with the one that was probably meant."""
    allowed, name = list(allowed), writable(name)[:60]
    near = difflib.get_close_matches(name, allowed, 1)
    meant = f" Did you mean “{near[0]}”?" if near else ""
    there = f" Allowed: {', '.join(allowed)}." if allowed else " None is taken here."
    return ErrorDetail(f"There is no {what} “{name}” here.{meant}{there}", "unknown")


class StrictSerializer(serializers.Serializer[Any]):
    """The base of every form of the API, for bodies and for queries."""

    #: Field → a value that is taken.
    examples: ClassVar[Mapping[str, Any]] = {}
    #: What a name is called in a refusal.
    names: ClassVar[str] = "field"

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        wrong = self._refused(data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
            raise ValidationError({**detail, **wrong}) from error
        if wrong:
            raise ValidationError(wrong)
        return value

    def _refused(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        known = {name: field for name, field in self.fields.items() if not field.read_only}
        wrong = {
            writable(name): [unknown(str(name), known, self.names)] for name in data if name not in known
        }
        look = form_fault if html.is_html_input(data) else json_fault
        for name, field in known.items():
            if name in data and (fault := look(field, name, data)):
                wrong[name] = [ErrorDetail(fault, "type")]
        return wrong

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        valid = super().is_valid()
        if raise_exception and not valid:
            raise Invalid(self.errors, hints_of(self))
        return valid


class StrictQuery(StrictSerializer):
    """What may stand in the query of an address; as it stands, nothing."""

    names = "parameter"


def expected(field: Any) -> type | None:
    """The type of a field's JSON; None where it does not come as JSON."""
    if isinstance(field, serializers.FileField):
        return None
    if isinstance(
        field, serializers.ListField | serializers.ListSerializer | serializers.MultipleChoiceField
    ):
        return list
    if isinstance(field, serializers.BaseSerializer | serializers.DictField):
        return dict
    for kind, python in (
        (serializers.BooleanField, bool),
        (serializers.IntegerField, int),
        (serializers.FloatField, float),
    ):
        if isinstance(field, kind):
            return python
    return str


def json_fault(field: Any, name: str, data: Mapping[str, Any]) -> str:
    """What is wrong with the type of a JSON value, or nothing. A null is judged by the field itself."""
    value, wanted = data[name], expected(field)
    if value is None or wanted is None:
        return ""
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if wanted is int and isinstance(value, float):
        fits = value.is_integer()  # 5.0 is a whole number to JSON Schema
    if fits and not (isinstance(value, bool) and wanted is not bool):
        return ""
    given = NAMES.get(type(value), "something else")
    return f"This must be {NAMES[wanted]}, not {given}."


def form_fault(field: Any, name: str, data: Any) -> str:
    """What is wrong with a value of a form or a query: text, which is there once."""
    values = data.getlist(name)
    wanted = expected(field)
    if wanted in {None, list} or getattr(field, "may_repeat", False):
        return ""
    if len(values) > 1:
        return "This may be given once."
    if values[0] == "" and not getattr(field, "allow_blank", False):
        return "This may not be empty. Leave it out."  # the framework would, and `?requester=` list everybody
    if wanted is int and not WHOLE.fullmatch(str(values[0])):
        return "This must be a whole number."
    return ""


def hints_of(form: serializers.BaseSerializer[Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Dotted name → what is taken there."""
    found: dict[str, dict[str, Any]] = {}
    fields = getattr(form, "fields", {})
    examples = getattr(form, "examples", {})
    for name, field in fields.items():
        found[prefix + name] = hint(field, examples.get(name))
        found |= hints_of(field, f"{prefix}{name}.")
    return found


def hint(field: Any, example: Any = None) -> dict[str, Any]:
    """``allowed`` in words or as a list, and an ``example``, as far as they can be told."""
    told: dict[str, Any] = {}
    if isinstance(field, serializers.ChoiceField):
        told["allowed"] = [str(choice) for choice in field.choices]
    elif isinstance(field, serializers.BooleanField):
        told["allowed"] = ["true", "false"]
    elif isinstance(field, serializers.IntegerField) and field.max_value is not None:
        told["allowed"] = f"{field.min_value or 0} to {field.max_value}"
    elif isinstance(field, serializers.DateTimeField) and example is None:
        example = "2026-11-30T09:00:00Z"
    if example is not None:
        told["example"] = example
    return told


def in_words(told: Mapping[str, Any]) -> str:
    """The same as the end of a sentence's paragraph."""
    allowed = told.get("allowed")
    if isinstance(allowed, list):
        return f"Allowed: {', '.join(allowed)}."
    if allowed:
        return f"Allowed: {allowed}."
    return f"Example: {told['example']}" if "example" in told else ""
