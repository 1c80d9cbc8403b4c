"""A wrong or missing setting stops the start with one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py check`` with these settings and nothing else."""
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "SECRET_KEY": KEY,
        "VAR_DIR": str(tmp_path),
        **settings,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SSO_AGENT_GROUPS": "desk, it", "SSO_ADMINISTRATOR_GROUPS": "it"}, "'it' is named for two roles"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY is a default one"),
        ({"SECRET_KEY": "django-insecure-x"}, "SECRET_KEY is a default one"),
        ({"DEBUG": "perhaps"}, "DEBUG='perhaps' is neither on nor off"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS=*"),
        ({"DATABASE_URL": "mysql://u:p@h/d"}, "DATABASE_URL"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"TRIAGE_THRESHOLD": "1.2"}, "TRIAGE_THRESHOLD=1.2 is not between 0 and 1"),
        ({"TRIAGE_THRESHOLD": "nan"}, "TRIAGE_THRESHOLD"),
        ({"TRIAGE_THRESHOLD": "high"}, "TRIAGE_THRESHOLD='high' is not a number"),
        ({"TRIAGE_ENCODER": "nowhere/at/all"}, "TRIAGE_ENCODER='nowhere/at/all' is neither"),
        ({"TRIAGE_ENCODER": "tests"}, "TRIAGE_ENCODER cannot be used"),
        ({"RESPONSE_TARGET_HOURS": "0"}, "RESPONSE_TARGET_HOURS=0 is too small"),
        ({"ENVIRONMENT": "staging"}, "ENVIRONMENT='staging' is none of"),
        ({"SITE_URL": "help.example.com"}, "SITE_URL='help.example.com' is no web address"),
        ({"TIME_ZONE": "Mars/Base"}, "TIME_ZONE='Mars/Base' is no time zone"),
        ({"THROTTLE_LOGIN": "often"}, "THROTTLE_LOGIN='often' is no rate"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL is no address"),
        ({"ENVIRONMENT": "production", "DEBUG": "on"}, "DEBUG must be off"),
        ({"ENVIRONMENT": "production", "DEMO": "on"}, "DEMO must be off"),
        ({"ENVIRONMENT": "production", "SECRET_KEY": "short"}, "fewer than 32"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    tmp_path: Path, env: dict[str, str], named: str
) -> None:
    ended = start(tmp_path, **env)
    assert ended.returncode != 0
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("url", ["smtp://mail.example.com", "smtp+ssl://u:p@mail.example.com:465"])
def test_mail_leaves_by_the_backend_that_ends_before_its_lease(tmp_path: Path, url: str) -> None:
    environment = {"ENV_FILE": os.devnull, "SECRET_KEY": KEY, "VAR_DIR": str(tmp_path), "EMAIL_URL": url}
    program = "from helpdesk import settings; print(settings.MAIL_DELIVERY_BACKEND)"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "tickets.mail.delivery.Backend"


def test_two_settings_are_enough(tmp_path: Path) -> None:
    ended = start(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3")
    assert ended.returncode == 0, ended.stderr


def test_production_starts_with_safe_settings_and_passes_the_deployment_check(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "SECRET_KEY": KEY, "VAR_DIR": str(tmp_path), "ENVIRONMENT": "production",
        "ALLOWED_HOSTS": "help.example.com",
    }  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


def file_start(tmp_path: Path, content: bytes) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "settings.env"
    file.write_bytes(f"SECRET_KEY={KEY}\n".encode() + content if not content.startswith(b"\xef") else content)
    return start(tmp_path, ENV_FILE=str(file), SECRET_KEY=KEY)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"ENVIRONMENT = production", "line 2 (ENVIRONMENT …) cannot be read"),
        (b"ENVIRONMENT: production", "line 2 (ENVIRONMENT …) cannot be read"),
        (b"TRIAGE_THRESHOLD =0.95", "line 2 (TRIAGE_THRESHOLD …) cannot be read"),
        (b"DEMO= off", "line 2 (DEMO …) cannot be read"),
        (b"\n# fine\njust words", "line 4 (just …) cannot be read"),
        (b"TRIAGE_TRESHOLD=0.95", "no setting TRIAGE_TRESHOLD. Did you mean TRIAGE_THRESHOLD?"),
        (b"FLAVOUR=mild", "no setting FLAVOUR. The README lists all"),
        (b"DEMO=on\nDEMO=off", "line 3: DEMO is set in line 2 already"),
        (b"\xef\xbb\xbfSECRET_KEY=x", "byte-order mark"),
        (b"COMPANY_NAME=\xff", "is not UTF-8"),
    ],
)
def test_a_line_of_the_file_that_means_nothing_stops_the_start(
    tmp_path: Path, content: bytes, told: str
) -> None:
    ended = file_start(tmp_path, content)
    assert ended.returncode != 0
    (line,) = ended.stderr.strip().splitlines()
    assert told in line
    assert "0.95" not in line and "mild" not in line


def test_comments_exports_and_production_settings_are_fine(tmp_path: Path) -> None:
    content = b"\n# a comment\nexport COMPANY_NAME='A B'\nBEHIND_PROXY=off\nSSL_REDIRECT=on\nOMP_NUM_THREADS=1\nREDIS_URL=\n"
    assert file_start(tmp_path, content).returncode == 0
