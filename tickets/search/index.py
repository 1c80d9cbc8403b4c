"""The index of words: written with the rows it mirrors, in their transaction, one statement a message.

In the same transaction and not by a job, because then it is never behind, needs no worker, is undone with what failed
and costs less than the job's own row would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Substr

from tickets.conversation import Message
from tickets.models import Ticket
from tickets.search.folding import fold, words
from tickets.search.query import Query, Term

INDEXED_CHARS: Final = 20_000  # of one message
MOST_LEXEMES: Final = 8_000  # of one ticket: PostgreSQL refuses a tsvector beyond 1 MiB
MOST_CHARS: Final = 400_000  # of one ticket, on SQLite
LAST_POSITION: Final = 16_383  # PostgreSQL counts no further
BREAK: Final = " \ue000 "  # between messages: no phrase reaches over it
#: Weights of a tsvector. What requesters may not find has a letter of its own.
SUBJECT, PERSON, SAID, NOTED = "A", "B", "C", "D"
PUBLIC: Final = SUBJECT + PERSON + SAID
SHORTEST_PART: Final = 3  # letters that a trigram needs


@dataclass
class Content:
    """What is indexed of one ticket."""

    ticket_id: int
    person: str
    code: str
    subject: str
    said: list[str]
    noted: list[str]

    @classmethod
    def of(cls, ticket: Ticket) -> Content:
        """Without its messages."""
        person = " ".join(fold(f"{ticket.requester_name} {ticket.requester_email}").split())
        return cls(ticket.pk, person, fold(ticket.reference).replace("-", ""), ticket.subject, [], [])

    def add(self, kind: str, body: str) -> None:
        (self.noted if kind == Message.Kind.NOTE else self.said).append(body[:INDEXED_CHARS])


# --- writing --------------------------------------------------------------------------------------------


def add_message(message: Message) -> None:
    """Index what was just said; with it the ticket, if it is its first message."""
    content = Content.of(message.ticket)
    content.add(message.kind, message.body)
    if connection.vendor == "postgresql":
        _upsert([content], append=[_vector(content, only_messages=True)])
    else:
        _append_sqlite(content)


@transaction.atomic
def index_tickets(ids: Collection[int]) -> int:
    """Index these tickets anew from their rows; returns how many there are.

    Under their locks, which whoever writes on a ticket takes first: nothing said meanwhile is missed.
    """
    tickets = Ticket.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    contents = {ticket.pk: Content.of(ticket) for ticket in tickets}
    said = Message.objects.filter(ticket__in=contents).order_by("ticket_id", "id")
    shown = said.annotate(start=Substr("body", 1, INDEXED_CHARS)).values_list("ticket_id", "kind", "start")
    for ticket_id, kind, body in shown.iterator(chunk_size=500):
        contents[ticket_id].add(kind, body)
    if contents:
        _write(list(contents.values()))
    return len(contents)


def _write(contents: Sequence[Content]) -> None:
    if connection.vendor == "postgresql":
        _upsert(contents)
        return
    keys = [(content.ticket_id,) for content in contents]
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM search_entry WHERE ticket_id = %s", keys)  # the trigger does the rest
    for content in contents:
        _insert_sqlite(content)


def _upsert(contents: Sequence[Content], append: Sequence[str] | None = None) -> None:
    """PostgreSQL: rows made or replaced; ``append``: what is put behind the words that a known row has."""
    rows = [(one.ticket_id, one.person, one.code, _vector(one)) for one in contents]
    known = "words = excluded.words, person = excluded.person, code = excluded.code"
    more: list[str] = []
    if append is not None:
        known = (
            f"words = CASE WHEN length(search_entry.words) < {MOST_LEXEMES}"
            " THEN search_entry.words || %s::tsvector ELSE search_entry.words END"
        )
        more = list(append)
    places = ", ".join(["(%s, %s, %s, %s::tsvector)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO search_entry (ticket_id, person, code, words) VALUES {places}"  # noqa: S608
            f" ON CONFLICT (ticket_id) DO UPDATE SET {known}",
            [*(value for row in rows for value in row), *more],
        )


def _vector(content: Content, *, only_messages: bool = False) -> str:
    """The tsvector in PostgreSQL's notation; fields and messages are a position apart."""
    head = (
        []
        if only_messages
        else [(SUBJECT, content.subject), (PERSON, content.person), (PERSON, content.code)]
    )
    fields = [*head, *((SAID, text) for text in content.said), *((NOTED, text) for text in content.noted)]
    places: dict[str, list[str]] = {}
    position = 1
    for weight, text in fields:
        position += 1
        for word in words(text):
            if word in places or len(places) < MOST_LEXEMES:
                places.setdefault(word, []).append(f"{min(position, LAST_POSITION)}{weight}")
            position += 1
    return " ".join(f"'{word}':{','.join(at[:255])}" for word, at in places.items())


