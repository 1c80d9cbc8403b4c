"""One ticket, one macro and one article as each API tells them, written after their documentation."""

from __future__ import annotations

import base64
from typing import Any

ASKED, ANSWERED, NOTED = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "2026-03-01T11:30:00Z"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
QUESTION, ANSWER, NOTE = "My kettle leaks. Order 48213.", "We send you another one.", "Third one this week."


def zendesk(url: str) -> dict[str, Any]:
    users = [
        {"id": 7, "name": "Rita Moor", "email": "Rita@Example.com"}, {"id": 9, "name": "Anna Agent", "email": "anna@example.com"},
    ]  # fmt: skip
    return {
        "/api/v2/incremental/tickets/cursor.json?start_time=0&include=users": {
            "tickets": [
                {"id": 35, "subject": "Kettle", "status": "solved", "requester_id": 7, "created_at": ASKED, "tags": ["kettle", "topic_broken"]},
                {"id": 36, "subject": "Gone", "status": "deleted", "requester_id": 7, "created_at": ASKED},
            ],
            "users": users, "after_url": f"{url}/api/v2/second", "end_of_stream": False,
        },
        "/api/v2/second": {"tickets": [], "users": [], "end_of_stream": True},
        "/api/v2/tickets/35/comments.json?include=users": {
            "comments": [
                {"id": 1, "author_id": 7, "plain_body": QUESTION, "public": True, "created_at": ASKED,
                 "attachments": [{"file_name": "leak.png", "content_url": f"{url}/files/leak.png"}]},
                {"id": 2, "author_id": 9, "plain_body": ANSWER, "public": True, "created_at": ANSWERED},
                {"id": 3, "author_id": 9, "plain_body": NOTE, "public": False, "created_at": NOTED},
            ],
            "users": users, "next_page": None,
        },
        "/files/leak.png": PNG,
        "/api/v2/macros.json": {"macros": [{"id": 1, "title": "Another kettle", "actions": [
            {"field": "comment_value", "value": ANSWER}, {"field": "status", "value": "solved"}]}], "next_page": None},
        "/api/v2/help_center/articles.json": {"articles": [{"id": 1, "title": "Leaks", "body": "<p>Empty it.</p><p>Call us.</p>", "locale": "en-us"}]},
    }  # fmt: skip


def freshdesk(url: str) -> dict[str, Any]:
    return {
        "/api/v2/tickets?include=requester,description&order_by=updated_at&order_type=asc&updated_since=1970-01-01T00:00:00Z&per_page=100": [
            {"id": 35, "subject": "Kettle", "status": 4, "description_text": QUESTION, "created_at": ASKED, "updated_at": NOTED,
             "requester": {"name": "Rita Moor", "email": "rita@example.com"}, "tags": ["kettle", "topic_broken"],
             "attachments": [{"name": "leak.png", "attachment_url": f"{url}/files/leak.png"}]},
            {"id": 36, "subject": "Buy", "status": 2, "spam": True},
        ],
        "/api/v2/tickets?include=requester,description&order_by=updated_at&order_type=asc&updated_since=1970-01-01T00:00:00Z&per_page=100&page=2": [],
        "/api/v2/tickets/35/conversations?per_page=100": [
            {"id": 2, "body_text": ANSWER, "incoming": False, "private": False, "created_at": ANSWERED, "from_email": "anna@example.com"},
            {"id": 3, "body_text": NOTE, "incoming": False, "private": True, "created_at": NOTED},
        ],
        "/files/leak.png": PNG,
        "/api/v2/canned_response_folders": [{"id": 5, "name": "All"}],
        "/api/v2/canned_response_folders/5/responses": [{"id": 1, "title": "Another kettle", "content": ANSWER}],
        "/api/v2/solutions/categories": [{"id": 1}],
        "/api/v2/solutions/categories/1/folders": [{"id": 2}],
        "/api/v2/solutions/folders/2/articles": [{"id": 1, "title": "Leaks", "description_text": "Empty it.\n\nCall us."}],
    }  # fmt: skip


