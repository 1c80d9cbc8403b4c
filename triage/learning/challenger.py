"""A challenger beside the champion: both judge the same texts that neither has learnt from, part by part.

Two sets: the *golden* examples, which no training ever uses, and the *later* ones, labelled since the champion was
trained. The challenger has learnt from the later ones, so there a twin stands in for it: trained alike, without them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from triage.answers import language
from triage.core.deciding.policy import decide
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.types import Action, IntentPolicy
from triage.learning import train
from triage.models import Example, ModelVersion
from triage.running.runtime import policy_config
from triage.running.sentence_encoder import configured_encoder

LATER_AT_MOST: Final = 1_000
LATER_AT_LEAST: Final = 20  # fewer are not worth a second training
STEPS: Final = 4

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Case:
    """A text to judge. With a stance it must not be answered, whatever its topic."""

    text: str
    intent: str | None
    stance: str


@dataclass(frozen=True)
class Judged:
    """What one model makes of a case."""

    right: bool
    answered: bool

    @property
    def wrong(self) -> bool:
        return self.answered and not self.right


def train_and_compare(*, tell: Tell) -> dict[str, Any]:
    """Train a challenger on all examples there are, and compare it; it is not promoted by this."""
    champion = ModelVersion.objects.filter(is_champion=True).first()
    tell("Training the challenger", 0, STEPS)
    made = train.train(promote=False, tell=lambda words: tell(words, 0, STEPS))
    version = made.version
    tell("Comparing it with the champion", 2, STEPS)
    comparison = compare(champion, version, tell=tell) if champion else {}
    version.metrics = {**version.metrics, "comparison": comparison}
    version.save(update_fields=["metrics"])
    tell("Done", STEPS, STEPS)
    return {
        "version": version.pk,
        "examples": made.examples,
        "intents": made.intents,
        "skipped": list(made.skipped_intents),
    }


def compare(champion: ModelVersion, challenger: ModelVersion, *, tell: Tell) -> dict[str, Any]:
    """By set and part: how many texts, how many right, answered and wrong by each."""
    old, new = _engine(_load(champion)), _engine(_load(challenger))
    golden = [_case(row) for row in Example.objects.filter(is_golden=True).select_related("intent")]
    lines = [{"set": "golden", **line} for line in _lines(golden, old, new)]
    later = _later(champion)
    if len(later) >= LATER_AT_LEAST:
        tell("Training a twin without the later tickets", 3, STEPS)
        lines += [
            {"set": "later", **line} for line in _lines([_case(row) for row in later], old, _twin(later))
        ]
    return {"champion": champion.pk, "golden": len(golden), "later": len(later), "lines": lines}


def _later(champion: ModelVersion) -> list[Example]:
    """Plain askings labelled since the champion was trained, the newest first."""
    rows = Example.objects.for_training().filter(created_at__gt=champion.created_at)
    return list(rows.select_related("intent").order_by("-created_at", "-id")[:LATER_AT_MOST])


def _twin(later: Sequence[Example]) -> Engine:
    left_out = {row.text for row in later}
    kept = [one for one in train.labelled_texts() if one.text not in left_out]
    model = Model.fit(kept, seed=0, encoder=configured_encoder(), contrasts=train.contrast_texts())
    return _engine(model)


def _load(version: ModelVersion) -> Model:
    return Model.load(version.path, encoder=configured_encoder())


def _engine(model: Model) -> Engine:
    return Engine(RuleBook([], []), model)


def _case(row: Example) -> Case:
    return Case(row.text, row.intent.slug if row.intent else None, row.stance)


def _judge(engine: Engine, case: Case) -> Judged:
    """As a new ticket is judged, every intent automated and answered in every language."""
    language_tag = settings.TRIAGE_LANGUAGE
    assessment = engine.assess("", case.text)
    policies = (
        {assessment.intent: IntentPolicy(answer_languages=frozenset({language_tag}))}
        if assessment.intent
        else {}
    )
    decision = decide(assessment, intents=policies, language=language_tag, config=policy_config())
    answered = decision.action is Action.AUTO_RESOLVE
    if case.stance or case.intent is None:
        return Judged(right=not answered, answered=answered)
    return Judged(right=assessment.intent == case.intent, answered=answered)


def _lines(cases: Sequence[Case], old: Engine, new: Engine) -> Iterator[dict[str, Any]]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in cases:
        before, after = _judge(old, case), _judge(new, case)
        for part in _parts(case):
            counts[part].update(
                n=1, champion_right=before.right, champion_answered=before.answered, champion_wrong=before.wrong,
                challenger_right=after.right, challenger_answered=after.answered, challenger_wrong=after.wrong,
            )  # fmt: skip
    for (kind, name), own in sorted(counts.items()):
        figures = {key: own[key] for key in FIGURES}
        worse = (
            own["challenger_right"] < own["champion_right"] or own["challenger_wrong"] > own["champion_wrong"]
        )
        yield {"kind": kind, "name": name, "worse": worse, **figures}


FIGURES: Final = (
    "n", "champion_right", "champion_answered", "champion_wrong", "challenger_right", "challenger_answered",
    "challenger_wrong",
)  # fmt: skip


def _parts(case: Case) -> list[tuple[str, str]]:
    language_tag = language.detect(case.text, default=settings.TRIAGE_LANGUAGE)
    own = ("stance", case.stance) if case.stance else ("intent", case.intent or "none of ours")
    return [("all", "everything"), own, ("language", language_tag)]
