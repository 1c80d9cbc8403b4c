from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "triage.learning.runs"
    label = "runs"
    verbose_name = "Long runs"

    def ready(self) -> None:
        from triage.learning.runs import models, privacy  # noqa: F401  # its job and its eraser register

        models.register()
