"""My data: a copy for its owner alone, and an account that goes after a day of grace."""

from __future__ import annotations

import io
import json
import time
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Role, User
from tests.accounts.signin.conftest import log_in
from tests.conftest import PASSWORD
from tickets.background import jobs
from tickets.intake.replies import write_note
from tickets.models import Job, OutgoingMail, Ticket
from tickets.own_data import work
from tickets.own_data.models import SECOND_THOUGHTS, DataExport, Deletion

pytestmark = pytest.mark.django_db

PAGE = "/accounts/data/"
DELETE = "/accounts/data/delete/"


def letters() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("subject", flat=True))


def copy_of(browser: Any, user: User) -> DataExport:
    browser.post(f"{PAGE}export/")
    work.make_copy(user.data_exports.get().pk)
    return user.data_exports.get()


def days_later(monkeypatch: Any, **time_passed: float) -> None:
    now = timezone.now() + timedelta(**time_passed)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


# --- A copy ---------------------------------------------------------------------------------------------


def test_a_copy_holds_what_was_said_and_its_files_but_no_note(
    web, requester, stranger, agent, submit
) -> None:
    file = SimpleUploadedFile("bill.txt", b"twelve pounds")
    ticket = submit(requester=requester, body="Where is my refund?", files=[file])
    submit(requester=stranger, body="Where are my shoes?")
    write_note(ticket, agent, "Rita is patient.", [])
    browser = web(requester)
    assert browser.post(f"{PAGE}export/").url == PAGE
    assert "putting your copy together" in browser.get(PAGE).content.decode()
    jobs.run_due()
    assert "Your copy is ready" in browser.get(PAGE).content.decode()
    assert [letter.subject for letter in mail.outbox][-1] == "The copy of your data is ready"
    answer = browser.get(f"{PAGE}export/{requester.data_exports.get().token}/")
    content = b"".join(answer.streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        data = json.loads(archive.read("data.json"))
        assert archive.read(next(name for name in names if name.endswith("/bill.txt"))) == b"twelve pounds"
    said = [message["body"] for message in data["tickets"]["messages"]]
    assert said == ["Where is my refund?"]
    assert data["accounts"]["account"][0]["email"] == requester.email
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert requester.data_exports.get().size == len(content)


def test_a_copy_is_its_owners_alone_and_expires(
    web, requester, stranger, agent, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    export = copy_of(web(requester), requester)
    path = f"{PAGE}export/{export.token}/"
    for user in (stranger, agent):
        assert web(user).get(path).status_code == 404
    assert web().get(path).url.startswith("/accounts/login/")
    assert web(requester).get(path).status_code == 200
    days_later(monkeypatch, days=8)
    gone = web(requester).get(path)
    assert (gone.status_code, "This copy has expired" in gone.content.decode()) == (410, True)
    storage, name = export.file.storage, export.file.name
    with django_capture_on_commit_callbacks(execute=True):
        work.discard_expired()
    assert not storage.exists(name)
    assert web(requester).get(path).status_code == 404


def test_a_copy_in_work_or_of_this_hour_is_not_made_again(web, requester, monkeypatch) -> None:
    browser = web(requester)
    for _ in range(2):
        browser.post(f"{PAGE}export/")
    assert DataExport.objects.count() == 1
    work.make_copy(DataExport.objects.get().pk)
    browser.post(f"{PAGE}export/")
    assert DataExport.objects.count() == 1
    days_later(monkeypatch, hours=2)
    browser.post(f"{PAGE}export/")
    assert DataExport.objects.count() == 2


def test_copies_are_limited_for_a_mailbox(web, requester) -> None:
    answers = [web(requester).post(f"{PAGE}export/").status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]


def test_two_workers_leave_one_copy_and_one_letter(web, requester, monkeypatch) -> None:
    browser = web(requester)
    browser.post(f"{PAGE}export/")
    export = requester.data_exports.get()
    write, files = work.archive.write, set()

    def slow(person: Any, target: Any) -> tuple[int, int]:
        monkeypatch.setattr(work.archive, "write", write)
        work.make_copy(export.pk)  # the other one is faster
        files.update(export.file.storage.listdir("exports")[1])
        return write(person, target)

    monkeypatch.setattr(work.archive, "write", slow)
    work.make_copy(export.pk)
    export.refresh_from_db()
    assert set(export.file.storage.listdir("exports")[1]) == files
    assert export.file.name.removeprefix("exports/") in files
    assert letters() == ["The copy of your data is ready"]


def test_whoever_has_not_proved_the_address_gets_nothing_that_was_sent_from_it(web, requester) -> None:
    EmailAddress.objects.filter(user=requester).update(verified=False)
    for method, path in (("get", PAGE), ("post", f"{PAGE}export/"), ("post", DELETE)):
        assert getattr(web(requester), method)(path).url == "/accounts/email/"
    assert not DataExport.objects.exists()


# --- Going ----------------------------------------------------------------------------------------------


@pytest.fixture
def proved(web, requester) -> Any:
    browser = web()
    log_in(browser, requester)
    return browser


def age(browser: Any, minutes: float) -> None:
    session = browser.session
    session[RECORDS] = [{**record, "at": time.time() - minutes * 60} for record in session[RECORDS]]
    session.save()


def test_an_account_goes_after_a_day_with_all_its_words(proved, requester, submit, monkeypatch) -> None:
    ticket = submit(requester=requester, body="My xylophone is broken.")
    OutgoingMail.objects.all().delete()
    page = proved.get(DELETE).content.decode()
    assert "What goes" in page
    assert "What stays" in page
    assert proved.post(DELETE).url == PAGE
    assert letters() == ["Your account will be deleted"]
    assert "Your account will be deleted" in proved.get(PAGE).content.decode()
    deletion = Deletion.objects.get()
    job = Job.objects.get(kind=work.DELETE)
    assert (job.run_at, deletion.due_at - deletion.asked_at) == (deletion.due_at, SECOND_THOUGHTS)
    work.carry_out(deletion.pk)  # before its time
    assert User.objects.get(pk=requester.pk).is_active
    days_later(monkeypatch, days=1, minutes=1)
    address = requester.email
    work.carry_out(deletion.pk)
    requester.refresh_from_db()
    ticket.refresh_from_db()
    assert (requester.is_active, requester.name) == (False, "")
    assert "xylophone" not in ticket.messages.first().body
    assert proved.get(PAGE).url.startswith("/accounts/login/")
    last = OutgoingMail.objects.get()  # what waited for them before is gone, too
    assert (last.subject, last.recipients) == ("Your account has been deleted", [address])
    work.carry_out(deletion.pk)  # a worker that died may do it again
    assert OutgoingMail.objects.count() == 1


def test_a_change_of_mind_keeps_everything(proved, requester, submit, monkeypatch) -> None:
    submit(requester=requester, body="My xylophone is broken.")
    for _ in range(2):
        proved.post(DELETE)
    number = Deletion.objects.get().pk
    proved.post(f"{PAGE}keep/")
    assert letters()[-2:] == ["Your account will be deleted", "Your account stays"]
    days_later(monkeypatch, days=2)
    work.carry_out(number)
    requester.refresh_from_db()
    assert requester.is_active
    assert Ticket.objects.get().requester_email == requester.email
    proved.post(f"{PAGE}keep/")
    assert letters()[-1] == "Your account stays"
    assert letters().count("Your account stays") == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_asked_again_who_it_is(proved, requester, method) -> None:
    age(proved, 6)
    assert (
        getattr(proved, method)(DELETE).url == "/accounts/reauthenticate/?next=%2Faccounts%2Fdata%2Fdelete%2F"
    )
    assert not Deletion.objects.exists()
    again = proved.post(f"/accounts/reauthenticate/?next={DELETE}", {"password": PASSWORD})
    assert again.url == DELETE
    proved.post(DELETE)
    assert Deletion.objects.exists()


def test_who_has_no_password_here_logs_in_again(proved, requester) -> None:
    age(proved, 6)
    requester.set_unusable_password()
    requester.save()
    proved.force_login(requester, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = proved.post(DELETE).content.decode()
    assert "Log in again" in page
    assert not Deletion.objects.exists()
    away = proved.post("/accounts/logout/", {"next": f"/accounts/login/?next={DELETE}"})
    assert away.url == f"/accounts/login/?next={DELETE}"


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_who_works_here_does_not_delete_themselves(web, requester, role) -> None:
    browser = web()
    log_in(browser, requester)
    User.objects.filter(pk=requester.pk).update(role=role)
    assert browser.get(DELETE).status_code == 403
    assert browser.post(DELETE).status_code == 403
    assert not Deletion.objects.exists()
    assert "Delete my account" not in browser.get(PAGE).content.decode()


def test_who_came_to_work_here_meanwhile_is_not_deleted(proved, requester, monkeypatch) -> None:
    proved.post(DELETE)
    User.objects.filter(pk=requester.pk).update(role=Role.AGENT)
    days_later(monkeypatch, days=2)
    work.carry_out(Deletion.objects.get().pk)
    requester.refresh_from_db()
    assert requester.is_active
    assert not Deletion.objects.exists()


def test_copies_go_with_the_account(
    proved, requester, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    export = copy_of(proved, requester)
    storage, name = export.file.storage, export.file.name
    proved.post(DELETE)
    days_later(monkeypatch, days=1, minutes=1)
    with django_capture_on_commit_callbacks(execute=True):
        work.carry_out(Deletion.objects.get().pk)
    assert not DataExport.objects.exists()
    assert storage.exists(name) is False


@pytest.mark.parametrize(("days", "said"), [(0, "until newer ones replace them"), (30, "for up to 30 days")])
def test_it_is_said_how_long_backups_are_kept(proved, settings, days, said) -> None:
    settings.BACKUP_KEEP_DAYS = days
    assert said in proved.get(DELETE).content.decode()


def test_letters_speak_the_language_of_who_asked(web, requester) -> None:
    browser = web()
    log_in(browser, requester)
    browser.post(f"{PAGE}export/", headers={"Accept-Language": "de"})
    work.make_copy(requester.data_exports.get().pk)
    assert OutgoingMail.objects.get().body.startswith("Guten Tag")
    requester.data_exports.get().file.delete()
