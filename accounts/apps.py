from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import lockout, signatures  # noqa: F401  # receivers register when their module is loaded
        from accounts.tokens import signals  # noqa: F401
