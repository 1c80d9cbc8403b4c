"""Is a mail spam? Learnt here from what agents mark, and read from the header that the mail server's own filter sets.

Words are counted in what agents put into quarantine and in what they released or answered; a new mail's words are
combined as Robinson and Fisher do it (G. Robinson, "A Statistical Approach to the Spam Problem", 2003). Nothing is
taken for spam on little evidence, and nothing is lost: the ticket is there, in quarantine, until an agent says what it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from tickets.audit import Event, EventKind
from tickets.background import jobs
from tickets.channels.email.models import SpamLesson, SpamWord
from tickets.channels.email.reading.parts import Mail
from tickets.models import Channel, Message, Ticket

KIND: Final = "learn_spam"
LOOKS_LIKE_SPAM: Final = "looks_like_spam"
SURE: Final = 0.99  # of spam, by the combined words; SpamBayes and bogofilter cut at the same place
LEAST_LESSONS: Final = 20  # of each kind; below, the classifier says nothing
LEAST_TELLING: Final = 8  # words of a mail that tell spam from wanted mail; below, it says nothing
TELLING: Final = 0.1  # how far from even a word must be to count
MOST_TELLING: Final = 150
PRIOR_WEIGHT: Final = 0.45  # of the belief that an unknown word tells nothing, in mails (Robinson's s)
MOST_WORDS: Final = 400  # of one mail
READ_CHARS: Final = 20_000
_WORD: Final = re.compile(r"[^\W_][\w'’.-]{1,38}[^\W_]")
_LINK: Final = re.compile(r"https?://([\w.-]{3,100})", re.IGNORECASE)
#: Header → how its value begins where a filter of the mail server says spam (SpamAssassin, rspamd, bogofilter).
_FILTERS: Final = {
    "x-spam-flag": ("yes",),
    "x-spam-status": ("yes",),
    "x-spam": ("yes",),
    "x-bogosity": ("spam", "yes"),
    "x-rspamd-action": ("add header", "rewrite subject", "soft reject", "reject"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    is_spam: bool
    why: str = ""


def judge(mail: Mail, subject: str, body: str) -> Verdict:
    """Whether a mail that would begin a ticket is spam, and why. Whoever was answered here before sends none."""
    if _is_known(mail.sender.address):
        return Verdict(False)
    for name, marks in _FILTERS.items():
        if mail.header(name).strip().lower().startswith(marks):
            return Verdict(True, "The mail server's filter takes it for spam.")
    likely = likelihood(words_of(subject, body, mail.sender.address))
    if likely is None or likely < SURE:
        return Verdict(False)
    return Verdict(True, f"It looks like spam ({likely:.1%} sure).")


def _is_known(address: str) -> bool:
    earlier = Ticket.objects.filter(requester_email=address.casefold(), quarantined_at=None)
    return earlier.filter(first_human_reply_at__isnull=False).exists()


def words_of(subject: str, body: str, sender: str) -> set[int]:
    """What is counted of a mail, each as a number that cannot be read back."""
    told = [f"s:{word}" for word in _WORD.findall(subject.casefold())]
    told += [f"from:{sender.casefold().rpartition('@')[2]}"]
    told += [f"link:{host.casefold()}" for host in _LINK.findall(body[:READ_CHARS])]
    told += _WORD.findall(body[:READ_CHARS].casefold())
    return {_number(word) for word in list(dict.fromkeys(told))[:MOST_WORDS]}


def _number(word: str) -> int:
    key = settings.SECRET_KEY.encode()[:64]
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big", signed=True)


def likelihood(words: Iterable[int]) -> float | None:
    """How likely words are a spam's, 0 to 1; None where too little was learnt to say so."""
    spams = SpamLesson.objects.filter(is_spam=True).count()
    wanted = SpamLesson.objects.filter(is_spam=False).count()
    if min(spams, wanted) < LEAST_LESSONS:
        return None
    known = SpamWord.objects.filter(pk__in=list(words)).values_list("spam", "wanted")
    beliefs = [_belief(spam / spams, want / wanted, spam + want) for spam, want in known if spam + want]
    telling = sorted((one for one in beliefs if abs(one - 0.5) >= TELLING), key=lambda one: -abs(one - 0.5))
    if len(telling) < LEAST_TELLING:
        return None
    return combined(telling[:MOST_TELLING])


def _belief(spam: float, wanted: float, seen: int) -> float:
    """How much a word speaks for spam, from the shares of spam and of wanted mail that hold it."""
    return (PRIOR_WEIGHT * 0.5 + seen * spam / (spam + wanted)) / (PRIOR_WEIGHT + seen)


def combined(beliefs: list[float]) -> float:
    """Fisher's method both ways: near 1 only where words speak for spam and few speak against it."""
    count = 2 * len(beliefs)
    spam = 1 - _chi_square(-2 * sum(math.log(1 - one) for one in beliefs), count)
    wanted = 1 - _chi_square(-2 * sum(math.log(one) for one in beliefs), count)
    return (1 + spam - wanted) / 2


def _chi_square(value: float, freedom: int) -> float:
    """The probability of a larger value, for an even number of degrees of freedom."""
    half = value / 2
    term = total = math.exp(-half)
    for step in range(1, freedom // 2):
        term *= half / step
        total += term
    return min(total, 1.0)


# --- learning ------------------------------------------------------------------------------------------


def learn_later(event: Event) -> None:
    """An agent marked, released or answered a ticket that came by mail."""
    by_agent = event.kind != EventKind.REPLIED or (
        event.message is not None and event.message.sender == Message.Sender.AGENT
    )
    if event.actor_id is not None and by_agent and event.ticket.channel == Channel.EMAIL:
        jobs.enqueue(KIND, event.ticket_id, key=f"{event.ticket_id}:{event.pk}")


def learn(ticket_id: int) -> None:
    """Count a ticket's words as what agents say that it is. Once, however often it is said; another word replaces it."""
    ticket = Ticket.objects.filter(pk=ticket_id).first()
    first = ticket.messages.order_by("id").first() if ticket is not None else None
    if ticket is None or first is None:
        return
    words = words_of(ticket.subject, first.body, ticket.requester_email)
    is_spam = ticket.is_quarantined
    with transaction.atomic():
        _open_lesson(ticket)
        lesson = SpamLesson.objects.select_for_update().get(ticket=ticket)
        if lesson.is_spam is is_spam:
            return
        before, lesson.is_spam = lesson.is_spam, is_spam
        lesson.save(update_fields=["is_spam"])
        _count(words, is_spam, before)


def _open_lesson(ticket: Ticket) -> None:
    SpamLesson.objects.bulk_create([SpamLesson(ticket=ticket)], ignore_conflicts=True)


def _count(words: set[int], is_spam: bool, before: bool | None) -> None:
    ordered = sorted(words)  # everybody locks them in this order
    SpamWord.objects.bulk_create([SpamWord(pk=word) for word in ordered], ignore_conflicts=True)
    list(SpamWord.objects.select_for_update().filter(pk__in=ordered).order_by("pk").values_list("pk"))
    columns = {True: "spam", False: "wanted"}
    changes: dict[str, Any] = {columns[is_spam]: F(columns[is_spam]) + 1}
    if before is not None:
        changes[columns[before]] = Greatest(F(columns[before]) - 1, 0)
    SpamWord.objects.filter(pk__in=ordered).update(**changes)
