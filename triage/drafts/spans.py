"""What a draft may be made of: whole paragraphs of approved texts, and a few words of the house that join them.

A span is a paragraph, since half of one may say the opposite of the whole. The model names spans by their ids and
writes nothing itself, so that whatever a draft says stands in a text that a person of this house approved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.conf import settings

from tickets.models import Message, Ticket
from triage.answers import facts, house, language_tags, variables
from triage.answers.help import library
from triage.answers.help.texts import framed, stripped
from triage.core.reading.text import find_ask
from triage.desk.voice import in_first_person
from triage.models import Answer, Decision, Intent, Mode

MOST_INTENTS: Final = 6
MOST_SPANS: Final = 60
MOST_NUMBERS: Final = 3
#: Facts that are whole sentences, and so can stand in a letter by themselves.
SENTENCES: Final = [fact for fact in house.FACTS if fact.kind is house.Kind.TEXT]
#: Numbers in the ticket that a draft may repeat: what looks like the name of an order, and like nothing else.
NUMBER: Final = re.compile(r"(?<![\w@./:+-])(?:[A-Z]{1,4}-?)?\d{4,9}(?![\w@/:]|[.,-]\d)")
#: What a greeting may say of the requester: at most four words of letters. A name that is a sentence is none.
NAME: Final = re.compile(r"(?:[^\W\d_]{1,20}[.'’]?(?:[ -]+|$)){1,4}")


@dataclass(frozen=True, slots=True)
class Joints:
    """The house's own words between spans; ``about`` takes a number of the ticket."""

    about: str
    first: str
    second: str
    also: str


JOINTS: Final[Mapping[str, Joints]] = {
    "en": Joints("This is about {}.", "To your first question:", "To your second question:", "In addition:"),
    "de": Joints("Es geht um {}.", "Zu Ihrer ersten Frage:", "Zu Ihrer zweiten Frage:", "Außerdem:"),
    "fr": Joints("Il s’agit de {}.", "Pour votre première question :", "Pour votre seconde question :", "De plus :"),
    "es": Joints("Se trata de {}.", "Sobre su primera pregunta:", "Sobre su segunda pregunta:", "Además:"),
    "pt": Joints("Trata-se de {}.", "Quanto à sua primeira pergunta:", "Quanto à sua segunda pergunta:", "Além disso:"),
    "nl": Joints("Het gaat om {}.", "Op uw eerste vraag:", "Op uw tweede vraag:", "Bovendien:"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """One text with its source. ``kind``: answer, article, fact, ticket, joint; ``message``: where in the ticket."""

    text: str
    kind: str
    source: str
    message: int = 0
    greeting: str = ""  # of the letter it is from
    closing: str = ""

    def kept(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}


def for_reply(ticket: Ticket, decision: Decision | None, language: str) -> dict[str, Span]:
    """Id → span. Empty where no approved text fits the ticket in ``language``."""
    asked = _asked(ticket)
    texts: list[Span] = []
    for intent in _intents(decision, asked, language):
        texts += _of_intent(intent, ticket, language)
    if not texts:
        return {}
    texts += _of_house(language)
    found = {f"A{number}": span for number, span in enumerate(_unique(texts)[:MOST_SPANS], start=1)}
    joints = JOINTS.get(language_tags.base(language))
    if joints is None:
        return found
    for number, (value, message) in enumerate(_numbers(ticket), start=1):
        found[f"T{number}"] = Span(joints.about.format(value), "ticket", "This ticket", message)
    for name in ("first", "second", "also"):
        found[name] = Span(getattr(joints, name), "joint", "The house’s own words")
    return found


def language_of(ticket: Ticket, decision: Decision | None) -> str:
    """What the requester writes, as triage found it."""
    told = (decision.language if decision else "") or ticket.language
    return language_tags.base(told or settings.TRIAGE_LANGUAGE)


def _asked(ticket: Ticket) -> str:
    written = ticket.messages.filter(sender=Message.Sender.REQUESTER, kind=Message.Kind.REPLY).order_by("-id")
    bodies = list(written.values_list("body", flat=True)[:2])
    return " ".join(find_ask(ticket.subject, body).text for body in bodies)


def _intents(decision: Decision | None, asked: str, language: str) -> Sequence[Intent]:
    """What the ticket may be about: as decided, the runner-up, and what the help centre finds for its words."""
    slugs: list[str] = []
    if decision is not None:
        slugs += [decision.final_intent.slug] if decision.final_intent else []
        slugs += [decision.runner_up] if decision.runner_up else []
    slugs += [page.slug for page in library.exactly(language).find(asked)]
    known = Intent.objects.exclude(mode=Mode.OFF).in_bulk(list(dict.fromkeys(slugs)), field_name="slug")
    return [known[slug] for slug in dict.fromkeys(slugs) if slug in known][:MOST_INTENTS]


def _of_intent(intent: Intent, ticket: Ticket, language: str) -> Iterator[Span]:
    answer = intent.approved_answer(language)
    if answer is not None and answer.is_in(language):
        yield from _of_answer(answer, ticket)
    page = library.exactly(language).pages.get(intent.slug)
    for paragraph in _paragraphs(page.text) if page else ():
        yield Span(paragraph, "article", f"Article: {page.title}" if page else "")


def _of_answer(answer: Answer, ticket: Ticket) -> Iterator[Span]:
    known = facts.current()
    has_account = ticket.requester_id is not None
    letter = answer.letter.text(has_account=has_account, is_short=False, facts=known)
    greeting, _, closing = framed(letter)
    greeted = ticket if NAME.fullmatch(ticket.requester_name) else _nameless(ticket)
    greeting, closing = (
        variables.fill(part, greeted, known, answer.language) for part in (greeting, closing)
    )
    text = variables.fill(stripped(letter), ticket, known, answer.language)
    for paragraph in _paragraphs(in_first_person(text, answer.language)):
        if not variables.gaps_in(paragraph):
            yield Span(paragraph, "answer", f"Answer: {answer.intent}", greeting=greeting, closing=closing)


def _nameless(ticket: Ticket) -> Ticket:
    known = copy(ticket)
    known.requester_name = ""
    return known


def _of_house(language: str) -> Iterator[Span]:
    known = facts.current()
    for fact in SENTENCES:
        said = known.wording(fact.key, language)
        if said:
            yield Span(said, "fact", f"House: {fact.label}")


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def _unique(spans: Iterable[Span]) -> list[Span]:
    """An article without a text of its own shows the answer's: what says the same is there once."""
    return list({" ".join(span.text.split()): span for span in reversed(list(spans))}.values())[::-1]


def _numbers(ticket: Ticket) -> list[tuple[str, int]]:
    """What the requester may call their order, each with the message that names it."""
    found: dict[str, int] = {}
    written = ticket.messages.filter(sender=Message.Sender.REQUESTER, kind=Message.Kind.REPLY)
    for message, body in written.order_by("id").values_list("pk", "body")[:20]:
        for number in NUMBER.findall(body[:4_000]):
            found.setdefault(number, message)
    return list(found.items())[:MOST_NUMBERS]
