"""VECTOR_STORE: what is asked for in vain is refused, and nothing changes where it is not asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from tickets.watch.findings import Level
from triage.running import vector_store


@pytest.mark.parametrize(
    ("wanted", "encoder", "installed", "finds"),
    [
        ("auto", False, True, False),
        ("auto", True, False, False),
        ("auto", True, True, True),
        ("exact", True, True, False),
        ("faiss", True, True, True),
    ],
)
def test_faiss_serves_where_there_is_an_encoder(settings, monkeypatch, wanted, encoder, installed, finds):
    settings.VECTOR_STORE, settings.TRIAGE_ENCODER = wanted, Path("/encoder") if encoder else None
    monkeypatch.setattr(vector_store, "is_installed", lambda: installed)
    assert (vector_store.keeper() is not None) is finds


@pytest.mark.parametrize(
    ("encoder", "installed", "why"),
    [(False, True, "needs TRIAGE_ENCODER"), (True, False, "pip install -r requirements-vectors.txt")],
)
def test_what_is_asked_for_in_vain_is_refused(settings, monkeypatch, encoder, installed, why):
    settings.VECTOR_STORE, settings.TRIAGE_ENCODER = "faiss", Path("/encoder") if encoder else None
    monkeypatch.setattr(vector_store, "is_installed", lambda: installed)
    with pytest.raises(ImproperlyConfigured, match=why):
        vector_store.keeper()


def test_pgvector_needs_postgresql_and_doctor_says_so(settings, monkeypatch):
    settings.VECTOR_STORE, settings.TRIAGE_ENCODER = "pgvector", Path("/encoder")
    monkeypatch.setattr(vector_store, "connection", SimpleNamespace(vendor="sqlite"))
    with pytest.raises(ImproperlyConfigured, match="needs PostgreSQL"):
        vector_store.keeper()
    found = vector_store.check()
    assert (found.level, "needs PostgreSQL" in found.advice) == (Level.ALARM, True)


def test_pgvector_needs_an_encoder(settings):
    settings.VECTOR_STORE, settings.TRIAGE_ENCODER = "pgvector", None
    with pytest.raises(ImproperlyConfigured, match="needs TRIAGE_ENCODER"):
        vector_store.keeper()
