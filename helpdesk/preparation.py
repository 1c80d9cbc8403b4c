"""Everything between a fresh checkout and a running product; each step does nothing where it is done already."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Role, User
from helpdesk import own_files
from helpdesk.demo import first_tickets
from tickets.channels.email.models import Mailbox
from tickets.channels.widget.models import Site
from triage.answers import facts
from triage.answers.facts import HouseFact
from triage.answers.help.models import Article
from triage.core.artefact import read_manifest
from triage.core.errors import ArtefactError
from triage.learning import pack
from triage.models import Intent, ModelVersion
from triage.running.sentence_encoder import configured_encoder

DEMO_PEOPLE = (
    ("customer@demo.example", "Casey Customer", Role.REQUESTER, "demo-customer-2026"),
    ("agent@demo.example", "Alex Agent", Role.AGENT, "demo-agent-2026"),
    ("supervisor@demo.example", "Sam Supervisor", Role.SUPERVISOR, "demo-supervisor-2026"),
)


Tell = Callable[[str], None]


class PreparationFailed(Exception):
    """A step did not succeed; the message says which. The next start goes on from there."""


def train_apart(tell: Tell) -> None:
    """Train in a process of its own: its memory and its helpers are gone when it is done."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "train_triage"]
    sys.stdout.flush()  # what was told so far comes before what the command tells
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        raise PreparationFailed("The model could not be trained; see the message above.")


def prepare(tell: Tell, *, train: Callable[[Tell], None]) -> None:
    """Migrate, collect static files, load the starter pack, train the first model, make the demo people.

    Who comes while another does so waits, and then finds it done.
    """
    with own_files.alone(settings.VAR_DIR, tell):
        if closed := own_files.close_to_others(settings.VAR_DIR):
            tell(f"Closed {closed} files and folders in {settings.VAR_DIR} to other users.")
        prepare_alone(tell, train=train)


def prepare_alone(tell: Tell, *, train: Callable[[Tell], None]) -> None:
    migrate(tell)
    collect_static(tell)
    if not Intent.objects.exists():
        tell("Loading the starter pack …")
        pack.install(pack.read_pack(), keep_auto=settings.DEMO)
    if not champion_decides(tell):
        train(tell)
    if settings.DEMO:
        make_demo_people(tell)
        set_up_demo_house(tell)
        set_up_demo_mailbox(tell)
        set_up_demo_widget(tell)
    set_up_help_centre(tell)
    if settings.DEMO and (sent := first_tickets.send()):
        tell(f"Sent the demo’s first {sent} tickets.")


def champion_decides(tell: Tell) -> bool:
    """Whether there is a champion of a format that this release reads, for the encoder that is set."""
    champion = ModelVersion.objects.filter(is_champion=True).first()
    if champion is None:
        return False
    try:
        trained_with = read_manifest(champion.path).settings.get("encoder")
    except ArtefactError as error:
        tell(str(error))
        return False
    encoder = configured_encoder() if settings.TRIAGE_ENCODER else None
    if trained_with != (encoder.fingerprint if encoder else None):
        tell("The model was trained with another setting of TRIAGE_ENCODER.")
        return False
    return True


def migrate(tell: Tell) -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        tell("Migrating the database …")
        call_command("migrate", verbosity=0, interactive=False)


def collect_static(tell: Tell) -> None:
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


def make_demo_people(tell: Tell) -> None:
    known = set(
        User.objects.filter(email__in=[row[0] for row in DEMO_PEOPLE]).values_list("email", flat=True)
    )
    for email, name, role, password in DEMO_PEOPLE:
        if email not in known:
            User.objects.create_user(email, password, name=name, role=role)
            tell(f"Made demo login {email}.")


def set_up_demo_house(tell: Tell) -> None:
    """The facts of the shop that the demo plays; what somebody has said since is kept."""
    if not HouseFact.objects.exists():
        facts.set_all(pack.read_yaml(pack.STARTER / "house.yaml"), language="en", by=None)
        tell("Filled in the facts of the demo's house.")


def set_up_demo_mailbox(tell: Tell) -> None:
    """The address that the demo's mail page writes to: with it, replies to the demo's mails are read."""
    if not Mailbox.objects.exists():
        Mailbox.objects.create(address=settings.SUPPORT_EMAIL, way=Mailbox.Way.HANDED)
        tell(f"Set up the demo's mailbox {settings.SUPPORT_EMAIL}.")


def set_up_demo_widget(tell: Tell) -> None:
    """The key by which the demo's shop shows the widget."""
    if not Site.objects.exists():
        Site.objects.create(name="Demo shop", origins=settings.SITE_URL)
        tell("Made the demo's widget.")


def set_up_help_centre(tell: Tell) -> None:
    """The pack's articles, for an installation that is older than the help centre."""
    if not Article.objects.exists():
        added = pack.install_articles(pack.read_pack(), approved=settings.DEMO)
        if added:
            tell(f"Added {added} articles of the help centre.")
