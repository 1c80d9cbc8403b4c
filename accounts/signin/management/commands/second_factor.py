"""Show, or take away, the second factor of somebody who lost it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.signin import changes


class Command(BaseCommand):
    help = (
        "Show how somebody's log-in is secured. With --remove take away their authenticator app, passkeys and "
        "recovery codes, after a lost device: make sure first that it is really they who ask. It ends their sessions "
        "and tokens, stays in the trail, and they are told by mail."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the person's e-mail address")
        parser.add_argument("--remove", action="store_true", help="take all of it away")

    def handle(self, *args: Any, user: str, remove: bool, **options: Any) -> None:
        person = User.objects.with_email(user).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {user}.")
        held = Authenticator.objects.filter(user=person).order_by("id")
        if not held:
            self.stdout.write(f"{person.email} has no second factor.")
            return
        if remove:
            number = changes.remove_factors(person, by=None)
            self.stdout.write(f"Removed {number} second factors of {person.email}, and told them by mail.")
            return
        for one in held:
            used = f"last used {one.last_used_at:%Y-%m-%d}" if one.last_used_at else "not used yet"
            self.stdout.write(f"{one.type:<15} added {one.created_at:%Y-%m-%d}, {used}")
        self.stdout.write("Nothing was removed. Add --remove to take all of it away.")
