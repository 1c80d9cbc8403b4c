"""A settings file is read whole or not at all: a line that means nothing must not leave a setting at its default."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

LINE: Final = re.compile(r"(?:export )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>\S.*|)")
NAME: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z0-9_.-]{1,60})")
#: What a file may set for the process beside our own settings.
OTHERS: Final = frozenset(
    [
        "DJANGO_SETTINGS_MODULE",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TMPDIR",
        "TZ",
        "LANG",
        "LC_ALL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "PYTHONUNBUFFERED",
        "WEB_CONCURRENCY",
        "GUNICORN_CMD_ARGS",
    ]
)


def names_in(file: Path) -> dict[str, int]:
    """The names that ``file`` sets, each with its line. ImproperlyConfigured where a line cannot be read.

    No value is ever repeated in a message: it may be a password.
    """
    raw = file.read_bytes()
    if raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ImproperlyConfigured(f"{file} begins with a byte-order mark. Save it as UTF-8 without one.")
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{file} is not UTF-8. Save it as UTF-8.") from None
    names: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if not found:
            begins = NAME.match(line)
            named = f" ({begins[1]} …)" if begins else ""
            raise ImproperlyConfigured(
                f"{file}, line {number}{named} cannot be read. Write NAME=value, with no blanks around the =."
            )
        if found["name"] in names:
            raise ImproperlyConfigured(
                f"{file}, line {number}: {found['name']} is set in line {names[found['name']]} already."
            )
        names[found["name"]] = number
    return names


def refuse_unknown(file: Path, names: dict[str, int], known: Collection[str]) -> None:
    """ImproperlyConfigured for a name that is no setting: misspelt, it would leave the real one at its default."""
    for name, number in names.items():
        if name in known or name in OTHERS:
            continue
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
        advice = f"Did you mean {near[0]}?" if near else "The README lists all settings."
        raise ImproperlyConfigured(f"{file}, line {number}: there is no setting {name}. {advice}")
