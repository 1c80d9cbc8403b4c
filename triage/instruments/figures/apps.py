from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "triage.instruments.figures"
    label = "figures"
    verbose_name = "Figures"

    def ready(self) -> None:
        from triage.instruments.figures import counting  # Events can be subscribed to now

        counting.subscribe_all()
