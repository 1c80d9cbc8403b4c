from django.apps import AppConfig


class LimitsConfig(AppConfig):
    name = "accounts.limits"
    verbose_name = "Limits"
