"""What has come in when one opens the demo for the first time, so that the desk has work to show.

Sent through the only way in and judged by the engine as any other; what an agent did is done by the agent's own steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Status, Ticket

DOMAIN: Final = "visitors.example"  # of everybody who wrote, so that it is known that they did


@dataclass(frozen=True)
class Letter:
    """A guest's first message."""

    name: str
    subject: str
    body: str

    @property
    def address(self) -> str:
        return f"{self.name.split()[0].lower()}@{DOMAIN}"


LETTERS: Final = (
    Letter("Priya Nair", "Opening hours", "What are your opening hours on Saturday?"),
    Letter("Tom Becker", "Boots", "How do I return a pair of boots? They are half a size too small."),
    Letter("Ines Duarte", "Cracked lamp", "The lamp I ordered arrived with a crack right across the glass."),
    Letter(
        "Oskar Lind", "Two things", "Could you change the delivery address of my order, and do you also repair old kettles?"
    ),
    Letter(
        "Grace Adeyemi", "Not me",
        "There is a payment to you on my card over 340 euros that I did not make. I have never bought anything from you.",
    ),
    Letter(
        "Lukas Weber", "Bestellung", "Guten Tag, meine Bestellung sollte am Freitag kommen und ist noch immer nicht da. Was kann ich tun?"
    ),
    Letter("Mia Rossi", "Third time", "This is the third parcel in a row that comes late. I am really tired of it."),
    Letter(
        "Harold Finch", "Staff order", "We would like to order 60 notebooks with our logo for our staff. Who can make us an offer?"
    ),
    Letter("Rank Boosters", "Grow your traffic", "We put your website on page one of every search engine. Reply for our price list!"),
)  # fmt: skip
OWN: Final = ("Broken handle", "The handle of my new mug broke off on the first day. What happens now?")
ASKED_BACK: Final = (
    "Hello Casey,\n\nI’m sorry about the mug. Could you send us a photo of it, so that I can have a new one sent to "
    "you?\n\nAlex"
)
NOTE: Final = "Asked the workshop about the kettle: they look at any that we sold."


def send() -> int:
    """Send them if nobody has; returns how many were sent."""
    if Ticket.objects.filter(requester_email__endswith=f"@{DOMAIN}").exists():
        return 0
    sent = {letter.name: submit_ticket(submission(letter)) for letter in LETTERS}
    agent = User.objects.filter(email="agent@demo.example").first()
    customer = User.objects.filter(email="customer@demo.example").first()
    if agent is None or customer is None:
        return len(sent)
    two_things = sent["Oskar Lind"]
    two_things.refresh_from_db()
    if two_things.state is Status.ESCALATED:
        two_things.assign(agent, actor=agent)
        two_things.note(NOTE, author=agent)
    own = submit_ticket(Submission(subject=OWN[0], body=OWN[1], requester=customer))
    own.refresh_from_db()
    if own.state is Status.ESCALATED:
        own.reply(ASKED_BACK, author=agent)
    return len(sent) + 1


def submission(letter: Letter) -> Submission:
    return Submission(
        subject=letter.subject, body=letter.body, guest_email=letter.address, guest_name=letter.name
    )
