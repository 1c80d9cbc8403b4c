"""FreeScout and Help Scout, whose APIs list alike: conversations with their threads inside, in HAL pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tickets.intake.history import PastMessage
from triage.moving import plain
from triage.moving.records import Listing, MovedArticle, MovedFile, MovedMacro, MovedTicket, Reader, Unfit

#: Types of threads that somebody wrote; the others say what was done.
WRITTEN: Final = {
    "customer": "requester",
    "beaconchat": "requester",
    "chat": "requester",
    "phone": "requester",
    "message": "agent",
    "reply": "agent",
    "note": "agent",
}


class FreeScout:
    """IMPORT_TOKEN=the key of its API module."""

    name = "freescout"
    listings = {"tickets": Listing("/api/conversations?embed=threads&pageSize=50", "conversations", "hal")}

    def sign(self, token: str) -> dict[str, str]:
        return {"X-FreeScout-API-Key": token}

    def ticket(self, row: Mapping[str, Any], reader: Reader) -> MovedTicket:
        if row.get("status") == "spam" or row.get("state") == "deleted":
            raise Unfit("it was deleted there, or is spam")
        asker = row.get("customer") or row.get("primaryCustomer") or {}
        threads = plain.rows(plain.inner(row, "_embedded", "threads")) or plain.rows(row.get("threads"))
        said: list[PastMessage] = []
        files: list[MovedFile] = []
        for one in sorted(threads, key=lambda one: str(one.get("createdAt"))):
            kind = str(one.get("type"))
            if kind not in WRITTEN or one.get("state") == "draft":
                continue
            files += [
                self._file(len(said), row, file)
                for file in plain.rows(plain.inner(one, "_embedded", "attachments"))
            ]
            said.append(plain.message(
                WRITTEN[kind], one.get("body"), one.get("createdAt"), note=kind == "note",
                by=plain.inner(one, "createdBy", "email") or "",
            ))  # fmt: skip
        name = " ".join(
            filter(None, (plain.text(asker.get(part)) for part in ("firstName", "lastName", "first", "last")))
        )
        past = plain.past(
            self.name, row.get("id"), subject=row.get("subject"), email=asker.get("email"), name=name,
            created=row.get("createdAt"), settled=row.get("status") == "closed", said=said,
        )  # fmt: skip
        return MovedTicket(
            past,
            [plain.text(one.get("name") or one.get("tag")) for one in plain.rows(row.get("tags"))],
            files,
        )

    def _file(self, message: int, row: Mapping[str, Any], file: Mapping[str, Any]) -> MovedFile:
        return MovedFile(message, plain.text(file.get("fileName")), plain.text(file.get("fileUrl")))

    def macro(self, row: Mapping[str, Any], reader: Reader) -> MovedMacro:
        return MovedMacro(plain.text(row.get("name")), plain.text(row.get("text")))

    def article(self, row: Mapping[str, Any]) -> MovedArticle:
        said = plain.text(row.get("text") or row.get("body"))
        return MovedArticle(
            f"{self.name}-{row.get('id')}", plain.text(row.get("name") or row.get("title")), said
        )


class HelpScout(FreeScout):
    """IMPORT_TOKEN=an access token of a Mailbox API application."""

    name = "helpscout"
    listings = {"tickets": Listing("/v2/conversations?embed=threads&status=all", "conversations", "hal")}

    def sign(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def _file(self, message: int, row: Mapping[str, Any], file: Mapping[str, Any]) -> MovedFile:
        place = f"/v2/conversations/{row.get('id')}/attachments/{file.get('id')}/data"
        return MovedFile(message, plain.text(file.get("filename")), place)
