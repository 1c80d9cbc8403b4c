"""The same search at its three faces: the desk's list, the API, a requester's own tickets."""

from __future__ import annotations

import pytest

from tickets.models import Ticket
from tickets.search import find
from triage.models import Decision, Intent

pytestmark = pytest.mark.django_db

QUEUE = "/admin/tickets/ticket/"


def listed(response) -> list[str]:
    return [row.ticket.subject for row in response.context["rows"]]


def test_the_desk_finds_people_words_and_notes_and_shows_the_place(web, agent, submit):
    ticket = submit(subject="Lamp", body="The Türkis one flickers", guest_name="Žofie Müller")
    ticket.note("call her about marmalade", author=agent)
    submit(subject="Other", body="nothing of it")
    browser = web(agent)
    for words in (
        "türkis",
        "MULLER",
        "marmalade",
        ticket.reference,
        f"#{ticket.reference[:4]}",
        "from:zofie",
    ):
        assert listed(browser.get(QUEUE, {"q": words})) == ["Lamp"], words
    page = browser.get(QUEUE, {"q": "turkis"}).content.decode()
    assert "The <mark>Türkis</mark> one flickers" in page


def test_nothing_found_at_the_desk_shows_how_to_search(web, agent, submit):
    submit(subject="Lamp")
    page = web(agent).get(QUEUE, {"q": "<zebra>"}).content.decode()
    assert "Nothing found for “&lt;zebra&gt;”" in page
    for example in ("status:waiting", "assignee:me", "intent:refund", "before:"):
        assert example in page


def test_the_desk_says_what_is_wrong_with_a_search(web, agent, submit):
    submit()
    response = web(agent).get(QUEUE, {"q": "status:foo"})
    assert response.status_code == 200
    assert "is no status. Use one of" in response.content.decode()


def test_the_desk_owns_up_to_matches_it_did_not_look_at(web, agent, submit, monkeypatch):
    monkeypatch.setattr(find, "CANDIDATES", 1)
    submit(subject="Lamp one")
    submit(subject="Lamp two")
    page = web(agent).get(QUEUE, {"q": "lamp"}).content.decode()
    assert "the best of the newest 1 match" in page


def test_a_view_of_the_queue_narrows_the_search(web, agent, submit):
    mine = submit(subject="Lamp mine")
    mine.assign(agent, actor=agent)
    submit(subject="Lamp other")
    assert listed(web(agent).get(QUEUE, {"q": "lamp", "queue": "my"})) == ["Lamp mine"]
    assert len(listed(web(agent).get(QUEUE, {"q": "lamp"}))) == 2


def test_tickets_are_found_by_what_they_are_about(web, agent, submit):
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund")
    ticket, _ = submit(subject="One"), submit(subject="Two")
    Decision.objects.filter(ticket=ticket).update(intent=intent)
    browser = web(agent)
    for words in ("intent:refund", "intent:track_refund", 'intent:"my refund"'):
        assert listed(browser.get(QUEUE, {"q": words})) == ["One"], words
    assert listed(browser.get(QUEUE, {"q": "intent:none"})) == ["Two"]
    ticket.decisions.get().correct(None, by=agent)
    assert len(listed(browser.get(QUEUE, {"q": "intent:none"}))) == 2
    assert "No intent is called" in browser.get(QUEUE, {"q": "intent:zebra"}).content.decode()


# --- API --------------------------------------------------------------------------------------------------


def found(response) -> list[str]:
    return [row["subject"] for row in response.json()["results"]]


def test_the_api_finds_words_for_whom_they_are_meant(api, agent, requester, stranger, submit):
    mine = submit(subject="Lamp", body="turquoise", requester=requester)
    submit(subject="Theirs", body="turquoise", requester=stranger)
    mine.note("marmalade", author=agent)
    for client, scope, words, subjects in (
        (api(requester), "own", "turquoise", ["Lamp"]),
        (api(requester), "all", "turquoise", ["Lamp"]),
        (api(requester), "all", "marmalade", []),
        (api(requester), "own", "status:closed turquoise", []),
        (api(agent), "own", "turquoise", []),
        (api(agent), "all", "turquoise", ["Theirs", "Lamp"]),
        (api(agent), "all", "marmalade from:rita", ["Lamp"]),
    ):
        for name in ("search", "q"):
            assert found(client.get("/api/tickets", {name: words, "scope": scope})) == subjects, (
                words,
                scope,
            )


def test_the_api_pages_through_all_that_is_found(api, agent, submit):
    for number in range(5):
        submit(subject=f"Lamp {number}")
    client, seen = api(agent), []
    url = "/api/tickets?search=lamp&scope=all&page_size=2"
    while url:
        answer = client.get(url)
        seen += found(answer)
        url = answer.json()["next"]
    assert seen == [f"Lamp {number}" for number in (4, 3, 2, 1, 0)]


def test_the_api_says_what_is_wrong_with_a_search(api, agent):
    answer = api(agent).get("/api/tickets", {"search": "before:soon"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "search"
    assert "Write 2026-11-30" in answer.json()["message"]


# --- a requester's own -----------------------------------------------------------------------------------


def test_a_requester_searches_what_was_said_on_their_tickets(web, agent, requester, stranger, submit):
    mine = submit(subject="Lampe", body="Grüße: der ÄPFEL-Korb fehlt", requester=requester)
    submit(subject="Theirs", body="äpfel", requester=stranger)
    mine.note("marmalade", author=agent)
    browser = web(requester)

    def subjects(words: str) -> list[str]:
        shown: list[Ticket] = browser.get("/tickets/", {"q": words}).context["tickets"]
        return [ticket.subject for ticket in shown]

    assert subjects("apfel") == subjects("äpfel korb") == ["Lampe"]
    assert subjects("marmalade") == []
