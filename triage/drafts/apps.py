from django.apps import AppConfig


def write(proposal_id: int) -> None:
    """The job. What tells languages apart is loaded only where one is done."""
    from triage.drafts import asking

    asking.write(proposal_id)


class DraftsConfig(AppConfig):
    name = "triage.drafts"
    label = "drafts"
    verbose_name = "Drafts by a language model"

    def ready(self) -> None:
        from tickets.background import jobs, lanes
        from triage.drafts import signals  # noqa: F401  # sweeps, eraser and subscriber register
        from triage.drafts.models import KIND

        jobs.register(KIND, write, lane=lanes.DRAFTS)
