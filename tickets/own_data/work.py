"""Asked for now, done later: a copy of one's data is made, an account is deleted when its day of grace is over."""

from __future__ import annotations

import logging
import tempfile
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts import privacy
from accounts.models import User
from accounts.privacy import CannotErase, Person
from tickets.background import jobs
from tickets.intake import quota
from tickets.own_data import archive, letters
from tickets.own_data.models import KEPT_FOR, SECOND_THOUGHTS, DataExport, Deletion
from tickets.privacy import erase_files

logger = logging.getLogger(__name__)
EXPORT: Final = "export_data"
DELETE: Final = "delete_account"
SWEPT_AT_ONCE: Final = 100
PAUSE: Final = timedelta(hours=1)  # between two copies of the same


# --- A copy -----------------------------------------------------------------------------------------


def ask_for_copy(user: User) -> DataExport:
    """Have a copy made; while one is being made, or is fresh, it is that one."""
    fresh = user.data_exports.filter(asked_at__gt=timezone.now() - PAUSE).first()
    waiting = user.data_exports.waiting().first() or fresh
    if waiting is not None:
        return waiting
    try:
        with transaction.atomic():
            export = DataExport.objects.create(user=user, language=translation.get_language() or "")
            jobs.enqueue(EXPORT, export.pk, key=str(export.pk))
    except IntegrityError:  # asked for twice at once
        return user.data_exports.waiting().get()
    return export


def make_copy(export_id: int) -> None:
    export = DataExport.objects.select_related("user").filter(pk=export_id, expires_at=None).first()
    if export is None:
        return
    person = Person(export.user.email, export.user)
    quota.see_disk_for(archive.bytes_of(person))
    with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT) as target:
        archive.write(person, target)
        size = target.tell()
        target.seek(0)
        export.file.save("", File(target), save=False)
    name = str(export.file.name)
    facts = {"file": name, "size": size, "expires_at": timezone.now() + KEPT_FOR}
    with transaction.atomic():
        taken = DataExport.objects.filter(pk=export.pk, expires_at=None).update(**facts)
        if taken:
            export.refresh_from_db()
            letters.ready(export)
    if not taken:  # another worker was faster, or the person is gone
        export.file.storage.delete(name)


def discard_expired() -> None:
    old = DataExport.objects.filter(expires_at__lt=timezone.now())
    ids = list(old.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    with transaction.atomic():
        erase_files(DataExport.objects.filter(pk__in=ids))


# --- Going --------------------------------------------------------------------------------------------


@transaction.atomic
def ask_to_delete(user: User) -> Deletion:
    """Have the account deleted in a day. Asked for again, it is the same day."""
    if user.reads_desk:
        raise CannotErase("Somebody who works here does not delete themselves.")
    now = timezone.now()
    facts = {
        "asked_at": now,
        "due_at": now + SECOND_THOUGHTS,
        "language": translation.get_language() or "",
    }
    deletion, is_new = Deletion.objects.get_or_create(user=user, defaults=facts)
    if is_new:
        jobs.enqueue(DELETE, deletion.pk, key=str(deletion.pk), run_at=deletion.due_at)
        letters.deletion_asked(deletion)
    return deletion


@transaction.atomic
def keep_account(user: User) -> bool:
    """Take the wish back; False where there is none."""
    deletion = Deletion.objects.select_for_update().filter(user=user).first()
    if deletion is None:
        return False
    letters.deletion_stopped(deletion)
    deletion.delete()
    return True


def carry_out(deletion_id: int) -> None:
    """Erase whoever still wishes it. Nothing where the wish was taken back meanwhile."""
    with transaction.atomic():
        deletion = Deletion.objects.select_for_update().select_related("user").filter(pk=deletion_id).first()
        if deletion is None or deletion.due_at > timezone.now():
            return
        user, address, language = deletion.user, deletion.user.email, deletion.language
        person = Person(address, user)
        try:
            receipt = privacy.erase_rows(person)
        except CannotErase:
            logger.warning("Account %s works here by now and is not deleted", user.pk)
            deletion.delete()
            return
        letters.deleted(user, address, language)
    privacy.finish(person, receipt)


# --- For the registry -----------------------------------------------------------------------------------


def export_wishes(person: Person) -> dict[str, list[dict[str, Any]]]:
    if person.user is None:
        return {}
    return {
        "data_exports": privacy.rows(person.user.data_exports.values("asked_at", "expires_at", "size")),
        "deletions": privacy.rows(Deletion.objects.filter(user=person.user).values("asked_at", "due_at")),
    }


def erase_wishes(person: Person) -> dict[str, Any]:
    if person.user is None:
        return {}
    Deletion.objects.filter(user=person.user).delete()
    return {"data_exports": erase_files(person.user.data_exports.all())}


jobs.register(EXPORT, make_copy, long=True)
jobs.register(DELETE, carry_out, long=True)
jobs.register_sweep(discard_expired)
privacy.register("own_data", export_wishes, erase_wishes)
