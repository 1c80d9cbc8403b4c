from django.apps import AppConfig


class MachinesConfig(AppConfig):
    name = "triage.machines"
    label = "machines"
    verbose_name = "Machines"

    def ready(self) -> None:
        from triage.machines import signals  # noqa: F401  # its sweep registers when its module is loaded
