"""Who keeps the vectors by which similar tickets are found by meaning alone, as VECTOR_STORE says."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from tickets.watch.findings import Finding, Level
from triage.core.similar.faiss_store import FaissFiles, is_installed
from triage.core.similar.nearest import Keeper

if TYPE_CHECKING:
    from triage.running.pgvector_store import PgvectorTables


def keeper() -> Keeper | None:
    """None: similar tickets are found by their words. ImproperlyConfigured where a store is asked for in vain."""
    wanted = settings.VECTOR_STORE
    if wanted in {"faiss", "pgvector"} and settings.TRIAGE_ENCODER is None:
        raise ImproperlyConfigured(
            f"VECTOR_STORE={wanted} needs TRIAGE_ENCODER: without an encoder a text has words and no vector."
        )
    if wanted == "exact" or settings.TRIAGE_ENCODER is None:
        return None
    if wanted == "pgvector":
        return _in_the_database()
    if is_installed():
        return FaissFiles()
    if wanted == "faiss":
        raise ImproperlyConfigured("VECTOR_STORE=faiss needs FAISS: pip install -r requirements-vectors.txt")
    return None


def _in_the_database() -> PgvectorTables:
    if connection.vendor != "postgresql":
        raise ImproperlyConfigured("VECTOR_STORE=pgvector needs PostgreSQL: set DATABASE_URL, or use faiss.")
    from triage.running.pgvector_store import PgvectorTables

    return PgvectorTables()


def forget(ticket_ids: Collection[int]) -> None:
    """Take what was erased out of the store, where it can be: FAISS files keep it aside until the next training."""
    if settings.VECTOR_STORE == "pgvector" and ticket_ids:
        _in_the_database().forget(ticket_ids)


def drop_unused(folders: Collection[Path]) -> None:
    """Leave what is kept outside of the indexes' folders to these alone."""
    if settings.VECTOR_STORE == "pgvector":
        _in_the_database().drop_unused(folders)


def check() -> Finding:
    """For doctor: what VECTOR_STORE asks for is there."""
    try:
        found = keeper()
        missing = _in_the_database().missing() if settings.VECTOR_STORE == "pgvector" else ""
    except ImproperlyConfigured as error:
        found, missing = None, str(error)
    if missing:
        return Finding("vectors", Level.ALARM, "Similar tickets cannot be looked for by meaning.", missing)
    return Finding(
        "vectors", Level.OK, f"Similar tickets are found {'by meaning too' if found else 'by words'}."
    )
