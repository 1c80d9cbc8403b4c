"""The only bridge between rows + settings and the engine. One engine per process, kept up to date.

Before each assessment one small query tells whether another champion was promoted or the policy changed
(rules, guards, intents, answers) and whether tickets were resolved meanwhile: a change counts from the next
ticket on, in every process, without a restart.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Case, Exists, F, OuterRef, Subquery, When
from django.utils import timezone

from tickets.models import Message, Ticket, TicketQuerySet
from triage.answers import facts
from triage.answers.house import House
from triage.core.deciding.policy import HELD_BACK
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.errors import CoreError
from triage.core.learning.model import Model
from triage.core.similar.encoded_index import AnyTicketIndex, empty_index, open_index
from triage.core.types import Assessment, Guard, IntentPolicy, Mode, PolicyConfig, ResolvedTicket, Rule
from triage.models import Answer, Decision, Example, Intent, ModelVersion, PolicyRevision, answer_in
from triage.models import Guard as GuardRow
from triage.models import Rule as RuleRow
from triage.modes import LanguageMode, own_modes
from triage.oversight import switch
from triage.running import reply_reader
from triage.running.news import News, Settled, look
from triage.running.sentence_encoder import configured_encoder
from triage.running.vector_store import keeper

logger = logging.getLogger(__name__)

CATCH_UP_OVERLAP = timedelta(seconds=30)  # a transaction may commit later than its timestamp says
CATCH_UP_BATCH = 1_000  # so many are added before one assessment: about a fifth of a second
ENCODED_CATCH_UP_BATCH = 20  # the same where each is read by a sentence encoder first
LOOK_AGAIN_SECONDS = 60.0  # a process that judges no tickets itself looks for news so often, if it is asked
INDEX_CHARS = 4_000  # the ask stands at the beginning; longer texts only blur the comparison
PLACES_IN_LINE = 4  # as many texts may hang before one, each for the whole time that it gets


class EngineUnavailable(Exception):
    """There is a champion, but it cannot be used. Tickets escalate until it is mended."""


class EngineSlow(Exception):
    """The assessment took longer than TRIAGE_TIMEOUT_SECONDS."""


@dataclass(frozen=True)
class Shelf:
    """What can be said: the intents by slug, the approved answers by intent, the facts of the house."""

    intents: Mapping[str, Intent]
    answers: Mapping[str, list[Answer]]
    house: House

    def find(self, slug: str, language: str) -> tuple[Intent | None, Answer | None]:
        return self.intents.get(slug), answer_in(language, self.answers.get(slug, ()))


@dataclass(frozen=True)
class Snapshot:
    """The engine and the policy as they stood at one revision; whatever is on the shelf changes the revision too."""

    revision: int
    champion: ModelVersion | None
    engine: Engine
    policies: Mapping[str, IntentPolicy]
    rules_fingerprint: str
    shelf: Shelf | None = None  # None: to be read where it is needed
    stopped: bool | None = None  # the same
    kept: set[str] = field(default_factory=set)  # rulebooks whose rows are known to be there


@dataclass(frozen=True)
class Assessed:
    """An assessment with all that a decision on it must record."""

    assessment: Assessment
    snapshot: Snapshot
    latency_ms: float


class Runtime:
    """Caches the snapshot of this process. All access to the engine is in turn, by one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._index: AnyTicketIndex = empty_index(None)
        self._caught_up_to: datetime | None = None
        self._seen: Settled = (None, 0)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="triage")
        self._looked_at = (
            -LOOK_AGAIN_SECONDS
        )  # when the database was last asked, by the clock of this process
        self._looking = threading.Lock()

    def assess(self, subject: str, body: str) -> Assessed:
        """Assess a text with the champion and the rules as they are now.

        Raises EngineUnavailable or EngineSlow; the caller turns them into an escalation.
        """
        started = time.perf_counter()
        with self._lock:
            snapshot = self._brought_up_to_date()
        assessment = self._in_turn(snapshot.engine, subject, body)
        return Assessed(assessment, snapshot, (time.perf_counter() - started) * 1000)

    def _in_turn(self, engine: Engine, subject: str, body: str) -> Assessment:
        """The assessment, whose time counts from its own beginning: who waits behind a text that hangs is not late.

        When that text is given up, those behind it go on with a fresh thread.
        """
        limit = settings.TRIAGE_TIMEOUT_SECONDS
        longest = time.monotonic() + limit * PLACES_IN_LINE
        while True:
            began = threading.Event()
            with self._lock:
                executor = self._executor
                future = executor.submit(_assess, began, engine, subject, body)
            future.add_done_callback(lambda _, began=began: began.set())  # type: ignore[misc]
            try:
                if not began.wait(longest - time.monotonic()):
                    future.cancel()
                    raise FutureTimeout
                return future.result(timeout=limit)
            except FutureTimeout as error:
                self._abandon(executor)
                raise EngineSlow(f"No assessment within {limit} s.") from error
            except CancelledError:
                continue  # somebody before this text was given up

    def glance(self, text: str, seconds: float) -> Assessment | None:
        """Assess a text with what is loaded, without a look at the database; None if it cannot be had in time.

        Where a broker has other processes judge the tickets, nothing else makes this one look for a newer champion
        or rule: it then does so beside, for the glances to come.
        """
        held = self._snapshot
        if settings.CELERY_BROKER_URL and time.monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._look_beside()
        if held is None:
            return None
        future = self._executor.submit(held.engine.assess, "", text)
        try:
            return future.result(timeout=seconds)
        except FutureTimeout:
            future.cancel()  # if it has not begun; a ticket that waits behind it shall not wait longer
            return None

    def _look_beside(self) -> None:
        """Bring the engine up to date in a thread of its own, one at a time; what fails is tried again later."""
        if self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="triage-look", daemon=True).start()

    def _look(self) -> None:
        try:
            self.warm()
        except Exception as error:  # no reply may depend on it: it is read by a person then
            logger.warning("Replies are read without the newest model: %s", type(error).__name__)
        finally:
            self._looked_at = time.monotonic()
            connections.close_all()
            self._looking.release()

    def snapshot(self) -> Snapshot:
        with self._lock:
            return self._current(look(self._since))

    def warm(self) -> None:
        """Load engine and index now, so that the first ticket does not wait for it."""
        with self._lock:
            self._brought_up_to_date()

    def _brought_up_to_date(self) -> Snapshot:
        news = look(self._since)
        snapshot = self._current(news)
        self._catch_up(news if news.since == self._since else look(self._since))
        return snapshot

    @property
    def _since(self) -> datetime | None:
        """Tickets settled before are in the index."""
        return self._caught_up_to - CATCH_UP_OVERLAP if self._caught_up_to else None

    def forget(self) -> None:
        """Drop what is cached; the next call loads anew."""
        with self._lock:
            self._snapshot, self._caught_up_to = None, None

    def _abandon(self, executor: ThreadPoolExecutor) -> None:
        """Leave a stuck thread behind and go on with a fresh one."""
        with self._lock:
            if self._executor is executor:
                self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="triage")
        executor.shutdown(wait=False, cancel_futures=True)

    def _current(self, news: News) -> Snapshot:
        self._looked_at = time.monotonic()
        held = self._snapshot
        same_model = held is not None and (held.champion.pk if held.champion else None) == news.champion
        if held is not None and same_model and held.revision == news.revision:
            return held
        revision = (
            PolicyRevision.current()
        )  # before what it counts: who changes that meanwhile is noticed next time
        champion = ModelVersion.objects.filter(is_champion=True).first()
        same_model = held is not None and held.champion == champion
        model = held.engine.model if held is not None and same_model else self._load(champion)
        rulebook, shelf = read_rulebook(), read_shelf()
        self._snapshot = Snapshot(
            revision=revision,
            champion=champion,
            engine=Engine(rulebook=rulebook, model=model, index=self._index),
            policies=read_policies(champion, shelf),
            rules_fingerprint=rulebook.fingerprint,
            shelf=shelf,
            stopped=switch.is_stopped(),
        )
        return self._snapshot

    def _load(self, champion: ModelVersion | None) -> Model | None:
        """The champion's model, and its index of similar tickets as a side effect."""
        encoder = configured_encoder()
        try:
            model = Model.load(champion.path, encoder=encoder) if champion else None
            path = champion.index_path if champion else None
            self._index = open_index(path, encoder, nearest=keeper()) if path else empty_index(encoder)
            self._caught_up_to = champion.indexed_until if champion else None
            self._seen = (None, 0)
            return model
        except CoreError as error:
            self._snapshot = None
            raise EngineUnavailable(str(error)) from error

    def _catch_up(self, news: News) -> None:
        """Add what was resolved, or got another intent, since the index was built or last looked at.

        A transaction may commit later than its timestamps say, so the last seconds are looked at again;
        newest moment and number of rows in that window tell whether anything came in at all.
        """
        if news.settled == self._seen or not news.settled[1]:
            self._move_on()
            return
        settled = Ticket.objects.all().settled()
        since = self._caught_up_to
        if since is not None:
            settled = settled.filter(updated_at__gt=since - CATCH_UP_OVERLAP)
        rows = list(settled.order_by("updated_at", "id").values_list("pk", "updated_at").iterator())
        new = [row for row in rows if row[0] not in self._index or (since and row[1] > since)]
        most = ENCODED_CATCH_UP_BATCH if settings.TRIAGE_ENCODER else CATCH_UP_BATCH
        batch = new[:most]
        for ticket in resolved_tickets(Ticket.objects.filter(pk__in=[pk for pk, _ in batch])):
            self._index.add(ticket)
        if len(new) > most:  # a large import: this ticket does not wait for all, the next go on
            self._caught_up_to = since and max(since, batch[-1][1])
            return
        if rows:
            newest = rows[-1][1]
            self._caught_up_to = newest
            self._seen = (newest, sum(at > newest - CATCH_UP_OVERLAP for _, at in rows))

    def _move_on(self) -> None:
        """Nothing came in: let the window go with the time, or each look would read all that changed in it."""
        now = timezone.now()
        if self._caught_up_to is not None and self._caught_up_to < now - 2 * CATCH_UP_OVERLAP:
            self._caught_up_to = now - CATCH_UP_OVERLAP
            self._seen = (None, 0)


