"""A third family of mails around a question, written without looking at what is taken off.

Where :mod:`benchmarks.mail_templates` turns many small wheels, this draws whole letters as a support
desk gets them: a life story around the question, ten clients, seven languages of the quoted part, and
the bad habits of mailers (hard-wrapped lines, no line breaks at all, Windows line ends, tables).
"""

from __future__ import annotations

import html
import random
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BACKGROUND = [
    "I've been a loyal customer since 2017 and this is the first time I have to contact you.",
    "I opened my account with you about three months ago after a friend recommended it.",
    "I already looked through the FAQ on your website but couldn't find an answer.",
    "I tried calling your hotline twice this morning, but after 25 minutes on hold I gave up.",
    "I was at the supermarket yesterday with my two kids and it was quite embarrassing.",
    "I'm currently travelling through Portugal for work and won't be home until the 23rd.",
    "My wife and I both use your service, and she has never had any trouble.",
    "I'm not very technical, so please explain it in simple terms.",
    "I have attached a screenshot so you can see what I mean.",
    "I already wrote to you last Tuesday and haven't heard anything since.",
    "I restarted my phone and reinstalled everything, same as before.",
    "It's quite urgent, because I'm leaving for the airport tomorrow at 6 a.m.",
    "The lady at the counter was very kind but had no idea either.",
    "I spent half of my lunch break searching the internet.",
    "I've recently moved from Spain to the UK and everything is new to me.",
    "I really like the design of it all, by the way, well done.",
    "I'm asking on behalf of my father, who is 81 and does not use e-mail.",
    "This happened on Saturday evening while we were having dinner with friends.",
    "My previous provider was much slower with this sort of thing.",
    "I hope this is the right address for it; if not, please pass it on.",
    "I work night shifts, so I can only answer in the mornings.",
    "My son set it all up for me, but he's at university now.",
    "Honestly I am a bit frustrated by now.",
    "I've been going back and forth on this for a few days.",
    "Maybe I am just overlooking something obvious.",
    "I don't want to make a big fuss, it is just that I'd like to understand it.",
]
GREETINGS = [
    "Dear Sir or Madam,", "Hello,", "Hi,", "Hi there", "Hello dear support team,", "Good morning,", "Hey!", "Dear support,",
    "To whom it may concern,", "Hi Anna,", "Dear Mr Fletcher,", "Guten Tag,", "Bonjour,", "Hola,", "Buongiorno,", "Goedemorgen,",
    "Boa tarde,", "Hello everyone,", "Dear customer support team", "Hi support team!", "", "Hi, hope you're well.",
    "Good evening and thank you for your quick reply yesterday!",
]  # fmt: skip
THANKS = [
    "Thanks in advance!", "Thank you very much for your help.", "Many thanks for looking into this.", "Any help would be appreciated.",
    "I look forward to hearing from you soon.", "Please get back to me as soon as you can.", "Looking forward to your reply.",
    "Thanks a million, you're the best!", "", "", "I'd be grateful for a quick answer.", "Thank you for your time and understanding.",
    "Please let me know if you need anything else from me.",
]  # fmt: skip
FAREWELLS = [
    "Kind regards", "Best regards,", "Best,", "Sincerely,", "Cheers,", "Yours faithfully,", "Mit freundlichen Grüßen", "Cordialement,",
    "Saludos cordiales,", "Cordiali saluti,", "Met vriendelijke groet,", "Atenciosamente,", "Thanks,", "All the best", "", "Thank you,",
    "With kind regards,", "Have a nice weekend,", "Regards",
]  # fmt: skip
CARDS = [
    "{name}", "{name}", "{first}", "{name}\n{phone}", "{name}\nTel.: {phone}\nMobile: +44 7700 900{n}",
    "{name}\n{job}\n\n{company}\n{street}\n{city}\nPhone: {phone}\nFax: {phone}9\n{mail}\nwww.example.org",
    "{name} | {job}\n{company} | {street}, {city}\np: {phone} | e: {mail}",
    "-- \n{name}\n{street}\n{city}\n{phone}", "--\n{name}\n{mail}",
    "{name}\n{job} at {company}\n\nBook a meeting with me: https://cal.example.org/{first}",
    "Mr. {name}\n{street}\n{city}\nCustomer no. 88{n}310",
]  # fmt: skip
DEVICES = [
    "", "", "", "Sent from my iPhone", "Sent from my iPad", "Sent from my Samsung Galaxy smartphone.", "Get Outlook for iOS",
    "Sent from Yahoo Mail for iPhone", "Von meinem iPad gesendet", "Gesendet mit der GMX Mail App", "Envoyé de mon iPhone",
    "Enviado desde mi iPhone", "Inviato da iPhone", "Verstuurd vanaf mijn iPad", "Enviado do meu iPhone", "Sent from Mail for Windows 10",
    "Gesendet von Outlook für Android", "Envoyé depuis mon mobile Orange", "Sent from my Huawei phone",
]  # fmt: skip
LEGAL = [
    "", "", "",
    "This email and any files transmitted with it are confidential and intended solely for the use of the individual or entity to whom "
    "they are addressed. If you have received this email in error please notify the system manager.",
    "DISCLAIMER: The content of this message may be privileged and confidential. If you are not the intended recipient, you are hereby "
    "notified that any use, copying or distribution is strictly prohibited. {company} Ltd. accepts no liability for any damage caused "
    "by any virus transmitted by this email.",
    "Diese Nachricht ist vertraulich und nur für den genannten Adressaten bestimmt. Sollten Sie nicht der vorgesehene Empfänger sein, "
    "bitten wir um Mitteilung und Löschung.",
    "{company} GmbH | Geschäftsführer: {name} | Sitz der Gesellschaft: {city} | Registergericht: {city} HRB 7{n}",
    "Ce courriel est confidentiel. Si vous l'avez reçu par erreur, merci d'en avertir l'expéditeur et de le détruire.",
    "Think before you print.",
    "Este mensaje y sus archivos adjuntos van dirigidos exclusivamente a su destinatario y pueden contener información confidencial.",
]  # fmt: skip
REFERENCES = [
    "My customer number is 4478{n}21.", "Order number: 302-558{n}1-77", "Ref. 2024-00{n}", "(Ticket no. 90{n}12)", "IBAN DE44 5001 0517 5407 3{n} 31",
    "My account is registered to {mail}.", "Transaction ID: 8f3a-{n}-77bc-0091",
]  # fmt: skip
SUBJECTS = [
    "Question", "Help needed", "Urgent!!!", "", "Problem", "support request", "Quick question", "Customer enquiry", "Hello",
    "Please help", "Frage", "Re: Your message", "Request from website", "My account", "inquiry 88{n}310",
]  # fmt: skip
AGENT = [
    "thank you for your message. We have forwarded your enquiry to the responsible department and will get back to you within 24 hours.",
    "thanks for getting in touch. Is there anything else we can help you with today?",
    "we are sorry to hear that. Could you tell us a little more about what happened?",
    "your request has been received and is being reviewed by our support staff. To add comments, reply to this email.",
]
PEOPLE = [("Robert", "Hughes"), ("Katrin", "Vogel"), ("Amélie", "Dubois"), ("Javier", "Ortega"), ("Paolo", "Conti"), ("Femke", "Jansen"), ("Ana", "Pereira"), ("Wei", "Zhang"), ("Sunita", "Patel")]  # fmt: skip
COMPANIES = ["Harlow & Finch", "Brückner Technik", "Atelier Nord", "Greenline Logistics"]
PLACES = [("45 Station Road", "Bristol BS1 6QF"), ("Hauptstr. 19", "70173 Stuttgart"), ("8 avenue Foch", "69006 Lyon"), ("Via Dante 11", "20121 Milano")]  # fmt: skip
TITLES = ["Sales Manager", "Office Administrator", "Senior Consultant", "Teacher", "IT Specialist"]

