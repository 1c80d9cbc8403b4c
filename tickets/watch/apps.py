from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "tickets.watch"
    label = "watch"
    verbose_name = "Watch"

    def ready(self) -> None:
        from tickets.watch import signals  # noqa: F401  # registers when its module is loaded
