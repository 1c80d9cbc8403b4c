from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "tickets.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from tickets.webhooks import signals  # noqa: F401  # jobs and beats register when their module is loaded
