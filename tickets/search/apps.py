from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "tickets.search"
    label = "search"
    verbose_name = "Search"
