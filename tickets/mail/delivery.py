"""Mail over SMTP that always ends before its job's lease does: a slow delivery is never taken over while it goes on."""

from __future__ import annotations

import smtplib
import socket
import threading
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.mail.backends import smtp

from tickets.background.jobs import LEASE

#: EMAIL_TIMEOUT bounds one wait for the server, and a delivery has a dozen of them; this bounds them together. What is
#: left of the lease is for a TLS handshake, which cannot be cut short, and for the database.
SECONDS = LEASE.total_seconds() - settings.EMAIL_TIMEOUT - 5


class Bounded(smtplib.SMTP):
    """Hangs up when its time is over, whatever the server is doing, and says nothing more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_over = False
        self._end = threading.Timer(SECONDS, self._hang_up)
        self._end.daemon = True
        self._end.start()
        try:
            super().__init__(*args, **kwargs)
        except BaseException:
            self._end.cancel()
            raise

    def _hang_up(self) -> None:
        self._is_over = True
        if self.sock is not None:
            with suppress(OSError):  # it may have been closed in this moment
                self.sock.shutdown(socket.SHUT_RDWR)

    def send(self, s: Any) -> None:
        if self._is_over:
            raise smtplib.SMTPServerDisconnected(f"The delivery took longer than {SECONDS:.0f} s.")
        super().send(s)

    def close(self) -> None:
        self._end.cancel()
        super().close()


class BoundedSSL(Bounded, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte on."""


class Backend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return BoundedSSL if self.use_ssl else Bounded
