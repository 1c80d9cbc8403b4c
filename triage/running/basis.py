"""What a decision rests on beside the engine: the text that was read and all that the gates looked at.

Kept with each decision, so that it can be replayed when rules, modes, thresholds and answers have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tickets.models import Message, Ticket
from triage.core import types as core
from triage.core.deciding import gates, policy
from triage.core.reading.text import READING_VERSION

FIRST_READING = 1
FIRST_ORDER = 1  # of the gates: decisions that do not tell theirs are from before it was changed

LONGEST_PREFIX = 8  # characters of "Re:", "Antw:", "Doorst:"


@dataclass(frozen=True)
class Reading:
    """A ticket as triage reads it: the requester's words up to message ``seen``.

    ``untouched`` is off where anybody else has written.
    """

    subject: str
    body: str
    seen: int
    untouched: bool

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.subject}\0{self.body}".encode(errors="surrogatepass")).hexdigest()


def read(ticket: Ticket, *, until: int | None = None, inherited: bool = False) -> Reading:
    """The ticket as it stands, or as it stood when ``until`` was its last message.

    A follow-up speaks for itself: a subject that is only the earlier ticket's is left out, unless ``inherited``
    subjects are wanted too.
    """
    written = _written(ticket, until)
    asked = [one.body for one in written if one.sender == Message.Sender.REQUESTER]
    return Reading(
        subject=ticket.subject if inherited or not _subject_is_inherited(ticket) else "",
        body="\n\n".join(asked),
        seen=written[-1].pk if written else 0,
        untouched=len(asked) == len(written),
    )


def _written(ticket: Ticket, until: int | None) -> list[Message]:
    if until is None and ticket.opening is not None:
        return [ticket.opening]
    rows = ticket.messages.order_by("id")
    return list(rows if until is None else rows.filter(pk__lte=until))


def _subject_is_inherited(ticket: Ticket) -> bool:
    """Whether a follow-up's subject is the earlier one, or that behind "Re:" or the like in any language."""
    if ticket.follow_up_of is None:
        return False
    subject, earlier = ticket.subject.casefold(), ticket.follow_up_of.subject.casefold()
    if not subject.endswith(earlier):
        return False
    prefixes = subject.removesuffix(earlier).replace(" :", ":").replace("：", ": ").split()
    return all(word.endswith(":") and len(word) <= LONGEST_PREFIX for word in prefixes)


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The circumstances of one decision. ``policy`` is None where the intent is not set up.

    ``withdrawn`` says that the approved answer was gone when it was to be sent, ``sent_before`` that the requester
    had it already, ``stopped`` that all automatic answers of the house were, ``mail_spent`` that an address which nobody
    has proved had its mails of the day. ``reading_version`` says how the text was read, ``order`` in which order the
    gates stood.
    """

    seen: int
    text: str
    is_open: bool
    human_requested: bool
    language: str
    policy: core.IntentPolicy | None
    config: core.PolicyConfig
    withdrawn: bool = False
    sent_before: bool = False
    stopped: bool = False
    machine_sent: bool = False
    mail_spent: bool = False
    spoken: float | None = None
    reading_version: int = READING_VERSION
    order: int = gates.ORDER

    def decide(self, assessment: core.Assessment) -> core.Decision:
        """Put an assessment through the gates as they stood."""
        intent, own = assessment.intent, self.policy
        return policy.decide(
            assessment,
            intents={intent: own} if intent is not None and own is not None else {},
            language=self.language,
            config=self.config,
            is_open=self.is_open,
            human_requested=self.human_requested,
            withdrawn=self.withdrawn,
            sent_before=self.sent_before,
            stopped=self.stopped,
            order=self.order,
            machine_sent=self.machine_sent,
            mail_spent=self.mail_spent,
            spoken=self.spoken,
        )

    @property
    def _language(self) -> str:
        return gates.base_language(self.language) or gates.base_language(self.config.default_language)

    def as_json(self) -> dict[str, Any]:
        own = self.policy
        return {
            "seen": self.seen,
            "text": self.text,
            "open": self.is_open,
            "human_requested": self.human_requested,
            "language": self.language,
            "mode": own.mode_in(self._language).value if own else None,
            "limit": own.threshold if own else None,
            "answer_languages": sorted(own.answer_languages) if own else [],
            "floor": self.config.threshold,
            "min_margin": self.config.min_margin,
            "house_language": self.config.default_language,
            "withdrawn": self.withdrawn,
            "sent_before": self.sent_before,
            "stopped": self.stopped,
            "machine_sent": self.machine_sent,
            "mail_spent": self.mail_spent,
            "spoken": self.spoken,
            "reading": self.reading_version,
            "order": self.order,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        mode = kept["mode"]
        return cls(
            seen=kept["seen"],
            text=kept["text"],
            is_open=kept["open"],
            human_requested=kept["human_requested"],
            language=kept["language"],
            policy=core.IntentPolicy(core.Mode(mode), kept["limit"], frozenset(kept["answer_languages"]))
            if mode
            else None,
            config=core.PolicyConfig(kept["floor"], kept["min_margin"], kept["house_language"]),
            withdrawn=kept["withdrawn"],
            sent_before=kept.get("sent_before", False),  # not looked at before there was such a gate
            stopped=kept.get("stopped", False),
            machine_sent=kept.get("machine_sent", False),
            mail_spent=kept.get("mail_spent", False),
            spoken=kept.get("spoken"),
            reading_version=reading_version(kept),
            order=kept.get("order", FIRST_ORDER),
        )


def reading_version(kept: Mapping[str, Any]) -> int:
    """How the text of a stored decision was read; what does not tell was decided by the first reading."""
    return int(kept.get("reading", FIRST_READING))
