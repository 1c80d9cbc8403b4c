"""Triage watches tickets from outside: a new open ticket gets its job in the same transaction."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from tickets.audit import register_kinds
from tickets.background import jobs
from tickets.background.lanes import SLOW
from tickets.channels.email.reading import words
from tickets.intake import replies
from tickets.models import Status, Ticket
from tickets.search.filters import register_filter
from tickets.service.models import Calendar, Opening
from tickets.teams import sharing
from tickets.watch import findings
from tickets.web import wording
from tickets.words import grave
from triage import privacy  # noqa: F401  # its exporter and eraser register
from triage.answers import facts
from triage.answers.facts import HouseFact
from triage.answers.help import encounters  # noqa: F401  # it hears of forms that were sent
from triage.answers.help.models import Article, forget_old
from triage.core.deciding import gates
from triage.core.reading.mail import read_forward, split_mail
from triage.core.reading.markup import read_html
from triage.desk import bulk
from triage.desk.finding import by_intent, known_intent
from triage.models import INTENT_CORRECTED, Answer, Guard, Intent, LanguageMode, PolicyRevision, Rule
from triage.running import reply_reader, work

jobs.register(work.KIND, work.perform, prompt=True)
jobs.register(bulk.KIND, bulk.perform, lane=SLOW, long=True)
jobs.register_sweep(bulk.forget_old)
jobs.register_sweep(work.sweep_untriaged)
jobs.register_sweep(forget_old)
wording.register_reasons({code: words.customer for code, words in gates.reasons().items()})
grave.register_emergency(facts.emergency_line)
sharing.use_reader(known_intent)
replies.use_reader(reply_reader.read_reply)
register_filter(
    "intent", by_intent, example="intent:refund", words="what it is about; intent:none for none of ours"
)
words.use_reader(
    lambda text, forwarded: split_mail(text, forwarded=forwarded),
    lambda markup: read_html(markup)[0],
    read_forward,
)
findings.register("model", work.check_model)
register_kinds({INTENT_CORRECTED: "Intent corrected"})


@receiver(post_save, sender=Ticket)
def triage_new_ticket(instance: Ticket, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if created and not raw and instance.status == Status.OPEN:
        work.begin(instance)


@receiver([post_save, post_delete])
def note_policy_change(sender: type, **kwargs: Any) -> None:
    if sender in POLICY_MODELS:
        PolicyRevision.bump()


POLICY_MODELS = {Answer, Article, Calendar, Guard, HouseFact, Intent, LanguageMode, Opening, Rule}
