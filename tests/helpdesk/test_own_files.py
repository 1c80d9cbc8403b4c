"""What lies in VAR_DIR is its owner's alone; two that prepare wait for each other; an operator reads one line."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from helpdesk import own_files
from helpdesk.command_line import in_one_line
from tests.installation import Installation


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    return [
        str(path) for path in folder.rglob("*") if not path.is_symlink() and mode(path) & own_files.OTHERS
    ]


def test_whatever_the_product_writes_is_its_owners_alone(installation: Installation) -> None:
    """The database with its log, uploads, a mail, a backup, a receipt."""
    installation.database.unlink()
    made = installation.run(
        "-c",
        "import django; django.setup()\n"
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import default_storage\n"
        "from django.core.mail import EmailMessage\n"
        "from django.core.management import call_command\n"
        "from helpdesk import preparation\n"
        "from helpdesk.mail_files import MailFiles\n"
        "from django.conf import settings\n"
        "call_command('migrate', verbosity=0)\n"
        "preparation.collect_static(print)\n"
        "default_storage.save('attachments/ab/abc', ContentFile(b'x'))\n"
        "MailFiles().send_messages([EmailMessage('S', 'B', to=['x@example.com'])])\n"
        "call_command('backup', str(settings.VAR_DIR / 'backup.tar'))\n"
        "call_command('erase_person', 'x@example.com', yes=True)\n",
        umask=0o022,
    )
    assert made.returncode == 0, made.stderr
    written = {path.name for path in installation.folder.rglob("*")}
    assert {"helpdesk.sqlite3", "attachments", "abc", "mail", "backup.tar", "receipts", "static"} <= written
    assert open_to_others(installation.folder) == []


def test_what_was_written_open_before_is_closed_once(tmp_path: Path) -> None:
    for name in ("media/attachments/ab", "models/m1"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("media/attachments/ab/file", "helpdesk.sqlite3", "models/m1/run"):
        (tmp_path / name).write_text("x")
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755)
    elsewhere = tmp_path.with_name("elsewhere")
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (tmp_path / "link").symlink_to(elsewhere)
    assert own_files.close_to_others(tmp_path) == 8
    assert open_to_others(tmp_path) == []
    assert mode(tmp_path / "models/m1/run") == 0o700, "what its owner may do stays"
    assert mode(elsewhere) == mode(tmp_path) == 0o755
    assert own_files.close_to_others(tmp_path) == 0


@pytest.mark.parametrize("below", ["a-file", "a-file/folder"])
def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(
        ImproperlyConfigured, match=r"VAR_DIR: .* cannot be made: .* Name a folder of this user"
    ):
        own_files.folder("VAR_DIR", tmp_path / below)


def test_a_folder_that_this_user_may_not_write_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root, who runs some of these tests, may everything
    with pytest.raises(ImproperlyConfigured, match="this user may not write in"):
        own_files.folder("VAR_DIR", tmp_path)


def test_who_prepares_second_waits_for_the_first(tmp_path: Path) -> None:
    told: list[str] = []
    first = subprocess.Popen(
        ["python3", "-c", f"import fcntl, sys, time; f = open('{tmp_path / own_files.LOCK_FILE}', 'a'); "
         "fcntl.flock(f, fcntl.LOCK_EX); print('mine', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert first.stdout is not None
    first.stdout.readline()
    ends = threading.Timer(1.0, first.kill)
    ends.start()
    began = time.monotonic()
    with own_files.alone(tmp_path, told.append):
        assert time.monotonic() - began >= 0.9, "a lock falls with the process that held it"
    first.wait()
    assert told == ["Another process prepares this installation; waiting for it …"]
    with own_files.alone(tmp_path, told.append):
        assert len(told) == 1


def refused(code: int) -> OSError:
    return OSError(code, os.strerror(code), "/somewhere/file")


def sqlite_error(tmp_path: Path, statement: str, place: str) -> OperationalError:
    """A real one, as Django gives it."""
    file = tmp_path / "db"
    with closing(sqlite3.connect(file)) as made:
        made.execute("CREATE TABLE t (a)")
    try:
        with closing(sqlite3.connect(f"file:{place.format(file)}", uri=True)) as connection:
            connection.execute(statement)
    except sqlite3.OperationalError as error:
        return OperationalError(*error.args)
    raise AssertionError("it worked")


@pytest.mark.parametrize(
    ("statement", "place", "says"),
    [
        ("INSERT INTO t VALUES (1)", "{}?mode=ro", "cannot be written: attempt to write a readonly database"),
        ("SELECT 1 FROM t", "/dev/null/db", "cannot be written: unable to open database file"),
        ("SELECT 1 FROM other", "{}", "is not up to date (no such table: other). Run manage.py prepare."),
    ],
)
def test_a_database_that_does_not_serve_is_told_in_one_line(
    tmp_path: Path, statement: str, place: str, says: str
) -> None:
    line = in_one_line(sqlite_error(tmp_path, statement, place))
    assert says in line
    assert "\n" not in line


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_takes_nothing_is_told_in_one_line(code: int) -> None:
    line = in_one_line(refused(code))
    assert line.startswith("Cannot open or write /somewhere/file: ")
    assert "\n" not in line


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert in_one_line(refused(errno.EPIPE)) == ""
    assert in_one_line(FileNotFoundError(errno.ENOENT, "No such file", "x")) == ""


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("VAR_DIR", "/dev/null/var", "Configuration error: VAR_DIR: /dev/null/var cannot be made"),
        (
            "DATABASE_URL",
            "sqlite:////proc/none/db",
            "Configuration error: DATABASE_URL: /proc/none cannot be made",
        ),
    ],
)
def test_no_traceback_greets_an_operator(
    installation: Installation, setting: str, value: str, says: str
) -> None:
    installation.settings[setting] = value
    ended = installation.run("manage.py", "prepare")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert says in ended.stderr
