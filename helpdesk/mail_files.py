"""Mail as files, one each: what the worker delivers to where no mail server is set."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

SUFFIX = ".eml"


class MailFiles(BaseEmailBackend):
    """Writes each message whole into a file of its own in EMAIL_FILE_PATH.

    Django's own file backend names a file by second and object, so that two mails may end up in one.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{uuid.uuid4().hex[:8]}"
            unfinished = folder / f".{name}"
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.replace(folder / f"{name}{SUFFIX}")
        return len(email_messages)