#: Language: attribution lines, header names (from, date, to, subject), reply title, forward title.
TONGUES: dict[str, tuple[Sequence[str], Sequence[str], str, str]] = {
    "en": (
        [
            "On Mon, 3 Jun 2024 at 14:22, {agent} <{desk}> wrote:", "On 03/06/2024 14:22, {agent} wrote:", "On Jun 3, 2024, at 2:22 PM, {agent} <{desk}> wrote:",
            "On Monday, June 3, 2024 at 02:22:31 PM GMT+2, {agent} <{desk}> wrote:", "{agent} wrote on 03.06.2024 14:22:", "> On 3 Jun 2024, at 14:22, {agent} wrote:",
        ],
        ("From", "Sent", "To", "Subject"), "Original Message", "Forwarded message",
    ),
    "de": (
        ["Am Mo., 3. Juni 2024 um 14:22 Uhr schrieb {agent} <{desk}>:", "Am 03.06.24 um 14:22 schrieb {agent}:", "{agent} <{desk}> schrieb am Mo., 3. Juni 2024, 14:22:"],
        ("Von", "Gesendet", "An", "Betreff"), "Ursprüngliche Nachricht", "Weitergeleitete Nachricht",
    ),
    "fr": (
        ["Le lun. 3 juin 2024 à 14:22, {agent} <{desk}> a écrit :", "Le 03/06/2024 à 14:22, {agent} a écrit :"],
        ("De", "Envoyé", "À", "Objet"), "Message d'origine", "Message transféré",
    ),
    "es": (
        ["El lun, 3 jun 2024 a las 14:22, {agent} (<{desk}>) escribió:", "El 3/6/24 a las 14:22, {agent} escribió:"],
        ("De", "Enviado", "Para", "Asunto"), "Mensaje original", "Mensaje reenviado",
    ),
    "it": (
        ["Il giorno lun 3 giu 2024 alle ore 14:22 {agent} <{desk}> ha scritto:", "Il 03/06/24 14:22, {agent} ha scritto:"],
        ("Da", "Inviato", "A", "Oggetto"), "Messaggio originale", "Messaggio inoltrato",
    ),
    "nl": (
        ["Op ma 3 jun 2024 om 14:22 schreef {agent} <{desk}>:", "Op 03-06-2024 om 14:22 schreef {agent}:"],
        ("Van", "Verzonden", "Aan", "Onderwerp"), "Oorspronkelijk bericht", "Doorgestuurd bericht",
    ),
    "pt": (
        ["{agent} <{desk}> escreveu (segunda, 3/06/2024 à(s) 14:22):", "Em seg., 3 de jun. de 2024 às 14:22, {agent} <{desk}> escreveu:"],
        ("De", "Enviado", "Para", "Assunto"), "Mensagem original", "Mensagem encaminhada",
    ),
}  # fmt: skip

