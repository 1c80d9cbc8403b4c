"""Every reason that a ticket may carry has words for the customer."""

from __future__ import annotations

import pytest

from tickets.models import Ticket
from tickets.web import wording
from triage.core.deciding import gates

OURS = ["asked_for_person", "requester_replied", "not_solved", "assigned", "reopened"]
NEVER_ESCALATES = {gates.CONFIDENT.reason}


@pytest.mark.parametrize("code", [*sorted(set(gates.reasons()) - NEVER_ESCALATES), *OURS])
def test_each_reason_has_words_of_its_own(code):
    assert wording.WHY[str(code)] != wording.DEFAULT


def test_a_reason_that_nobody_knows_is_still_kind(db):
    assert wording.promise(Ticket(escalation_reason="solar_flare")).why == wording.DEFAULT


def test_no_words_speak_of_models_and_confidence():
    for words in [*wording.WHY.values(), wording.DEFAULT]:
        assert not {"model", "confidence", "engine", "threshold", "intent"} & set(words.lower().split())


def test_nothing_is_promised_for_a_ticket_that_owes_nothing(db):
    promise = wording.promise(Ticket())
    assert promise.due is None
    assert not promise.late
