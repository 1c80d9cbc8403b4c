"""What a job's failure is called, in a row that staff read and in the logs: its kind and code, never its words.

The words of an error may hold what nobody meant to keep: a mail server repeats the address that it refuses, a
database the row.
"""

from __future__ import annotations

import errno
import smtplib


class Permanent(Exception):
    """Trying again is of no use: the job is given up at once. The message is one of ours."""


class Unreachable(Exception):
    """What the job needs is away, for all jobs of its lane. The message is one of ours."""


def describe(error: BaseException) -> str:
    """The kind of ``error`` with its code: ``SMTPDataError 451``, ``ConnectionRefusedError ECONNREFUSED``."""
    if isinstance(error, Permanent | Unreachable):
        return str(error)
    return " ".join([type(error).__name__, *codes(error)])[:300]


def codes(error: BaseException) -> list[str]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return sorted({str(code) for code, _ in error.recipients.values()})
    if isinstance(error, smtplib.SMTPResponseException):
        return [str(error.smtp_code)]
    if isinstance(error, OSError) and error.errno is not None:
        return [errno.errorcode.get(error.errno, str(error.errno))]
    state = getattr(error.__cause__, "sqlstate", None)
    return [state] if state else []
