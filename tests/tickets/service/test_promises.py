"""What customers are promised, the list's due times, the supervisors' pages, and the hours in answers."""

from __future__ import annotations

from datetime import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.tickets.service.conftest import berlin
from tickets.models import OutgoingMail, Ticket
from tickets.service import clocks
from tickets.service.models import Calendar, Clock, Opening, Target
from triage.answers import facts
from triage.models import PolicyRevision

pytestmark = pytest.mark.django_db

CALENDARS = "/admin/service/calendar/"
TARGETS = "/admin/service/target/"


@pytest.fixture
def waiting(calendar, requester, now) -> Ticket:
    """With the team since Monday 15:00, due on Tuesday 11:00."""
    now("2026-12-07 15:00")
    ticket = Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Lamp")
    ticket.escalate("low_confidence")
    return ticket


# --- customers --------------------------------------------------------------------------------------------


def test_the_page_promises_what_the_calendar_says(web, waiting, requester, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    page = web(requester).get(waiting.get_absolute_url()).content.decode()
    assert "8 Dec 2026, 11:00" in page
    assert "8 hours" not in page


def test_a_broken_promise_is_owned_up_to(web, waiting, requester, now):
    now("2026-12-08 11:01")
    page = web(requester).get(waiting.get_absolute_url()).content.decode()
    assert "taking longer" in page


def test_the_mail_promises_it_in_the_calendars_zone(waiting):
    mail = OutgoingMail.objects.get(subject="Re: Lamp")
    assert "usually by 8 Dec 2026, 11:00 (Europe/Berlin)" in mail.body


def test_nothing_is_promised_where_no_target_is(web, calendar, requester, now):
    Target.objects.update(first_reply=None, next_reply=None, resolution=None)
    now("2026-12-07 15:00")
    ticket = Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Lamp")
    ticket.escalate("low_confidence")
    page = web(requester).get(ticket.get_absolute_url()).content.decode()
    assert "sually by" not in page and "None" not in page
    body = OutgoingMail.objects.get(subject="Re: Lamp").body
    assert "usually by" not in body and "a person will answer it." in body
    assert "usually within" not in web().get("/").content.decode()


def test_the_home_page_says_when_the_team_is_there(web, calendar):
    page = web().get("/").content.decode()
    assert "usually within 4 working hours (Monday to Friday, 9 am to 5 pm)" in page


# --- agents -------------------------------------------------------------------------------------------------


def test_the_queue_shows_what_is_soon_due_and_late(web, agent, waiting, now):
    queue = "/admin/tickets/ticket/"

    def seen(view: str) -> list[str]:
        return [row.ticket.subject for row in web(agent).get(queue, {"queue": view}).context["rows"]]

    assert (seen("due"), seen("overdue")) == ([], [])
    now("2026-12-08 10:05")
    clocks.tell_due()
    assert (seen("due"), seen("overdue")) == (["Lamp"], [])
    now("2026-12-08 11:00")
    clocks.tell_due()
    assert (seen("due"), seen("overdue")) == ([], ["Lamp"])
    assert " late<" in web(agent).get(queue, {"queue": "overdue"}).content.decode()


def test_the_desk_shows_the_arithmetic(web, agent, waiting):
    page = web(agent).get(f"/admin/tickets/ticket/{waiting.pk}/change/").content.decode()
    assert "4 h of Mon–Fri 9–17 (Europe/Berlin), since Mon 7 Dec, 15:00" in page
    assert "Tue 8 Dec, 11:00</time>" in page  # on the same wall, whatever the server's zone


# --- supervisors --------------------------------------------------------------------------------------------


def posted(calendar: Calendar, **changes) -> dict:
    """The calendar's form as a browser sends it, with its rows."""
    data = {
        "name": calendar.name, "time_zone": calendar.time_zone, "is_default": "on", "country": "", "subdivision": "",
        "openings-TOTAL_FORMS": 0, "openings-INITIAL_FORMS": 0, "holidays-TOTAL_FORMS": 0, "holidays-INITIAL_FORMS": 0,
    }  # fmt: skip
    return data | changes


def test_a_supervisor_sets_hours_and_takes_holidays(web, supervisor, calendar, now):
    now("2026-12-07 09:00")
    browser = web(supervisor)
    page = browser.get(f"{CALENDARS}{calendar.pk}/change/").content.decode()
    assert "Mon–Fri 9–17" in page
    data = posted(
        calendar, country="de", subdivision="BY",
        **{"openings-TOTAL_FORMS": 1, "openings-0-weekday": 5, "openings-0-opens": "10:00", "openings-0-closes": "23:59"},
        file=SimpleUploadedFile("days.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261228\nSUMMARY:Bridge\nEND:VEVENT\nEND:VCALENDAR"),
    )  # fmt: skip
    assert browser.post(f"{CALENDARS}{calendar.pk}/change/", data).status_code == 302
    assert "Sat 10–24" in browser.get(CALENDARS).content.decode()
    names = set(calendar.holidays.values_list("name", "source"))
    assert ("Bridge", "ical") in names and ("Epiphany", "country") in names


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"time_zone": "Berlin"}, "is no time zone"),
        ({"country": "XX"}, "No public holidays are known"),
        ({"country": "DE", "subdivision": "ZZ"}, "is no region of DE"),
        ({"subdivision": "BY"}, "Name the country"),
        ({"file": SimpleUploadedFile("x.ics", b"hello")}, "lacks BEGIN:VCALENDAR"),
        (
            {
                "openings-TOTAL_FORMS": 1,
                "openings-0-weekday": 1,
                "openings-0-opens": "18:00",
                "openings-0-closes": "09:00",
            },
            "It must close after it opens",
        ),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said(web, supervisor, calendar, changes, told):
    response = web(supervisor).post(f"{CALENDARS}{calendar.pk}/change/", posted(calendar, **changes))
    assert response.status_code == 200
    assert told in response.content.decode()


