"""Write the tables of docs/api.md that can be made: operations, errors, scopes, types of Events."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.generators import EndpointEnumerator

from accounts.contract.problems import KINDS
from accounts.tokens.scopes import WORDS, Scope, is_open, needed
from tickets import feed
from tickets.audit import KIND_WORDS

PAGE: Final = settings.BASE_DIR / "docs/api.md"
CONTRACT: Final = settings.BASE_DIR / "docs/openapi.yaml"
#: Where a table stands: what lies between the two lines is made, the rest of the page is written.
PLACE: Final = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


class Command(BaseCommand):
    help = "Update the tables in docs/api.md. Run it after `spectacular --file docs/openapi.yaml`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where a table is out of date"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        there = PAGE.read_text(encoding="utf-8")
        missing = TABLES.keys() - {found[2] for found in PLACE.finditer(there)}
        if missing:
            raise CommandError(f"docs/api.md has no place for: {', '.join(sorted(missing))}.")
        now = PLACE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", there)
        if check and now != there:
            changes = difflib.unified_diff(
                there.splitlines(), now.splitlines(), "docs/api.md", "now", lineterm="", n=0
            )
            raise CommandError("Run “manage.py api_tables”:\n" + "\n".join(list(changes)[:40]))
        if not check:
            PAGE.write_text(now, encoding="utf-8")
        self.stdout.write(f"{len(TABLES)} tables.")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def operations() -> str:
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    scopes = {(path, method): scope for path, method, scope in _scopes()}
    rows = [
        (
            f"`{method.upper()} {path}`",
            f"`{told['operationId']}`",
            scopes.get((path, method), ""),
            first_sentence(told),
        )
        for path, methods in contract["paths"].items()
        for method, told in methods.items()
    ]
    return table(("Request", "Operation", "Scope", "What it does"), rows)


def _scopes() -> Iterator[tuple[str, str, str]]:
    for path, _, method, callback in EndpointEnumerator().get_api_endpoints():
        view = callback.cls
        scope = needed(view, method)
        yield path, method.lower(), "open" if is_open(view) else f"`{scope}`" if scope else "log-in"


def first_sentence(told: dict[str, Any]) -> str:
    text = " ".join(str(told.get("description", "")).split())
    return re.split(r"(?<=[.?]) ", text)[0]


def errors() -> str:
    return table(
        ("Status", "Code", "What it is", "What to do"),
        ((str(kind.status), f"`{kind.code}`", kind.title, kind.advice) for kind in KINDS),
    )


def scopes() -> str:
    return table(("Scope", "What it opens"), ((f"`{scope}`", str(WORDS[scope])) for scope in Scope))


def events() -> str:
    return table(
        ("Type", "What happened"),
        ((f"`{kind}`", KIND_WORDS[kind.removeprefix(feed.TYPE)]) for kind in sorted(feed.types())),
    )


TABLES: Final = {"operations": operations, "errors": errors, "scopes": scopes, "events": events}