Mail = tuple[str, str]


@dataclass
class SupportMails:
    """Draws whole letters around a question. ``others`` are questions that an older mail may hold."""

    rng: random.Random
    others: Sequence[str]
    names: dict[str, str] = field(default_factory=dict)

    def wrap(self, question: str) -> tuple[str, str, str]:
        """Return (layout, subject, body) of a mail around the question."""
        first, last = self.rng.choice(PEOPLE)
        street, city = self.rng.choice(PLACES)
        n = str(self.rng.randint(100, 999))
        self.names = {
            "first": first,
            "name": f"{first} {last}",
            "mail": f"{first.lower()}{n}@mail.example",
            "phone": f"+49 711 22{n}0",
            "n": n,
            "street": street,
            "city": city,
            "company": self.rng.choice(COMPANIES),
            "job": self.rng.choice(TITLES),
            "agent": self.rng.choice(["Customer Care", "Bank Support", "Lena from Support"]),
            "desk": "help@bank.example",
        }
        layout = self.rng.choice(sorted(LAYOUTS))
        subject, body = LAYOUTS[layout](self, question)
        return layout, subject, body

    def draw(self, table: Sequence[str]) -> str:
        return self.rng.choice(table).format(**self.names)

    def subject(self) -> str:
        return self.draw(SUBJECTS)

    def letter(self, question: str, *, most: int = 2, least: int = 0, joint: str = "") -> str:
        told = self.rng.sample(BACKGROUND, self.rng.randint(least, most))
        if self.rng.random() < 0.3:
            told.append(self.draw(REFERENCES))
        at = self.rng.randint(0, len(told))
        joint = joint or self.rng.choice([" ", " ", "\n\n", "\n"])
        story = joint.join([*told[:at], question, *told[at:]])
        ending = f"{self.draw(FAREWELLS)}\n{self.draw(CARDS)}".strip()
        parts = [self.draw(GREETINGS), story, self.draw(THANKS), ending, self.draw(DEVICES), self.draw(LEGAL)]
        return "\n\n".join(part for part in parts if part)

    def older(self) -> str:
        reply = (
            f"Dear {self.names['first']},\n\n{self.rng.choice(AGENT)}\n\nBest regards\n{self.names['agent']}"
        )
        if self.rng.random() < 0.5:
            return reply
        return f"{reply}\n\n{self.rng.choice(self.others)}"

    def tongue(self) -> tuple[Sequence[str], Sequence[str], str, str]:
        return TONGUES[self.rng.choice(sorted(TONGUES))]

    def headers(self, names: Sequence[str], *, sender: str = "{agent} <{desk}>") -> str:
        values = [sender, "Monday, 3 June 2024 14:22", "{name} <{mail}>", "Your enquiry [#{n}]"]
        return "\n".join(f"{k}: {v}" for k, v in zip(names, values, strict=True)).format(**self.names)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def short(m: SupportMails, question: str) -> Mail:
    return m.subject(), m.letter(question, most=0)


