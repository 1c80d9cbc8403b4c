from datetime import time

from django.conf import settings
from django.db import migrations

FIRST, LAST = time(9), time(17)


def make_first_calendar(apps, schema_editor):
    """Office hours, and the reply time that the setting promises; both are for the house to change."""
    calendar = apps.get_model("service", "Calendar").objects.create(
        name="Office hours", time_zone=settings.TIME_ZONE, is_default=True
    )
    Opening = apps.get_model("service", "Opening")
    Opening.objects.bulk_create(
        Opening(calendar=calendar, weekday=day, opens=FIRST, closes=LAST) for day in range(5)
    )
    normal = settings.RESPONSE_TARGET_HOURS * 60
    Target = apps.get_model("service", "Target")
    for urgency, minutes in ((0, normal), (1, max(normal // 2, 30)), (2, max(normal // 8, 15))):
        Target.objects.create(urgency=urgency, first_reply=minutes, next_reply=minutes)


class Migration(migrations.Migration):
    dependencies = [("service", "0001_initial")]
    operations = [migrations.RunPython(make_first_calendar, migrations.RunPython.noop)]
