"""Nothing that was typed is lost, whichever window it was typed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from tickets.desk import drafts
from tickets.desk.models import Draft
from tickets.errors import AttachmentRefused
from tickets.models import Ticket

Waiting = Callable[..., Ticket]


def test_a_draft_keeps_each_text_by_itself(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    drafts.keep(agent, ticket, {"reply": "Dear Lee,"})
    drafts.keep(agent, ticket, {"note": "Call the bank."})
    draft = drafts.draft_of(agent, ticket)
    assert draft is not None
    assert (draft.reply, draft.note, draft.version) == ("Dear Lee,", "Call the bank.", 2)


def test_saving_a_note_leaves_the_reply(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    drafts.keep(agent, ticket, {"reply": "Dear Lee,", "note": "Call the bank."})
    drafts.empty(agent, ticket, "note")
    draft = Draft.objects.get()
    assert (draft.reply, draft.note) == ("Dear Lee,", "")


def test_each_agent_has_a_draft_of_their_own(waiting: Waiting, agent: User, other_agent: User) -> None:
    ticket = waiting()
    drafts.keep(agent, ticket, {"reply": "Mine"})
    assert drafts.draft_of(other_agent, ticket) is None


def test_a_window_that_is_behind_does_not_overwrite(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    first = drafts.keep(agent, ticket, {"reply": "From one window"}, base=0)
    with pytest.raises(drafts.DraftChanged) as refusal:
        drafts.keep(agent, ticket, {"reply": "From the other"}, base=0)
    assert refusal.value.current.reply == "From one window"
    drafts.keep(agent, ticket, {"reply": "Chosen"}, base=first.version)
    assert Draft.objects.get().reply == "Chosen"


def test_the_same_text_twice_is_no_conflict(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    drafts.keep(agent, ticket, {"reply": "Same"}, base=0)
    assert drafts.keep(agent, ticket, {"reply": "Same"}, base=0).version == 1


def test_unknown_names_are_not_kept(waiting: Waiting, agent: User) -> None:
    draft = drafts.keep(agent, waiting(), {"came_back": "x", "agent": "1"})
    assert (draft.came_back, draft.version) == ("", 0)


def test_files_wait_with_the_draft(waiting: Waiting, agent: User, other_agent: User) -> None:
    ticket = waiting()
    draft = drafts.keep_files(agent, ticket, [SimpleUploadedFile("a.txt", b"one")])
    kept = draft.files.get()
    drafts.drop_file(other_agent, ticket, kept.pk)
    assert draft.files.exists()
    drafts.drop_file(agent, ticket, kept.pk)
    assert not draft.files.exists()


def test_a_file_is_refused_when_it_is_chosen_not_when_it_is_sent(waiting: Waiting, agent: User) -> None:
    with pytest.raises(AttachmentRefused):
        drafts.keep_files(agent, waiting(), [SimpleUploadedFile("run.exe", b"MZ")])


def test_no_more_files_wait_than_one_message_takes(waiting: Waiting, agent: User, settings: object) -> None:
    settings.ATTACHMENTS_PER_MESSAGE = 5  # type: ignore[attr-defined]
    ticket = waiting()
    for name in "abcde":
        drafts.keep_files(agent, ticket, [SimpleUploadedFile(f"{name}.txt", b"one")])
    with pytest.raises(AttachmentRefused, match=r"(At most|up to) 5"):
        drafts.keep_files(agent, ticket, [SimpleUploadedFile("f.txt", b"one")])


def test_only_empty_drafts_are_swept_away(waiting: Waiting, agent: User) -> None:
    empty, written, with_file = waiting(), waiting(), waiting()
    drafts.keep(agent, empty, {"reply": "x"})
    drafts.empty(agent, empty, "reply")
    drafts.keep(agent, written, {"note": "x"})
    drafts.keep_files(agent, with_file, [SimpleUploadedFile("a.txt", b"one")])
    Draft.objects.update(updated_at=timezone.now() - timedelta(days=9))
    drafts.forget_empty_drafts()
    assert set(Draft.objects.values_list("ticket", flat=True)) == {written.pk, with_file.pk}
    assert set(Draft.objects.written()) == set(Draft.objects.all())
