"""Mails a second that one worker takes over: read, threaded, judged, kept, and the new tickets among them triaged.

One process and one thread, as ``fetch_mail`` has them; of ten mails seven begin a ticket and three reply to one.

    python -m benchmarks.mail_throughput [--mails 500] [--tickets 0]

The database is SQLite unless BENCHMARK_DATABASE_URL names another (an empty one). ``--tickets`` puts so many old tickets
there before, to see whether the speed depends on them.
"""

from __future__ import annotations

import argparse

from benchmarks.served import fresh_product

TAKEN = """
import random, time
from email.message import EmailMessage
from tickets.channels.email.models import InboundMail, Mailbox
from tickets.channels.email.taking import take
from tickets.mail import threads
from tickets.models import Ticket
from triage.models import Decision

TEXTS = (
    "I want to cancel my order, it has not been sent yet",
    "How long does the delivery to Norway take?",
    "my payment was refused three times, what is wrong with my card",
    "I cannot find the invoice of my last order. Could you send it again?",
    "Is your shop looking for a baker?",
)
old = [
    Ticket(subject=f"Old {{n}}", requester_email=f"old{{n}}@example.org", status="closed", channel="email")
    for n in range({tickets})
]
Ticket.objects.bulk_create(old, batch_size=2_000)
mailbox = Mailbox.objects.get_or_create(address="support@example.com", defaults={{"way": Mailbox.Way.HANDED}})[0]
chosen = random.Random(1)


def mail(number, to):
    made = EmailMessage()
    made["From"], made["To"] = f"Casey <c{{number}}@example.org>", to
    made["Subject"], made["Message-ID"] = f"A question ({{number}})", f"<{{number}}@example.org>"
    text = f"Hello,\\n\\n{{TEXTS[number % len(TEXTS)]}} ({{number}})\\n\\nKind regards\\nCasey\\n"
    made.set_content(text)
    made.add_alternative(f"<p>{{text}}</p>", subtype="html")
    return made.as_bytes()


def run(first, count):
    made = []
    for number in range(first, first + count):
        to = mailbox.address
        if made and number % 10 > 6:
            to = threads.reply_address(to, chosen.choice(made))
        row, _ = take(mail(number, to), mailbox)
        made += [row.ticket.reference] if row.outcome == "ticket" else []


run(0, 30)  # warm
began, cpu = time.perf_counter(), time.process_time()
run(1_000, {mails})
took, own = time.perf_counter() - began, time.process_time() - cpu
kinds = {{kind: InboundMail.objects.filter(outcome=kind).count() for kind in ("ticket", "reply")}}
print(f"{{Ticket.objects.count():,}} tickets, {{Decision.objects.count():,}} decided, {{kinds}}")
print(f"{{{mails} / took:.1f}} mails a second; {{own / {mails} * 1000:.1f}} ms of CPU a mail in this process")
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--tickets", type=int, default=0)
    options = parser.parse_args()
    with fresh_product() as product:
        product.manage("prepare")
        code = TAKEN.format(mails=options.mails, tickets=options.tickets)
        print(product.manage("shell", "--verbosity", "0", code=code))


if __name__ == "__main__":
    main()