def _assess(began: threading.Event, engine: Engine, subject: str, body: str) -> Assessment:
    began.set()
    return engine.assess(subject, body)


def resolved_tickets(tickets: TicketQuerySet) -> Iterator[ResolvedTicket]:
    """Tickets as the index takes them in: subject and first message, with the intent last known.

    It is confirmed where a person named it: an agent's correction or confirmation, or an imported label.
    """
    decisions = Decision.objects.filter(ticket=OuterRef("pk")).order_by("-run")
    final_intent = Case(
        When(corrected_at__isnull=False, then=F("corrected_intent__slug")), default=F("intent__slug")
    )
    labels = Example.objects.filter(ticket=OuterRef("pk"))
    first_message = Message.objects.filter(ticket=OuterRef("pk")).order_by("id").values("body")[:1]
    rows = tickets.annotate(
        first_body=Subquery(first_message),
        decided=Subquery(decisions.values(slug=final_intent)[:1]),
        label=Subquery(labels.values("intent__slug")[:1]),
        labelled=Exists(labels),
        corrected=Subquery(decisions.values("corrected_at")[:1]),
    ).values_list("pk", "subject", "first_body", "decided", "corrected", "label", "labelled")
    for pk, subject, body, decided, corrected, label, labelled in rows.iterator(chunk_size=2000):
        text = f"{subject}\n{body or ''}"[:INDEX_CHARS]
        intent = label if labelled and not corrected else decided
        yield ResolvedTicket(id=pk, text=text, intent=intent, confirmed=bool(corrected or labelled))


