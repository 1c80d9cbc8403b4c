"""Records of another system into this house, in batches, by its own ways in. Safe to run twice, and to stop at any time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.text import slugify

from tickets.errors import AttachmentRefused
from tickets.intake import attachments, quota
from tickets.macros.models import Macro
from tickets.models import Ticket
from tickets.tags.models import Tag, Tagging, folded
from triage.answers import language_tags
from triage.answers.help.models import Article
from triage.learning.importing import save_batch
from triage.models import Intent, Mode
from triage.moving.records import (
    MovedArticle,
    MovedFile,
    MovedMacro,
    MovedTicket,
    Reader,
    System,
    Tally,
    Unfit,
)

BATCH: Final = 250
MOST_TAGS: Final = 20
GROUP: Final = "imported"


class Left:
    """The file of what was left behind, with the reason; made when the first one comes. It holds numbers, no texts."""

    def __init__(self, path: Path | None, tally: Tally) -> None:
        self.path, self._tally = path, tally
        self._stream: TextIO | None = None

    def add(self, kind: str, number: object, reason: str) -> None:
        self._tally.left[f"{kind}: {reason}"] += 1
        if self.path is None:
            return
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8")
        self._stream.write(json.dumps({"kind": kind, "id": str(number), "reason": reason}) + "\n")

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class Taking:
    """One run. With ``dry`` everything is read and checked, and nothing is written but the list of what is left."""

    def __init__(
        self,
        system: System,
        reader: Reader,
        *,
        dry: bool,
        left: Path | None,
        label_tag: str = "",
        with_files: bool = True,
    ) -> None:
        self.system, self.reader, self.dry = system, reader, dry
        self.tally = Tally()
        self.left = Left(left, self.tally)
        self._label_tag, self._with_files = label_tag.lower(), with_files
        self._tags: dict[str, Tag] = {}

    def tickets(self) -> Iterator[Tally]:
        """Yields the tally after each batch, which is one transaction; what is here already is not read again."""
        rows = self.reader.listing("tickets")
        while batch := list(islice(rows, BATCH)):
            self._take(batch)
            yield self.tally

    def _take(self, batch: Sequence[dict[str, Any]]) -> None:
        numbers = [self._number(row) for row in batch]
        known = set(Ticket.objects.filter(external_id__in=numbers).values_list("external_id", flat=True))
        new = [row for row, number in zip(batch, numbers, strict=True) if number not in known]
        self.tally.known += len(batch) - len(new)
        moved = list({one.past.external_id: one for one in self._read(new)}.values())
        saved = self._save(moved) if not self.dry else {one.past.external_id for one in moved}
        self.tally.tickets += len(saved)
        self.tally.messages += sum(len(one.past.messages) for one in moved if one.past.external_id in saved)

    def _number(self, row: dict[str, Any]) -> str:
        inner = row.get("helpdesk_ticket", row)
        return (
            f"{self.system.name}:{inner.get('number') if self.system.name == 'osticket' else inner.get('id')}"
        )

    def _read(self, rows: Iterable[dict[str, Any]]) -> Iterator[MovedTicket]:
        for row in rows:
            try:
                if "unreadable" in row:
                    raise Unfit("not readable as JSON")
                yield self._labelled(self.system.ticket(row, self.reader))
            except Unfit as reason:
                self.left.add("ticket", row.get("unreadable") or self._number(row), str(reason))
            except (AttributeError, KeyError, TypeError, ValueError):
                # Whatever shape a foreign record has, the others go on.
                self.left.add("ticket", self._number(row), "it has not the shape of this system's tickets")

    def _labelled(self, moved: MovedTicket) -> MovedTicket:
        """A tag that begins as --label-tag says names the intent."""
        named = [
            tag[len(self._label_tag) :]
            for tag in moved.tags
            if self._label_tag and tag.lower().startswith(self._label_tag)
        ]
        slug = slugify(named[0]).replace("-", "_")[:80] if named else ""
        if not slug:
            return moved
        return MovedTicket(replace(moved.past, label=slug), moved.tags, moved.files)

    def _save(self, moved: Sequence[MovedTicket]) -> set[str]:
        with transaction.atomic():
            before = set(
                Ticket.objects.filter(external_id__in=[one.past.external_id for one in moved]).values_list(
                    "external_id", flat=True
                )
            )
            new = [one for one in moved if one.past.external_id not in before]
            save_batch([one.past for one in new], mode=Mode.SUGGEST)
            tickets = {
                one.external_id: one
                for one in Ticket.objects.filter(external_id__in=[one.past.external_id for one in new])
            }
            self._tag(new, tickets)
            for one in new if self._with_files else ():
                self._attach(one, tickets[one.past.external_id])
        return {one.past.external_id for one in new}

    def _tag(self, moved: Sequence[MovedTicket], tickets: dict[str | None, Ticket]) -> None:
        rows = []
        for one in moved:
            names = list(
                dict.fromkeys(name for tag in one.tags if (name := self._name(tag, one.past.external_id)))
            )
            for _ in names[MOST_TAGS:]:
                self.left.add("tag", one.past.external_id, f"a ticket bears {MOST_TAGS} tags at most")
            rows += [
                Tagging(ticket=tickets[one.past.external_id], tag=self._tags[name])
                for name in names[:MOST_TAGS]
            ]
        self.tally.tags += len(Tagging.objects.bulk_create(rows))

    def _name(self, tag: str, number: str) -> str:
        try:
            name = folded(tag)
        except ValidationError:
            self.left.add("tag", number, "it is no tag here: too long, or with other signs")
            return ""
        if name not in self._tags:
            self._tags[name] = Tag.objects.get_or_create(name=name)[0]
        return name

    def _attach(self, moved: MovedTicket, ticket: Ticket) -> None:
        if not moved.files:
            return
        said = list(ticket.messages.order_by("id"))
        for file in moved.files:
            reason = self._keep(file, said)
            if reason:
                self.left.add("file", moved.past.external_id, reason)

    def _keep(self, file: MovedFile, said: Sequence[Any]) -> str:
        """Keep one file with its message; why not, where it cannot be."""
        if (
            file.message >= len(said)
            or said[file.message].attachments.count() >= settings.ATTACHMENTS_PER_MESSAGE
        ):
            return "its message has no more room"
        content = self.reader.file(file.place)
        if content is None:
            return "it cannot be had, or is too large"
        try:
            quota.see_room_for(len(content))
            attachments.attach(said[file.message], [SimpleUploadedFile(file.name or "file", content)])
        except AttachmentRefused:
            return "a file of its kind is not taken here"
        self.tally.files += 1
        return ""

    # --- macros and articles --------------------------------------------------------------------------------

    def macros(self) -> None:
        """Texts become shared macros; one of that name that is here stays as it is."""
        for row in self.reader.listing("macros"):
            try:
                self._take_macro(self.system.macro(row, self.reader))
            except (Unfit, AttributeError, KeyError, TypeError, ValueError, ValidationError):
                self.left.add("macro", row.get("id"), "it writes no text, or has variables that are not ours")

    def _take_macro(self, moved: MovedMacro) -> None:
        name = " ".join(moved.name.split())[:60]
        if not name or not moved.reply:
            raise Unfit("no text")
        if Macro.objects.filter(name=name, owner=None).exists():
            return
        tags = ", ".join(tag for tag in moved.tags if tag)[:200]
        macro = Macro(
            name=name,
            reply=moved.reply[: settings.MESSAGE_MAX_CHARS],
            tags=tags,
            then="resolve" if moved.resolves else "wait",
        )
        macro.full_clean()
        if not self.dry:
            macro.save()
        self.tally.macros += 1

    def articles(self) -> None:
        """Each becomes a draft under an intent of its own that is off: a person reads and approves it."""
        for row in self.reader.listing("articles"):
            try:
                self._take_article(self.system.article(row))
            except (Unfit, AttributeError, KeyError, TypeError, ValueError, ValidationError):
                self.left.add("article", row.get("id"), "it has no title or no text, or uses curly brackets")

    def _take_article(self, moved: MovedArticle) -> None:
        if not moved.title or not moved.body:
            raise Unfit("no text")
        slug = slugify(moved.key)[:80]
        if Intent.objects.filter(slug=slug).exists():
            return
        intent = Intent(slug=slug, title=moved.title[:120], group=GROUP, mode=Mode.OFF)
        tag = language_tags.base(moved.language or settings.TRIAGE_LANGUAGE)
        article = Article(
            intent=intent, language=tag, title=moved.title[:120], summary=moved.body.split("\n")[0][:200],
            topic=moved.topic[:60] or "Imported", body=moved.body[:20_000],
        )  # fmt: skip
        article.full_clean(exclude=["intent"])
        if not self.dry:
            with transaction.atomic():
                intent.save()
                article.intent = intent
                article.save()
        self.tally.articles += 1