def story(m: SupportMails, question: str) -> Mail:
    return m.subject(), m.letter(question, least=2, most=5, joint=" ")


def story_paragraphs(m: SupportMails, question: str) -> Mail:
    return m.subject(), m.letter(question, least=2, most=4, joint="\n\n")


def hard_wrapped(m: SupportMails, question: str) -> Mail:
    lines = [textwrap.fill(line, 72) for line in m.letter(question, least=1, most=4, joint=" ").split("\n")]
    return m.subject(), "\n".join(lines)


def one_line(m: SupportMails, question: str) -> Mail:
    return m.subject(), " ".join(m.letter(question, most=2).split())


def careless(m: SupportMails, question: str) -> Mail:
    told = m.rng.sample(BACKGROUND, m.rng.randint(0, 2))
    at = m.rng.randint(0, len(told))
    words = " ".join(["hi", *told[:at], question, *told[at:], "thanks", m.names["first"]])
    return "help", re.sub(r"[.,!?;:]", "", words).lower()


def windows(m: SupportMails, question: str) -> Mail:
    body = m.letter(question, most=3).replace("\n", "\r\n")
    return m.subject(), re.sub(r"(?<=[.?]) ", "\u00a0 ", body)


def top_quote(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    marked = m.rng.random() < 0.67
    line = m.draw(lines) if marked else m.draw(lines).lstrip("> ")
    old = _quoted(m.older()) if marked else m.older()
    return "Re: Your enquiry [#{n}]".format(**m.names), f"{m.letter(question)}\n\n{line}\n\n{old}"


def wrapped_quote_line(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    line = textwrap.fill(m.draw(lines).lstrip("> "), 44)
    return "Re: Your enquiry", f"{m.letter(question)}\n\n{line}\n{_quoted(m.older())}"


def bottom(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    return "Re: Your enquiry", f"{m.draw(lines).lstrip('> ')}\n{_quoted(m.older())}\n\n{m.letter(question)}"


def inline(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    head, _, tail = _quoted(m.older()).partition("\n>\n")
    answer = m.rng.choice(["Yes, that's done.", "Thanks for that.", "Sure.", "No, it's all fine now."])
    told = m.rng.choice([question, m.rng.choice(BACKGROUND) + " " + question])
    ending = m.draw(FAREWELLS) + "\n" + m.names["first"]
    return (
        "Re: Your enquiry",
        f"{m.draw(lines).lstrip('> ')}\n{head}\n\n{answer}\n\n{tail}\n\n{told}\n\n{ending}",
    )


def office(m: SupportMails, question: str) -> Mail:
    _, names, reply, _ = m.tongue()
    rule = m.rng.choice(
        [f"-----{reply}-----\n", "________________________________\n", "", f"-------- {reply} --------\n"]
    )
    return "RE: Your enquiry", f"{m.letter(question)}\n\n{rule}{m.headers(names)}\n\n{m.older()}"


def gmx(m: SupportMails, question: str) -> Mail:
    _, names, *_ = m.tongue()
    old = "Gesendet: Montag, 03. Juni 2024 um 14:22 Uhr\nVon: {agent} <{desk}>\nAn: {mail}\nBetreff: Re: Anfrage"
    head = m.rng.choice(
        [old, '{date}: 3 June 2024\n{von}: "{{agent}}" <{{desk}}>\n{an}: {{mail}}\n{b}: Re: Anfrage']
    )
    if head is not old:
        head = head.format(date=names[1], von=names[0], an=names[2], b=names[3])
    return "Aw: Anfrage", f"{m.letter(question)}\n \n\n{head.format(**m.names)}\n\n{m.older()}"


def forward(m: SupportMails, question: str) -> Mail:
    _, names, reply, title = m.tongue()
    note = m.rng.choice(
        [
            "FYI",
            "",
            "",
            "Please see below.",
            "fyi - can someone take this one?",
            "Hi team, forwarding this to you.\n\nBest\nTom",
        ]
    )
    rule = m.rng.choice(
        [
            f"---------- {title} ---------\n",
            f"-------- {title} --------\n",
            f"-----{reply}-----\n",
            "________________________________\n",
            f"{title}:\n\n",
        ]
    )
    prefix = m.rng.choice(["Fwd: ", "FW: ", "WG: ", "TR: ", "RV: ", "I: ", "Doorst: ", "Enc: "])
    return (
        f"{prefix}customer",
        f"{note}\n\n{rule}{m.headers(names, sender='{name} <{mail}>')}\n\n{m.letter(question)}",
    )


def subject_only(m: SupportMails, question: str) -> Mail:
    note = m.rng.choice(
        [
            "",
            "see above",
            "See subject line.",
            "as above",
            "(see subject)",
            "Please see subject, thanks!",
            ".",
        ]
    )
    ending = m.rng.choice(
        ["", f"\n\n{m.draw(FAREWELLS)}\n{m.draw(CARDS)}", f"\n\n{m.names['name']}", "\n\nSent from my iPhone"]
    )
    return question, f"{note}{ending}"


def subject_and_story(m: SupportMails, question: str) -> Mail:
    told = " ".join(m.rng.sample(BACKGROUND, 2))
    return question, f"{m.draw(GREETINGS)}\n\n{told}\n\n{m.draw(FAREWELLS)}\n{m.names['name']}"


def _html_lines(text: str, tag: str = "div") -> str:
    rows = (html.escape(line) or "<br>" for line in text.split("\n"))
    return "".join(f"<{tag}>{row}</{tag}>" for row in rows)


def html_gmail(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    old = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{_html_lines(m.older())}</blockquote>'
    attr = f'<div dir="ltr" class="gmail_attr">{html.escape(m.draw(lines).lstrip("> "))}<br></div>'
    return (
        "Re: Your enquiry",
        f'<div dir="ltr">{_html_lines(m.letter(question))}</div><br><div class="gmail_quote">{attr}{old}</div>',
    )


def html_office(m: SupportMails, question: str) -> Mail:
    _, names, *_ = m.tongue()
    head = "<br>".join(f"<b>{html.escape(h)}" for h in m.headers(names).split("\n")).replace(": ", ":</b> ")
    old = f'<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{head}</font></div>'
    page = '<html><head><meta charset=utf-8><style type="text/css">P {margin-top:0;margin-bottom:0;}</style></head><body dir=ltr>'
    return (
        "Re: Your enquiry",
        f"{page}{_html_lines(m.letter(question), 'p')}{old}{_html_lines(m.older(), 'p')}</body></html>",
    )


def html_apple(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    own = html.escape(m.letter(question)).replace("\n", "<br>\r\n")
    old = f'<br><blockquote type="cite"><div>{html.escape(m.draw(lines).lstrip("> "))}</div><br>{_html_lines(m.older())}</blockquote>'
    return (
        "Re: Your enquiry",
        f'<html><body style="overflow-wrap: break-word;">{own}<br id="lineBreakAtBeginningOfMessage">{old}</body></html>',
    )


def html_yahoo(m: SupportMails, question: str) -> Mail:
    lines, *_ = m.tongue()
    old = f'<div id="yahoo_quoted_77" class="yahoo_quoted"><div>{html.escape(m.draw(lines).lstrip("> "))}</div><div><br></div>{_html_lines(m.older())}</div>'
    return (
        "Re: Your enquiry",
        f'<div class="ydp1 yahoo-style-wrap" style="font-size:13px">{_html_lines(m.letter(question))}</div>{old}',
    )


def html_table(m: SupportMails, question: str) -> Mail:
    rows = "".join(
        f"<tr><td style='padding:4px'>{html.escape(p)}</td></tr>".replace("\n", "<br/>")
        for p in m.letter(question).split("\n\n")
    )
    pixel = '<img src="https://t.example.org/o.gif?u=88f" width="1" height="1" alt="">'
    return (
        m.subject(),
        f"<!DOCTYPE html><html><body><!-- layout --><table width=600><tbody>{rows}</tbody></table>{pixel}</body></html>",
    )


_LAYOUTS: tuple[Callable[[SupportMails, str], Mail], ...] = (
    short, story, story_paragraphs, hard_wrapped, one_line, careless, windows, top_quote, wrapped_quote_line, bottom, inline,
    office, gmx, forward, subject_only, subject_and_story, html_gmail, html_office, html_apple, html_yahoo, html_table,
)  # fmt: skip
LAYOUTS = {getattr(made, "__name__", ""): made for made in _LAYOUTS}
