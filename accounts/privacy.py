"""What one person may see of themselves, and may have erased: every app puts its exporter and its eraser here.

Erasing blanks; it deletes no row that the audit trail or a figure stands on. What stays of a person is a number.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from axes import models as axes
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.contract.models import UsedKey
from accounts.models import User
from accounts.tokens.models import ApiToken, TokenFamily

ERASED_DOMAIN: Final = "erased.invalid"
ERASED_TEXT: Final = "Erased at the request of the person who wrote it."


class CannotErase(Exception):
    """This person cannot be erased as they are; the message says what to do first."""


@dataclass(frozen=True)
class Person:
    """Whom it is about: an address, and the account of it if there is one."""

    address: str
    user: User | None
    alias: str = field(default_factory=lambda: f"erased-{secrets.token_hex(8)}@{ERASED_DOMAIN}")

    @property
    def fingerprint(self) -> str:
        """Names the person in a receipt to whoever knows the address, and to nobody else."""
        key = settings.SECRET_KEY.encode()
        return hmac.new(key, self.address.encode(), hashlib.sha256).hexdigest()


#: Gets the person; gives rows for people to read, by the name of what they are.
Exporter = Callable[[Person], dict[str, list[dict[str, Any]]]]
#: Gets the person, in a transaction; says how many rows of what it blanked, and what else the receipt must name.
Eraser = Callable[[Person], dict[str, Any]]

EXPORTERS: dict[str, Exporter] = {}
ERASERS: dict[str, Eraser] = {}
#: Afterwards, when all is committed: files, free pages.
AFTERWARDS: list[Callable[[], None]] = []


def register(app: str, export: Exporter, erase: Eraser) -> None:
    EXPORTERS[app], ERASERS[app] = export, erase


def find(address: str) -> Person:
    mailbox = User.objects.normalize_email(address)
    return Person(mailbox, User.objects.with_email(mailbox).first())


def export(person: Person) -> dict[str, dict[str, list[dict[str, Any]]]]:
    return {app: rows(person) for app, rows in EXPORTERS.items()}


def erase(person: Person) -> dict[str, Any]:
    """Erase the person everywhere, all or nothing; returns the receipt."""
    receipt = erase_rows(person)
    finish(person, receipt)
    return receipt


@transaction.atomic
def erase_rows(person: Person) -> dict[str, Any]:
    """Erase what the database holds; returns the receipt. ``finish`` has to follow once that is committed."""
    if person.user is not None and person.user.reads_desk:
        raise CannotErase("Somebody who works here is not erased. Make them a requester first, in the admin.")
    erased = {app: eraser(person) for app, eraser in ERASERS.items()}
    return {"person": person.fingerprint, "at": timezone.now().isoformat(), "erased": erased}


def finish(person: Person, receipt: Mapping[str, Any]) -> None:
    """Keep the receipt, and clear what lies outside the database's rows."""
    finish_all([(person, receipt)])


def finish_all(erased: Sequence[tuple[Person, Mapping[str, Any]]]) -> None:
    """``finish`` for several: what is done for the whole database is done once."""
    folder = Path(settings.VAR_DIR) / "receipts"
    folder.mkdir(mode=0o700, exist_ok=True)
    for person, receipt in erased:
        (folder / f"{receipt['at'].replace(':', '')}.json").write_text(json.dumps(receipt, indent=2))
        erase_mail_files(person)
    for step in AFTERWARDS if erased else ():
        step()


def erase_mail_files(person: Person) -> None:
    """Where mail is written to files instead of being sent, those that name the person."""
    needle = person.address.encode()
    for file in Path(settings.EMAIL_FILE_PATH).glob("*"):
        if file.is_file() and needle in file.read_bytes().lower():
            file.unlink()


# --- this app's own -----------------------------------------------------------------------------------


def rows(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: str(value) for name, value in row.items()} for row in found]


def export_account(person: Person) -> dict[str, list[dict[str, Any]]]:
    if person.user is None:
        return {}
    own = User.objects.filter(pk=person.user.pk)
    return {
        "account": rows(
            own.values("email", "name", "signature", "role", "is_active", "date_joined", "last_login")
        ),
        "addresses": rows(
            EmailAddress.objects.filter(user=person.user).values("email", "verified", "primary")
        ),
        "second_factors": rows(
            Authenticator.objects.filter(user=person.user).values("type", "created_at", "last_used_at")
        ),
        "api_tokens": rows(
            ApiToken.objects.filter(user=person.user).values(
                "name", "hint", "scopes", "networks", "created_at", "expires_at", "last_used_at", "revoked_at"
            )
        ),
        "single_sign_on": rows(
            SocialAccount.objects.filter(user=person.user).values(
                "provider", "uid", "extra_data", "date_joined", "last_login"
            )
        ),
    }


def erase_account(person: Person) -> dict[str, Any]:
    erased = {"lockouts": forget_lockouts(person.address)}
    if person.user is None:
        return erased
    user = User.objects.select_for_update().get(pk=person.user.pk)
    erased["sessions"] = end_sessions(user)
    erased["second_factors"] = Authenticator.objects.filter(user=user).delete()[0]
    erased["single_sign_on"] = SocialAccount.objects.filter(user=user).delete()[0]
    erased["addresses"] = EmailAddress.objects.filter(user=user).delete()[0]
    erased["tokens"] = TokenFamily.objects.filter(user=user).delete()[0]
    erased["idempotency_keys"] = UsedKey.objects.filter(person=user).delete()[0]
    erased["api_tokens"] = ApiToken.objects.filter(user=user).delete()[0]
    OutstandingToken.objects.filter(user=user).delete()
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    erased["log_entries"] = about.update(object_repr="", change_message="")
    user.email, user.name, user.signature, user.is_active = person.alias, "", "", False
    user.set_unusable_password()
    user.save(update_fields=["email", "name", "signature", "is_active", "password"])
    erased["account"] = 1
    return erased


def end_sessions(user: User) -> int:
    ended = 0
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
            ended += 1
    return ended


def forget_lockouts(address: str) -> int:
    number = 0
    for model in (axes.AccessAttempt, axes.AccessFailureLog, axes.AccessLog):
        told = model.objects.annotate(lower=Lower("username")).filter(lower=address)
        number += told.delete()[0]
    return number


register("accounts", export_account, erase_account)