def _plain(texts: Iterable[str]) -> str:
    return BREAK.join(" ".join(words(text)) for text in texts)[:MOST_CHARS]


def _insert_sqlite(content: Content) -> None:
    known: list[int | str] = [content.ticket_id, content.person, content.code]
    person = " ".join(words(content.person))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO search_entry (ticket_id, person, code) VALUES (%s, %s, %s)", known)
        cursor.execute("INSERT INTO search_parts (rowid, person, code) VALUES (%s, %s, %s)", known)
        cursor.execute(
            "INSERT INTO search_words (rowid, subject, person, said, noted) VALUES (%s, %s, %s, %s, %s)",
            [content.ticket_id, _plain([content.subject]), f"{person}{BREAK}{content.code}",
             _plain(content.said), _plain(content.noted)],
        )  # fmt: skip


def _append_sqlite(content: Content) -> None:
    said, noted = _plain(content.said), _plain(content.noted)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE search_words SET said = CASE WHEN length(said) < %s THEN said || %s ELSE said END,"
            " noted = CASE WHEN length(noted) < %s THEN noted || %s ELSE noted END WHERE rowid = %s",
            [MOST_CHARS, said and BREAK + said, MOST_CHARS, noted and BREAK + noted, content.ticket_id],
        )
        if not cursor.rowcount:
            _insert_sqlite(content)


# --- asking ---------------------------------------------------------------------------------------------


def holds(query: Query, *, notes: bool, parts: bool) -> Q:
    """The condition on tickets that the terms of ``query`` set; notes are looked at only if asked.

    With ``parts`` a term may also stand inside a name, an address or a reference: that costs several times as much.
    """
    found = _code_holds(query.reference) if query.reference else Q()
    if not parts and query.sought:
        return found & _among(*_whole(query, notes=notes))
    for term in query.terms:
        one = _among(*_single(term, notes=notes))
        if term.excluded:
            found &= ~one
            continue
        if (term.open or "@" in term.part) and len(term.part) >= SHORTEST_PART:
            one |= _part_holds("person", term.part)
            if not term.in_person and len(term.code) >= SHORTEST_PART:
                one |= _code_holds(term.code)
        found &= one
    return found


def newest(tickets: QuerySet[Ticket], query: Query, *, notes: bool, parts: bool) -> QuerySet[Ticket]:
    """Those that match, newest first. On SQLite words alone are read backwards from the index, as far as needed."""
    if connection.vendor == "postgresql" or parts or not query.sought:
        return tickets.filter(holds(query, notes=notes, parts=parts)).order_by("-pk")
    found = tickets.filter(_code_holds(query.reference)) if query.reference else tickets
    return found.order_by().extra(  # the text is ours, the value a parameter
        tables=["search_words"],
        where=["search_words.rowid = tickets_ticket.id", "search_words MATCH %s"],
        params=[match_all(query, notes=notes)],
        order_by=["-search_words.rowid"],
    )


def _whole(query: Query, *, notes: bool) -> tuple[str, str]:
    if connection.vendor != "postgresql":
        return "SELECT rowid FROM search_words WHERE search_words MATCH %s", match_all(query, notes=notes)
    terms = [f"{'!' if term.excluded else ''}({tsquery(term, notes=notes)})" for term in query.terms]
    return "SELECT ticket_id FROM search_entry WHERE words @@ %s::tsquery", " & ".join(terms)


