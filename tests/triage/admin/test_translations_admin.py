"""What is to be translated, and what was translated from a text that has changed since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from triage.models import Answer, Intent

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(web, supervisor):
    """``shown("intent", missing="de")``: the rows of that list."""

    def ask(model: str, **wanted: str) -> set[str]:
        answer = web(supervisor).get(f"/admin/triage/{model}/", wanted)
        assert answer.status_code == 200
        return {str(row) for row in answer.context["cl"].queryset}

    return ask


def approved(intent: Intent, language: str, days_ago: int) -> Answer:
    answer = Answer.objects.create(intent=intent, language=language, body="Text.")
    answer.approve(None)
    Answer.objects.filter(pk=answer.pk).update(approved_at=timezone.now() - timedelta(days=days_ago))
    return answer


@pytest.fixture
def intents() -> list[Intent]:
    return [Intent.objects.create(slug=slug, title=slug) for slug in ("refund", "invoice")]


def test_intents_without_an_answer_in_a_language_are_listed(shown, intents):
    refund, invoice = intents
    approved(refund, "en", 3)
    approved(refund, "pt-BR", 2)
    approved(invoice, "en", 3)
    Answer.objects.create(intent=invoice, language="pt", body="A draft is none.")
    assert shown("intent", missing="pt") == {str(invoice)}
    assert shown("intent", missing="de") == {str(refund), str(invoice)}
    assert shown("intent", missing="en") == set()


def test_a_value_that_is_not_offered_filters_nothing(shown, intents):
    assert len(shown("intent", missing="(.*")) == 2


def test_a_translation_is_told_when_its_original_changed_since(shown, intents):
    refund, _ = intents
    approved(refund, "en", 9)
    old = approved(refund, "de", 8)
    assert shown("answer", translation="outdated") == set()
    approved(refund, "en", 1)
    fresh = approved(refund, "fr", 0)
    assert shown("answer", translation="outdated") == {str(old)}
    assert str(fresh) not in shown("answer", translation="outdated")


def test_one_that_was_approved_anew_is_not(shown, intents):
    refund, _ = intents
    approved(refund, "en", 9)
    approved(refund, "de", 8)
    approved(refund, "en", 1)
    approved(refund, "de", 0)
    assert shown("answer", translation="outdated") == set()
