"""Signs of life: what tells a worker that lives from one that is gone or stuck."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tickets.background.lanes import LANES, MAIL, MAIN
from tickets.watch import heart
from tickets.watch.models import ALIVE, FORGOTTEN, STUCK, Beat

pytestmark = pytest.mark.django_db


def test_each_lane_has_one_row_however_often_it_beats() -> None:
    for _ in range(3):
        heart.beat()
    assert set(Beat.objects.values_list("lane", flat=True)) == set(LANES)
    assert Beat.objects.count() == len(LANES)


def test_a_lane_says_what_it_is_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LANES[MAIL], "job", (7, "deliver_mail"))
    heart.beat()
    assert Beat.objects.get(lane=MAIL).doing == "deliver_mail 7"
    assert Beat.objects.get(lane=MAIN).doing == ""


def test_who_is_in_one_job_for_far_too_long_is_stuck_though_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LANES[MAIN], "job", (7, "triage"))
    monkeypatch.setattr(LANES[MAIN], "moved_at", time.time() - STUCK.total_seconds() - 1)
    heart.beat()
    now = timezone.now()
    assert list(Beat.objects.all().stuck(now).values_list("lane", flat=True)) == [MAIN]
    monkeypatch.setattr(LANES[MAIN], "job", None)  # it only had nothing to do
    heart.beat()
    assert not Beat.objects.all().stuck(now).exists()


def test_who_is_not_heard_of_any_more_is_silent_until_forgotten() -> None:
    heart.beat()
    assert not Beat.objects.all().silent(timezone.now()).exists()
    Beat.objects.update(seen_at=timezone.now() - ALIVE - timedelta(seconds=1))
    assert Beat.objects.all().silent(timezone.now()).count() == len(LANES)
    Beat.objects.update(seen_at=timezone.now() - FORGOTTEN - timedelta(seconds=1))
    heart.forget_old()
    assert not Beat.objects.exists()


def test_who_ends_as_told_leaves_no_row() -> None:
    heart.beat()
    heart.sign_off()
    assert not Beat.objects.exists()
