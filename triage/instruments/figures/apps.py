from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "triage.instruments.figures"
    label = "figures"
    verbose_name = "Figures"

    def ready(self) -> None:
        from triage.instruments.figures import counting  # what it reads are models

        counting.register()
