from django.apps import AppConfig


class TagsConfig(AppConfig):
    name = "tickets.tags"
    label = "tags"

    def ready(self) -> None:
        from tickets.tags import signals  # noqa: F401
