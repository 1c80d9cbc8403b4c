"""Everything between a fresh checkout and a running product; each step does nothing where it is done already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Role, User
from triage import learning, pack
from triage.core.errors import ArtefactError
from triage.core.model import Model
from triage.models import Intent, ModelVersion

DEMO_PEOPLE = (
    ("customer@demo.example", "Casey Customer", Role.REQUESTER, "demo-customer-2026"),
    ("agent@demo.example", "Alex Agent", Role.AGENT, "demo-agent-2026"),
    ("supervisor@demo.example", "Sam Supervisor", Role.SUPERVISOR, "demo-supervisor-2026"),
)


def prepare(tell: Callable[[str], None]) -> None:
    """Migrate, collect static files, load the starter pack, train the first model, make the demo people."""
    migrate(tell)
    collect_static(tell)
    if not Intent.objects.exists():
        tell("Loading the starter pack …")
        pack.install(pack.read_pack())
    if not champion_decides(tell):
        learning.train(tell=tell)
    if settings.DEMO:
        make_demo_people(tell)


def champion_decides(tell: Callable[[str], None]) -> bool:
    """Whether there is a champion that this release can read; one of an older release may lack a part."""
    champion = ModelVersion.objects.filter(is_champion=True).first()
    if champion is None:
        return False
    try:
        Model.load(champion.path)
    except ArtefactError as error:
        tell(str(error))
        return False
    return True


def migrate(tell: Callable[[str], None]) -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        tell("Migrating the database …")
        call_command("migrate", verbosity=0, interactive=False)


def collect_static(tell: Callable[[str], None]) -> None:
    """Collect where a static file or a pinned package has changed since the last time."""
    stamp_file = Path(settings.STATIC_ROOT) / ".stamp"
    stamp = static_stamp()
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        return
    tell("Collecting static files …")
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp_file.write_text(stamp)


def static_stamp() -> str:
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for file in sorted((settings.BASE_DIR / "static").rglob("*")):
        if file.is_file():
            facts = file.stat()
            digest.update(f"{file.name}:{facts.st_size}:{facts.st_mtime_ns}".encode())
    return digest.hexdigest()


def make_demo_people(tell: Callable[[str], None]) -> None:
    known = set(
        User.objects.filter(email__in=[row[0] for row in DEMO_PEOPLE]).values_list("email", flat=True)
    )
    for email, name, role, password in DEMO_PEOPLE:
        if email not in known:
            User.objects.create_user(email, password, name=name, role=role)
            tell(f"Made demo login {email}.")
