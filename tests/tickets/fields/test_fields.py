"""Fields of the house: one spelling a kind, all or nothing, found by the search box, erased with the person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts import privacy
from accounts.models import User
from tickets.access import Viewer
from tickets.errors import TicketError
from tickets.fields.filling import FILLED, NotOfItsKind, fill, filled, spelt
from tickets.fields.models import Field, Value
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket
from tickets.search.find import narrow

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    return made


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("text", "  a  b ", "a b"), ("text", "x" * 501, None), ("text", "", ""),
        ("number", "12,50", "12.5"), ("number", "-0", "0"), ("number", "1e3", "1000"), ("number", "100", "100"),
        ("number", "NaN", None), ("number", "1e99", None), ("number", "twelve", None),
        ("date", "2026-11-30", "2026-11-30"), ("date", "2026-13-45", None), ("date", "30.11.2026", None),
        ("yes_no", "Yes", "yes"), ("yes_no", "0", "no"), ("yes_no", "perhaps", None),
        ("choice", "GOLD", "Gold"), ("choice", "Tin", None),
    ],
)  # fmt: skip
def test_each_kind_has_one_spelling(kind: str, written: str, kept: str | None) -> None:
    field = Field(name="Level", kind=kind, choices="Gold\nSilver\n")
    if kept is None:
        with pytest.raises(NotOfItsKind, match="is not what “Level” takes"):
            spelt(field, written)
    else:
        assert spelt(field, written) == kept


def test_they_are_filled_in_all_or_none_and_each_change_is_an_event(ticket: Ticket, agent: User) -> None:
    order, days = Field.objects.create(name="Order"), Field.objects.create(name="Days", kind="number")
    Field.objects.create(name="Gone", is_active=False)
    with pytest.raises(NotOfItsKind):
        fill(ticket, {order.pk: "4711", days.pk: "many"}, by=agent)
    assert not Value.objects.exists()
    assert fill(ticket, {order.pk: "4711", days.pk: "3"}, by=agent) == ["Days", "Order"]
    assert fill(ticket, {order.pk: " 4711 ", days.pk: "3.0"}, by=agent) == []
    assert fill(ticket, {days.pk: ""}, by=agent) == ["Days"]
    assert [(one.field.name, one.text) for one in filled(ticket)] == [("Days", ""), ("Order", "4711")]
    events = ticket.events.filter(kind=FILLED)
    assert events.count() == 3 and "4711" not in str([event.facts for event in events])


def test_they_are_found(ticket: Ticket, agent: User, requester: User) -> None:
    field = Field.objects.create(name="Order number", kind="number")
    fill(ticket, {field.pk: "47.0"}, by=agent)

    def found(words: str) -> list[Ticket]:
        return list(narrow(Ticket.objects.all(), words, Viewer(agent)))

    assert found('field:"order number=47"') == found('field:"Order Number"') == [ticket]
    assert found('field:"order number=48"') == []
    for wrong in ("field:nonsense=1", 'field:"order number=x"'):
        with pytest.raises(TicketError):
            found(wrong)


def test_at_the_desk(web: Callable[..., Client], ticket: Ticket, agent: User, requester: User) -> None:
    level = Field.objects.create(name="Level", kind="choice", choices="Gold\nSilver")
    page, client = f"/admin/tickets/ticket/{ticket.pk}/change/", web(agent)
    assert "Save the fields" in client.get(page).content.decode()
    said = client.post(page, {"step": "fields", f"field-{level.pk}": "Gold"}, follow=True).content.decode()
    assert "The fields are saved." in said and '<option value="Gold" selected>' in said
    refused = client.post(page, {"step": "fields", f"field-{level.pk}": "Tin", "reply-body": "Dear"})
    assert refused.status_code == 409 and "one of Gold, Silver" in refused.content.decode()
    assert "Gold" not in web(requester).get(ticket.get_absolute_url()).content.decode()


def test_every_step_saves_them_and_a_colleague_s_newer_value_stays(
    web: Callable[..., Client], ticket: Ticket, agent: User, other_agent: User
) -> None:
    order, days = Field.objects.create(name="Order"), Field.objects.create(name="Days")
    page = f"/admin/tickets/ticket/{ticket.pk}/change/"
    fill(ticket, {order.pk: "4711"}, by=other_agent)  # since the agent's page was loaded
    seen = {f"field-{order.pk}": "", f"was-{order.pk}": "", f"field-{days.pk}": "3", f"was-{days.pk}": ""}
    web(agent).post(page, {"step": "take", **seen})
    assert {one.field.name: one.text for one in filled(ticket)} == {"Days": "3", "Order": "4711"}
    assert Ticket.objects.get(pk=ticket.pk).assignee == agent


@pytest.mark.parametrize(
    "facts", [{"name": "a=b"}, {"name": "_"}, {"name": "x", "kind": "choice", "choices": "one"}, {"name": "Days", "kind": "text"}]
)  # fmt: skip
def test_what_is_no_field(ticket: Ticket, agent: User, facts: dict[str, str]) -> None:
    known = Field.objects.create(name="Days", kind="number")
    fill(ticket, {known.pk: "3"}, by=agent)
    field = known if facts["name"] == "Days" else Field()
    for name, value in facts.items():
        setattr(field, name, value)
    with pytest.raises(ValidationError):
        field.full_clean()


def test_a_person_s_values_are_shown_and_erased(ticket: Ticket, agent: User) -> None:
    fill(ticket, {Field.objects.create(name="Order").pk: "4711"}, by=agent)
    person = privacy.find("rita@example.com")
    assert "4711" in str(privacy.EXPORTERS["fields"](person))
    privacy.erase(person)
    assert not Value.objects.exists()
