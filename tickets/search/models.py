"""What is indexed of a ticket. Its words stand in columns and tables that each database has in its own way."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """A ticket is indexed. Goes with the ticket; on SQLite a trigger takes the full-text rows along.

    PostgreSQL keeps the words in a column ``words`` (tsvector), SQLite in the FTS5 tables ``search_words`` and
    ``search_parts``; see the first migration.
    """

    ticket = models.OneToOneField(
        "tickets.Ticket", models.CASCADE, primary_key=True, related_name="search_entry"
    )
    person = models.TextField(help_text="Name and address of the requester, folded.")
    code = models.CharField(max_length=20, help_text="The reference, folded and without dashes.")

    class Meta:
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"Entry of {self.ticket_id}"


class Backfill(models.Model):
    """One row: tickets with a smaller key than ``below`` are not indexed yet; 0 once all are."""

    below = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Not indexed below {self.below}"
