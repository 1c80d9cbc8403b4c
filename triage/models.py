"""What is automated and how: intents with rules, answers and examples; decisions; model versions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from tickets.compiled_insert import CompiledInsert
from tickets.models import Ticket
from triage.answers import facts, house, language_tags, variables
from triage.answers.letter import Letter
from triage.answers.versioned import VersionedText
from triage.core import types as core
from triage.core.deciding import rules as rule_syntax
from triage.core.errors import RuleError
from triage.core.reading.text import find_ask
from triage.modes import Ground, LanguageMode, Mode
from triage.versions import ModelVersion, PolicyRevision, RulebookVersion

if TYPE_CHECKING:
    from accounts.models import User


__all__ = [
    "FIRST_RUN", "INTENT_CORRECTED", "Action", "Answer", "Decision", "Example", "Ground", "Guard", "Intent", "LanguageMode",
    "Mode", "ModelVersion", "PolicyRevision", "Rule", "RulebookVersion", "check_pattern", "choices", "fingerprint",
]  # fmt: skip

INTENT_CORRECTED = "intent_corrected"  # a kind of Event
FIRST_RUN = 1  # of triage on one ticket: so far there is no second


class Action(models.TextChoices):
    AUTO_RESOLVE = core.Action.AUTO_RESOLVE.value, "Answered automatically"
    SUGGEST = core.Action.SUGGEST.value, "Suggested to an agent"
    ESCALATE = core.Action.ESCALATE.value, "Handed to a person"


class IntentQuerySet(models.QuerySet["Intent"]):
    def automated(self) -> Self:
        """Those on Auto, as a whole or in some language."""
        somewhere = LanguageMode.objects.filter(intent=models.OuterRef("pk"), mode=Mode.AUTO)
        return self.filter(Q(mode=Mode.AUTO) | models.Exists(somewhere))


class Intent(models.Model):
    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    group = models.CharField(max_length=60, blank=True)
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.SUGGEST)
    threshold = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="Asks for more confidence than the general threshold; never for less.",
    )
    meant_for_auto = models.BooleanField(
        default=False,
        editable=False,
        help_text="Its author holds it fit for Auto, once the house has read it.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Intent]] = IntentQuerySet.as_manager()

    class Meta:
        ordering = ["group", "slug"]

    def __str__(self) -> str:
        return self.title or self.slug

    @property
    def is_automated(self) -> bool:
        """Whether it is on Auto, as a whole or in some language."""
        return self.mode == Mode.AUTO or self.language_modes.filter(mode=Mode.AUTO).exists()

    def mode_in(self, language: str) -> Mode:
        """The mode for tickets in a language: that of the language where it has one, else the intent's."""
        tag = language_tags.base(language)
        own = self.language_modes.filter(language=tag).values_list("mode", flat=True).first()
        return Mode(own or self.mode)

    @transaction.atomic
    def put_on(self, mode: Mode) -> None:
        """Give it a mode. No language stays higher than that on the way down: down means down."""
        went_down = Mode(self.mode).height > mode.height
        self.mode = mode
        self.save(update_fields=["mode"])
        if went_down:
            self.cap_languages()

    def cap_languages(self) -> None:
        """Let no language be higher on the ladder than the intent."""
        top = Mode(self.mode)
        for row in self.language_modes.exclude(mode=""):
            if Mode(row.mode).height > top.height:
                row.mode, row.ground = top, ""
                row.save(update_fields=["mode", "ground"])

    def clean(self) -> None:
        """Nothing goes to Auto before somebody of the house has read what would be sent."""
        super().clean()
        was_auto = Intent.objects.filter(pk=self.pk, mode=Mode.AUTO).exists()
        if self.mode == Mode.AUTO and not was_auto and self.unread_answers().exists():
            raise ValidationError(
                {"mode": "Nobody here has read its answer yet. Read it under “Set up your house” first."}
            )

    def unread_answers(self) -> models.QuerySet[Answer]:
        """Approved texts that came with a pack and that nobody of the house has said yes to."""
        return self.answers.filter(state=Answer.State.APPROVED, reviewed_at=None)

    def approved_answer(self, language: str) -> Answer | None:
        """The approved answer in ``language``, else in the house's own (to be suggested, never sent)."""
        return answer_in(language, self.answers.filter(state=Answer.State.APPROVED))


