import django.db.models.deletion
from django.db import migrations, models, transaction
from django.db.utils import DatabaseError

SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5(subject, person, said, noted, prefix='2 3',"
    " tokenize = \"unicode61 remove_diacritics 0 categories 'L* N* M* Co'\")",
    "CREATE VIRTUAL TABLE search_parts USING fts5(person, code, tokenize = 'trigram')",
    "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN"
    " DELETE FROM search_words WHERE rowid = old.ticket_id;"
    " DELETE FROM search_parts WHERE rowid = old.ticket_id; END",
)
POSTGRES = (
    "ALTER TABLE search_entry ADD COLUMN words tsvector NOT NULL DEFAULT ''::tsvector",
    "CREATE INDEX search_words ON search_entry USING gin (words)",
)
#: Make parts of names and references quick. Without the extension they are found by reading the table.
TRIGRAMS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX IF NOT EXISTS search_person ON search_entry USING gin (person gin_trgm_ops)",
    "CREATE INDEX IF NOT EXISTS search_code ON search_entry USING gin (code gin_trgm_ops)",
)


def create_index(apps, schema_editor):
    connection = schema_editor.connection
    for statement in POSTGRES if connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)
    if connection.vendor == "postgresql":
        try:
            with transaction.atomic(connection.alias), connection.cursor() as cursor:
                for statement in TRIGRAMS:
                    cursor.execute(statement)
        except DatabaseError:
            print("\n  pg_trgm could not be installed: parts of names are found slowly. See manage.py search_index.")


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for table in ("search_words", "search_parts"):
            schema_editor.execute(f"DROP TABLE {table}")


def plan_backfill(apps, schema_editor):
    """What is there already is indexed by the worker, newest first: no migration waits for it."""
    last = apps.get_model("tickets", "Ticket").objects.order_by("-pk").values_list("pk", flat=True).first()
    apps.get_model("search", "Backfill").objects.create(pk=1, below=last + 1 if last else 0)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("tickets", "0005_requester_mailbox")]

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("ticket", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="search_entry", serialize=False, to="tickets.ticket")),
                ("person", models.TextField(help_text="Name and address of the requester, folded.")),
                ("code", models.CharField(help_text="The reference, folded and without dashes.", max_length=20)),
            ],
            options={"verbose_name_plural": "entries"},
        ),
        migrations.CreateModel(
            name="Backfill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("below", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunPython(create_index, drop_index),
        migrations.RunPython(plan_backfill, migrations.RunPython.noop),
    ]
