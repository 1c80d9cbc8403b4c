"""The schema of a frozen dataclass, for answers that are one: typed from what is returned, so that it cannot drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

PLAIN: Final[Mapping[Any, dict[str, Any]]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}


def shape(kind: Any) -> dict[str, Any]:
    """JSON Schema of ``kind``: a dataclass, a plain type, one of them or None, or a tuple. TypeError for others."""
    if kind in PLAIN:
        return dict(PLAIN[kind])
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        return {
            "type": "object",
            "required": names,
            "properties": {name: shape(hints[name]) for name in names},
        }
    parts = get_args(kind)
    if get_origin(kind) in {Union, UnionType}:
        known = [shape(part) for part in parts if part is not NoneType]
        if len(known) == 1 and isinstance(known[0]["type"], str) and "properties" not in known[0]:
            return {**known[0], "type": [known[0]["type"], "null"]}
        return {"oneOf": [*known, {"type": "null"}]}
    if get_origin(kind) is tuple and parts[-1] is Ellipsis:
        return {"type": "array", "items": shape(parts[0])}
    if get_origin(kind) is tuple and len(set(parts)) == 1:
        return {"type": "array", "items": shape(parts[0]), "minItems": len(parts), "maxItems": len(parts)}
    raise TypeError(f"{kind} has no shape.")
