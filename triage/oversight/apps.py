from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "triage.oversight"
    label = "oversight"
    verbose_name = "Oversight"

    def ready(self) -> None:
        from triage.oversight import subscribers  # noqa: F401  # they subscribe when their module is loaded
