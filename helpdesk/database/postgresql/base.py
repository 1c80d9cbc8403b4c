"""Django's PostgreSQL whose every wait has an end, also where the server says nothing at all.

The server's own time-outs (``lock_timeout``, ``statement_timeout``) bound what it does; a server that is stopped, or
a host that is gone, keeps no time. ``ANSWER_SECONDS`` of the database's settings bounds each wait for its answer, and
``CONNECT_WAIT_SECONDS`` how long a process waits for a free connection where all are taken. Once some were, threads
give theirs back after each request for a while, so that those who wait get a turn.
"""

from __future__ import annotations

import random
import time
from typing import Any

from django.core.signals import request_finished
from django.db import connections
from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg.errors import _WaitTimeout

from helpdesk.database.commits import CountsCommits

#: What PostgreSQL says where a connection is refused for now: a moment later there may be one.
COMES_FREE = ("too many clients", "too many connections", "remaining connection slots", "starting up")
PAUSE = 0.1  # seconds between two tries, on average
SHARED_FOR = 60.0  # seconds after a refusal in which connections are given back


class NoAnswer(OperationalError):
    """The server was asked and said nothing in time. The connection is closed: its state is unknown."""


class Crowd:
    """Whether connections have run short in this process lately."""

    until = 0.0

    def is_there(self) -> bool:
        return time.monotonic() < self.until


crowd = Crowd()


def give_back(**kwargs: Any) -> None:
    """After a request, while connections are short, leave this thread's to somebody else."""
    if crowd.is_there():
        for one in connections.all(initialized_only=True):
            if not one.in_atomic_block:
                one.close()


request_finished.connect(give_back, dispatch_uid="connections that run short")


class DatabaseWrapper(CountsCommits, base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        connection = self._first_free(conn_params)
        seconds = self.settings_dict.get("ANSWER_SECONDS")
        if seconds:
            bound_waits(connection, seconds)
        return connection

    def _first_free(self, conn_params: dict[str, Any]) -> Connection[Any]:
        """A connection, waited for as long as the settings say while all of them are taken."""
        deadline = time.monotonic() + self.settings_dict.get("CONNECT_WAIT_SECONDS", 0)
        while True:
            try:
                return super().get_new_connection(conn_params)
            except OperationalError as error:
                if not any(words in str(error) for words in COMES_FREE):
                    raise
                crowd.until = time.monotonic() + SHARED_FOR
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311


def bound_waits(connection: Connection[Any], seconds: float) -> None:
    """Have each wait of ``connection`` for the server end after ``seconds`` with NoAnswer."""
    wait = connection.wait

    def bounded(gen: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return wait(gen, *args, **{"timeout": seconds, **kwargs})
        except _WaitTimeout:
            connection.pgconn.finish()
            raise NoAnswer(f"The database gave no answer within {seconds:g} s.") from None

    connection.wait = bounded  # type: ignore[method-assign]
