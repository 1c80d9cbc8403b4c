from django.apps import AppConfig


class ContractConfig(AppConfig):
    name = "accounts.contract"
    label = "contract"
    verbose_name = "API contract"
