"""Whether a request has tried to commit anything: what its error page may say of what was sent depends on it."""

from __future__ import annotations

from typing import Any

from django.core.signals import request_started
from django.db import connections


class CountsCommits:
    """For a database wrapper: counts the transactions whose COMMIT was tried since the request began.

    A COMMIT that brought no answer may have happened. So only where none was tried is nothing saved for certain.
    """

    commits_tried = 0

    def _commit(self) -> Any:
        self.commits_tried += 1
        return super()._commit()  # type: ignore[misc]


def may_have_saved() -> bool:
    """Whether this thread's request has tried a COMMIT on any database."""
    return any(getattr(one, "commits_tried", 0) for one in connections.all(initialized_only=True))


def start_anew(**kwargs: Any) -> None:
    for one in connections.all(initialized_only=True):
        one.commits_tried = 0  # type: ignore[attr-defined]


request_started.connect(start_anew, dispatch_uid="commits tried")
