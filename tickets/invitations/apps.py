from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    name = "tickets.invitations"
    label = "invitations"
    verbose_name = "Invitations"

    def ready(self) -> None:
        from tickets.invitations import keeping  # noqa: F401  # sweep, exporter and eraser register
