"""Django's SQLite, which counts the commits of a request."""

from __future__ import annotations

from django.db.backends.sqlite3 import base

from helpdesk.database.commits import CountsCommits


class DatabaseWrapper(CountsCommits, base.DatabaseWrapper):
    pass
