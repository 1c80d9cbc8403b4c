"""Freshdesk: its JSON export, or ``/api/v2`` with IMPORT_TOKEN=the agent's API key."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from triage.moving import plain
from triage.moving.records import Listing, MovedArticle, MovedFile, MovedMacro, MovedTicket, Reader, Unfit

RESOLVED, CLOSED = 4, 5
SETTLED: Final = {RESOLVED, CLOSED, "Resolved", "Closed"}


class Freshdesk:
    name = "freshdesk"
    listings = {
        "tickets": Listing(
            "/api/v2/tickets?include=requester,description&order_by=updated_at&order_type=asc&updated_since=1970-01-01T00:00:00Z&per_page=100",
            rule="updated_since",
        ),
        "macros": Listing(
            "/api/v2/canned_response_folders",
            rule="link",
            within=("/api/v2/canned_response_folders/{}/responses",),
        ),
        "articles": Listing(
            "/api/v2/solutions/categories",
            rule="link",
            within=("/api/v2/solutions/categories/{}/folders", "/api/v2/solutions/folders/{}/articles"),
        ),
    }

    def sign(self, token: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{token}:X".encode()).decode()}

    def ticket(self, row: Mapping[str, Any], reader: Reader) -> MovedTicket:
        row = row.get("helpdesk_ticket", row)
        if row.get("deleted") or row.get("spam"):
            raise Unfit("it was deleted there, or is spam")
        asker = row.get("requester") or {}
        said = [
            plain.message(
                "requester", row.get("description_text") or row.get("description"), row.get("created_at")
            )
        ]
        files = self._files(0, row)
        talk = plain.rows(row.get("conversations")) or reader.more(
            f"/api/v2/tickets/{row.get('id')}/conversations?per_page=100"
        )
        for one in sorted(talk, key=lambda one: str(one.get("created_at"))):
            files += self._files(len(said), one)
            said.append(plain.message(
                "requester" if one.get("incoming") else "agent", one.get("body_text") or one.get("body"),
                one.get("created_at"), note=bool(one.get("private")), by=one.get("from_email") or "",
            ))  # fmt: skip
        past = plain.past(
            self.name, row.get("id"), subject=row.get("subject"), email=asker.get("email"), name=asker.get("name"),
            created=row.get("created_at"), settled=row.get("status") in SETTLED, said=said,
        )  # fmt: skip
        return MovedTicket(past, [plain.text(tag) for tag in row.get("tags") or ()], files)

    def _files(self, message: int, row: Mapping[str, Any]) -> list[MovedFile]:
        return [
            MovedFile(message, plain.text(one.get("name")), plain.text(one.get("attachment_url")))
            for one in plain.rows(row.get("attachments"))
        ]

    def macro(self, row: Mapping[str, Any], reader: Reader) -> MovedMacro:
        return MovedMacro(
            plain.text(row.get("title")), plain.text(row.get("content") or row.get("content_html"))
        )

    def article(self, row: Mapping[str, Any]) -> MovedArticle:
        said = plain.text(row.get("description_text") or row.get("description"))
        return MovedArticle(f"{self.name}-{row.get('id')}", plain.text(row.get("title")), said)
