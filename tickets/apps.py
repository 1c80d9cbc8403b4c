from django.apps import AppConfig
from django.conf import settings


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = "Tickets"

    def ready(self) -> None:
        from tickets import signals, subscribers  # noqa: F401  # they register when their module is loaded

        if settings.CELERY_BROKER_URL:
            from tickets.background import jobs, tasks  # Celery is loaded only where a broker is set

            jobs.use_broker(tasks.broker)
