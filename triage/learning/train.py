"""Training a model on the examples as they are now, and making it the champion."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from tickets.models import Ticket
from triage.core.learning.model import Model
from triage.core.similar.encoded_index import build_index
from triage.core.types import Contrast, Stance
from triage.core.types import Example as LabelledText
from triage.learning import promise
from triage.models import Example, Intent, ModelVersion
from triage.running import vector_store
from triage.running.runtime import resolved_tickets
from triage.running.sentence_encoder import configured_encoder

logger = logging.getLogger(__name__)
VERSIONS_KEPT = 5


@dataclass(frozen=True)
class Trained:
    """A new version with what is worth telling about it."""

    version: ModelVersion
    examples: int
    intents: int
    skipped_intents: tuple[str, ...]
    indexed_tickets: int


def labelled_texts() -> list[LabelledText]:
    """The plain askings, and what is out of scope."""
    rows = Example.objects.for_training().values_list("text", "intent__slug")
    return [LabelledText(text, slug) for text, slug in rows.iterator(chunk_size=2000)]


def contrast_texts() -> list[Contrast]:
    rows = Example.objects.contrast_for_training().values_list("text", "stance", "intent__slug", "topic")
    return [
        Contrast(text, Stance(stance), slug, topic)
        for text, stance, slug, topic in rows.iterator(chunk_size=2000)
    ]


def train(*, seed: int = 0, promote: bool = True, tell: Callable[[str], None] = logger.info) -> Trained:
    """Fit a model and build the index of similar tickets; both are written before the row that names them.

    Raises TrainingError where the examples do not suffice; nothing has changed then.
    """
    examples = labelled_texts()
    contrasts = contrast_texts()
    tell(f"Training on {len(examples)} examples and {len(contrasts)} contrast texts …")
    model, metrics = fit(examples, contrasts, seed=seed)
    stamp = unused_stamp(timezone.now())
    folder, index_folder = f"model-{stamp}", f"index-{stamp}"
    settings.TRIAGE_MODEL_DIR.mkdir(parents=True, exist_ok=True)
    model.save(settings.TRIAGE_MODEL_DIR / folder)
    tell("Indexing resolved tickets …")
    indexed_until = timezone.now()
    settled = Ticket.objects.all().settled().order_by("id")
    tickets = resolved_tickets(settled)
    index = build_index(
        tickets, settings.TRIAGE_MODEL_DIR / index_folder, configured_encoder(), nearest=vector_store.keeper()
    )
    version = ModelVersion.objects.create(
        folder=folder,
        index_folder=index_folder,
        indexed_until=indexed_until,
        training_fingerprint=model.fingerprint,
        metrics=metrics,
    )
    if promote:
        version.promote()
    forget_old_versions()
    return Trained(version, len(examples), len(model.intents), tuple(model.skipped_intents), len(index))


def fit(
    examples: list[LabelledText], contrasts: list[Contrast], *, seed: int
) -> tuple[Model, dict[str, Any]]:
    """The model and its metrics; where a target error is set, with the thresholds that are proven to keep it."""
    target, encoder = settings.TRIAGE_TARGET_ERROR, configured_encoder()
    if target is None:
        model = Model.fit(examples, seed=seed, encoder=encoder, contrasts=contrasts)
        return model, dict(model.metrics)
    groups = dict(Intent.objects.exclude(group="").values_list("slug", "group"))
    proven = promise.prove(
        examples,
        contrasts=contrasts,
        target_error=target,
        floor=settings.TRIAGE_THRESHOLD,
        groups=groups,
        seed=seed,
        encoder=encoder,
    )
    return proven.model, {**proven.model.metrics, **proven.metrics()}


def unused_stamp(now: datetime) -> str:
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond:06d}"


def forget_old_versions() -> None:
    """Remove the folders of versions that are long past. Their rows stay: decisions name them."""
    old = ModelVersion.objects.filter(is_champion=False).order_by("-id")[VERSIONS_KEPT:]
    for version in old:
        for folder in filter(None, (version.folder, version.index_folder)):
            shutil.rmtree(settings.TRIAGE_MODEL_DIR / folder, ignore_errors=True)
    vector_store.drop_unused(
        [one.index_path for one in ModelVersion.objects.exclude(index_folder="") if one.index_path]
    )
