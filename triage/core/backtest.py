"""A history tried out: a model trained on its older part judges the newer one, in the order of time.

Nothing here knows of rows: the history comes in as values, the model and what was judged so far lie in a folder, so
that a run that was interrupted goes on where it stood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from triage.core.deciding.policy import decide
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.types import Contrast, Example, Guard, IntentPolicy, PolicyConfig
from triage.core.vectors import Encoder

OLDER: Final = 0.8  # of the history, for training
TEXT_KEPT: Final = 600  # characters of a wrongly answered text that the report shows
#: Gates that the limit of confidence moves; all others stop a ticket whatever the limit is.
LIMITS: Final = frozenset({"low_confidence"})
REPORT_EVERY: Final = 50

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Past:
    """One ticket of the history. No intent: nobody has named one, so it was one for a person."""

    reference: str
    at: str
    subject: str
    body: str
    intent: str | None

    @property
    def text(self) -> str:
        return (
            f"{self.subject}\n{self.body}"
            if self.subject and not self.body.startswith(self.subject)
            else self.body
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """What would have become of one ticket. ``ready``: nothing but a limit of confidence can hold an answer back."""

    reference: str
    at: str
    truth: str | None
    intent: str | None
    confidence: float
    ready: bool
    reason: str
    text: str

    @property
    def right(self) -> bool:
        return self.truth is not None and self.truth == self.intent


def split(history: Sequence[Past], older: float = OLDER) -> tuple[list[Past], list[Past]]:
    """The older and the newer part, by time; what has the same time keeps its order."""
    ordered = sorted(history, key=lambda past: past.at)
    cut = int(len(ordered) * older)
    return ordered[:cut], ordered[cut:]


def trained(
    older: Sequence[Past],
    folder: Path,
    *,
    contrasts: Sequence[Contrast] = (),
    encoder: Encoder | None = None,
    seed: int = 0,
) -> Model:
    """The model of the older part; one that an earlier run left in ``folder`` is taken as it is.

    Raises TrainingError where the older part cannot train one.
    """
    if (folder / "manifest.json").is_file():
        return Model.load(folder, encoder=encoder)
    examples = [Example(past.text, past.intent) for past in older]
    model = Model.fit(examples, seed=seed, encoder=encoder, contrasts=contrasts)
    model.save(folder)
    return model


def tried(
    model: Model,
    newer: Sequence[Past],
    rows: Path,
    *,
    guards: Sequence[Guard] = (),
    margin: float,
    tell: Tell,
) -> list[Tried]:
    """Judge the newer part, each ticket as a new one; what ``rows`` holds already is not judged again."""
    known = list(_read(rows))[: len(newer)]
    engine = Engine(RuleBook([], guards), model, None)
    policies = {intent: IntentPolicy() for intent in model.intents}
    config = PolicyConfig(threshold=0.0, min_margin=margin)
    with rows.open("a", encoding="utf-8") as out:
        for at, past in enumerate(newer[len(known) :], start=len(known) + 1):
            assessment = engine.assess(past.subject, past.body)
            decision = decide(assessment, intents=policies, language="en", config=config)
            one = Tried(
                reference=past.reference,
                at=past.at,
                truth=past.intent,
                intent=assessment.intent,
                confidence=assessment.confidence,
                ready=not set(decision.failed) - LIMITS,
                reason=decision.reason,
                text=past.text[:TEXT_KEPT],
            )
            known.append(one)
            out.write(json.dumps(asdict(one)) + "\n")
            if at % REPORT_EVERY == 0 or at == len(newer):
                out.flush()
                tell("Trying it on the newer tickets", at, len(newer))
    return known


def _read(rows: Path) -> Iterator[Tried]:
    """The rows of an earlier run; a last line that was cut off in the middle is judged again."""
    if not rows.is_file():
        return
    whole = []
    for line in rows.read_text(encoding="utf-8").splitlines():
        try:
            whole.append(Tried(**json.loads(line)))
        except (ValueError, TypeError):
            break
    rows.write_text("".join(json.dumps(asdict(one)) + "\n" for one in whole), encoding="utf-8")
    yield from whole
