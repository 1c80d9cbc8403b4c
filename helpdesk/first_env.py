"""Writes the first `.env`: a random key, demo data on. Run as ``python -m helpdesk.first_env``."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / ".env"

CONTENT = """\
# Settings of this installation; the README lists all of them. Keep this file to yourself.
SECRET_KEY={key}
DATABASE_URL=sqlite:///var/helpdesk.sqlite3
DEMO=on
"""


def main() -> None:
    """Write the file unless there is one. Only its owner can read it."""
    content = CONTENT.format(key=secrets.token_urlsafe(48))
    try:
        descriptor = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    print(f"Wrote {FILE.name} with a random SECRET_KEY.")


if __name__ == "__main__":
    main()
