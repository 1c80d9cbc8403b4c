"""Whoever is switched off is logged out everywhere, and stays so when switched on again."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from accounts.tokens.families import end_everywhere


@receiver(post_save, sender=User, dispatch_uid="tokens.end_when_switched_off")
def end_when_switched_off(instance: User, created: bool, raw: bool, **facts: Any) -> None:
    if not instance.is_active and not created and not raw:
        end_everywhere(instance)
