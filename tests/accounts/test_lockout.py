"""Whose failures count together."""

from __future__ import annotations

import pytest

from accounts.lockout import login_name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"email": " Rita@Example.com "}, "rita@example.com"),
        ({"username": "rita@example.com"}, "rita@example.com"),
        ({"login": "ri\0ta@example.com"}, "rita@example.com"),  # PostgreSQL takes no NUL
        ({"login": ["rita"]}, "['rita']"),
        ({"login": ""}, ""),
        ({}, ""),
    ],
)
def test_a_login_has_one_name_however_it_is_sent(said: dict[str, object], name: str) -> None:
    assert login_name(None, said) == name
