"""A supervisor who approved an answer has read it."""

from __future__ import annotations

from django.db import migrations
from django.db.models import F


def keep_who_read(apps, schema_editor):
    answers = apps.get_model("triage", "Answer").objects.filter(approved_by__isnull=False, reviewed_at=None)
    answers.update(reviewed_by=F("approved_by"), reviewed_at=F("approved_at"))


class Migration(migrations.Migration):
    dependencies = [("triage", "0006_house_facts")]

    operations = [migrations.RunPython(keep_who_read, migrations.RunPython.noop)]
