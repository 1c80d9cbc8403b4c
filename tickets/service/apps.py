from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "tickets.service"
    label = "service"
    verbose_name = "Service levels"
