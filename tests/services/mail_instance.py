"""One helpdesk of two that write to each other: takes mails from its standard input and prints what it sends for them.

Each line in is an object of a mail's bytes and the mailbox that it is for; each line out the list of those sent.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core import mail  # noqa: E402

from tickets.background import jobs  # noqa: E402
from tickets.channels.email.models import Mailbox  # noqa: E402
from tickets.channels.email.taking import take  # noqa: E402


def answers(asked: dict[str, Any]) -> list[str]:
    """Take one mail, do all that is due, and give what was sent to whoever wrote it."""
    mailbox, _ = Mailbox.objects.get_or_create(address=asked["mailbox"], way=Mailbox.Way.HANDED)
    take(base64.b64decode(asked["raw"]), mailbox)
    jobs.run_due()
    sent = [one.message().as_bytes() for one in mail.outbox if asked["from"] in " ".join(one.recipients())]
    mail.outbox.clear()
    return [base64.b64encode(raw).decode() for raw in sent]


def main() -> None:
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    for line in sys.stdin:
        print(json.dumps(answers(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
