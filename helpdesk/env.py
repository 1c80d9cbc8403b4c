"""Typed readers of the environment. Each refuses a wrong value with a sentence that names the setting."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

from helpdesk import env_file, own_files

DEFAULT_KEYS = {"", "secret", "changeme", "change-me", "default", "insecure", "your-secret-key", "secret_key"}
MIN_KEY_LENGTH = 32
DATABASE_SCHEMES = ("sqlite://", "postgres://", "postgresql://")
MAIL_SCHEMES = (
    "smtp://",
    "smtps://",
    "smtp+tls://",
    "smtp+ssl://",
    "consolemail://",
    "filemail://",
    "dummymail://",
    "memorymail://",
)
RATE: Final = re.compile(
    r"(?P<amount>[1-9]\d*)(?P<size>kB|MB|GB)?/(?P<unit>sec|min|hour|day|s|m|h|d|second|minute)"
)
SIZES: Final = {None: 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3}
UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

reader = environ.Env()


_asked: set[str] = {"ENV_FILE"}
_read: list[tuple[Path, dict[str, int]]] = []


def load(file: Path) -> None:
    """Read ``file`` if it is there; what the process environment sets wins."""
    if file.is_file():
        _read.append((file, env_file.names_in(file)))
        reader.read_env(str(file))


def refuse_unknown() -> None:
    """Stop where the file sets what no setting has asked for. To be called when all have."""
    for file, names in _read:
        env_file.refuse_unknown(file, names, _asked)


def text(name: str, default: str | None = None) -> str:
    _asked.add(name)
    value = str(reader.str(name, default="" if default is None else default)).strip()
    if not value and default is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Put {name}=… into .env ('make env' writes one for you)."
        )
    return value


def flag(name: str, default: bool) -> bool:
    raw = text(name, "on" if default else "off").lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is neither on nor off.")


def whole(name: str, default: int, *, least: int = 0) -> int:
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None
    if value < least:
        raise ImproperlyConfigured(f"{name}={value} is too small; the least is {least}.")
    return value


def optional_fraction(name: str) -> float | None:
    """A number from 0 to 1, or None where it is not set."""
    return fraction(name, 0.0) if text(name, "") else None


def fraction(name: str, default: float) -> float:
    """A number from 0 to 1."""
    raw = text(name, str(default))
    try:
        value = float(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a number.") from None
    if not 0.0 <= value <= 1.0:
        raise ImproperlyConfigured(f"{name}={raw} is not between 0 and 1.")
    return value


def optional_path(name: str) -> Path | None:
    """A file or folder that is there, or None where it is not set."""
    raw = text(name, "")
    if raw and not Path(raw).exists():
        raise ImproperlyConfigured(f"{name}={raw!r} is neither a file nor a folder.")
    return Path(raw).resolve() if raw else None


def words(name: str, default: str) -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r} is none of: {', '.join(allowed)}.")
    return value


def web_address(name: str, default: str) -> str:
    """Scheme and host, perhaps with a path, without the slash at the end."""
    address = text(name, default).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(f"{name}={address!r} is no web address like https://help.example.com.")
    return address


def optional_web_address(name: str) -> str:
    """As ``web_address``; empty where it is not set."""
    return web_address(name, "") if text(name, "") else ""


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    if value not in available_timezones():
        raise ImproperlyConfigured(f"{name}={value!r} is no time zone like Europe/Berlin.")
    return value


def limits(name: str, **defaults: str) -> dict[str, tuple[int, int]]:
    """How often something may be done: kind of subject → (amount, seconds), as ``address 20/min, network 200/min``.

    A rate alone is that of the first kind. A kind that is not named keeps its default; ``network off`` lifts it.
    """
    found = {kind: _rate(name, default) for kind, default in defaults.items()}
    for part in words(name, ""):
        kind, _, rate = part.rpartition(" ")
        kind = kind.strip() or next(iter(defaults))
        if kind not in defaults:
            raise ImproperlyConfigured(f"{name}: {kind!r} is none of: {', '.join(defaults)}.")
        found[kind] = (0, 0) if rate == "off" else _rate(name, rate)
    return found


def _rate(name: str, value: str) -> tuple[int, int]:
    found = RATE.fullmatch(value)
    if not found:
        raise ImproperlyConfigured(f"{name}={value!r} is no rate like 20/min (sec, min, hour or day).")
    return int(found["amount"]) * SIZES[found["size"]], UNIT_SECONDS[found["unit"][0]]


def mail(name: str, url: str) -> dict[str, Any]:
    """The mail server that ``url`` names. What environ cannot read must not be repeated: it holds a password."""
    if not url.startswith(MAIL_SCHEMES):
        raise ImproperlyConfigured(f"{name} is no address like smtp+tls://user:password@host:587.")
    try:
        return dict(reader.email_url_config(url))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {error}.") from None


@dataclass(frozen=True, slots=True)
class Waits:
    """How long one process waits for its database, in seconds; 0 is without end."""

    connect: int  # for the server to let us in
    free: int  # for a connection while all are taken
    lock: int  # for a row that somebody else holds, or for SQLite's one writer
    statement: int  # for one statement to be done
    answer: int  # for a word of a server that says nothing


#: Somebody waits for the answer of a web process, and a thread waits with them.
WEB_WAITS = Waits(connect=3, free=10, lock=3, statement=12, answer=15)
#: Nobody waits for a worker; it goes on with something else.
WORK_WAITS = Waits(connect=5, free=30, lock=10, statement=60, answer=75)
#: A command that somebody starts may take its time, but never holds up the house behind a lock it waits for.
COMMAND_WAITS = Waits(connect=5, free=30, lock=20, statement=0, answer=0)
WAITS = {"web": WEB_WAITS, "work": WORK_WAITS}


def database(name: str, default: str, *, base: Path, waits: Waits = COMMAND_WAITS) -> dict[str, Any]:
    """Django's settings for the URL, with every wait bounded as ``waits`` says. A relative file lies below ``base``.

    SQLite gets WAL and IMMEDIATE transactions: deferred ones fail with "database is locked" as soon as two processes
    read and then write.
    """
    url = text(name, default)
    if not url.startswith(DATABASE_SCHEMES):
        raise ImproperlyConfigured(
            f"{name}: only sqlite:///file and postgres://… are supported, not {url.split(':')[0]!r}."
        )
    try:
        config: dict[str, Any] = dict(reader.db_url_config(url))
    except Exception as error:  # environ raises many kinds; all mean an unreadable URL
        raise ImproperlyConfigured(f"{name} cannot be read as a database address: {error}") from None
    engine = str(config.get("ENGINE", ""))
    if engine.endswith("sqlite3"):
        if config["NAME"] != ":memory:":
            config["NAME"] = str(base / config["NAME"])
            own_files.folder(name, Path(config["NAME"]).parent)
        config["ENGINE"] = "helpdesk.database.sqlite3"
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": waits.lock
            * 2,  # SQLite has one writer for all, so that a queue is no sign of a stuck row
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728;"
            ),
        }
    else:
        config.setdefault("CONN_MAX_AGE", 60)
        config["CONN_HEALTH_CHECKS"] = True
        config["ENGINE"] = "helpdesk.database.postgresql"
        config["ANSWER_SECONDS"], config["CONNECT_WAIT_SECONDS"] = waits.answer, waits.free
        given = config.setdefault("OPTIONS", {})  # what the address itself asks for counts
        for option, value in server_bounds(waits).items():
            given.setdefault(option, value)
    return config


def server_bounds(waits: Waits) -> dict[str, Any]:
    """libpq's and the server's own bounds. The server ends a transaction that its client forgot, and frees its locks;
    TCP notices a host that is gone."""
    seconds = {
        "lock_timeout": waits.lock, "statement_timeout": waits.statement,
        "idle_in_transaction_session_timeout": 120,
    }  # fmt: skip
    return {
        "connect_timeout": waits.connect,
        "options": " ".join(f"-c {bound}={value * 1000}" for bound, value in seconds.items()),
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }


def refuse_unsafe(*, production: bool, debug: bool, demo: bool, secret_key: str, hosts: list[str]) -> None:
    """Stop a start that would be open to anybody."""
    if production and debug:
        raise ImproperlyConfigured("DEBUG must be off when ENVIRONMENT=production.")
    if production and demo:
        raise ImproperlyConfigured("DEMO must be off when ENVIRONMENT=production: its passwords are public.")
    if debug:
        return
    if secret_key.lower() in DEFAULT_KEYS or secret_key.startswith("django-insecure"):
        raise ImproperlyConfigured(
            "SECRET_KEY is a default one. Give it a long random value ('make env' writes one)."
        )
    if production and len(secret_key) < MIN_KEY_LENGTH:
        raise ImproperlyConfigured(
            f"SECRET_KEY has fewer than {MIN_KEY_LENGTH} characters. Give it a long random value."
        )
    if "*" in hosts:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS=* would serve any host name. List the real names, comma-separated."
        )


def derived_key(secret_key: str, purpose: str) -> str:
    """A key of its own for ``purpose`` (HMAC-SHA-256), so that one leaked use does not open another."""
    digest = hmac.new(secret_key.encode(), f"helpdesk:{purpose}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()
