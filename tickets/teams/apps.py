from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "tickets.teams"
    label = "teams"

    def ready(self) -> None:
        from tickets.teams import signals  # noqa: F401
