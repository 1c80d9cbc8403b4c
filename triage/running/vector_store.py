"""Whether similar tickets are found by meaning alone too, as VECTOR_STORE says."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from triage.core.similar.faiss_store import is_installed


def finds_nearest() -> bool:
    """Whether the index of similar tickets is to have FAISS. ImproperlyConfigured where it is asked for in vain."""
    wanted = settings.VECTOR_STORE
    if wanted == "exact":
        return False
    if wanted == "faiss" and settings.TRIAGE_ENCODER is None:
        raise ImproperlyConfigured(
            "VECTOR_STORE=faiss needs TRIAGE_ENCODER: without an encoder a text has words and no vector."
        )
    if wanted == "faiss" and not is_installed():
        raise ImproperlyConfigured("VECTOR_STORE=faiss needs FAISS: pip install -r requirements-vectors.txt")
    return settings.TRIAGE_ENCODER is not None and is_installed()
