"""One set of searches for both databases: what each finds, for whom, and in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tickets.access import Viewer
from tickets.intake.history import PastTicket, save_past_tickets
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Message, Ticket
from tickets.search import catch_up, find, folding, index, snippets
from tickets.search.models import Backfill, Entry
from tickets.search.query import SearchRefused, SearchTooSlow

pytestmark = pytest.mark.django_db


def ticket(subject: str = "Hello", body: str = "Nothing special", **facts) -> Ticket:
    who = {"guest_email": "guest@example.org", "guest_name": "Gwen Guest"}
    return submit_ticket(Submission(subject=subject, body=body, **(who | facts)))


def found(text: str, viewer: Viewer, tickets=None, **how) -> list[str]:
    """Subjects of what is found, best first."""
    rows = Ticket.objects.all() if tickets is None else tickets
    ids = find.search(rows, text, viewer, **how).ids
    known = Ticket.objects.in_bulk(ids)
    return [known[pk].subject for pk in ids]


@pytest.fixture
def desk(agent) -> Viewer:
    return Viewer(agent)


#: What is typed → the subject of the one ticket it finds.
CASES = [
    ("Müllerová", "Person"),
    ("mullerova", "Person"),
    ("MÜLLER", "Person"),
    ("žofie", "Person"),
    ("ullerov", "Person"),  # in the middle of a name
    ("zofie@obchod-kvetiny.example", "Person"),
    ("kvetiny", "Person"),
    ("@obchod-kvet", "Person"),
    ("bchod-kve", "Person"),
    ("äpfel", "Grosse ÄPFEL"),
    ("Apfel", "Grosse ÄPFEL"),
    ("große", "Grosse ÄPFEL"),
    ("ЗАКАЗ", "заказ не пришёл"),
    ("пришел", "заказ не пришёл"),
    ("退款问题", "请问退款问题"),
    ("退款", "请问退款问题"),
    ("ΟΔΟΣ", "οδός"),
    ("सहायता", "मुझे सहायता चाहिए"),
    ("turquoise", "Colour"),
    ("turquo", "Colour"),
    ('"turquoise lamp"', "Colour"),
    ("lamp turquoise", "Colour"),
    ("turquoise -sofa", "Colour"),
    ("turquoise hello@lamps.example", "Colour"),
    ("order 88-4120", "Colour"),
]


@pytest.fixture
def shelf(db) -> dict[str, Ticket]:
    made = [
        ticket("Person", guest_name="Žofie Müllerová", guest_email="zofie@obchod-kvetiny.example"),
        ticket("Grosse ÄPFEL"),
        ticket("заказ не пришёл"),
        ticket("请问退款问题"),
        ticket("οδός"),
        ticket("मुझे सहायता चाहिए"),
        ticket("Colour", "I want the turquoise lamp of order 88-4120. Write to hello@lamps.example"),
        ticket("Sofa", "A turquoise sofa, and a lamp"),
    ]
    return {one.subject: one for one in made}


@pytest.mark.parametrize(("typed", "subject"), CASES)
def test_what_is_typed_finds_the_ticket_that_is_meant(shelf, desk, typed, subject):
    hits = found(typed, desk)
    assert subject in hits
    assert len(hits) == (2 if typed in {"turquoise", "turquo", "lamp turquoise"} else 1)


@pytest.mark.parametrize(
    "typed", ["zebra", "urquois", '"lamp turquoise"', "turquoise -lamp", "पानी", "ki", "'; DROP", '"']
)
def test_what_is_nowhere_finds_nothing(shelf, desk, typed):
    if typed == '"':  # nothing is asked for: everything is shown
        assert len(found(typed, desk)) == len(shelf)
    else:
        assert found(typed, desk) == []


def test_a_reference_is_found_whole_by_its_parts_and_by_its_sign(shelf, desk):
    wanted = shelf["Sofa"]
    first, middle, last = wanted.reference.split("-")
    for typed in (
        wanted.reference, wanted.reference.lower(), wanted.reference.replace("-", ""), f"#{wanted.reference}",
        f"#{first}", middle, f"{middle}-{last}", f"{first} {middle}", last.lower(), f"#{middle[1:]}{last[:2]}",
    ):  # fmt: skip
        assert "Sofa" in found(typed, desk)[:2], typed


def test_the_reference_typed_whole_stands_first(shelf, desk):
    wanted = shelf["Sofa"]
    ticket("Copy", f"{wanted.reference} {wanted.reference} {wanted.reference}")
    assert found(wanted.reference, desk)[0] == "Sofa"


def test_a_word_in_the_subject_comes_before_one_in_the_text(desk):
    ticket("Kettle", "It hums")
    ticket("Other", "There is a kettle somewhere in what I wrote, among other things")
    assert found("kettle", desk) == ["Kettle", "Other"]


def test_no_phrase_reaches_from_one_message_into_the_next(desk, agent):
    one = ticket("Ends here", "the last word is copper")
    one.reply("Kettle is our first word", author=agent)
    assert found('"copper kettle"', desk) == []
    assert found("copper kettle", desk) == ["Ends here"]


def test_words_of_every_kind_of_message_are_found_at_once(desk, agent, requester):
    one = ticket("Kept", "first", requester=requester)
    one.reply("second gherkin", author=agent)
    one.note("third marmalade", author=agent)
    one.reply("fourth pumpernickel", author=requester)
    for word in ("first", "gherkin", "marmalade", "pumpernickel", "gherkin pumpernickel"):
        assert found(word, desk) == ["Kept"], word


def test_a_requester_finds_their_own_and_no_note(agent, requester, stranger):
    mine = ticket("Mine", "about gherkins", requester=requester)
    ticket("Theirs", "about gherkins", requester=stranger)
    mine.note("do not tell: marmalade", author=agent)
    viewer = Viewer(requester)
    own = Ticket.objects.all().for_requester(requester)
    assert found("gherkins", viewer, own) == ["Mine"]
    assert found("marmalade", viewer, own) == []
    assert found("gherkins -marmalade", viewer, own) == ["Mine"]
    asked = find.read("marmalade", staff=False)
    assert snippets.snippets([mine.pk], asked, notes=False) == {}


def test_an_agent_among_their_own_tickets_is_a_requester(agent, other_agent):
    mine = ticket("Mine", "about gherkins", requester=agent)
    mine.note("they are difficult", author=other_agent)
    own = Ticket.objects.all().for_requester(agent)
    assert found("difficult", Viewer(agent), own, staff=False) == []
    assert found("difficult", Viewer(agent), own) == ["Mine"]


# --- filters -----------------------------------------------------------------------------------------------


def test_filters_narrow_by_state_person_and_day(desk, agent, other_agent):
    old = ticket("Old", "gherkins")
    Ticket.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=40))
    own = ticket("Own", "gherkins", guest_name="Äbel Ärlig", guest_email="abel@north.example")
    own.assign(agent, actor=agent)
    ticket("New", "gherkins")
    long_ago = (timezone.localtime() - timedelta(days=39)).date().isoformat()
    for typed, subjects in {
        "gherkins status:team": {"Own"},
        "gherkins status:new,team": {"Own", "New", "Old"},
        "status:escalated": {"Own"},
        "from:ärlig": {"Own"},
        "from:abel@north.example": {"Own"},
        "from:north.ex": {"Own"},
        "assignee:me": {"Own"},
        "assignee:anna": {"Own"},
        "assignee:nobody gherkins": {"New", "Old"},
        "after:7d": {"Own", "New"},
        f"before:{long_ago}": {"Old"},
        "after:today gherkins": {"Own", "New"},
        "after:2019 before:2020-02": set(),
    }.items():
        assert set(found(typed, desk)) == subjects, typed


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("status:foo", "is no status. Use one of"),
        ("before:soon", "is no date. Write 2026-11-30"),
        ("after:2026-13", "is no date"),
        ("assignee:zorro", "No agent's name"),
        ("from:", "Say what to look for behind “from:”"),
        ("x" * 201, "at most 200 characters"),
        ("a b c d e f g h i j k l m", "at most 12 words"),
    ],
)
def test_what_cannot_be_understood_says_what_to_write(desk, agent, typed, told):
    with pytest.raises(SearchRefused, match=told):
        found(typed, desk)


def test_what_looks_like_a_filter_and_is_none_is_a_word(desk, requester):
    ticket("Link", "see https://shop.example/a?b=c and Re: this", requester=requester)
    assert found("https://shop.example/a?b=c", desk) == ["Link"]
    assert found("re:this", desk) == ["Link"]
    own = Ticket.objects.all().for_requester(requester)
    assert found("assignee:link", Viewer(requester), own) == []  # a word for those who have no such filter


# --- the index follows its rows ------------------------------------------------------------------------------


def test_the_index_row_goes_with_the_ticket(desk):
    gone = Ticket.objects.create(requester_email="gone@example.com", subject="Gone")
    Message.objects.create(ticket=gone, sender=Message.Sender.REQUESTER, body="gherkins")
    assert found("gherkins", desk) == ["Gone"]
    gone.delete()
    assert not Entry.objects.exists()
    tables = ["search_entry"] if connection.vendor == "postgresql" else ["search_words", "search_parts"]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)


def test_words_that_are_taken_back_or_changed_are_not_found(desk, agent):
    one = ticket("Kept", "first gherkin")
    second = one.reply("second marmalade", author=agent)
    second.delete()
    assert found("marmalade", desk) == []
    first = one.messages.get()
    first.body = "erased"
    first.save(update_fields=["body"])
    one.requester_name = "Somebody Else"
    one.save(update_fields=["requester_name"])
    assert found("gherkin", desk) == found("gwen", desk) == []
    assert found("erased somebody", desk) == ["Kept"]


def test_past_tickets_are_found(desk):
    past = PastTicket(
        external_id="1", subject="Past", body="gherkins", reply="pumpernickel", requester_email="p@example.com",
        created_at=timezone.now(),
    )  # fmt: skip
    save_past_tickets([past])
    assert found("pumpernickel", desk) == ["Past"]


def test_the_worker_indexes_what_is_there_already_newest_first(desk, monkeypatch):
    for number in range(5):
        ticket(f"T{number}", "gherkins")
    Entry.objects.all().delete()
    assert found("gherkins", desk) == []
    monkeypatch.setattr(catch_up, "BATCH", 2)
    catch_up.start_over()
    assert catch_up.next_batch() == 2
    assert found("gherkins", desk) == ["T4", "T3"]
    catch_up.backfill()
    assert len(found("gherkins", desk)) == 5
    assert Backfill.objects.get().below == 0
    assert catch_up.next_batch() == 0


def test_a_ticket_of_endless_new_words_is_indexed_as_far_as_it_fits(desk, agent, monkeypatch):
    monkeypatch.setattr(index, "MOST_LEXEMES", 50)
    monkeypatch.setattr(index, "MOST_CHARS", 300)
    one = ticket("Long", " ".join(f"alpha{number}" for number in range(60)))
    for start in range(4):
        one.reply(" ".join(f"beta{start}x{number}" for number in range(40)), author=agent)
    assert found("alpha3", desk) == ["Long"]
    assert found("beta3x39", desk) == []


def test_a_message_of_the_largest_size_can_be_kept(desk, agent):
    one = ticket("Huge", "x")
    for start in range(3):
        one.reply("".join(f"{chr(0x4E00 + start * 7000 + at % 6000)}" for at in range(99_000)), author=agent)
    index.index_tickets([one.pk])
    assert found("huge", desk) == ["Huge"]


# --- bounds -------------------------------------------------------------------------------------------------


def test_older_matches_than_are_ranked_are_owned_up_to(desk, monkeypatch):
    monkeypatch.setattr(find, "CANDIDATES", 2)
    for number in range(3):
        ticket(f"T{number}", "gherkins")
    result = find.search(Ticket.objects.all(), "gherkins", desk)
    assert (len(result.ids), result.more) == (2, True)
    assert not find.search(Ticket.objects.all(), "gherkins before:2020", desk).more


def test_a_search_that_takes_too_long_is_stopped_and_says_so(desk):
    with (
        pytest.raises(SearchTooSlow, match="Add a word"),
        find.time_limit(0.05),
        connection.cursor() as cursor,
    ):
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_sleep(5)")
        else:
            cursor.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            )
    assert Ticket.objects.count() == 0  # the connection works on, without a limit of ours


def test_queries_do_not_grow_with_what_is_found(desk, django_assert_num_queries):
    for number in range(find.ENOUGH):
        ticket(f"T{number}", "gherkins and much more")
    result = find.search(Ticket.objects.all(), "gherkins", desk)
    own = 3 if connection.vendor == "sqlite" else 8  # the time limit takes five
    with django_assert_num_queries(own):
        find.search(Ticket.objects.all(), "gherkins", desk)
    with django_assert_num_queries(1):
        snippets.snippets(result.ids, result.query, notes=True)


# --- snippets and words ----------------------------------------------------------------------------------------


def test_the_snippet_shows_the_place_with_the_word_marked(desk, agent):
    one = ticket("Long", f"{'filler words ' * 30}then the Türkis lamp\nbroke {'and more ' * 30}")
    asked = find.read("türkis", staff=True)
    pieces = snippets.snippets([one.pk], asked, notes=True)[one.pk]
    assert [piece.text for piece in pieces if piece.found] == ["Türkis"]
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("… ") and text.endswith(" …") and "the Türkis lamp broke" in text
    assert len(text) < 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("Łódź smørrebrød", ["lodz", "smorrebrod"]),
        ("İstanbul ılık", ["istanbul", "ilik"]),
        ("ﬁne ＡＢＣ", ["fine", "abc"]),
        ("한국어 지원", ["한국어", "지원"]),
        ("שָׁלוֹם", ["שלום"]),
        ("can't re-order_now", ["can", "t", "re", "order", "now"]),
        ("中", ["中"]),
        ("東京Tower", ["東京", "tower"]),
    ],
)
def test_words_are_compared_as_the_language_does(text, words):
    assert folding.words(text) == words
