"""Back to a former policy: each value is put where it was, as far as what it names is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from triage.answers import facts, house
from triage.models import Answer, Guard, Intent, LanguageMode, Mode, ModelVersion, Rule
from triage.oversight import versions
from triage.oversight.versions import Change, PolicyVersion

if TYPE_CHECKING:
    from accounts.models import User


class Gone(Exception):
    """The words of that policy were erased, or there is nothing to go back to."""


@transaction.atomic
def restore(version: PolicyVersion, *, by: User | None, why: str = "", action: str = "restore") -> list[str]:
    """Make the policy what it was after ``version``. Returns what could not be put back, in words.

    Raises Gone where it is not known any more. An intent that the alarm has paused stays paused.
    """
    wanted = versions.content_of(version)
    if not wanted:
        raise Gone(f"What {version} said was erased, so it cannot be restored.")
    left: list[str] = []
    with versions.changing(action, by=by, why=why or f"back to {version}"):
        for change in Change.between(versions.state(), wanted):
            said = _STEPS[change.part](change, by) if change.part in _STEPS else ""
            if said:
                left.append(said)
    return left


@transaction.atomic
def undo(version: PolicyVersion, *, by: User | None) -> list[str]:
    """Take back the latest change, and no other: what came after it might rest on it."""
    newest, earlier = versions.latest(), versions.before(version)
    if newest != version or earlier is None:
        raise Gone("Something was changed since. Choose a version and restore it instead.")
    return restore(earlier, by=by, why=f"undoes {version}", action="undo")


def _mode(change: Change, by: User | None) -> str:
    intent = Intent.objects.filter(slug=change.key).first()
    if intent is None or change.after is None:
        return "" if change.after is None else f"The intent “{change.key}” is gone."
    if change.after == Mode.AUTO and hasattr(intent, "latch"):
        return f"“{intent}” was paused by the alarm: resume it on its own page."
    intent.mode = change.after
    intent.save(update_fields=["mode"])
    return ""


def _language_mode(change: Change, by: User | None) -> str:
    slug, _, language = change.key.rpartition("/")
    intent = Intent.objects.filter(slug=slug).first()
    if intent is None:
        return "" if change.after is None else f"The intent “{slug}” is gone."
    if change.after == Mode.AUTO and hasattr(intent, "latch"):
        return f"“{intent}” was paused by the alarm: resume it on its own page."
    if change.after is None:
        intent.language_modes.filter(language=language).delete()
    else:
        LanguageMode.objects.update_or_create(
            intent=intent, language=language, defaults={"mode": change.after}
        )
    return ""


def _limit(change: Change, by: User | None) -> str:
    intent = Intent.objects.filter(slug=change.key).first()
    if intent is not None:
        intent.threshold = change.after
        intent.save(update_fields=["threshold"])
    return ""


def _rule(change: Change, by: User | None) -> str:
    if change.after is None:
        for row in Rule.objects.filter(pk=change.key):
            row.delete()
        return ""
    slug, pattern, weight, active = change.after
    intent = Intent.objects.filter(slug=slug).first()
    if intent is None:
        return f"The intent “{slug}” of a rule is gone."
    Rule.objects.update_or_create(
        pk=change.key,
        defaults={"intent": intent, "pattern": pattern, "weight": weight, "is_active": active},
    )
    return ""


def _guard(change: Change, by: User | None) -> str:
    if change.after is None:
        for row in Guard.objects.filter(pk=change.key):
            row.delete()
        return ""
    topic, pattern, active = change.after
    Guard.objects.update_or_create(
        pk=change.key, defaults={"topic": topic, "pattern": pattern, "is_active": active}
    )
    return ""


def _answer(change: Change, by: User | None) -> str:
    if change.after is None:
        for row in Answer.objects.filter(pk=change.before, state=Answer.State.APPROVED):
            row.retire()
        return ""
    answer = Answer.objects.filter(pk=change.after).first()
    if answer is None:
        return f"The answer “{change.key}” of that time is gone."
    answer.approve(None)
    return ""


def _fact(change: Change, by: User | None) -> str:
    key, _, language = change.key.rpartition("/")
    if key not in house.BY_KEY:
        return f"The fact “{key}” is not asked any more."
    facts.set_fact(key, change.after, language=language or "en", by=by)
    return ""


def _champion(change: Change, by: User | None) -> str:
    model = ModelVersion.objects.filter(pk=change.after).first() if change.after else None
    if model is None or not model.path.is_dir():
        return "The model of that time is not there any more."
    model.promote()
    return ""


def _limits(change: Change, by: User | None) -> str:
    return f"The {change.key} of the whole house is a setting, and was left as it is."


_STEPS = {
    "mode": _mode,
    versions.LANGUAGE_MODE: _language_mode,
    "limit": _limit,
    "rule": _rule,
    "guard": _guard,
    "answer": _answer,
    "fact": _fact,
    "champion": _champion,
    "limits": _limits,
}
