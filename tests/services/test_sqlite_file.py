"""The embedded database under many processes at once: WAL and IMMEDIATE transactions lose nothing."""

from __future__ import annotations

from tests.installation import Installation
from tests.triage.learning.test_commands_triage import PACK_INTENT

CHILDREN, TICKETS_EACH = 8, 10
ALL = CHILDREN * TICKETS_EACH


def test_eight_processes_that_submit_and_triage_at_once_lose_nothing(installation: Installation) -> None:
    pack = installation.folder / "pack" / "intents"
    pack.mkdir(parents=True)
    (pack / "track_refund.yaml").write_text(PACK_INTENT)
    installation.manage("load_starter", str(pack.parent), "--keep-auto")
    ended = installation.run("-m", "tests.services.submitting_children", str(CHILDREN), str(TICKETS_EACH))
    assert ended.returncode == 0, ended.stderr
    assert "locked" not in ended.stderr
    assert installation.count("tickets_ticket", "status = 'auto_resolved'") == ALL
    assert installation.count("triage_decision", "applied") == ALL
    assert installation.count("tickets_message", "sender = 'machine'") == ALL
    assert installation.count("tickets_job", "kind = 'triage' AND finished_at IS NULL") == 0


def test_the_database_is_in_wal_mode_and_checks_foreign_keys(installation: Installation) -> None:
    code = (
        "import django; django.setup(); from django.db import connection as c; k = c.cursor(); "
        "print(*[k.execute(f'PRAGMA {p}').fetchone()[0] for p in ('journal_mode', 'foreign_keys')])"
    )
    assert installation.run("-c", code).stdout.split() == ["wal", "1"]
