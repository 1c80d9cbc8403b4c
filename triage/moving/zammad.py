"""Zammad: exported answers of its API, or ``/api/v1`` with IMPORT_TOKEN=an access token."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from tickets.intake.history import PastMessage
from triage.moving import plain
from triage.moving.records import Listing, MovedArticle, MovedFile, MovedMacro, MovedTicket, Reader


class Zammad:
    name = "zammad"
    listings = {
        "tickets": Listing("/api/v1/tickets?expand=true&per_page=100", rule="page"),
        "macros": Listing("/api/v1/text_modules?per_page=100", rule="page"),
    }

    def sign(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Token token={token}"}

    def ticket(self, row: Mapping[str, Any], reader: Reader) -> MovedTicket:
        number = row.get("id")
        articles = plain.rows(row.get("articles")) or reader.more(
            f"/api/v1/ticket_articles/by_ticket/{number}"
        )
        said: list[PastMessage] = []
        files: list[MovedFile] = []
        asker = ("", plain.text(row.get("customer")))
        for one in sorted(articles, key=lambda one: str(one.get("created_at"))):
            is_asker = one.get("sender") == "Customer"
            told = parseaddr(plain.text(one.get("from")))
            asker = told if is_asker and "@" in told[1] and not asker[0] else asker
            files += [
                MovedFile(len(said), plain.text(file.get("filename")), f"/api/v1/ticket_attachment/{number}/{one.get('id')}/{file.get('id')}")
                for file in plain.rows(one.get("attachments"))
            ]  # fmt: skip
            said.append(plain.message(
                "requester" if is_asker else "agent", one.get("body"), one.get("created_at"), note=bool(one.get("internal")),
                by=one.get("created_by") or "",
            ))  # fmt: skip
        tags = row.get("tags")
        if tags is None:
            tags = [one["name"] for one in reader.more(f"/api/v1/tags?object=Ticket&o_id={number}", "tags")]
        email = row.get("customer") if "@" in plain.text(row.get("customer")) else asker[1]
        past = plain.past(
            self.name, number, subject=row.get("title"), email=email, name=asker[0], created=row.get("created_at"),
            settled=row.get("state") in {"closed", "merged"}, said=said,
        )  # fmt: skip
        return MovedTicket(past, [plain.text(tag) for tag in tags], files)

    def macro(self, row: Mapping[str, Any], reader: Reader) -> MovedMacro:
        return MovedMacro(plain.text(row.get("name")), plain.text(row.get("content")))

    def article(self, row: Mapping[str, Any]) -> MovedArticle:
        said = plain.text(row.get("body") or row.get("content"))
        return MovedArticle(f"{self.name}-{row.get('id')}", plain.text(row.get("title")), said)
