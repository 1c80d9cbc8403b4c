"""Which model decides: another one, or the one before again. Each is a version of the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.models import ModelVersion
from triage.oversight import versions

if TYPE_CHECKING:
    from accounts.models import User


class NotThere(Exception):
    """The model cannot decide; the message says why."""


def earlier_champion() -> ModelVersion | None:
    """The one that decided before, if it is still on disk."""
    before = ModelVersion.objects.filter(is_champion=False, promoted_at__isnull=False)
    found: ModelVersion | None = before.order_by("-promoted_at").first()
    return found if found is not None and found.path.is_dir() else None


def let_decide(version: ModelVersion, *, by: User) -> None:
    """From the next ticket on. Raises NotThere where its files are gone."""
    if not version.path.is_dir():
        raise NotThere(f"{version} is not on disk any more, so it cannot decide.")
    with versions.changing("champion", by=by, why=f"{version} decides"):
        version.promote()