def _single(term: Term, *, notes: bool) -> tuple[str, str]:
    if connection.vendor != "postgresql":
        return "SELECT rowid FROM search_words WHERE search_words MATCH %s", match(term, notes=notes)
    return "SELECT ticket_id FROM search_entry WHERE words @@ %s::tsquery", tsquery(term, notes=notes)


def _code_holds(part: str) -> Q:
    return _part_holds("code", part)


def _part_holds(column: str, part: str) -> Q:
    if connection.vendor == "postgresql" or len(part) < SHORTEST_PART:
        pattern = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        escape = "" if connection.vendor == "postgresql" else " ESCAPE '\\'"
        return _among(f"SELECT ticket_id FROM search_entry WHERE {column} LIKE %s{escape}", pattern)  # noqa: S608
    quoted = part.replace('"', '""')
    return _among("SELECT rowid FROM search_parts WHERE search_parts MATCH %s", f'{column} : "{quoted}"')


def _among(select: str, value: str) -> Q:
    return Q(pk__in=RawSQL(select, [value]))  # noqa: S611  # the text is ours, the value a parameter


def tsquery(term: Term, *, notes: bool) -> str:
    """The term in PostgreSQL's notation. Words hold letters and digits only, so nothing can break out."""
    weights = PERSON if term.in_person else "" if notes else PUBLIC
    last = len(term.words) - 1
    marks = [("*" if term.open and at == last else "") + weights for at in range(len(term.words))]
    parts = [f"'{word}'" + (f":{mark}" if mark else "") for word, mark in zip(term.words, marks, strict=True)]
    return " <-> ".join(parts)


def match(term: Term, *, notes: bool, column: str = "") -> str:
    """The term in FTS5's notation, in one ``column`` or in all that may be looked at."""
    column = "person" if term.in_person else column
    columns = f"{column} : " if column else "" if notes else "{subject person said} : "
    return f'{columns}"{" ".join(term.words)}"' + (" *" if term.open else "")


def match_all(query: Query, *, notes: bool) -> str:
    """All terms and none of the excluded, in FTS5's notation."""
    wanted = " AND ".join(f"({match(term, notes=notes)})" for term in query.sought)
    excluded = "".join(f" NOT ({match(term, notes=notes)})" for term in query.terms if term.excluded)
    return f"({wanted}){excluded}" if excluded else wanted


#: What a term in the subject or the requester's name adds on SQLite, where the texts of all results hold it anyway.
_COLUMN_WEIGHTS: Final = {"subject": 10.0, "person": 6.0}


def ranks(ids: Sequence[int], query: Query, *, notes: bool) -> dict[int, float]:
    """How well each of these tickets fits, larger is better; those found by a part of a name are absent or 0.

    A word in the subject weighs most, then one in the requester's name. PostgreSQL's ts_rank also counts how often;
    FTS5's bm25 would read every row that holds the word, so SQLite only asks where it stands.
    """
    if not ids or not query.sought:
        return {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            asked = " | ".join(f"({tsquery(term, notes=notes)})" for term in query.sought)
            cursor.execute(
                "SELECT ticket_id, ts_rank('{0.1, 0.2, 0.6, 1.0}', words, %s::tsquery, 1) FROM search_entry"
                " WHERE ticket_id = ANY(%s)",
                [asked, list(ids)],
            )
            return dict(cursor.fetchall())
        whole = match_all(query, notes=notes)
        parts = [
            (weight, f"({match(term, notes=notes, column=column)}) AND ({whole})")
            for term in query.sought
            for column, weight in _COLUMN_WEIGHTS.items()
        ]
        one = "SELECT rowid, %s FROM search_words WHERE search_words MATCH %s AND rowid BETWEEN %s AND %s"
        values = [value for weight, terms in parts for value in (weight, terms, min(ids), max(ids))]
        cursor.execute(" UNION ALL ".join([one] * len(parts)), values)
        weights: dict[int, float] = defaultdict(float)
        for ticket_id, weight in cursor.fetchall():
            weights[ticket_id] += weight
        return weights
