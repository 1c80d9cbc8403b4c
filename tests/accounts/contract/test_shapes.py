"""What the contract says of an answer that is a dataclass, is what the dataclass holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from accounts.contract.shapes import shape


@dataclass(frozen=True)
class Line:
    name: str
    share: float | None


@dataclass(frozen=True)
class Page:
    day: date
    lines: tuple[Line, ...]
    stars: tuple[int, int]
    first: Line | None


def test_a_dataclass_tells_its_fields_what_may_be_null_and_how_many() -> None:
    line = {
        "type": "object",
        "required": ["name", "share"],
        "properties": {"name": {"type": "string"}, "share": {"type": ["number", "null"]}},
    }
    assert shape(Page) == {
        "type": "object",
        "required": ["day", "lines", "stars", "first"],
        "properties": {
            "day": {"type": "string", "format": "date"},
            "lines": {"type": "array", "items": line},
            "stars": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            "first": {"oneOf": [line, {"type": "null"}]},
        },
    }


def test_what_has_no_shape_is_not_guessed() -> None:
    with pytest.raises(TypeError):
        shape(dict[str, int])
