"""Every kind of error of the API, and the one shape in which all of them are told: RFC 9457, "problem details".

Beside the members of the RFC a problem has those of before it: ``code`` for programs, ``message``, which is the same
as ``detail``, and ``errors`` by field. Where fields are wrong, ``violations`` says of each which rule it breaks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of error: what it is called, and what whoever gets it can do."""

    code: str
    status: int
    title: str
    advice: str

    @property
    def type(self) -> str:
        return f"{settings.SITE_URL}/api/problems#{self.code}"


KINDS: Final[tuple[Kind, ...]] = (
    Kind("invalid", 400, "The request is not valid", "Mend the fields that `violations` names."),
    Kind("parse_error", 400, "The body cannot be read", "Send one JSON text in UTF-8, each key once, no NaN."),
    Kind("bad_request", 400, "The request makes no sense", "Look at the address and the headers."),
    Kind("search", 400, "The search cannot be understood", "See the search syntax in the documentation."),
    Kind("search_too_slow", 400, "The search takes too long", "Search for fewer or rarer words."),
    Kind("attachment_refused", 400, "The file is not taken", "Send a file of a type and size that is allowed."),
    Kind("ticket_error", 400, "The ticket cannot be changed so", "Read `detail`."),
    Kind("no_such_macro", 400, "There is no such macro", "List the macros, then name one of them."),
    Kind("not_of_its_kind", 400, "The field takes another kind of value", "`detail` says which."),
    Kind("no_tag", 400, "That is no tag", "Use letters, digits, hyphens and dots."),
    Kind("not_authenticated", 401, "Nobody is logged in", "Send a token: `Authorization: Bearer …`."),
    Kind("authentication_failed", 401, "The log-in is not accepted", "Log in again."),
    Kind("token_not_valid", 401, "The token is not valid", "Refresh it, or log in again."),
    Kind("invalid_credentials", 401, "The address or the password is wrong", "Send the right ones."),
    Kind("second_factor_required", 401, "A second factor is needed", "Send the code of the app as `code`."),
    Kind("second_factor_stale", 401, "The second factor must be fresh", "Log in again with a code."),
    Kind("invalid_code", 401, "The code is wrong", "Send a fresh code."),
    Kind("forbidden", 403, "You may not do that", "Ask somebody whose role allows it."),
    Kind("insufficient_scope", 403, "The token lacks a scope", "Use a token with the scope in `detail`."),
    Kind("address_not_allowed", 403, "The token is not for this address", "Call from a network of the token's."),
    Kind("not_the_requester", 403, "Only the requester does that", "Let the requester do it."),
    Kind("read_only", 403, "Auditors only read", "Ask an agent or a supervisor."),
    Kind("other_eyes", 403, "Somebody else must do that", "Ask another supervisor."),
    Kind("email_not_verified", 403, "The address is not confirmed", "Open the link in the mail."),
    Kind("second_factor_missing", 403, "Your role needs a second factor", "Set it up on the website."),
    Kind("second_factor_unreadable", 403, "The second factor cannot be read", "Have a supervisor remove it."),
    Kind("not_found", 404, "There is no such thing, or you may not see it", "Look at the address."),
    Kind("method_not_allowed", 405, "The method is not allowed here", "Use one of those in `Allow`."),
    Kind("not_acceptable", 406, "That media type is not spoken here", "Accept application/json."),
    Kind("timeout", 408, "The request took too long to arrive", "Send it again."),
    Kind("invalid_transition", 409, "The state does not allow that", "Read the state, then decide."),
    Kind("held", 409, "A colleague has the ticket", "Read it, then say `take_over`."),
    Kind("unread", 409, "Somebody wrote meanwhile", "Read the ticket, then send it again."),
    Kind("colleague_sends", 409, "A colleague's reply is on its way", "Wait, then read it."),
    Kind("draft_changed", 409, "The draft was changed meanwhile", "Read it, then decide."),
    Kind("no_draft", 409, "There is no draft of a language model", "`detail` says why."),
    Kind("merge_refused", 409, "These tickets are not merged", "`detail` says why."),
    Kind("split_refused", 409, "This ticket is not split so", "`detail` says why."),
    Kind("away", 409, "The agent is away", "Assign it to somebody who is there."),
    Kind("link_refused", 409, "These tickets are not linked", "`detail` says why."),
    Kind("copy_refused", 409, "That address gets no copies", "`detail` says why."),
    Kind("invitation_refused", 409, "The invitation is not possible", "`detail` says why."),
    Kind("too_late", 409, "It is too late for that", "Read the ticket."),
    Kind("still_running", 409, "The first request with this key is still running", "Send it again in a second."),
    Kind("refused", 409, "The house does not allow that yet", "`detail` says what is missing."),
    Kind("length_required", 411, "The length is missing", "Send Content-Length."),
    Kind("precondition_failed", 412, "It has changed since you read it", "Read it again, then decide."),
    Kind("too_large", 413, "The request is too large", "Send fewer or smaller files, or as multipart."),
    Kind("unsupported_media_type", 415, "That media type is not read here", "Send application/json."),
    Kind("key_reused", 422, "The Idempotency-Key was used for something else", "Use a new key."),
    Kind("too_many", 429, "Too many requests", "Wait as long as Retry-After says."),
    Kind("locked_out", 429, "Too many wrong log-ins", "Wait as long as Retry-After says."),
    Kind("head_too_large", 431, "The head of the request is too large", "Send fewer or shorter headers."),
    Kind("server_error", 500, "Something went wrong on our side", "Tell us the `instance`."),
    Kind("busy", 503, "Somebody else is changing it", "Wait as long as Retry-After says."),
    Kind("too_slow", 503, "That took too long", "Wait as long as Retry-After says."),
    Kind("crowded", 503, "We are very busy", "Wait as long as Retry-After says."),
    Kind("no_room", 503, "We have run out of storage", "Wait as long as Retry-After says."),
    Kind("maintenance", 503, "The helpdesk is closed for maintenance", "Wait as long as Retry-After says."),
    Kind("database_away", 503, "Something we depend on is not answering", "Wait as long as Retry-After says."),
)  # fmt: skip
BY_CODE: Final[Mapping[str, Kind]] = {kind.code: kind for kind in KINDS}
#: What an error is taken for that tells no code of its own; the first of a status in the list.
BY_STATUS: Final[Mapping[int, str]] = {kind.status: kind.code for kind in reversed(KINDS)} | {
    400: "bad_request", 503: "database_away",
}  # fmt: skip


def told(code: str, message: str, errors: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """What somebody who makes an error says; ``problem`` makes the whole of it."""
    return {"code": code, "message": message, "errors": dict(errors or {})}


def problem(status: int, said: Mapping[str, Any], instance: str) -> dict[str, Any]:
    """The whole problem. ``said`` is what ``told`` gives, or anything else; ``instance`` names this one occurrence."""
    code = str(said.get("code") or BY_STATUS.get(status, f"http_{status}"))
    kind = BY_CODE.get(code)
    title = kind.title if kind else HTTPStatus(status).phrase
    detail = str(said.get("message") or said.get("detail") or f"{title}.")
    errors = said.get("errors")
    return {
        "type": kind.type if kind else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "message": detail,
        "errors": errors if isinstance(errors, dict) else {},
        "violations": said.get("violations", []),
    }


def read(content: bytes) -> Mapping[str, Any]:
    """What the maker of an error said, if it was said as JSON."""
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def written(status: int, said: Mapping[str, Any], instance: str) -> bytes:
    return json.dumps(problem(status, said, instance), ensure_ascii=False).encode(errors="replace")
