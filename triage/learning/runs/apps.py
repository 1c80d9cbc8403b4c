from django.apps import AppConfig


def perform(run_id: int) -> None:
    """The job. The engine's libraries are loaded only where one is done."""
    from triage.learning.runs import performing

    performing.perform(run_id)


class RunsConfig(AppConfig):
    name = "triage.learning.runs"
    label = "runs"
    verbose_name = "Long runs"

    def ready(self) -> None:
        from tickets.background import jobs, lanes
        from triage.learning.runs import models, privacy  # noqa: F401  # its eraser registers

        jobs.register(models.KIND, perform, lane=lanes.SLOW, long=True)
