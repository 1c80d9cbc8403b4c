from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "tickets.desk"
    label = "desk"

    def ready(self) -> None:
        from tickets.desk import signals  # noqa: F401
