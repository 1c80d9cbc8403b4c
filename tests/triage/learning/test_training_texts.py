"""Which texts train what: plain askings the classifier of topics, the others the contrast."""

from __future__ import annotations

import pytest
from django.db import connection

from triage.core.types import Contrast, Stance
from triage.core.types import Example as LabelledText
from triage.learning.train import contrast_texts, labelled_texts
from triage.models import Example, Intent

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught() -> Intent:
    """A plain asking, what is out of scope and two contrast texts, each with one left out."""
    intent = Intent.objects.create(slug="cancel_order", title="Cancel an order")
    for is_active in (True, False):
        mark = "" if is_active else " (left out)"
        Example.objects.create(text=f"cancel it{mark}", intent=intent, is_active=is_active)
        Example.objects.create(text=f"will it rain{mark}", is_active=is_active)
        Example.objects.create(
            text=f"do not cancel{mark}", intent=intent, stance="not_asked", is_active=is_active
        )
        Example.objects.create(text=f"he has died{mark}", stance="grave", topic="death", is_active=is_active)
    return intent


def test_the_classifier_learns_from_plain_askings_only(taught: Intent) -> None:
    assert labelled_texts() == [LabelledText("cancel it", "cancel_order"), LabelledText("will it rain", None)]


def test_contrast_texts_name_stance_intent_and_what_is_grave(taught: Intent) -> None:
    assert contrast_texts() == [
        Contrast("do not cancel", Stance.NOT_ASKED, "cancel_order"),
        Contrast("he has died", Stance.GRAVE, None, "death"),
    ]


def test_a_release_that_knows_no_stance_still_adds_examples() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO triage_example (text, fingerprint, source, is_active, created_at) "
            "VALUES ('hello', 'f', 'manual', %s, '2026-01-01 00:00:00+00:00')",
            [True],
        )
    assert (Example.objects.get().stance, Example.objects.get().topic) == ("", "")
