"""Every route of the URL resolver, as text, and the address that it has for one object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from django.urls import URLResolver, get_resolver

IN_REGEX: Final = re.compile(r"\(\?P<(\w+)>[^)]*\)")
VARIABLE: Final = re.compile(r"<(?:\w+:)?(\w+)>")


@cache
def routes() -> tuple[str, ...]:
    """Such as ``/tickets/<str:reference>/``; of two that are the same, the first answers and is meant."""
    return tuple(dict.fromkeys("/" + route for route in _walk(get_resolver().url_patterns, "")))


def _walk(patterns: Any, before: str) -> Iterator[str]:
    for pattern in patterns:
        route = before + IN_REGEX.sub(r"<\1>", str(pattern.pattern)).replace("^", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route


def variables(route: str) -> list[str]:
    return VARIABLE.findall(route)


def address(route: str, values: Mapping[str, Any]) -> str:
    return VARIABLE.sub(lambda found: str(values[found[1]]), route)
