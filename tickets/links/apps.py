from django.apps import AppConfig


class LinksConfig(AppConfig):
    name = "tickets.links"
    label = "links"
