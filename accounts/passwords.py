"""What a password must be, in words of ours: the library's are not translated into all languages."""

from __future__ import annotations

from django.contrib.auth import password_validation
from django.utils.translation import ngettext


class LengthValidator(password_validation.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return ngettext(
            "Use at least %(number)d character.", "Use at least %(number)d characters.", self.min_length
        ) % {"number": self.min_length}

    def get_help_text(self) -> str:
        return self.get_error_message()
