"""Typed readers of the environment. Each refuses a wrong value with a sentence that names the setting."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

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
RATE: Final = re.compile(r"[1-9]\d*/(s|sec|second|m|min|minute|h|hour|d|day)")

reader = environ.Env()


def load(file: Path) -> None:
    """Read ``file`` if it is there; what the process environment sets wins."""
    if file.is_file():
        reader.read_env(str(file))


def text(name: str, default: str | None = None) -> str:
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


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    if value not in available_timezones():
        raise ImproperlyConfigured(f"{name}={value!r} is no time zone like Europe/Berlin.")
    return value


def rate(name: str, default: str) -> str:
    """How often something may be done, as ``20/min``."""
    value = text(name, default)
    if not RATE.fullmatch(value):
        raise ImproperlyConfigured(f"{name}={value!r} is no rate like 20/min (sec, min, hour or day).")
    return value


def mail(name: str, url: str) -> dict[str, Any]:
    """The mail server that ``url`` names. What environ cannot read must not be repeated: it holds a password."""
    if not url.startswith(MAIL_SCHEMES):
        raise ImproperlyConfigured(f"{name} is no address like smtp+tls://user:password@host:587.")
    try:
        return dict(reader.email_url_config(url))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {error}.") from None


def database(name: str, default: str, *, base: Path) -> dict[str, Any]:
    """Django's settings for the URL. SQLite gets WAL and IMMEDIATE transactions: deferred ones fail with
    "database is locked" as soon as two processes read and then write. A relative file lies below ``base``.
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
            Path(config["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728;"
            ),
        }
    else:
        config.setdefault("CONN_MAX_AGE", 60)
        config["CONN_HEALTH_CHECKS"] = True
    return config


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
