"""Reading a pack (intents with rules, answers and examples; guards; past tickets) and installing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tickets.intake.history import PastTicket, save_past_tickets
from triage.models import Answer, Example, Guard, Intent, Mode, PolicyRevision, Rule, fingerprint

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast, where PyYAML was built with libyaml
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

STARTER = Path(__file__).parents[1] / "starter"


class PackError(Exception):
    """The pack cannot be read. The message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Pack:
    intents: list[dict[str, Any]] = field(default_factory=list)
    out_of_scope: list[str] = field(default_factory=list)
    guards: list[dict[str, str]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Installed:
    """How many rows an installation added."""

    intents: int
    examples: int
    guards: int
    tickets: int


def read_pack(folder: Path = STARTER) -> Pack:
    files = sorted((folder / "intents").glob("*.yaml"))
    if not files:
        raise PackError(f"{folder}: no intents/*.yaml found. Name the folder of a pack.")
    return Pack(
        intents=[read_yaml(file) for file in files],
        out_of_scope=read_list(folder / "out_of_scope.yaml", "texts"),
        guards=read_list(folder / "never_automate.yaml", "guards"),
        tickets=read_list(folder / "resolved_tickets.yaml", "tickets"),
    )


def read_yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=SafeLoader)
    except yaml.YAMLError as error:
        raise PackError(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise PackError(f"{file.name}: a mapping of names to values is expected at the top.")
    return content


def read_list(file: Path, name: str) -> list[Any]:
    return list(read_yaml(file).get(name, [])) if file.is_file() else []


@transaction.atomic
def install(pack: Pack, *, keep_auto: bool) -> Installed:
    """Add what is missing. What a supervisor has changed since is never overwritten.

    Without ``keep_auto`` an intent that the pack automates is only suggested: nobody here has read its answer.
    """
    intents = sum(install_intent(content, keep_auto=keep_auto) for content in pack.intents)
    examples = install_examples(pack)
    guards = sum(
        Guard.objects.get_or_create(topic=guard["topic"], pattern=guard["pattern"])[1]
        for guard in pack.guards
    )
    tickets = save_past_tickets(list(past_tickets(pack)))
    PolicyRevision.bump()
    return Installed(intents, examples, guards, len(tickets))


def install_intent(content: dict[str, Any], *, keep_auto: bool) -> bool:
    """One intent with its rules and its answers; False if there is one of that name already."""
    try:
        mode = Mode(content.get("mode", Mode.SUGGEST))
        intent, created = Intent.objects.get_or_create(
            slug=content["intent"],
            defaults={
                "title": content["title"],
                "description": content.get("description", ""),
                "group": content.get("group", ""),
                "mode": Mode.SUGGEST if mode is Mode.AUTO and not keep_auto else mode,
                "meant_for_auto": mode is Mode.AUTO,
            },
        )
        if not created:
            return False
        for rule in content.get("rules", []):
            row = Rule(intent=intent, pattern=rule["pattern"], weight=rule.get("weight", 0.8))
            row.full_clean()
            row.save()
        install_answers(intent, content)
    except (KeyError, ValueError, ValidationError) as error:
        raise PackError(f"Intent {content.get('intent', '?')}: {error}") from error
    return True


def install_answers(intent: Intent, content: dict[str, Any]) -> None:
    """The text under ``answer:``, and those in other languages under ``answers:``.

    The latter stay drafts unless they are in the house's own language: somebody who reads them must approve.
    """
    main = content.get("answer")
    for answer in [*([main] if main else []), *content.get("answers", [])]:
        text = Answer(
            intent=intent,
            language=answer.get("language", "en"),
            body=answer["body"].strip(),
            guest_body=answer.get("guest_body", "").strip(),
            summary=answer.get("summary", "").strip(),
        )
        text.save()
        if answer is main or text.is_in(settings.TRIAGE_LANGUAGE):
            text.approve(None)


def install_examples(pack: Pack) -> int:
    intents = {intent.slug: intent for intent in Intent.objects.all()}
    labelled: list[tuple[str, Intent | None]] = [(text, None) for text in pack.out_of_scope]
    for content in pack.intents:
        labelled += [(text, intents[content["intent"]]) for text in content.get("examples", [])]
    before = Example.objects.count()
    Example.objects.bulk_create(
        [
            Example(
                text=text.strip(), intent=intent, source=Example.Source.STARTER, fingerprint=fingerprint(text)
            )
            for text, intent in labelled
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return Example.objects.count() - before


def past_tickets(pack: Pack) -> Iterator[PastTicket]:
    now = timezone.now()
    for number, ticket in enumerate(pack.tickets, start=1):
        created = now - timedelta(
            days=float(ticket.get("days_ago", 30)), hours=number % 9, minutes=7 * number % 60
        )
        yield PastTicket(
            external_id=f"starter:{number}",
            subject=ticket["subject"],
            body=ticket["body"].strip(),
            reply=ticket["reply"].strip(),
            requester_email=f"past-{number}@example.com",
            requester_name=ticket.get("requester_name", ""),
            created_at=created,
            answered_at=created + timedelta(minutes=25 + 37 * number % 400),
            rating=ticket.get("rating"),
            label=ticket.get("intent"),
        )
