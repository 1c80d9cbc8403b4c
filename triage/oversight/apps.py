from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class OversightConfig(AppConfig):
    name = "triage.oversight"
    label = "oversight"
    verbose_name = "Oversight"

    def ready(self) -> None:
        from triage.oversight import (  # models are there now, and Events can be subscribed to
            subscribers,
            trail,
        )

        subscribers.subscribe_all()
        pre_migrate.connect(trail.unprotect, sender=self, dispatch_uid="trail")
        post_migrate.connect(trail.protect, sender=self, dispatch_uid="trail")
