from django.db import migrations, models

from tickets.migrations._apart import AddIndexApart, drop_indexes


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0014_mail_choices")]

    operations = [
        AddIndexApart(
            model_name="ticket",
            index=models.Index(fields=["mailbox", "-id"], name="ticket_of_mailbox"),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[drop_indexes({"ticket_by_mailbox": '"tickets_ticket" ("mailbox")'})],
            state_operations=[migrations.RemoveIndex("ticket", "ticket_by_mailbox")],
        ),
    ]
