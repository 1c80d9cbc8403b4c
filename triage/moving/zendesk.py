"""Zendesk: its JSON export (a line a ticket, comments inside), or ``/api/v2`` with IMPORT_TOKEN=e-mail/token:KEY."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tickets.intake.history import PastMessage
from triage.moving import plain
from triage.moving.records import Listing, MovedArticle, MovedFile, MovedMacro, MovedTicket, Reader, Unfit


class Zendesk:
    name = "zendesk"
    listings = {
        "tickets": Listing("/api/v2/incremental/tickets/cursor.json?start_time=0&include=users", "tickets", "after_url"),
        "macros": Listing("/api/v2/macros.json", "macros"),
        "articles": Listing("/api/v2/help_center/articles.json", "articles"),
    }  # fmt: skip

    def sign(self, token: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}

    def ticket(self, row: Mapping[str, Any], reader: Reader) -> MovedTicket:
        if row.get("status") == "deleted":
            raise Unfit("it was deleted there")
        people = {one.get("id"): one for one in plain.rows(row.get("users"))}
        asker = row.get("requester") or people.get(row.get("requester_id")) or {}
        comments = plain.rows(row.get("comments"))
        if not comments:
            path = f"/api/v2/tickets/{row.get('id')}/comments.json?include=users"
            comments = reader.more(path, "comments")
        said: list[PastMessage] = []
        files: list[MovedFile] = []
        for one in sorted(comments, key=lambda one: str(one.get("created_at"))):
            by = one.get("author_id")
            is_asker = by in (row.get("requester_id"), asker.get("id"))
            writer = plain.inner(one, "author", "email") or people.get(by, {}).get("email")
            words = one.get("plain_body") or one.get("body") or one.get("html_body")
            files += [
                MovedFile(len(said), plain.text(file.get("file_name")), plain.text(file.get("content_url")))
                for file in plain.rows(one.get("attachments"))
            ]
            said.append(
                plain.message("requester" if is_asker else "agent", words, one.get("created_at"), note=one.get("public") is False, by=writer or "")
            )  # fmt: skip
        if not said and row.get("description"):
            said = [plain.message("requester", row["description"], row.get("created_at"))]
        past = plain.past(
            self.name, row.get("id"), subject=row.get("subject"), email=asker.get("email"), name=asker.get("name"),
            created=row.get("created_at"), settled=row.get("status") in {"solved", "closed"}, said=said,
        )  # fmt: skip
        return MovedTicket(past, [plain.text(tag) for tag in row.get("tags") or ()], files)

    def macro(self, row: Mapping[str, Any], reader: Reader) -> MovedMacro:
        does = {one.get("field"): one.get("value") for one in plain.rows(row.get("actions"))}
        said = does.get("comment_value_html") or does.get("comment_value")
        said = said[-1] if isinstance(said, list) and said else said
        tags = plain.text(does.get("current_tags")).split()
        return MovedMacro(
            plain.text(row.get("title")), plain.text(said), tags, does.get("status") == "solved"
        )

    def article(self, row: Mapping[str, Any]) -> MovedArticle:
        return MovedArticle(
            f"{self.name}-{row.get('id')}", plain.text(row.get("title")), plain.text(row.get("body")),
            plain.text(row.get("locale")),
        )  # fmt: skip
