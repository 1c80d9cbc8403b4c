from django.apps import AppConfig


class OwnDataConfig(AppConfig):
    name = "tickets.own_data"
    label = "own_data"
    verbose_name = "Own data"

    def ready(self) -> None:
        from tickets.own_data import quiet, work  # noqa: F401  # jobs, sweeps, exporter and eraser register
