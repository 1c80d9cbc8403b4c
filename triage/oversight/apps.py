from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "triage.oversight"
    label = "oversight"
    verbose_name = "Oversight"
