"""Middleware of both sides: a request with ``X-Count`` is told how many statements its answer took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection


class Statements:
    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        if "X-Count" not in request.headers:
            return self.get_response(request)
        count = 0

        def counted(execute: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal count
            count += 1
            return execute(*arguments)

        with connection.execute_wrapper(counted):
            response = self.get_response(request)
        response["X-Statements"] = str(count)
        return response
