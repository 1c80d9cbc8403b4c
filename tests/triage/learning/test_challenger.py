"""A challenger is compared on texts that neither has learnt from; it decides only when somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.triage.core.shop import shop_examples
from tickets.background import jobs
from triage.learning import train
from triage.learning.parts import worse_parts
from triage.learning.runs.models import Run
from triage.models import Example, Intent, ModelVersion, fingerprint
from triage.oversight.versions import PolicyVersion

Web = Callable[..., Client]


@pytest.fixture
def shop(db: None, settings: Any, tmp_path: Path) -> None:
    settings.TRIAGE_MODEL_DIR, settings.VAR_DIR = tmp_path / "models", tmp_path / "var"
    intents: dict[str | None, Intent | None] = {None: None}
    for at, one in enumerate(shop_examples()):
        if one.intent not in intents:
            intents[one.intent] = Intent.objects.create(slug=one.intent, title=one.intent)
        Example.objects.create(
            text=one.text,
            intent=intents[one.intent],
            fingerprint=fingerprint(one.text),
            is_golden=at % 9 == 0,
        )


def test_a_training_from_the_screen_compares_and_promotes_nothing(
    shop: None, web: Web, supervisor: User
) -> None:
    champion = train.train().version
    client = web(supervisor)
    client.post(reverse("triage-training"))
    assert client.get(reverse("triage-training"))["Refresh"]
    jobs.run_due()
    run = Run.objects.get()
    assert (run.state, run.error) == (Run.State.DONE, "")
    newest = ModelVersion.objects.order_by("-id")[0]
    assert newest != champion and not newest.is_champion
    comparison = newest.metrics["comparison"]
    everything = next(line for line in comparison["lines"] if line["kind"] == "all")
    assert everything["n"] == Example.objects.filter(is_golden=True).count()
    # The same examples make the same model, so no part is worse.
    assert worse_parts(comparison) == []
    page = client.get(reverse("triage-training")).content.decode()
    assert "Worse in no part." in page and "Golden, all" in page


def test_golden_examples_are_learnt_by_no_training(shop: None) -> None:
    golden = set(Example.objects.filter(is_golden=True).values_list("text", flat=True))
    assert golden and not golden & {one.text for one in train.labelled_texts()}


@pytest.fixture
def models_(settings: Any, tmp_path: Path, db: None) -> tuple[ModelVersion, ModelVersion]:
    """One that decides, and a challenger that is worse in one part."""
    settings.TRIAGE_MODEL_DIR = tmp_path
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    line = {
        "set": "golden", "kind": "intent", "name": "refund", "n": 9, "worse": True, "champion_right": 9, "champion_answered": 9,
        "champion_wrong": 0, "challenger_right": 7, "challenger_answered": 9, "challenger_wrong": 2,
    }  # fmt: skip
    old = ModelVersion.objects.create(folder="old", training_fingerprint="a")
    old.promote()
    new = ModelVersion.objects.create(
        folder="new",
        training_fingerprint="b",
        metrics={"comparison": {"golden": 9, "later": 0, "lines": [line]}},
    )
    return old, new


def test_what_is_worse_anywhere_is_asked_about_before_it_decides(
    models_: tuple[ModelVersion, ModelVersion], web: Web, supervisor: User
) -> None:
    old, new = models_
    client, address = web(supervisor), reverse("triage-promote", args=[new.pk])
    asked = client.post(address).content.decode()
    assert "refund: 7 right and 2 wrong of 9, before 9 and 0" in asked
    assert ModelVersion.objects.get(is_champion=True) == old
    client.post(
        reverse("admin:triage_modelversion_change", args=[new.pk]),
        {"promote": "1", "triage_modelversion_promote": "1"},
    )
    assert ModelVersion.objects.get(is_champion=True) == old
    client.post(address, {"sure": "1"})
    assert ModelVersion.objects.get(is_champion=True) == new
    assert PolicyVersion.objects.order_by("-id")[0].action == "champion"


def test_one_click_brings_the_earlier_model_back(
    models_: tuple[ModelVersion, ModelVersion], web: Web, supervisor: User
) -> None:
    old, new = models_
    new.promote()
    page = web(supervisor).get(reverse("triage-training")).content.decode()
    assert f"Back to {old}" in page
    web(supervisor).post(reverse("triage-training-back"))
    assert ModelVersion.objects.get(is_champion=True) == old
