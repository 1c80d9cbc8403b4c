"""My tickets and the home page: own rows only, filter, search, keyset pages, constant cost."""

from __future__ import annotations

import pytest

from tickets.models import Status, Ticket
from tickets.search.index import index_tickets
from tickets.web.views import PAGE_SIZE

pytestmark = pytest.mark.django_db

LIST = "/tickets/"


def make(owner, count: int = 1, status: Status = Status.ESCALATED, subject: str = "Refund") -> list[Ticket]:
    return [
        Ticket.objects.create(
            requester=owner, requester_email=owner.email, subject=f"{subject} {number}", status=status
        )
        for number in range(count)
    ]


def shown(response) -> list[str]:
    return [ticket.subject for ticket in response.context["tickets"]]


def test_a_guest_is_asked_to_log_in_first(web):
    assert web().get(LIST).url == "/accounts/login/?next=/tickets/"


def test_only_ones_own_tickets_are_there(web, requester, stranger, agent):
    make(requester, subject="Mine")
    make(stranger, subject="Theirs")
    assert shown(web(requester).get(LIST)) == ["Mine 0"]
    assert shown(web(agent).get(LIST)) == []


def test_nothing_yet_invites_to_write(web, requester):
    assert "No tickets yet" in web(requester).get(LIST).content.decode()


def test_nothing_found_offers_the_way_back(web, requester):
    make(requester)
    assert "No tickets match" in web(requester).get(LIST, {"q": "zebra"}).content.decode()


def test_the_pages_hold_every_ticket_once_newest_first(web, requester):
    make(requester, 2 * PAGE_SIZE + 3)
    browser, seen, before = web(requester), [], ""
    for _ in range(3):
        response = browser.get(LIST, {"before": before} if before else {})
        seen += shown(response)
        before = response.context["older"]
    assert seen == [f"Refund {number}" for number in reversed(range(2 * PAGE_SIZE + 3))]
    assert before == ""


def test_a_page_mark_of_a_strangers_ticket_is_ignored(web, requester, stranger):
    make(requester)
    (theirs,) = make(stranger)
    make(requester, subject="Later")
    assert len(shown(web(requester).get(LIST, {"before": theirs.reference}))) == 2


@pytest.mark.parametrize(
    ("show", "status"),
    [
        ("open", Status.OPEN),
        ("open", Status.ESCALATED),
        ("waiting", Status.PENDING),
        ("answered", Status.AUTO_RESOLVED),
        ("answered", Status.RESOLVED),
        ("closed", Status.CLOSED),
    ],
)
def test_each_tab_shows_its_states(web, requester, show, status):
    for state in Status:
        make(requester, status=state, subject=state.value)
    assert f"{status.value} 0" in shown(web(requester).get(LIST, {"show": show}))
    assert len(shown(web(requester).get(LIST, {"show": show}))) < len(Status)


def test_new_replies_are_those_that_were_not_looked_at(web, requester, agent, submit, engine):
    browser = web(requester)
    read, unread, _quiet = (submit(requester=requester, subject=f"Ticket {number}") for number in range(3))
    for ticket in (read, unread):
        browser.get(ticket.get_absolute_url())
        ticket.refresh_from_db()
        ticket.reply("Which order is it?", author=agent)
    browser.get(read.get_absolute_url())
    response = browser.get(LIST, {"show": "unread"})
    assert shown(response) == ["Ticket 1"]
    assert "New reply" in response.content.decode()


def test_search_finds_words_of_the_subject_in_any_case_and_references(web, requester):
    (wanted,) = make(requester, subject="Broken LAMP")
    other = make(requester, subject="Other")
    index_tickets([wanted.pk, other[0].pk])
    browser = web(requester)
    for words in ("lamp", wanted.reference.lower(), f" {wanted.reference[:6]} "):
        assert shown(browser.get(LIST, {"q": words})) == ["Broken LAMP 0"]


@pytest.mark.parametrize("query", [{"show": "nonsense"}, {"before": "X"}, {"q": "x" * 500}])
def test_an_odd_query_is_no_error(web, requester, query):
    assert web(requester).get(LIST, query).status_code == 200


def test_more_rows_cost_no_more_queries(web, requester, django_assert_num_queries):
    browser = web(requester)
    make(requester, 2)
    browser.get(LIST)
    with django_assert_num_queries(3):
        browser.get(LIST)
    make(requester, 3 * PAGE_SIZE)
    with django_assert_num_queries(3):  # session, user, tickets
        browser.get(LIST)


def test_home_shows_a_guest_what_this_browser_has_sent_and_nobody_else(web, submit, engine):
    browser = web()
    browser.post(
        "/tickets/new/", {"email": "gus@example.com", "body": "Where is it?", "subject": "My parcel"}
    )
    assert "My parcel" in browser.get("/").content.decode()
    assert "My parcel" not in web().get("/").content.decode()


def test_home_links_agents_to_their_desk_and_nobody_else(web, agent, requester):
    assert "Agents’ desk" in web(agent).get("/").content.decode()
    for browser in (web(requester), web()):
        assert "Agents’ desk" not in browser.get("/").content.decode()


def test_home_asks_no_database_for_a_guest(web, django_assert_num_queries):
    web().get("/")  # what it says of the working hours is kept for a minute
    with django_assert_num_queries(0):
        assert web().get("/").status_code == 200


def test_a_search_that_is_not_understood_says_what_to_write(web, requester):
    make(requester)
    page = web(requester).get(LIST, {"q": "before:soon"}).content.decode()
    assert "Write 2026-11-30" in page
