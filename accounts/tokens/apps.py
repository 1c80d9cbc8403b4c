from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "accounts.tokens"
    verbose_name = "Tokens"
