from django.apps import AppConfig


class FollowingConfig(AppConfig):
    name = "tickets.following"
    label = "following"

    def ready(self) -> None:
        from tickets.following import signals  # noqa: F401