def zammad(url: str) -> dict[str, Any]:
    return {
        "/api/v1/tickets?expand=true&per_page=100&page=2": [],
        "/api/v1/tickets?expand=true&per_page=100": [
            {"id": 35, "number": "22035", "title": "Kettle", "state": "closed", "customer": "rita@example.com", "created_at": ASKED},
            {"id": 36, "title": "Nothing", "state": "open", "customer": "rita@example.com", "created_at": ASKED},
        ],
        "/api/v1/ticket_articles/by_ticket/36": [],
        "/api/v1/tags?object=Ticket&o_id=36": {"tags": []},
        "/api/v1/ticket_articles/by_ticket/35": [
            {"id": 1, "sender": "Customer", "from": "Rita Moor <rita@example.com>", "body": f"<div>{QUESTION}</div>", "internal": False,
             "created_at": ASKED, "attachments": [{"id": 8, "filename": "leak.png"}]},
            {"id": 2, "sender": "Agent", "from": "Support", "body": ANSWER, "internal": False, "created_at": ANSWERED, "created_by": "anna@example.com"},
            {"id": 3, "sender": "Agent", "from": "Support", "body": NOTE, "internal": True, "created_at": NOTED},
        ],
        "/api/v1/ticket_attachment/35/1/8": PNG,
        "/api/v1/tags?object=Ticket&o_id=35": {"tags": ["kettle", "topic_broken"]},
        "/api/v1/text_modules?per_page=100": [{"id": 1, "name": "Another kettle", "content": ANSWER}],
        "/api/v1/text_modules?per_page=100&page=2": [],
    }  # fmt: skip


def _hal(tickets: str, file: dict[str, Any], customer: dict[str, Any], tag: str, who: str) -> dict[str, Any]:
    threads = [
        {"id": 1, "type": "customer", "body": QUESTION, "createdAt": ASKED, "_embedded": {"attachments": [file]}},
        {"id": 9, "type": "lineitem", "createdAt": ASKED},
        {"id": 2, "type": who, "body": f"<p>{ANSWER}</p>", "createdAt": ANSWERED, "createdBy": {"email": "anna@example.com"}},
        {"id": 3, "type": "note", "body": NOTE, "createdAt": NOTED},
    ]  # fmt: skip
    first = {
        "id": 35, "subject": "Kettle", "status": "closed", "createdAt": ASKED, **customer, "_embedded": {"threads": threads},
        "tags": [{tag: "kettle"}, {tag: "topic_broken"}],
    }  # fmt: skip
    second = {"id": 36, "subject": "Buy", "status": "spam", "createdAt": ASKED, **customer}
    return {
        tickets: {"_embedded": {"conversations": [first]}, "page": {"totalPages": 2, "number": 1}},
        f"{tickets}&page=2": {
            "_embedded": {"conversations": [second]},
            "page": {"totalPages": 2, "number": 2},
        },
    }


def freescout(url: str) -> dict[str, Any]:
    customer = {"customer": {"email": "rita@example.com", "firstName": "Rita", "lastName": "Moor"}}
    file = {"id": 8, "fileName": "leak.png", "fileUrl": f"{url}/files/leak.png"}
    told = _hal("/api/conversations?embed=threads&pageSize=50", file, customer, "name", "message")
    return told | {"/files/leak.png": PNG}


def helpscout(url: str) -> dict[str, Any]:
    customer = {"primaryCustomer": {"email": "rita@example.com", "first": "Rita", "last": "Moor"}}
    told = _hal(
        "/v2/conversations?embed=threads&status=all",
        {"id": 8, "filename": "leak.png"},
        customer,
        "tag",
        "reply",
    )
    return told | {"/v2/conversations/35/attachments/8/data": {"data": base64.b64encode(PNG).decode()}}


APIS = {
    "zendesk": zendesk,
    "freshdesk": freshdesk,
    "zammad": zammad,
    "freescout": freescout,
    "helpscout": helpscout,
}
#: Macros and articles that the API tells of; the others have none to read.
BESIDE = {"zendesk": (1, 1), "freshdesk": (1, 1), "zammad": (1, 0), "freescout": (0, 0), "helpscout": (0, 0)}
OSTICKET = {
    "number": "100035", "subject": "Kettle", "email": "rita@example.com", "name": "Rita Moor", "status": "closed", "created": ASKED,
    "topic": "topic_broken",
    "thread": [
        {"type": "M", "body": QUESTION, "created": ASKED, "files": [{"name": "leak.png", "key": "leak.png"}]},
        {"type": "R", "body": f"<b>{ANSWER}</b>", "created": ANSWERED, "email": "anna@example.com"},
        {"type": "N", "body": NOTE, "created": NOTED},
    ],
}  # fmt: skip
