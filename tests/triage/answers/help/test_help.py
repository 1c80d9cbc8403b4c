"""The help centre and the answers beside the form: what is shown, what never is, and what it is counted by."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tickets.models import Ticket
from triage.answers import facts, house
from triage.answers.help import encounters, library, suggestions
from triage.answers.help.models import Article, Encounter, Unfound, Vote
from triage.answers.help.search import Index, Source
from triage.answers.help.texts import public_text, stripped
from triage.answers.letter import Letter
from triage.core.deciding.bounds import difference_limits
from triage.core.types import Assessment, Guard, Stance, StanceFound
from triage.learning import pack
from triage.models import Answer, Example, Intent

pytestmark = pytest.mark.django_db
LETTER = (
    "Hello {requester_name},\n\nYou can send it back within 30 days. Your reference is {ticket_reference}.\n\n"
    "1. Open **returns**.\n2. Print the label.\n\nIf not, {reply_hint}.\n\nThe {company} team"
)


def add(slug: str, title: str, text: str = LETTER, *, approve: bool = True, **facts: Any) -> Article:
    intent = Intent.objects.create(slug=slug, title=slug)
    Answer.objects.create(intent=intent, body=text, guest_body=facts.pop("guest", "")).approve(None)
    article = Article.objects.create(
        intent=intent, title=title, summary="In brief.", topic=facts.pop("topic", "Returns"), **facts
    )
    if approve:
        article.approve(None)
    return article


@pytest.fixture
def articles() -> None:
    add("return_item", "How do I return something?", order=1)
    add("track_refund", "Where is my refund?", "Hello {requester_name},\n\nRefunds take days.", order=2)


# --- What an article says ----------------------------------------------------------------------------


def test_a_letter_loses_what_speaks_to_one_person() -> None:
    assert stripped(LETTER) == (
        "You can send it back within 30 days.\n\n1. Open **returns**.\n2. Print the label.\n\nIf not, {reply_hint}."
    )
    text = public_text("", Letter("en", LETTER), house.House(), "en")
    assert text is not None
    assert "[write to us](http://testserver/tickets/new/)" in text


@pytest.mark.parametrize(
    ("letter", "known"),
    [
        (None, {}),
        (Letter("en", "It takes {delivery_days}."), {}),
        (Letter("en", "Log in.", guest="Write."), {}),
        (Letter("en", "Log in.", guest="Write."), {("accounts", ""): "no"}),
        (Letter("ja", "{reply_hint}"), {}),
    ],
)
def test_what_lacks_an_answer_a_fact_or_an_account_is_not_shown(letter: Letter | None, known: Any) -> None:
    assert public_text("", letter, house.House(known), letter.language if letter else "en") is None


def test_a_draft_a_retired_answer_and_an_unknown_word_are_no_pages(web, articles) -> None:
    add("cancel_order", "How do I cancel?", approve=False)
    assert web().get("/help/return_item/").status_code == 200
    assert {web().get(f"/help/{slug}/").status_code for slug in ("cancel_order", "nothing")} == {404}
    Answer.objects.get(intent__slug="return_item").retire()
    assert web().get("/help/return_item/").status_code == 404


def test_a_fact_taken_back_takes_the_article_away(web) -> None:
    add("delivery_period", "How long?", "It takes {delivery_days}.")
    assert web().get("/help/delivery_period/").status_code == 404
    facts.set_fact("delivery_days", "2-4", language="en", by=None)
    assert "2 to 4 working days" in web().get("/help/delivery_period/").content.decode()


def test_versions_follow_each_other_and_one_is_shown(web, articles) -> None:
    intent = Intent.objects.get(slug="return_item")
    second = Article.objects.create(
        intent=intent, title="Returning", summary="s", topic="Returns", body="Own text."
    )
    assert second.version == 2
    second.approve(None)
    assert list(intent.articles.order_by("version").values_list("state", flat=True)) == [
        "retired",
        "approved",
    ]
    page = web().get("/help/return_item/").content.decode()
    assert "Own text." in page
    assert "30 days" not in page
    with pytest.raises(ValidationError):
        Article.objects.create(intent=intent, title="x", summary="x", topic="x", body="{nothing}")


def test_the_pages_lead_on(web, articles) -> None:
    home = web().get("/help/").content.decode()
    assert "Returns" in home
    page = web().get("/help/return_item/?q=mine").content.decode()
    assert '<link rel="canonical" href="http://testserver/help/return_item/">' in page
    assert "<ol><li>Open <strong>returns</strong>.</li>" in page
    assert "/tickets/new/?question=mine" in page
    assert (
        "How do I return something?"
        in web().get("/help/", headers={"Accept-Language": "de"}).content.decode()
    )
    assert "http://testserver/help/return_item/" in web().get("/sitemap.xml").content.decode()
    assert "Disallow: /" in web().get("/robots.txt").content.decode()


# --- Search ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("returning a jacket", ["return"]),
        ("retrun", ["return"]),
        ("RMA please", ["return"]),
        ("refunds", ["refund"]),
        ("refu", ["refund"]),
        ("zebra quark", []),
        ("zebra quark return", []),
        ("", []),
        ("the of", []),
    ],
)
def test_search_forgives_forms_slips_and_other_names(words: str, found: list[str]) -> None:
    index = Index(
        [
            Source("return", "How do I return something?", "Send it back.", "Print the label.", ["rma"]),
            Source("refund", "Where is my refund?", "Money.", "It takes days.", []),
        ],
        "en",
    )
    assert index.find(words) == found


def test_words_of_other_languages_meet_by_their_beginning() -> None:
    index = Index([Source("r", "Wie sende ich etwas zurück?", "Rücksendung", "", [])], "de")
    assert index.find("Rücksendungen") == ["r"]


def test_people_find_articles_by_what_others_wrote_and_never_see_it(web, articles) -> None:
    Example.objects.create(text="my secret moonboots", intent=Intent.objects.get(slug="return_item"))
    page = web().get("/help/?q=moonboots").content.decode()
    assert "How do I return something?" in page
    assert "secret" not in page


def test_what_is_not_found_is_counted_without_whose_it_is_and_carried_into_the_form(web, articles) -> None:
    for _ in range(2):
        page = web().get("/help/", {"q": "Zebra 4711 of rita@example.com"}).content.decode()
    assert "No answer for" in page
    assert "/tickets/new/?question=Zebra+4711" in page
    assert list(Unfound.objects.values_list("words", "times")) == [("zebra #### of", 2)]


# --- Was it helpful? ---------------------------------------------------------------------------------------


def test_one_vote_a_session_with_a_word(web, articles) -> None:
    browser, path = web(), "/help/return_item/helpful/"
    browser.post(path, {"helpful": "yes"})
    browser.post(path, {"helpful": "no"})
    browser.post(path, {"comment": "Too <b>short</b>"})
    vote = Vote.objects.get()
    assert (vote.helpful, vote.comment, vote.version) == (False, "Too <b>short</b>", 1)
    assert "Thank you for telling us." in browser.get("/help/return_item/").content.decode()
    assert web().post(path, {"comment": "of nobody"}).status_code == 404


# --- Beside the form ----------------------------------------------------------------------------------------


SURE = {"intent": "return_item", "confidence": 0.9, "in_scope": True, "read_whole": True}


@pytest.mark.parametrize(
    ("change", "offered"),
    [
        ({}, ["return_item"]),
        ({"runner_up": "track_refund", "runner_up_confidence": 0.2}, ["return_item", "track_refund"]),
        ({"confidence": 0.3}, []),
        ({"confidence": float("nan")}, []),
        ({"in_scope": False}, []),
        ({"read_whole": False}, []),
        ({"guard": Guard("safety", "fire")}, []),
        ({"guard": Guard("person", "human")}, []),
        ({"stance": StanceFound(Stance.GRAVE, 0.1, topic="fire")}, []),
        ({"stance": StanceFound(Stance.SETTLED, 0.1)}, []),
        (
            {"several_questions": True, "asked": ("return_item", "track_refund")},
            ["return_item", "track_refund"],
        ),
    ],
)
def test_only_a_plain_asking_in_scope_is_offered_anything(change: dict[str, Any], offered: list[str]) -> None:
    assert list(suggestions.wanted(Assessment(**{**SURE, **change}))) == offered


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Assessment | None]:
    said: list[Assessment | None] = [Assessment(**SURE)]  # type: ignore[arg-type]
    monkeypatch.setattr(suggestions.runtime, "glance", lambda text, seconds: said[0])
    return said


def suggested(browser: Any, text: str = "How do I send back these shoes?") -> str:
    answer = browser.post("/help/suggestions/", {"body": text})
    assert answer.status_code == 200
    return answer.content.decode()


def test_that_solved_it_makes_no_ticket_and_counts(web, articles, reads, settings) -> None:
    settings.HELP_HELD_BACK_SHARE = 0.0
    browser = web()
    assert "How do I return something?" in suggested(browser)
    assert "nothing" not in suggested(browser, "Hi")
    assert "haven’t sent" in browser.post("/help/solved/", {"article": "return_item"}).content.decode()
    met = Encounter.objects.get()
    assert (met.shown, met.solved, met.asked, met.offered) == (True, "return_item", False, ["return_item"])
    assert not Ticket.objects.exists()
    assert "haven’t sent" not in browser.post("/help/solved/", {"article": "return_item"}).content.decode()


def test_whom_the_lot_holds_back_sees_none_and_is_counted(web, articles, reads, settings, engine) -> None:
    settings.HELP_HELD_BACK_SHARE = 1.0
    browser = web()
    assert suggested(browser).strip() == ""
    browser.post("/tickets/new/", {"body": "How do I return it?", "email": "g@example.com"})
    met = Encounter.objects.get()
    assert (met.shown, met.asked) == (False, True)
    assert browser.post("/help/solved/", {"article": "return_item"}).content.decode().strip() == ""


def test_the_next_form_is_another_encounter(web, articles, reads, settings, engine) -> None:
    settings.HELP_HELD_BACK_SHARE = 0.0
    browser = web()
    for number in (1, 2):
        suggested(browser)
        suggested(browser, "How can I return the shoes that I bought?")
        assert Encounter.objects.count() == number
        browser.post("/tickets/new/", {"body": f"Return number {number}", "email": "g@example.com"})
        assert Encounter.objects.filter(asked=True).count() == number


def test_asking_in_the_background_never_replaces_the_session(web, articles, reads, settings) -> None:
    """Its answer may come after that of the sent form, which opened the ticket to this session."""
    for share in (0.0, 1.0):
        settings.HELP_HELD_BACK_SHARE = share
        browser = web()
        suggested(browser)
        browser.post("/help/solved/", {"article": "return_item"})
        assert settings.SESSION_COOKIE_NAME not in browser.cookies
    assert Encounter.objects.count() == 2


def test_a_forged_encounter_is_none(web, articles, reads, settings) -> None:
    settings.HELP_HELD_BACK_SHARE = 0.0
    suggested(web())
    browser = web()
    browser.cookies[encounters.COOKIE] = str(Encounter.objects.get().pk)
    assert "haven’t sent" not in browser.post("/help/solved/", {"article": "return_item"}).content.decode()


@pytest.mark.parametrize("text", ["Wie schicke ich diese Schuhe wieder zurück?", "", "shoes", "x" * 10_000])
def test_no_answer_in_another_language_or_to_next_to_nothing(web, articles, reads, text: str) -> None:
    assert suggested(web(), text).strip() == ""
    assert not Encounter.objects.exists()


def test_a_busy_engine_and_a_full_limit_offer_nothing(web, articles, reads, settings) -> None:
    settings.HELP_HELD_BACK_SHARE = 0.0
    settings.LIMITS = {**settings.LIMITS, "suggest": {"address": (1, 60)}}
    browser = web()
    assert "return something" in suggested(browser)
    assert suggested(browser).strip() == ""
    reads[0] = None
    settings.LIMITS = {**settings.LIMITS, "suggest": {}}
    assert suggested(web()).strip() == ""


def test_both_pages_with_the_form_ask_for_suggestions(web) -> None:
    for path in ("/", "/tickets/new/"):
        assert 'hx-post="/help/suggestions/"' in web().get(path).content.decode()


def test_the_saving_is_the_difference_of_the_two_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    for shown, asked, number in ((True, True, 30), (True, False, 70), (False, True, 16), (False, False, 4)):
        Encounter.objects.bulk_create(Encounter(shown=shown, asked=asked) for _ in range(number))
    assert encounters.saving(90).saved is None  # they may still be writing
    monkeypatch.setattr(encounters, "SETTLED_AFTER", -encounters.SETTLED_AFTER)
    found = encounters.saving(90)
    assert found.saved == pytest.approx(0.5)
    assert found.low is not None
    assert 0.25 < found.low < 0.5 < (found.high or 0) < 0.7
    assert found.tickets is not None
    assert found.tickets[0] == 50


def test_newcombes_interval_is_that_of_his_paper() -> None:
    """R. Newcombe 1998, table II, case (a), method 10: 56/70 − 48/80 is 0.2, from 0.0524 to 0.3339."""
    assert difference_limits(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


# --- The pack and the admin --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "least"), [("en", 45), ("de", 28)])
def test_every_article_of_the_pack_has_its_intent_and_a_heading(language, least) -> None:
    read = pack.read_pack()
    known = {content["intent"] for content in read.intents}
    (shelf,) = (one for one in read.articles if one["language"] == language)
    listed = [article for topic in shelf["topics"] for article in topic["articles"]]
    assert len({article["intent"] for article in listed}) == len(listed) >= least
    assert {article["intent"] for article in listed} <= known


def test_articles_of_the_pack_come_once_and_as_drafts() -> None:
    read = pack.read_pack()
    for content in read.intents:
        Intent.objects.create(slug=content["intent"], title=content["intent"])
    assert pack.install_articles(read, approved=False) > 70
    assert not Article.objects.filter(state="approved").exists()
    assert pack.install_articles(read, approved=True) == 0


def test_all_german_articles_of_the_pack_are_shown_in_the_demos_house(web) -> None:
    """Their answers are drafts there: they bring the text along, without what belongs into a letter."""
    read = pack.read_pack()
    for content in read.intents:
        Intent.objects.create(slug=content["intent"], title=content["intent"])
    facts.set_all(pack.read_yaml(pack.STARTER / "house.yaml"), language="en", by=None)
    pack.install_articles(read, approved=True)
    shown = library.exactly("de").pages
    assert len(shown) == Article.objects.filter(language="de").count()
    for page in shown.values():
        assert not re.search(r"\{|Guten Tag|Ihr Team von|write to us", page.text), page.slug
        assert len(page.text) > 150, page.slug
    searched = {"Wo ist mein Paket?": "track_order", "paket nicht angekommen": "late_delivery", "einloggen geht nicht": "login_issue",
        "Geld zurück": "get_refund", "konto gehackt": "account_hacked", "öffnungszeiten": "store_hours_contact", "reklamation": "complaint",
        "paypal": "check_payment_methods"}  # fmt: skip
    assert {words: library.exactly("de").find(words)[0].slug for words in searched} == searched
    page = web().get("/help/", headers={"Accept-Language": "de"}).content.decode()
    assert "Mein Paket ist nicht angekommen" in page


def test_supervisors_approve_and_see_what_readers_do(web, supervisor, agent) -> None:
    article = add("return_item", "How do I return something?", approve=False)
    Unfound.note("zebra", "en")
    Vote.objects.create(slug="return_item", language="en", version=1, helpful=False, comment="<b>short</b>")
    browser = web(supervisor)
    page = browser.get(f"/admin/help/article/{article.pk}/change/").content.decode()
    assert "You can send it back" in page
    data = {"title": "New", "summary": "s", "topic": "t", "order": 1, "body": "", "help_article_approve": "1"}
    browser.post(f"/admin/help/article/{article.pk}/change/", data)
    article.refresh_from_db()
    assert (article.state, article.title, article.approved_by) == ("approved", "New", supervisor)
    readers = browser.get("/admin/help-readers/").content.decode()
    assert "zebra" in readers
    assert "&lt;b&gt;short" in readers
    assert web(agent).get("/admin/help-readers/").status_code == 403
