"""Reading a pack (intents with rules, answers and examples; contrast; guards; past tickets) and installing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tickets.intake.history import PastTicket, save_past_tickets
from triage.answers.help.models import Article
from triage.answers.help.texts import stripped
from triage.core.types import Contrast, GraveTopic, Stance
from triage.models import Answer, Example, Guard, Intent, Mode, PolicyRevision, Rule, fingerprint

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast, where PyYAML was built with libyaml
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

STARTER = Path(__file__).parents[1] / "starter"
Name = TypeVar("Name", bound=StrEnum)
ARTICLE_KEYS = frozenset({"intent", "title", "summary", "body"})
ORDERS_A_TOPIC = 100  # articles of one topic at most, in the order of the file
NO_INTENT = "none"  # heads the contrast texts that carry the words of no intent


class PackLoader(SafeLoader):
    """Refuses a name that stands twice in one mapping: YAML would drop what stands under the first."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = set()
        for key, _ in node.value:
            if key.value in names:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value} stands twice; join what is under the two",
                    problem_mark=key.start_mark,
                )
            names.add(key.value)
        return super().construct_mapping(node, deep=deep)


class PackError(Exception):
    """The pack cannot be read. The message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Pack:
    intents: list[dict[str, Any]] = field(default_factory=list)
    out_of_scope: list[str] = field(default_factory=list)
    contrast: list[Contrast] = field(default_factory=list)
    guards: list[dict[str, str]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    articles: list[dict[str, Any]] = field(default_factory=list)  # one a language


@dataclass(frozen=True)
class Installed:
    """How many rows an installation added."""

    intents: int
    examples: int
    contrast: int
    guards: int
    tickets: int


def read_pack(folder: Path = STARTER) -> Pack:
    files = sorted((folder / "intents").glob("*.yaml"))
    if not files:
        raise PackError(f"{folder}: no intents/*.yaml found. Name the folder of a pack.")
    return Pack(
        intents=[read_yaml(file) for file in files],
        out_of_scope=read_list(folder / "out_of_scope.yaml", "texts"),
        contrast=read_contrast(folder / "contrast.yaml"),
        guards=read_list(folder / "never_automate.yaml", "guards"),
        tickets=read_list(folder / "resolved_tickets.yaml", "tickets"),
        articles=[read_yaml(file) for file in sorted(folder.glob("help*.yaml"))],
    )


def read_yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=PackLoader)  # noqa: S506  # a SafeLoader
    except yaml.YAMLError as error:
        raise PackError(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise PackError(f"{file.name}: a mapping of names to values is expected at the top.")
    return content


def read_list(file: Path, name: str) -> list[Any]:
    return list(read_yaml(file).get(name, [])) if file.is_file() else []


def read_contrast(file: Path) -> list[Contrast]:
    """The texts of ``file``: stance -> intent -> texts, below the stance ``grave`` topic -> intent -> texts."""
    texts: list[Contrast] = []
    for name, content in (read_yaml(file) if file.is_file() else {}).items():
        stance, place = _member(Stance, name, file.name), f"{file.name}: {name}"
        topics = _mapping(content, place) if stance is Stance.GRAVE else {"": content}
        for topic_name, intents in topics.items():
            topic = _member(GraveTopic, topic_name, place) if topic_name else ""
            inside = f"{place}: {topic}" if topic else place
            for intent, listed in _mapping(intents, inside).items():
                slug = None if intent == NO_INTENT else str(intent)
                texts += [
                    Contrast(text, stance, slug, topic) for text in _texts(listed, f"{inside}: {intent}")
                ]
    return texts


def _member(names: type[Name], name: Any, place: str) -> Name:
    try:
        return names(name)
    except ValueError:
        raise PackError(f"{place}: {name} is none of {', '.join(names)}.") from None


def _mapping(content: Any, place: str) -> dict[Any, Any]:
    if not isinstance(content, dict):
        raise PackError(f"{place}: a mapping is expected here, see the README of the starter pack.")
    return content


def _texts(content: Any, place: str) -> list[str]:
    """The list of texts; what YAML takes for a number, a date or yes and no is named."""
    if not isinstance(content, list):
        raise PackError(f"{place}: a list of texts is expected, one a line behind a dash.")
    for text in content:
        if not isinstance(text, str) or not text.strip():
            raise PackError(f"{place}: {text!r} is not a text. Put it in quotes.")
    return content


@transaction.atomic
def install(pack: Pack, *, keep_auto: bool) -> Installed:
    """Add what is missing. What a supervisor has changed since is never overwritten.

    Without ``keep_auto`` an intent that the pack automates is only suggested: nobody here has read its answer.
    """
    intents = sum(install_intent(content, keep_auto=keep_auto) for content in pack.intents)
    examples = install_examples(labelled(pack))
    contrast = install_examples(contrasting(pack))
    guards = sum(
        Guard.objects.get_or_create(topic=guard["topic"], pattern=guard["pattern"])[1]
        for guard in pack.guards
    )
    tickets = save_past_tickets(list(past_tickets(pack)))
    install_articles(pack, approved=keep_auto)
    PolicyRevision.bump()
    return Installed(intents, examples, contrast, guards, len(tickets))


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


def install_articles(pack: Pack, *, approved: bool) -> int:
    """The help centre's articles of intents that have none in that language; how many were added.

    Unless ``approved`` they are drafts: the public reads nothing that nobody of the house has read.
    """
    return sum(_install_shelf(pack, shelf, approved=approved) for shelf in pack.articles)


def _install_shelf(pack: Pack, shelf: dict[str, Any], *, approved: bool) -> int:
    language_tag, added = shelf.get("language", "en"), 0
    intents = Intent.objects.in_bulk(field_name="slug")
    known = set(Article.objects.filter(language=language_tag).values_list("intent__slug", flat=True))
    texts = _texts_of_drafts(pack, language_tag)
    for place, topic in enumerate(shelf.get("topics", []), 1):
        for number, content in enumerate(topic["articles"], 1):
            if unknown := set(content) - ARTICLE_KEYS:
                raise PackError(
                    f"help.yaml: {content.get('intent')}: {unknown} is nothing that an article has."
                )
            slug = content["intent"]
            if slug in known or slug not in intents:
                continue
            try:
                article = Article(
                    intent=intents[slug], language=language_tag, title=content["title"], summary=content["summary"],
                    topic=topic["topic"], order=place * ORDERS_A_TOPIC + number,
                    body=content.get("body", texts.get(slug, "")).strip(),
                )  # fmt: skip
                article.save()
            except (KeyError, ValidationError) as error:
                raise PackError(f"help.yaml: {slug} in {language_tag}: {error}") from error
            if approved:
                article.approve(None)
            added += 1
    return added


def _texts_of_drafts(pack: Pack, language_tag: str) -> dict[str, str]:
    """What an article says whose answer nobody has approved here: it brings the text along, to be read with it."""
    approved = Answer.objects.filter(state=Answer.State.APPROVED, language=language_tag)
    ready = set(approved.values_list("intent__slug", flat=True))
    return {
        content["intent"]: stripped(answer["body"])
        for content in pack.intents
        for answer in content.get("answers", [])
        if answer["language"] == language_tag and content["intent"] not in ready
    }


def labelled(pack: Pack) -> Iterator[Example]:
    intents = Intent.objects.in_bulk(field_name="slug")
    yield from (Example(text=text) for text in _texts(pack.out_of_scope, "out_of_scope.yaml"))
    for content in pack.intents:
        slug = content["intent"]
        for text in _texts(content.get("examples", []), f"Intent {slug}, examples"):
            yield Example(text=text, intent=intents[slug])


def contrasting(pack: Pack) -> Iterator[Example]:
    """Texts of an intent that a house has deleted still teach their stance."""
    intents: dict[str | None, Intent] = {**Intent.objects.in_bulk(field_name="slug")}
    for row in pack.contrast:
        yield Example(text=row.text, intent=intents.get(row.intent), stance=row.stance, topic=row.topic)


def install_examples(examples: Iterable[Example]) -> int:
    """Add those whose text is not there yet; how many these are."""
    rows = list(examples)
    for row in rows:
        row.text, row.source = row.text.strip(), Example.Source.STARTER
        row.fingerprint = fingerprint(row.text)
    before = Example.objects.count()
    Example.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
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
