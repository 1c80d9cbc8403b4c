import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tickets.migrations._apart import AddIndexApart, drop_indexes


class Migration(migrations.Migration):
    """Each ticket wrote five index entries that no query needs: the beginnings of wider indexes, and columns that are
    empty on almost every row."""

    atomic = False

    dependencies = [
        ("tickets", "0008_customer"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexApart(
            model_name="ticket",
            index=models.Index(
                fields=["assignee"], name="ticket_by_assignee", condition=models.Q(("assignee__isnull", False))
            ),
        ),
        AddIndexApart(
            model_name="ticket",
            index=models.Index(
                fields=["follow_up_of"],
                name="ticket_follow_up",
                condition=models.Q(("follow_up_of__isnull", False)),
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="ticket",
                    name="requester",
                    field=models.ForeignKey(
                        blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets", to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AlterField(
                    model_name="ticket",
                    name="assignee",
                    field=models.ForeignKey(
                        blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assigned_tickets", to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AlterField(
                    model_name="ticket",
                    name="follow_up_of",
                    field=models.ForeignKey(
                        blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL,
                        related_name="follow_ups", to="tickets.ticket",
                    ),
                ),
            ],
            database_operations=[
                drop_indexes(
                    {
                        "tickets_ticket_requester_id_2072a2f2": '"tickets_ticket" ("requester_id")',
                        "tickets_ticket_assignee_id_3a5aa407": '"tickets_ticket" ("assignee_id")',
                        "tickets_ticket_follow_up_of_id_29bc6d56": '"tickets_ticket" ("follow_up_of_id")',
                    }
                ),
                drop_indexes(
                    {
                        "tickets_ticket_external_id_5ca10eeb_like":
                        '"tickets_ticket" ("external_id" varchar_pattern_ops)',
                    },
                    only="postgresql",
                ),
            ],
        ),
    ]  # fmt: skip