def check_pattern(pattern: str) -> None:
    """Form validator: the rule syntax, with the core's own explanation of what is wrong."""
    try:
        rule_syntax.check_pattern(pattern)
    except RuleError as error:
        raise ValidationError(str(error), code="bad_pattern") from error


class Rule(models.Model):
    """A keyword rule for an intent. Works before any training."""

    intent = models.ForeignKey(Intent, models.CASCADE, related_name="rules")
    pattern = models.CharField(max_length=rule_syntax.MAX_PATTERN_CHARS, validators=[check_pattern])
    weight = models.FloatField(default=0.8, validators=[MinValueValidator(0.01), MaxValueValidator(0.99)])
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["intent", "-weight", "id"]

    def __str__(self) -> str:
        return self.pattern


class Guard(models.Model):
    """A pattern that forbids automation whatever the confidence."""

    topic = models.CharField(
        max_length=40, help_text="person, legal, security, threat, … : shown as the reason."
    )
    pattern = models.CharField(max_length=rule_syntax.MAX_PATTERN_CHARS, validators=[check_pattern])
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["topic", "id"]
        verbose_name = "never-automate rule"

    def __str__(self) -> str:
        return f"{self.topic}: {self.pattern}"


def answer_in(language: str, approved: Iterable[Answer]) -> Answer | None:
    """The one of an intent's approved answers in ``language``, else in the house's own."""
    known = {answer.language: answer for answer in approved}
    tag = language_tags.closest(language, known) or language_tags.closest(settings.TRIAGE_LANGUAGE, known)
    return known[tag] if tag else None


class AnswerQuerySet(models.QuerySet["Answer"]):
    def approved(self) -> Self:
        return self.filter(state=Answer.State.APPROVED)

    def outdated(self) -> Self:
        """Approved translations of what is no longer the approved text in the house's language.

        Where nothing says what a text was translated from, the later approval of the original tells.
        """
        original = Answer.objects.approved().filter(
            intent=models.OuterRef("intent"), language=settings.TRIAGE_LANGUAGE
        )
        later = original.filter(approved_at__gt=models.OuterRef("approved_at"), version__gt=1)
        same = original.filter(pk=models.OuterRef("translated_from"))
        tied = Q(translated_from__isnull=False) & models.Exists(original) & ~models.Exists(same)
        loose = Q(translated_from=None) & models.Exists(later)  # the first text is nobody's change
        return self.approved().filter(tied | loose).exclude(language=settings.TRIAGE_LANGUAGE)


class Answer(VersionedText):
    """A text for an intent in one language. Only an approved one is ever sent; an edit is a new version."""

    TEXTS = ("body", "guest_body", "summary")

    intent = models.ForeignKey(Intent, models.CASCADE, related_name="answers")
    body = models.TextField(max_length=8000, validators=[variables.check])
    guest_body = models.TextField(max_length=8000, blank=True, validators=[variables.check])
    summary = models.TextField(max_length=2000, blank=True, validators=[variables.check])
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    translated_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="translations"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Answer]] = AnswerQuerySet.as_manager()

    class Meta:
        ordering = ["intent", "language", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["intent", "language", "version"], name="answer_version"),
            models.UniqueConstraint(
                fields=["intent", "language"], condition=Q(state="approved"), name="answer_one_approved"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent.slug} [{self.language}] v{self.version}"

    @transaction.atomic
    def approve(self, by: User | None) -> None:
        self._take_turn()
        if by is not None and self._opens_a_language():
            self.intent.language_modes.create(
                language=language_tags.base(self.language), mode=Mode.SUGGEST, by=by
            )
        super().approve(by)
        if by is not None:
            self.mark_read(by)

    def _opens_a_language(self) -> bool:
        """Whether an intent on Auto gets its first answer in this language, where nothing speaks for it yet."""
        tag = language_tags.base(self.language)
        is_auto = Intent.objects.filter(pk=self.intent_id, mode=Mode.AUTO).exists()
        if not is_auto or self.intent.language_modes.filter(language=tag).exists():
            return False
        before = self.intent.answers.exclude(state=self.State.DRAFT).values_list("language", flat=True)
        known = {language_tags.base(one) for one in before}
        return bool(known) and tag not in known

    def mark_read(self, by: User) -> None:
        """Somebody of the house has read this text and says yes to it."""
        self.reviewed_by, self.reviewed_at = by, timezone.now()
        self.save(update_fields=["reviewed_by", "reviewed_at"])

    def is_in(self, language: str) -> bool:
        """Whether a ticket in ``language`` may get this text: a region makes no difference, as in the gates."""
        return language_tags.base(self.language) == language_tags.base(language)

    @property
    def letter(self) -> Letter:
        return Letter(self.language, self.body, self.guest_body, self.summary)

    def missing_facts(self, known: house.House | None = None) -> list[house.Fact]:
        """What the house has not said and this text needs; as long as there is any, it is not sent."""
        return self.letter.missing(known or facts.current())

    def render(self, ticket: Ticket, known: house.House | None = None, *, asked: str | None = None) -> str:
        return self.letter.render(ticket, known or facts.current(), asked=asked)


def choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    """The values of the core with words for the admin."""
    return [(value.value, value.value.replace("_", " ").capitalize()) for value in values]


def fingerprint(text: str) -> str:
    """The same for texts that differ in case and white space only."""
    return hashlib.sha256(" ".join(text.lower().split()).encode()).hexdigest()


class ExampleQuerySet(models.QuerySet["Example"]):
    def for_training(self) -> Self:
        """Plain askings: what the classifier of topics learns from."""
        return self.filter(is_active=True, is_golden=False, stance="").order_by("id")

    def candidates(self) -> Self:
        """What agents' corrections propose and no supervisor has decided on."""
        return self.filter(is_active=False, proposed_by__isnull=False, reviewed_at=None)

    def contrast_for_training(self) -> Self:
        """Texts that name a topic and must go to a person all the same."""
        return self.filter(is_active=True, is_golden=False).exclude(stance="").order_by("id")


class Example(models.Model):
    """A labelled text. No intent means out of scope: nothing here answers it.

    Without a stance it is a plain asking. With one it teaches what must not be answered, and the intent is only
    the topic whose words it carries.
    """

    class Source(models.TextChoices):
        STARTER = "starter", "Starter pack"
        IMPORT = "import", "Imported ticket"
        AGENT = "agent", "Corrected by an agent"
        MANUAL = "manual", "Written in the admin"

    intent = models.ForeignKey(Intent, models.CASCADE, null=True, blank=True, related_name="examples")
    stance = models.CharField(
        max_length=20,
        blank=True,
        choices=choices(core.Stance),
        default="",
        db_default="",
        help_text="What the writer does with the topic; empty: plainly asks for it.",
    )
    topic = models.CharField(
        max_length=20,
        blank=True,
        choices=choices(core.GraveTopic),
        default="",
        db_default="",
        help_text="What a grave text tells of.",
    )
    text = models.TextField()
    fingerprint = models.CharField(max_length=64, unique=True, editable=False)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.MANUAL)
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, blank=True, related_name="examples")
    is_active = models.BooleanField(default=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    reviewed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a supervisor took a candidate in, or left it."
    )
    is_golden = models.BooleanField(
        default=False, db_default=False, help_text="Kept from every training: models are compared on it."
    )
    teaches = models.FloatField(
        default=0.0, db_default=0.0, editable=False, help_text="How far from it the machine was, 0 to 1."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Example]] = ExampleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["intent", "-id"], name="example_by_intent")]

    def __str__(self) -> str:
        return self.text[:80]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fingerprint = fingerprint(self.text)
        super().save(*args, **kwargs)

    @property
    def is_candidate(self) -> bool:
        """Proposed by an agent's word, and no supervisor has said yes or no yet."""
        return self.proposed_by_id is not None and self.reviewed_at is None and not self.is_active

    @classmethod
    def propose(cls, ticket: Ticket, intent: Intent | None, *, by: User, teaches: float) -> None:
        """Put what a ticket asks forward for training, without greeting, numbers and its writer's name.

        What is an example already stays as it is, whatever one person says of it.
        """
        first = ticket.messages.first()
        asked = find_ask(ticket.subject, first.body if first else "").text
        name = "|".join(re.escape(word) for word in ticket.requester_name.split() if len(word) > 1)
        text = re.sub(rf"\b({name})\b", " ", asked, flags=re.IGNORECASE).strip() if name else asked.strip()
        known = cls.objects.filter(fingerprint=fingerprint(text)).first()
        if not text or (known is not None and not known.is_candidate):
            return
        row = known or cls(text=text, source=cls.Source.AGENT, is_active=False)
        row.intent, row.ticket, row.proposed_by, row.teaches = intent, ticket, by, teaches
        row.save()


