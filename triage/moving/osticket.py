"""osTicket: files written by its database, since its API only takes tickets. docs/moving-in.md has the queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tickets.intake.history import PastMessage
from triage.moving import plain
from triage.moving.records import Listing, MovedArticle, MovedFile, MovedMacro, MovedTicket, Reader

#: The types of thread entries: message of the user, response, internal note.
SENDERS: Final = {"M": "requester", "R": "agent", "N": "agent"}


class OsTicket:
    name = "osticket"
    listings: Mapping[str, Listing] = {}

    def sign(self, token: str) -> dict[str, str]:
        return {}

    def ticket(self, row: Mapping[str, Any], reader: Reader) -> MovedTicket:
        said: list[PastMessage] = []
        files: list[MovedFile] = []
        for one in sorted(plain.rows(row.get("thread")), key=lambda one: str(one.get("created"))):
            files += [
                MovedFile(len(said), plain.text(file.get("name")), plain.text(file.get("key")))
                for file in plain.rows(one.get("files"))
            ]
            sender, note = SENDERS.get(str(one.get("type")), "agent"), one.get("type") == "N"
            said.append(
                plain.message(
                    sender, one.get("body"), one.get("created"), note=note, by=one.get("email") or ""
                )
            )
        past = plain.past(
            self.name, row.get("number"), subject=row.get("subject"), email=row.get("email"), name=row.get("name"),
            created=row.get("created"), settled=row.get("status") in {"closed", "resolved", "archived"}, said=said,
        )  # fmt: skip
        return MovedTicket(past, [plain.text(row["topic"])] if row.get("topic") else (), files)

    def macro(self, row: Mapping[str, Any], reader: Reader) -> MovedMacro:
        return MovedMacro(plain.text(row.get("title")), plain.text(row.get("response")))

    def article(self, row: Mapping[str, Any]) -> MovedArticle:
        number = row.get("faq_id") or row.get("id")
        return MovedArticle(
            f"{self.name}-{number}", plain.text(row.get("question")), plain.text(row.get("answer"))
        )
