from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("figures", "0002_count_what_is_there")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="position",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
