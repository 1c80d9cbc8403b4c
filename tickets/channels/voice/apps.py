from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class VoiceConfig(AppConfig):
    name = "tickets.channels.voice"
    label = "voice"
    verbose_name = "Voice"

    def ready(self) -> None:
        from tickets.channels.voice import hearing, privacy, signals  # noqa: F401  # they register

        if settings.VOICE_MODEL and (missing := hearing.missing_parts(settings.VOICE_MODEL)):
            raise ImproperlyConfigured(f"VOICE_MODEL cannot be used: {missing}.")