def test_choosing_a_default_ends_the_other(web, supervisor, calendar):
    other = Calendar.objects.create(name="Night", time_zone="UTC")
    assert web(supervisor).post(f"{CALENDARS}{other.pk}/change/", posted(other)).status_code == 302
    assert list(Calendar.objects.filter(is_default=True)) == [other]


def test_a_supervisor_sets_reply_times_in_words(web, supervisor, calendar):
    target = Target.objects.get(urgency=0)
    browser = web(supervisor)
    address = f"{TARGETS}{target.pk}/change/"
    data = {
        "urgency": 0,
        "calendar": "",
        "first_reply": "1 h 30 min",
        "next_reply": "45 min",
        "resolution": "",
    }
    assert browser.post(address, data).status_code == 302
    target.refresh_from_db()
    assert (target.first_reply, target.next_reply, target.resolution) == (90, 45, None)
    page = browser.get(TARGETS).content.decode()
    assert "45 min" in page and ">90<" not in page
    refused = browser.post(address, data | {"first_reply": "soon"})
    assert "Write hours or minutes" in refused.content.decode()


def test_agents_do_not_come_to_these_pages(web, agent, requester, calendar):
    for who in (agent, requester):
        for address in (CALENDARS, TARGETS, f"{CALENDARS}{calendar.pk}/change/"):
            assert web(who).get(address).status_code in {302, 403}


# --- answers --------------------------------------------------------------------------------------------------


def test_answers_say_the_calendars_hours_once_it_may_tell_them(calendar, supervisor):
    facts.set_fact("hours", "9 to 5", language="en", by=supervisor)
    assert facts.current().value("hours", "en") == "9 to 5"
    before = PolicyRevision.current()
    calendar.tells_hours = True
    calendar.save()
    assert PolicyRevision.current() != before
    known = facts.current()
    assert known.value("hours", "en") == "Monday to Friday, 9 am to 5 pm"
    assert known.value("hours", "de-AT") == "Montag bis Freitag, 9 bis 17 Uhr"
    Opening.objects.create(calendar=calendar, weekday=5, opens=time(10), closes=time(14))
    assert facts.current().value("hours", "en").endswith("Saturday, 10 am to 2 pm")
    Opening.objects.all().delete()
    assert facts.current().value("hours", "en") == "9 to 5"


def test_the_house_page_shows_where_the_hours_come_from(web, supervisor, calendar):
    calendar.tells_hours = True
    calendar.save()
    page = web(supervisor).get("/admin/house/").content.decode()
    assert "Comes from the calendar" in page


def test_the_clock_is_made_with_the_ticket_that_comes_in(engine, submit, calendar, now):
    now("2026-12-07 15:00")
    ticket = submit()
    assert berlin(Clock.objects.get(pk=ticket.pk).reply_due) == "2026-12-08 11:00"
