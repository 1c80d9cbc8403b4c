"""Replaying stored decisions: the same text, model, rules and circumstances must give the same decision.

The assessment is made anew by the decision's own model version and rules, with the similar tickets that were
stored with it (the index has moved on since); the gates see the circumstances that were stored with it. Only the
way a text is read is today's: what an older reading decided, and today's would decide otherwise, is told apart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from triage.core.artefact import read_manifest
from triage.core.deciding import gates
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.errors import CoreError
from triage.core.learning.model import Model
from triage.core.reading.text import READING_VERSION
from triage.core.types import SimilarTicket, Source
from triage.learning.train import VERSIONS_KEPT
from triage.models import Decision, RulebookVersion
from triage.running import pipeline
from triage.running.basis import Basis, Reading, read, reading_version
from triage.running.sentence_encoder import configured_encoder

#: Processors add in different orders: seen are 5e-8. What a decision came to is compared exactly.
ARITHMETIC: Final = 1e-6
NO_ASSESSMENT = {gates.ENGINE_FAILED.reason, gates.ENGINE_SLOW.reason}


class Outcome(StrEnum):
    IDENTICAL = "identical"
    PARTLY = "partly replayed"
    READ_DIFFERENTLY = "read differently now"
    DIFFERENT = "different"
    IMPOSSIBLE = "cannot be replayed"


class Impossible(Exception):
    """What the decision was made from is not there any more; the message says what."""


@dataclass(frozen=True)
class Difference:
    field: str
    stored: Any
    replayed: Any

    def __str__(self) -> str:
        return f"{self.field}: stored {self.stored!r}, replayed {self.replayed!r}"


@dataclass(frozen=True)
class Replay:
    """What came of one decision; ``note`` says what could not be replayed and why."""

    decision: Decision
    outcome: Outcome
    differences: Sequence[Difference] = ()
    note: str = ""


class Replayer:
    """Replays decisions one after the other; loads each model version and rule book once."""

    def __init__(self) -> None:
        self._models: dict[int, Model] = {}
        self._rulebooks: dict[str, RuleBook | None] = {}

    def replay(self, decision: Decision) -> Replay:
        """Never raises for what has gone since: the outcome says so."""
        try:
            note, again = self._again(decision)
        except (Impossible, CoreError) as reason:
            return Replay(decision, Outcome.IMPOSSIBLE, note=str(reason))
        differences = _differences(decision, again)
        same = Outcome.PARTLY if note else Outcome.IDENTICAL
        other = (
            Outcome.READ_DIFFERENTLY
            if reading_version(decision.basis) < READING_VERSION
            else Outcome.DIFFERENT
        )
        return Replay(decision, other if differences else same, differences, note)

    def _again(self, decision: Decision) -> tuple[str, dict[str, Any]]:
        """A note, empty where nothing is missing, and the values that the decision should have."""
        if not decision.basis and decision.reason in NO_ASSESSMENT:
            raise Impossible("The engine had failed, so there is no assessment to repeat.")
        near, basis = _stored(decision)
        reading = text_of(decision)
        rulebook = self._rulebook(decision.rules_fingerprint)
        if rulebook is None and decision.source != Source.MODEL:
            raise Impossible("The keyword rules it was made by were not kept.")
        engine = Engine(rulebook or RuleBook([], []), self._model(decision), near)
        assessment = engine.assess(reading.subject, reading.body)
        again = pipeline.assessment_columns(assessment)
        if basis is None:
            return "What the gates looked at was not kept then: only the model's part was replayed.", again
        if rulebook is None:
            return "The rules of that time were not kept: only the model's part was replayed.", again
        decided = basis.decide(assessment)
        facts = pipeline.kept_facts(decided)
        # A fact that a later release began to keep cannot differ from what was not kept yet.
        kept = {name: value for name, value in facts.items() if name in decision.basis}
        gated = pipeline.gate_columns(decided)
        if decision.would_send is None:
            del gated["would_send"]
        return "", again | gated | kept

    def _rulebook(self, fingerprint: str) -> RuleBook | None:
        if fingerprint not in self._rulebooks:
            kept = RulebookVersion.objects.filter(pk=fingerprint).first()
            self._rulebooks[fingerprint] = kept.rulebook() if kept else None
        return self._rulebooks[fingerprint]

    def _model(self, decision: Decision) -> Model | None:
        version = decision.model_version
        if version is None:
            if decision.source == Source.MODEL:
                raise Impossible("The row of its model version was deleted.")
            return None
        if version.pk not in self._models:
            if not version.path.is_dir():
                raise Impossible(
                    f"{version} is not on disk any more ({version.path}). Beside the champion, the latest "
                    f"{VERSIONS_KEPT} versions are kept; bring the folder back from a backup to replay it."
                )
            encoded = read_manifest(version.path).settings.get("encoder") is not None
            encoder = configured_encoder() if encoded else None
            self._models[version.pk] = Model.load(version.path, encoder=encoder)
        return self._models[version.pk]


class _Remembered:
    """Stands in for the index: finds what was found then."""

    def __init__(self, similar: Sequence[SimilarTicket]) -> None:
        self._similar = tuple(similar)

    def search(
        self, text: str, k: int = 5, *, exclude: Collection[int] = (), confirmed: int = 0
    ) -> tuple[SimilarTicket, ...]:
        return self._similar


def text_of(decision: Decision) -> Reading:
    """The ticket as it was judged. Raises Impossible where it is not as it was."""
    if decision.basis:
        # Decisions of the first release read a follow-up's inherited subject too.
        for inherited in (False, True):
            reading = read(decision.ticket, until=decision.basis["seen"], inherited=inherited)
            if reading.fingerprint == decision.basis["text"]:
                return reading
        raise Impossible("The subject or a message was changed or erased after the decision.")
    earlier = decision.ticket.messages.filter(created_at__lte=decision.created_at)
    return read(decision.ticket, until=max(earlier.values_list("pk", flat=True), default=0))


def _stored(decision: Decision) -> tuple[_Remembered, Basis | None]:
    """The similar tickets and the circumstances that were stored with a decision."""
    try:
        near = _Remembered([SimilarTicket(**row) for row in decision.similar])
        return near, Basis.from_json(decision.basis) if decision.basis else None
    except (KeyError, TypeError, ValueError) as error:
        raise Impossible(f"What was stored with it is damaged ({error!r}).") from error


def _differences(decision: Decision, again: Mapping[str, Any]) -> list[Difference]:
    stored = {
        name: getattr(decision, name) if hasattr(decision, name) else decision.basis.get(name)
        for name in again
    }
    return [
        Difference(name, stored[name], value)
        for name, value in again.items()
        if not _same(stored[name], value)
    ]


def _same(stored: Any, replayed: Any) -> bool:
    """Equal, but that a number may differ by what another processor makes of the same sum."""
    if isinstance(stored, float) and isinstance(replayed, float):
        return math.isclose(stored, replayed, rel_tol=ARITHMETIC, abs_tol=ARITHMETIC)
    if isinstance(stored, Mapping) and isinstance(replayed, Mapping):
        return stored.keys() == replayed.keys() and all(
            _same(stored[name], replayed[name]) for name in stored
        )
    if isinstance(stored, list | tuple) and isinstance(replayed, list | tuple):
        return len(stored) == len(replayed) and all(map(_same, stored, replayed))
    return bool(stored == replayed)
