from django.apps import AppConfig


class EmailChannelConfig(AppConfig):
    name = "tickets.channels.email"
    label = "email_channel"
    verbose_name = "Mail"

    def ready(self) -> None:
        from tickets.channels.email import signals  # noqa: F401  # receivers register when their module is loaded
