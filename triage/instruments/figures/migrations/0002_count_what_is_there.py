"""Every ticket there is waits to be counted; the worker does it in the background."""

from django.db import migrations


def put_all_down(apps, schema_editor):
    due, ticket = (apps.get_model(*name)._meta.db_table for name in (("figures", "Due"), ("tickets", "Ticket")))
    schema_editor.execute(f'INSERT INTO "{due}" (ticket_id) SELECT id FROM "{ticket}"')


class Migration(migrations.Migration):
    dependencies = [("figures", "0001_counters")]

    operations = [migrations.RunPython(put_all_down, migrations.RunPython.noop)]
