"""The variables that an approved answer may use, and their values for one ticket."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError

from tickets.mail import notices, threads
from tickets.models import Ticket
from tickets.references import new_reference
from triage.answers import house, language_tags

VARIABLES: dict[str, Callable[[Ticket], str]] = {
    "requester_name": lambda ticket: ticket.requester_name.split(" ")[0] or "there",
    "ticket_reference": lambda ticket: ticket.reference,
    "ticket_url": notices.ticket_url,
    # A guest's words go to no address that is not proved to be theirs; the reference names the ticket as well.
    "subject": lambda ticket: ticket.subject if ticket.requester_id else ticket.reference,
    "company": lambda ticket: settings.COMPANY_NAME,
    "support_email": lambda ticket: settings.SUPPORT_EMAIL,
}
#: How to answer a letter, on the page and in the mail alike: below it stand the form on the page and the link in the
#: mail. Only where mail is read may a letter say that one can just reply.
REPLY_HINT = "reply_hint"
REPLY_HINTS = {
    "en": "write to us below",
    "de": "schreiben Sie uns unten",
    "fr": "écrivez-nous ci-dessous",
    "es": "escríbanos aquí abajo",
    "it": "ci scriva qui sotto",
    "nl": "schrijf ons hieronder",
    "pt": "escreva-nos aqui em baixo",
}
REPLY_HINTS_BY_MAIL = {
    "en": "just reply",
    "de": "antworten Sie einfach",
    "fr": "répondez-nous simplement",
    "es": "responda sin más",
    "it": "risponda semplicemente",
    "nl": "antwoord gewoon",
    "pt": "basta responder",
}
GREETING = "greeting"
GREETINGS = {
    "en": "Hello", "de": "Guten Tag", "fr": "Bonjour", "es": "Buenos días", "it": "Buongiorno", "nl": "Goedendag",
    "pt": "Bom dia",
}  # fmt: skip
#: Variables whose words are ours, and so exist in these languages only.
IN_LANGUAGES = {REPLY_HINT: REPLY_HINTS, GREETING: GREETINGS}
NAMES = (*VARIABLES, *IN_LANGUAGES, *house.BY_KEY)
PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


def check(body: str) -> None:
    """ValidationError that names every unknown variable and lists the known ones."""
    unknown = sorted({name for name in PLACEHOLDER.findall(body) if name not in NAMES})
    if unknown:
        wrong = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in NAMES)
        raise ValidationError(f"Unknown variable {wrong}. Use only: {known}.", code="unknown_variable")
    if body.count("{") != len(PLACEHOLDER.findall(body)) or body.count("}") != body.count("{"):
        raise ValidationError(
            "A curly bracket is open or left over. Write variables as {name}.", code="brackets"
        )


def check_language(body: str, language: str) -> None:
    """ValidationError where ``body`` uses a variable that has no words in ``language``."""
    for name, words in IN_LANGUAGES.items():
        if f"{{{name}}}" in body and language_tags.base(language) not in words:
            raise ValidationError(
                f"{{{name}}} exists in {', '.join(words)} only. Write it out in your own words.",
                code="language_of_variable",
            )


def facts_in(body: str) -> set[str]:
    """The keys of the house facts that ``body`` names."""
    return {name for name in PLACEHOLDER.findall(body) if name in house.BY_KEY}


def gaps_in(text: str) -> list[house.Fact]:
    """The facts that a filled letter still waits for."""
    return [fact for fact in house.FACTS if fact.gap in text]


def fill(body: str, ticket: Ticket, facts: house.House, language: str) -> str:
    """``body`` with its variables replaced. What the requester wrote is inserted as plain text, once.

    A fact that is missing leaves a gap in square brackets for an agent to fill; such an answer is never sent.
    """

    def value(name: str) -> str:
        if name in house.BY_KEY:
            return facts.wording(name, language) or house.BY_KEY[name].gap
        if name in IN_LANGUAGES:
            listed = REPLY_HINTS_BY_MAIL if name == REPLY_HINT and threads.is_read() else IN_LANGUAGES[name]
            words = listed[language_tags.base(language)]
            return f"{words} {ticket.requester_name}".strip() if name == GREETING else words
        return VARIABLES[name](ticket)

    return PLACEHOLDER.sub(lambda match: value(match.group(1)), body)


def sample_ticket(subject: str = "", *, has_account: bool = False) -> Ticket:
    """A ticket that exists only in memory, to fill an answer's variables."""
    return Ticket(
        reference=new_reference(),
        requester_id=0 if has_account else None,
        requester_name="Robin Sample",
        requester_email="robin@example.com",
        subject=subject or "A sample question",
    )
