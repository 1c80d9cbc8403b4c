"""What a change would have done to the tickets there were: hits of a pattern, answers more and fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import OuterRef, Subquery

from tickets.models import Message, Ticket
from triage.core.deciding.rules import RuleBook
from triage.core.types import Guard, Mode, Rule
from triage.models import Action, Decision
from triage.oversight import versions
from triage.oversight.versions import PolicyNote, PolicyVersion, State

LOOKED_AT: Final = 1_000  # tickets, for the hits of a pattern
DECISIONS: Final = 10_000
LOOKED_BACK: Final = timedelta(days=30)
TEXT_CHARS: Final = 20_000


#: Gates that the policy itself moves; what another gate stopped stays stopped under every policy.
MOVED: Final = frozenset(
    {"no_answer", "low_confidence", "small_margin", "stopped", "mode_not_auto", "never_automate"}
)


@dataclass(frozen=True)
class Hits:
    """How many of the latest tickets a pattern fits, and how many of these were answered automatically."""

    count: int
    answered: int
    of: int

    @property
    def is_many(self) -> bool:
        return self.count > settings.TRIAGE_RULE_ASKS_TWICE * self.of

    def words(self, *, again: bool = False) -> str:
        found = f"It fits {self.count} of the last {self.of} tickets, {self.answered} of which were answered automatically."
        if again:
            return f"{found} That is more than {settings.TRIAGE_RULE_ASKS_TWICE:.0%}. Save once more if you are sure."
        return f"{found} Save again to keep it."


def guard_hits(pattern: str) -> Hits:
    book = RuleBook([], [Guard("preview", pattern)])
    return _hits(lambda text: book.guard(text) is not None)


def rule_hits(pattern: str) -> Hits:
    book = RuleBook([Rule("preview", pattern, 0.9)], [])
    return _hits(lambda text: book.match(text).intent is not None)


def _hits(fits: Callable[[str], bool]) -> Hits:
    seen = hit = answered = 0
    for text, sent in latest_texts():
        seen += 1
        if fits(text):
            hit += 1
            answered += sent
    return Hits(count=hit, answered=answered, of=seen)


def latest_texts() -> Iterator[tuple[str, bool]]:
    """Subject and first message of the latest tickets, and whether the machine answered each."""
    first = Message.objects.filter(ticket=OuterRef("pk")).order_by("id").values("body")[:1]
    sent = Decision.objects.filter(ticket=OuterRef("pk"), applied=True, action=Action.AUTO_RESOLVE)
    rows = Ticket.objects.order_by("-id").annotate(
        first=Subquery(first), sent=Subquery(sent.values("pk")[:1])
    )
    for subject, body, decision in rows.values_list("subject", "first", "sent")[:LOOKED_AT]:
        yield f"{subject}\n{body or ''}"[:TEXT_CHARS], decision is not None


# --- answers more and fewer ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """What a stored decision lets one decide anew: all that the policy moves."""

    pk: int
    intent: str
    confidence: float
    margin: float
    language: str
    failed: frozenset[str]

    def answered_under(self, policy: State) -> bool:
        """Whether it would be answered automatically if no never-automate rule fits."""
        if self.failed - MOVED or self._mode_under(policy) != Mode.AUTO:
            return False
        limits, own = policy["limits"], policy["limit"].get(self.intent) or 0.0
        answers = (key.rpartition("/") for key in policy["answer"])
        languages = {language.partition("-")[0] for slug, _, language in answers if slug == self.intent}
        return (
            self.language.partition("-")[0] in languages
            and self.confidence >= max(limits["threshold"], own)
            and self.margin >= limits["margin"]
        )

    def _mode_under(self, policy: State) -> str | None:
        own = policy.get(versions.LANGUAGE_MODE, {}).get(f"{self.intent}/{self.language.partition('-')[0]}")
        found: str | None = own or policy["mode"].get(self.intent)
        return found


def stored(since: datetime) -> Iterator[Stored]:
    """The latest decisions since then whose gates were kept, newest first."""
    rows = Decision.objects.filter(created_at__gte=since).order_by("-id")
    fields = ("pk", "intent_slug", "confidence", "margin", "language", "basis")
    for pk, intent, confidence, margin, language, basis in rows.values_list(*fields)[:DECISIONS]:
        if "failed" in basis:
            yield Stored(pk, intent, confidence, margin, language, frozenset(basis["failed"]))


def flips(before: State, after: State, *, until: datetime) -> dict[str, Any]:
    """How many of the decisions of 30 days would have been answers under one policy and not under the other."""
    rows = list(stored(until - LOOKED_BACK))
    sent = [(row.pk, row.answered_under(before), row.answered_under(after)) for row in rows]
    texts = texts_of([pk for pk, was, would in sent if was or would])
    old, new = (RuleBook([], _guards(policy)) for policy in (before, after))
    more = fewer = 0
    for pk, was, would in sent:
        was = was and old.guard(texts.get(pk, "")) is None
        would = would and new.guard(texts.get(pk, "")) is None
        more += would and not was
        fewer += was and not would
    left_out = (
        ""
        if before.get("champion") == after.get("champion")
        else "What the other model believes is not in it."
    )
    return {"more": more, "fewer": fewer, "seen": len(rows), "left_out": left_out}


def _guards(policy: State) -> list[Guard]:
    return [Guard(topic, pattern) for topic, pattern, active in policy["guard"].values() if active]


def texts_of(decisions: Sequence[int]) -> dict[int, str]:
    """By decision, subject and first message of its ticket."""
    first = Message.objects.filter(ticket=OuterRef("ticket")).order_by("id").values("body")[:1]
    found = {}
    for at in range(0, len(decisions), LOOKED_AT):
        rows = Decision.objects.filter(pk__in=decisions[at : at + LOOKED_AT]).annotate(first=Subquery(first))
        for pk, subject, body in rows.values_list("pk", "ticket__subject", "first"):
            found[pk] = f"{subject}\n{body or ''}"[:TEXT_CHARS]
    return found


def count_flips(version_id: int) -> None:
    """The job: what a version would have flipped, once; nothing where its words were erased meanwhile."""
    version = PolicyVersion.objects.filter(pk=version_id).first()
    earlier = versions.before(version) if version else None
    if version is None or earlier is None:
        return
    then, now = versions.content_of(earlier), versions.content_of(version)
    if then and now:
        PolicyNote.objects.filter(version=version, flips__isnull=True).update(
            flips=flips(then, now, until=version.at)
        )


__all__ = ["Hits", "count_flips", "flips", "guard_hits", "rule_hits"]
