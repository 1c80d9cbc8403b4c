"""Drafts: whatever an agent types is on the server before anything else can happen to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from tickets.desk.models import Draft, KeptFile
from tickets.errors import AttachmentRefused, TicketError
from tickets.intake import attachments
from tickets.models import Message, Ticket

#: The texts of a draft and how long each may be.
TEXTS: Final[Mapping[str, int]] = {
    "reply": settings.MESSAGE_MAX_CHARS, "note": settings.MESSAGE_MAX_CHARS, "intent": 120,
}  # fmt: skip
EMPTY_KEPT = timedelta(days=2)


class DraftChanged(TicketError):
    """The draft was changed elsewhere since this page had it; ``current`` is what it is now."""

    code = "draft_changed"

    def __init__(self, current: Draft) -> None:
        self.current = current
        super().__init__("You wrote on this ticket in another window too. Both texts are kept: choose one.")


def draft_of(agent: User, ticket: Ticket) -> Draft | None:
    return Draft.objects.filter(agent=agent, ticket=ticket).prefetch_related("files").first()


@transaction.atomic
def keep(agent: User, ticket: Ticket, texts: Mapping[str, str], *, base: int | None = None) -> Draft:
    """Keep ``texts`` (some of TEXTS by their names) and return the draft.

    ``base`` is the version that the caller's page had; None overwrites. Raises DraftChanged if the draft is at
    another one by now and says something else.
    """
    draft = _locked(agent, ticket)
    wanted = {name: text[: TEXTS[name]] for name, text in texts.items() if name in TEXTS}
    changed = {name: text for name, text in wanted.items() if getattr(draft, name) != text}
    if not changed:
        return draft
    if base is not None and base != draft.version and any(getattr(draft, name) for name in changed):
        raise DraftChanged(draft)
    for name, text in changed.items():
        setattr(draft, name, text)
    if "reply" in changed:
        draft.came_back = ""
    return _saved(draft, [*changed, "came_back"])


@transaction.atomic
def empty(agent: User, ticket: Ticket, *names: str) -> None:
    """What was sent or saved is no draft any more."""
    draft = Draft.objects.select_for_update().filter(agent=agent, ticket=ticket).first()
    if draft is None:
        return
    for name in names:
        setattr(draft, name, "")
    if "reply" in names:
        draft.came_back, draft.then = "", Draft.Then.WAIT
    _saved(draft, [*names, "came_back", "then"])


@transaction.atomic
def save_note(agent: User, ticket: Ticket, body: str) -> Message:
    """Write the note with the files that were chosen for it."""
    message = ticket.note(body, author=agent)
    attach_kept(message, KeptFile.objects.filter(draft__agent=agent, draft__ticket=ticket, for_note=True))
    empty(agent, ticket, "note")
    return message


@transaction.atomic
def resolve_when_sent(agent: User, ticket: Ticket) -> None:
    """Have the writer's first button resolve the ticket, until the reply is sent."""
    draft = _locked(agent, ticket)
    draft.then = Draft.Then.RESOLVE
    draft.save(update_fields=["then"])


def _locked(agent: User, ticket: Ticket) -> Draft:
    try:
        with transaction.atomic():
            Draft.objects.get_or_create(agent=agent, ticket=ticket)
    except IntegrityError:
        pass  # another tab has just made it
    return Draft.objects.select_for_update().get(agent=agent, ticket=ticket)


def _saved(draft: Draft, names: Sequence[str]) -> Draft:
    draft.version, draft.updated_at = draft.version + 1, timezone.now()
    draft.save(update_fields=[*names, "version", "updated_at"])
    return draft


# --- files -------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_files(
    agent: User, ticket: Ticket, files: Sequence[UploadedFile], *, for_note: bool = False
) -> Draft:
    """Keep ``files`` with the draft's reply or note. Raises AttachmentRefused as sending them would."""
    draft = _locked(agent, ticket)
    attachments.check_all(files)
    if draft.files.filter(for_note=for_note).count() + len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        raise AttachmentRefused(f"At most {settings.ATTACHMENTS_PER_MESSAGE} files go with one message.")
    for file in files:
        kept = _kept(draft, file)
        kept.for_note = for_note
        kept.save()
    return _saved(draft, []) if files else draft


def _kept(draft: Draft, file: UploadedFile) -> KeptFile:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return KeptFile(
        draft=draft,
        file=file,
        name=attachments.display_name(file.name or "file"),
        content_type=attachments.check(file),
        size=file.size or 0,
        sha256=digest.hexdigest(),
    )


@transaction.atomic
def drop_file(agent: User, ticket: Ticket, file_id: int) -> None:
    """The agent takes a file away again; one that is not theirs, or gone already, is left alone."""
    for kept in KeptFile.objects.filter(pk=file_id, draft__agent=agent, draft__ticket=ticket):
        _forget(kept)


def attach_kept(message: Message, waiting: QuerySet[KeptFile]) -> None:
    """Make attachments of the files that waited. They stay where they lie on the disk."""
    for kept in waiting.all():
        message.attachments.create(
            token=kept.token, file=kept.file.name, name=kept.name, content_type=kept.content_type, size=kept.size,
            sha256=kept.sha256,
        )  # fmt: skip
    waiting.all().delete()


def _forget(kept: KeptFile) -> None:
    storage, name = kept.file.storage, str(kept.file.name)
    kept.delete()
    transaction.on_commit(lambda: storage.delete(name), robust=True)


# --- sweeping ------------------------------------------------------------------------------------------------


def forget_empty_drafts() -> None:
    """Rows that hold nothing any more. A sweep."""
    old = Draft.objects.filter(updated_at__lt=timezone.now() - EMPTY_KEPT)
    old.filter(reply="", note="", intent="", files=None).delete()
