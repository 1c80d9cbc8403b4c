from django.apps import AppConfig


class FieldsConfig(AppConfig):
    name = "tickets.fields"
    label = "fields"

    def ready(self) -> None:
        from tickets.fields import signals  # noqa: F401
