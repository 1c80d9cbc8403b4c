"""What is known of a ticket that was made a moment ago by this process, so that nothing of it is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from django.db import models, transaction

from tickets.conversation import Attachment, Message
from tickets.mail.choices import MailChoice
from tickets.states import Status

if TYPE_CHECKING:
    from tickets.models import Ticket

Given = ParamSpec("Given")
Made = TypeVar("Made")
Row = TypeVar("Row", bound="JustMade")


def step(
    method: Callable[Concatenate[Row, Given], Made],
) -> Callable[Concatenate[Row, Given], Made]:
    """A transition in a transaction. Who holds the ticket's lock has one that ends with whatever fails in it."""

    @wraps(method)
    def taken(ticket: Row, *args: Given.args, **options: Given.kwargs) -> Made:
        with transaction.atomic(savepoint=not ticket._is_held):
            return method(ticket, *args, **options)

    return taken


class JustMade(models.Model):
    """Part of Ticket. What is remembered is that of one instance and never outlives the first step after the making."""

    class Meta:
        abstract = True

    #: The message that the ticket was made with; None as soon as anything else may have been said on it.
    opening: Message | None = None
    #: Which mails its requester wants, where that was looked up a moment ago.
    wanted: MailChoice.Wanted | None = None
    _is_held = False  # by ``TicketQuerySet.held``, or by ``as_made``
    _as_it_was: dict[str, Any] | None = None  # what must still be so when the row is written

    if TYPE_CHECKING:
        requester_id: Any
        updated_at: Any

    def remember_opening(self, message: Message, files: list[Attachment]) -> None:
        """Keep the first message at hand; its files only where there are none, which then need not be looked for."""
        if not files:
            message.__dict__["_prefetched_objects_cache"] = {"attachments": Attachment.objects.none()}
        self.opening = message

    def remember_wanted(self, choice: str | None) -> None:
        """``choice``: as the mailbox's row has it, None where there is none."""
        self.wanted = MailChoice.Wanted(choice or MailChoice.Wanted.EVERY)

    def forget_opening(self) -> None:
        self.opening = self.wanted = None

    def refresh_from_db(self, *args: Any, **options: Any) -> None:
        self.forget_opening()
        super().refresh_from_db(*args, **options)

    @contextmanager
    def as_made(self) -> Iterator[Ticket]:
        """The ticket in a transaction of its own, for one step, without waiting for its lock or reading it again.

        The row is written only if nobody has touched it since it was made, else DatabaseError undoes everything, this
        instance too: whoever was first wins, as with the lock.
        """
        before = self.__dict__.copy()
        self._as_it_was = {
            "status": Status.OPEN, "updated_at": self.updated_at, "requester": self.requester_id,
        }  # fmt: skip
        try:
            with transaction.atomic():
                self._is_held = True
                yield cast("Ticket", self)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        finally:
            self._is_held, self._as_it_was = False, None

    def _do_update(self, base_qs: Any, *rest: Any, **named: Any) -> Any:
        """Django's single UPDATE of this row; none happens, and ``save`` says so, where it is not as it was."""
        if self._as_it_was is not None:
            base_qs, self._as_it_was = base_qs.filter(**self._as_it_was), None
        return super()._do_update(base_qs, *rest, **named)