class Decision(CompiledInsert):
    """One complete answer of triage to one ticket. Never changed, but for an agent's correction."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="decisions")
    run = models.PositiveSmallIntegerField(default=FIRST_RUN)
    intent = models.ForeignKey(Intent, models.SET_NULL, null=True, blank=True, related_name="decisions")
    intent_slug = models.CharField(
        max_length=80, blank=True, help_text="As decided, even if the intent is gone."
    )
    confidence = models.FloatField()
    runner_up = models.CharField(max_length=80, blank=True)
    margin = models.FloatField(default=0.0)
    threshold = models.FloatField()
    action = models.CharField(max_length=12, choices=Action.choices)
    reason = models.CharField(max_length=24)
    detail = models.CharField(max_length=400, blank=True)
    source = models.CharField(max_length=8, blank=True)
    language = models.CharField(max_length=8, blank=True)
    terms = models.JSONField(default=list, blank=True)
    similar = models.JSONField(default=list, blank=True)
    objection = models.JSONField(
        null=True, blank=True, help_text="The similar ticket that ended otherwise and lowered the confidence."
    )
    response = models.TextField(blank=True, help_text="The answer sent, or suggested to the agent.")
    answer = models.ForeignKey(Answer, models.SET_NULL, null=True, blank=True)
    model_version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, blank=True)
    rules_fingerprint = models.CharField(max_length=64, blank=True)
    basis = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What the gates looked at, for replaying it."
    )
    latency_ms = models.FloatField(default=0.0)
    would_send = models.BooleanField(
        null=True,
        editable=False,
        help_text="Nothing but the mode or a stop held the answer back. Empty: decided before it was kept.",
    )
    applied = models.BooleanField(default=False, help_text="Off: a person was first; kept as a suggestion.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    corrected_intent = models.ForeignKey(
        Intent, models.SET_NULL, null=True, blank=True, related_name="corrections"
    )
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["ticket", "run"], name="decision_once_a_run")]
        indexes = [
            models.Index(fields=["intent", "created_at"], name="decision_by_intent"),
            # All that the metrics group by, so that they never read the wide rows themselves.
            models.Index(
                fields=["created_at", "action", "reason", "intent_slug", "ticket", "applied"],
                name="decision_metrics",
                condition=Q(applied=True),
            ),
            models.Index(
                fields=["created_at"], name="decision_corrected", condition=Q(corrected_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.intent_slug or 'no intent'} ({self.confidence:.0%})"

    @property
    def final_intent(self) -> Intent | None:
        """The agent's word where there is one, else the machine's."""
        return self.corrected_intent if self.corrected_at else self.intent

    @transaction.atomic
    def correct(self, intent: Intent | None, *, by: User) -> None:
        """An agent says what the ticket is really about (None: nothing we have an intent for).

        What the ticket asks becomes a candidate for training with that label; a supervisor takes it in or leaves it.
        """
        self.corrected_intent, self.corrected_by, self.corrected_at = intent, by, timezone.now()
        self.save(update_fields=["corrected_intent", "corrected_by", "corrected_at"])
        surprise = self.confidence if intent != self.intent else 1.0 - self.confidence
        Example.propose(self.ticket, intent, by=by, teaches=surprise)
        # The ticket counts as changed: the index of similar tickets takes it in anew, with the intent as now known.
        self.ticket.record(
            INTENT_CORRECTED, actor=by, decided=self.intent_slug, corrected=intent.slug if intent else None
        )
