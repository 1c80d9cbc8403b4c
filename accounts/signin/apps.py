from django.apps import AppConfig


class SignInConfig(AppConfig):
    name = "accounts.signin"
    label = "signin"
    verbose_name = "Sign-in"

    def ready(self) -> None:
        from accounts.signin import changes  # noqa: F401  # its receivers register when the module is loaded