def read_rulebook() -> RuleBook:
    rules = RuleRow.objects.filter(is_active=True).values_list("intent__slug", "pattern", "weight")
    guards = GuardRow.objects.filter(is_active=True).values_list("topic", "pattern")
    return RuleBook([Rule(*row) for row in rules], [Guard(*row) for row in guards])


def read_shelf() -> Shelf:
    answers: dict[str, list[Answer]] = {}
    for answer in Answer.objects.filter(state=Answer.State.APPROVED).select_related("intent"):
        answers.setdefault(answer.intent.slug, []).append(answer)
    return Shelf({intent.slug: intent for intent in Intent.objects.all()}, answers, facts.current())


def read_policies(champion: ModelVersion | None, shelf: Shelf | None = None) -> dict[str, IntentPolicy]:
    """What is allowed for each intent. An answer counts only where the house has said all facts in it."""
    shelf = shelf or read_shelf()
    languages, own = sendable_languages(shelf), own_modes(LanguageMode.objects.all())
    return {
        intent.slug: IntentPolicy(
            mode=Mode(intent.mode),
            language_modes={tag: Mode(mode) for tag, mode in own.get(intent.slug, {}).items()},
            threshold=threshold_for(intent, champion),
            answer_languages=frozenset(languages.get(intent.slug, ())),
        )
        for intent in shelf.intents.values()
    }


def sendable_languages(shelf: Shelf) -> dict[str, set[str]]:
    """By intent, the languages in which its approved answer lacks no fact of the house."""
    return {
        slug: {answer.language for answer in answers if not answer.missing_facts(shelf.house)}
        for slug, answers in shelf.answers.items()
    }


def threshold_for(intent: Intent, champion: ModelVersion | None) -> float:
    """The larger of the configured floor, the intent's own, and the one that bounds the error.

    Where a target error is set but the champion carries no bound for the intent, it is held back.
    """
    limits = [settings.TRIAGE_THRESHOLD, intent.threshold or 0.0]
    if settings.TRIAGE_TARGET_ERROR is not None:
        metrics = champion.metrics if champion else {}
        limits.append(threshold_in(metrics, intent.slug, target_error=settings.TRIAGE_TARGET_ERROR))
    return max(limits)


def threshold_in(metrics: Mapping[str, Any], slug: str, *, target_error: float) -> float:
    """The proven threshold of an intent; out of reach where the model proves nothing so strict about it."""
    promise = metrics.get("promise")
    if not promise or promise["target_error"] > target_error:
        return HELD_BACK
    return float(metrics.get("thresholds", {}).get(slug, HELD_BACK))


def policy_config() -> PolicyConfig:
    return PolicyConfig(
        threshold=settings.TRIAGE_THRESHOLD,
        min_margin=settings.TRIAGE_MIN_MARGIN,
        default_language=settings.TRIAGE_LANGUAGE,
    )


runtime = Runtime()
reply_reader.use_engine(runtime.glance)
