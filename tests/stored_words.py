"""300 hostile texts, and a house in which they stand in every field that somebody may fill."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

from django.core import signing

from accounts.models import User
from tickets.channels.widget.models import Site
from tickets.channels.widget.views import SENT_SALT
from tickets.following import copies
from tickets.following.models import Copy
from tickets.models import Attachment, Status, Ticket
from triage.answers.help.models import Article, Unfound, Vote
from triage.models import Answer, Intent

CORES = (
    "<script>xss()</script>", "<img src=xss onerror=xss()>", "<svg/onload=xss()>", "<iframe src=javascript:xss()>",
    "<a href=javascript:xss()>x</a>", "<body onload=xss()>", "<details open ontoggle=xss()>", "<input autofocus onfocus=xss()>",
    "<math><mi xlink:href=javascript:xss()>", "<form action=javascript:xss()><button>", "<object data=javascript:xss()>",
    "<base href=//xss.example>", "<meta http-equiv=refresh content=0;url=javascript:xss()>", "<style>@import'xss'</style>",
    "<link rel=stylesheet href=//xss.example>", "[x](javascript:xss())", "[x](https://a\" onclick=xss())", "**<b onclick=xss()>**",
    "https://a.example/\"onmouseover=xss()", "mailto:a@b.example\"onclick=xss()", "&lt;script&gt;xss()&lt;/script&gt;",
    "{{ xss }}{% xss %}", "</textarea><script>xss()</script>", "</title><script>xss()</script>", "<!--><script>xss()</script>-->",
)  # fmt: skip
BEFORE = ("", '"', "'", '">', "'>", "--><", "</", "`", "]]>", "\u2028", "\\x3c", "%3c")
PAYLOADS = [before + core for core, before in itertools.product(CORES, BEFORE)]  # 300


def fill(
    requester: User, agent: User, supervisor: User, submit: Callable[..., Ticket]
) -> list[tuple[User | None, str]]:
    """Every field filled with hostile words; who opens which page."""
    assert len(PAYLOADS) == 300
    words = random.Random(13)
    some = lambda number, length: " ".join(words.sample(PAYLOADS, number))[:length]  # noqa: E731
    User.objects.filter(pk=requester.pk).update(name=some(2, 120))
    requester.refresh_from_db()
    whole = "\n\n".join(PAYLOADS)
    ticket: Ticket = submit(requester=requester, subject=some(6, 180), body=whole)
    ticket.reply(whole, author=agent)
    ticket.messages.create(sender="machine", kind="reply", body=whole)
    ticket.record_feedback(solved=False, rating=1, comment=some(20, 900), actor=requester)
    message = ticket.messages.first()
    Attachment.objects.create(
        message=message, name=some(2, 120), file="x", size=1, content_type="text/plain", sha256="0" * 64
    )
    intent = Intent.objects.create(slug="hostile", title=some(2, 100))
    Answer.objects.create(intent=intent, body=whole.replace("{", "(").replace("}", ")")[:7900]).approve(None)
    Article.objects.create(
        intent=intent, title=some(2, 110), summary=some(3, 190), topic=some(1, 60)
    ).approve(None)
    Vote.objects.create(slug="hostile", language="en", version=1, helpful=False, comment=some(9, 490))
    Unfound.note(some(2, 90), "en")
    site = Site.objects.create(name=some(2, 80), origins="https://shop.example.com")
    frame = f"/widget/{site.key}/"
    asked = submit(guest_email="gus@example.com", guest_name=some(1, 80), subject="", body=whole)
    asked.messages.create(sender="machine", kind="reply", body=whole)
    Ticket.objects.filter(pk=asked.pk).update(status=Status.AUTO_RESOLVED)
    copies.add(ticket, "copy@example.com", way=Copy.Way.TEAM, by=agent)
    own = ticket.get_absolute_url()
    return [
        (requester, own), (requester, "/"), (requester, "/tickets/"), (requester, f"/tickets/?q={'%3Cscript%3Exss()%3C/script%3E'}"),
        (requester, "/accounts/profile/"), (requester, "/tickets/new/?question=%3C/textarea%3E%3Cscript%3Exss()%3C/script%3E"),
        (None, "/help/"), (None, "/help/hostile/"), (None, "/help/?q=%22%3E%3Cimg%20src=xss%20onerror=xss()%3E"),
        (None, frame), (None, f"{frame}?question=%3C/textarea%3E%3Cscript%3Exss()%3C/script%3E"),
        (None, f"{frame}help/"), (None, f"{frame}help/?q=%22%3E%3Cimg%20src=xss%20onerror=xss()%3E"), (None, f"{frame}help/hostile/"),
        (None, f"{frame}sent/{signing.dumps(asked.reference, salt=SENT_SALT)}/"),
        (requester, "/accounts/data/"),
        (supervisor, f"/admin/widget/site/{site.pk}/change/"),
        (None, "/sitemap.xml"), (None, "/nothing/%3Cscript%3Exss()%3C/script%3E"),
        (agent, own), (agent, f"/admin/tickets/ticket/{ticket.pk}/change/"), (agent, "/admin/tickets/ticket/"),
        (supervisor, "/admin/help-readers/"), (supervisor, f"/admin/help/article/{intent.articles.get().pk}/change/"),
        (supervisor, f"/admin/triage/answer/{intent.answers.get().pk}/change/"),
    ]  # fmt: skip
