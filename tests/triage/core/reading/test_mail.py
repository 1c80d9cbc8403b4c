"""What a writer says in a mail: every frame goes, the question stays."""

from __future__ import annotations

import pytest

from triage.core.reading.mail import read_forward
from triage.core.reading.text import find_ask

ASK = "Why was my card payment declined yesterday?"
QUOTED = ["Hello Ana,", "", "please send us a copy of your passport.", "", "Best wishes", "The Team"]


def quoted(sign: str = "> ") -> str:
    return "\n".join(sign + line for line in QUOTED)


def read(body: str, subject: str = "") -> str:
    return find_ask(subject, body).text


@pytest.mark.parametrize(
    "greeting",
    ["Hi,", "Hello team,", "Dear Sir or Madam", "Good morning Ms Lee!", "Sehr geehrte Damen und Herren,", "Bonjour,",
     "Hola a todos:", "Gentile assistenza,", "Beste klantenservice,", "Olá,", "Dzień dobry,", "Merhaba,", "Hej!",
     "To whom it may concern:", "Ola kala file,"],
)  # fmt: skip
def test_a_greeting_goes(greeting: str) -> None:
    assert read(f"{greeting}\n\n{ASK}") == ASK


def test_a_greeting_in_the_same_line_goes() -> None:
    assert read(f"Hello there, {ASK}") == ASK


def test_wishes_below_the_greeting_go() -> None:
    assert read(f"Hi,\nI hope this mail finds you well.\n\n{ASK}") == ASK


@pytest.mark.parametrize(
    "ending",
    ["Kind regards,\nAna Silva", "Thanks!\nAna", "Thank you in advance\n\nAna Silva\nHead of Sales", "Cheers, Ana",
     "Mit freundlichen Grüßen\nJörg Weiß", "Cordialement,\nChloé", "Saludos\nDiego", "Cordiali saluti\nGiulia Ferri",
     "Met vriendelijke groet,\nSanne", "Atenciosamente,\nRui", "Pozdrawiam\nTomasz", "Saygılarımla,\nAylin",
     "Med vänliga hälsningar\nLinnea", "-- \nAna Silva\nTel. +44 20 7946 0018\nwww.example.org",
     "Ana\n\n____________\nAna Silva\nana@example.org", "Ever so humbly,\nUriah Heep", "Ana"],
)  # fmt: skip
def test_a_farewell_and_signature_go(ending: str) -> None:
    assert read(f"{ASK}\n\n{ending}") == ASK


@pytest.mark.parametrize(
    "footer",
    ["Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Enviado desde mi iPhone",
     "Inviato da iPhone", "Verstuurd vanaf mijn iPad", "Enviado do meu iPhone", "Wysłane z iPhone'a",
     "iPhone'umdan gönderildi", "Skickat från min iPhone", "Get Outlook for Android"],
)  # fmt: skip
def test_the_line_of_a_phone_goes(footer: str) -> None:
    assert read(f"{ASK}\n\n{footer}") == ASK


@pytest.mark.parametrize(
    "notice",
    [
        "This e-mail is confidential and intended solely for the addressee. If you have received it in error, delete it.",
        "Diese Nachricht ist vertraulich. Wenn Sie nicht der Empfänger sind, wurde sie Ihnen irrtümlich zugestellt.",
        "Este mensaje es confidencial y se dirige exclusivamente a su destinatario; queda prohibida su copia.",
    ],
)
def test_a_legal_notice_goes_even_below_the_signature(notice: str) -> None:
    assert read(f"{ASK}\n\nBest,\nAna\n\n{notice}") == ASK


@pytest.mark.parametrize(
    "line",
    [
        "On Mon, 3 May 2024 at 10:22, The Team <team@example.org> wrote:",
        "On Mon, 3 May 2024 at 10:22, The Team\n<team@example.org> wrote:",
        "Am 03.05.2024 um 10:22 schrieb The Team:",
        "Le ven. 3 mai 2024 à 10:22, The Team <team@example.org> a écrit :",
        "El vie, 3 may 2024 a las 10:22, The Team (<team@example.org>) escribió:",
        "Il giorno ven 3 mag 2024 alle ore 10:22 The Team <team@example.org> ha scritto:",
        "Op vr 3 mei 2024 om 10:22 schreef The Team <team@example.org>:",
        "Em sex., 3 de mai. de 2024 às 10:22, The Team <team@example.org> escreveu:",
        "pt., 3 maj 2024 o 10:22 The Team <team@example.org> napisał(a):",
        "The Team <team@example.org>, 3 May 2024 Cum, 10:22 tarihinde şunu yazdı:",
        "Den fre 3 maj 2024 kl 10:22 skrev The Team <team@example.org>:",
        "2024年5月3日(金) 10:22 The Team <team@example.org>:",
        "Tarehe 2024-05-03 10:22, The Team <team@example.org> aliandika:",
    ],
)
@pytest.mark.parametrize("posting", ["top", "bottom", "inline"])
def test_a_quoted_thread_goes_wherever_the_answer_stands(line: str, posting: str) -> None:
    first, rest = "\n".join(quoted().split("\n")[:3]), "\n".join(quoted().split("\n")[3:])
    body = {
        "top": f"{ASK}\n\n{line}\n{quoted()}",
        "bottom": f"{line}\n{quoted()}\n\n{ASK}",
        "inline": f"{line}\n{first}\n\n{ASK}\n\n{rest}",
    }[posting]
    assert read(body) == ASK


@pytest.mark.parametrize(
    "names",
    [
        ("From", "Sent", "To", "Subject"), ("Von", "Gesendet", "An", "Betreff"), ("De", "Envoyé", "À", "Objet"),
        ("De", "Enviado el", "Para", "Asunto"), ("Da", "Inviato", "A", "Oggetto"), ("Van", "Verzonden", "Aan", "Onderwerp"),
        ("Od", "Wysłano", "Do", "Temat"), ("Kimden", "Gönderildi", "Kime", "Konu"), ("Från", "Skickat", "Till", "Ämne"),
        ("Kutoka", "Ilitumwa", "Kwa", "Mada"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rule", ["", "________________________________\n", "-----Original Message-----\n"])
def test_a_thread_below_a_header_block_goes(names: tuple[str, ...], rule: str) -> None:
    values = ("Team <team@example.org>", "Friday, 3 May 2024 10:22", "Ana Silva", "Your passport")
    block = "\n".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
    assert read(f"{ASK}\n\n{rule}{block}\n\n" + "\n".join(QUOTED)) == ASK


HEADERS = "From: Bob <bob@example.org>\nDate: Fri, 3 May 2024\nSubject: card\nTo: help@example.org"


@pytest.mark.parametrize("note", ["", "FYI", "Please see below.", "Weiterleitung, siehe unten"])
@pytest.mark.parametrize(
    "title", ["---------- Forwarded message ---------", "-------- Weitergeleitete Nachricht --------",
              "Begin forwarded message:\n"]
)  # fmt: skip
def test_a_mail_that_is_only_passed_on_is_the_ask(note: str, title: str) -> None:
    assert read(f"{note}\n\n{title}\n{HEADERS}\n\nHi,\n\n{ASK}\n\nThanks\nBob", "Fwd: card") == ASK


def test_a_forward_with_quote_signs_is_the_ask() -> None:
    body = "\n".join(f"> {line}" for line in f"{HEADERS}\n\n{ASK}".split("\n"))
    assert read(f"Begin forwarded message:\n\n{body}") == ASK


def test_a_question_above_a_forwarded_mail_is_the_ask() -> None:
    body = f"{ASK}\n\n---------- Forwarded message ---------\n{HEADERS}\n\nYour receipt is attached."
    assert read(body, "Fwd: receipt") == ASK


def test_html_mail_of_a_web_mailer_is_read_like_plain_mail() -> None:
    body = (
        f'<div dir="ltr">Hi team,<br><br>{ASK}<br><br>Best,<br>Ana</div><br><div class="gmail_quote">'
        '<div class="gmail_attr">On Fri, 3 May 2024 at 10:22, Team &lt;team@example.org&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote">please send us a copy of your passport</blockquote></div>'
    )
    assert read(body) == ASK


def test_html_mail_of_an_office_mailer_is_read_like_plain_mail() -> None:
    body = (
        f"<html><head><style>p.x{{}}</style></head><body><p>Hello,</p><p>{ASK}</p><p>Regards</p><p>Ana</p>"
        "<div><p><b>From:</b> Team &lt;team@example.org&gt;<br><b>Sent:</b> Friday, 3 May 2024 10:22<br>"
        "<b>To:</b> Ana<br><b>Subject:</b> passport</p></div><p>please send us a copy of your passport</p></body></html>"
    )
    assert read(body) == ASK


def test_a_story_around_the_question_goes() -> None:
    before = "I have been a happy client since the spring of 2009. Our cat had kittens and the house is upside down."
    assert read(f"Hi,\n\n{before} {ASK} We are all well otherwise.\n\nAna") == ASK


def test_the_context_that_bears_on_the_question_stays() -> None:
    context = "I bought a coat online and paid with the new card. The shop says the payment was reverted."
    assert read(f"{context} {ASK}") == f"{context} {ASK}"


@pytest.mark.parametrize(
    "body",
    [
        "Thanks,\nAna",
        "Hi,",
        "> Where is my order?",
        "Sent from my iPhone",
        "Regards\n-- \nAna\nana@example.org",
    ],
)
def test_where_nothing_would_be_left_less_is_stripped(body: str) -> None:
    assert any(c.isalpha() for c in read(body))


def test_a_quoted_question_alone_is_still_read() -> None:
    assert read("> Where is my order?") == "Where is my order?"


def test_a_farewell_word_above_the_question_cuts_nothing() -> None:
    assert ASK in read(f"Thanks\n\n{ASK}")


def test_a_postscript_is_read() -> None:
    assert "voucher" in read(
        f"{ASK}\n\nBest,\nAna\n\nPS: does the voucher expire in May or in June, by the way?"
    )


def test_a_list_with_a_colon_is_no_quote_line() -> None:
    body = "On 3 May 2024 at 10:22 I ordered these:\n- a lamp\n- a chair\nWhen do they arrive?"
    assert read(body).startswith("On 3 May 2024 at 10:22 I ordered these:")
    assert read(body).endswith("When do they arrive?")


THREAT = "I will see you in court."


@pytest.mark.parametrize(
    "body",
    [
        f"{ASK}\n\nThanks,\n{THREAT}",
        f"Our cat had kittens. {THREAT} The house is upside down and nobody sleeps. {ASK}",
        f"{THREAT}\n\n---------- Forwarded message ---------\n{HEADERS}\n\n{ASK}",
        f"{ASK}\n\nAna\n\n{THREAT}",
        f"{ASK} (Order 4711-0815. {THREAT})",
    ],
)
def test_what_is_no_part_of_the_question_is_kept_for_the_guards(body: str) -> None:
    assert THREAT in find_ask("", body).unabridged


def test_what_the_writer_says_below_a_long_notice_is_kept_for_the_guards() -> None:
    notice = f"This message comes from a registered company in London. {'It is in London. ' * 200}"
    assert THREAT in find_ask("", f"{ASK}\n\n{notice}\n{THREAT}").unabridged
    assert "London" not in find_ask("", f"{ASK}\n\n{notice}").unabridged


def test_the_guards_read_the_subject_too_but_no_quoted_thread() -> None:
    unabridged = find_ask("Lawyer", f"{ASK}\n\nOn 3 May 2024, team@example.org wrote:\n> {THREAT}").unabridged
    assert "Lawyer" in unabridged
    assert THREAT not in unabridged


def test_a_phone_number_in_a_signature_is_no_wish_to_be_called() -> None:
    call = "Call me on 07700 900123"
    assert "Call me" not in find_ask("", f"{ASK}\n\nBest,\nAna\n{call}").unabridged
    assert "Call me" in find_ask("", f"{ASK} Please do not write. {call} today!\n\nAna").unabridged


def test_a_threat_beside_a_phone_number_below_the_farewell_is_heard() -> None:
    threat = "My lawyer will call you on +44 20 7946 0123 about it"
    assert "lawyer" in find_ask("", f"{ASK}\n\nBest,\nAna\n{threat}").unabridged


def test_a_threat_in_a_run_of_signs_is_heard() -> None:
    assert "lawyer" in find_ask("", f"{ASK} lamp{'.' * 90}lawyer").unabridged
    assert "http" not in find_ask("", f"{ASK} https://example.org/{'a' * 90}").unabridged


def test_lines_that_a_mailer_wrapped_are_whole_sentences_again() -> None:
    body = (
        "Hello,\n\nour cat had kittens last week and the whole house is upside down, so I\n"
        "am late with this. I have paid with the new card in a shop in Leeds and my\n"
        "payment was declined twice. Why is that?\n\nAna"
    )
    assert "I have paid with the new card in a shop in Leeds and my payment was declined twice." in read(body)


def test_line_breaks_of_the_writer_stay() -> None:
    body = "I would like to know these two things about my new account, please:\nIs there a fee\nIs there a limit"
    assert [joint.after for joint in find_ask("", body).joints.found if "line" in joint.signs] == [
        "Is there a fee",
        "Is there a limit",
    ]


@pytest.mark.parametrize("note", ["See subject line.", "as above", "Siehe Betreff, danke!"])
def test_a_body_that_only_points_at_the_subject_leaves_the_subject(note: str) -> None:
    assert read(note, subject=ASK) == ASK


@pytest.mark.parametrize("subject", ["RE: case", "I: client", "case"])
def test_a_bare_note_above_an_older_mail_passes_it_on(subject: str) -> None:
    assert read(f"FYI\n\n-----Original Message-----\n{HEADERS}\n\nHello,\n\n{ASK}\n\nAna", subject).endswith(
        ASK
    )


def test_a_greeting_above_a_name_like_line_is_no_farewell() -> None:
    body = f"Bonjour,\n\nRef. Lamps\n{ASK}\n\nHave a nice weekend,\nAna Silva"
    assert ASK in read(body)


@pytest.mark.parametrize(
    "numbered", ["Order number: 4711-0815", "Transaction ID: 8f3a-970-77bc", "Ref. 2024-00688"]
)
def test_what_announced_a_number_goes_with_it(numbered: str) -> None:
    assert read(f"{numbered} {ASK}") == ASK


def test_a_signature_in_columns_goes_below_an_unknown_farewell() -> None:
    assert (
        read(
            f"{ASK}\n\nTa muchly\nAna\n\nAna Silva | Head of Sales | Northfield | 12 Mill Lane | Leeds | +44 20 7946 0018"
        )
        == ASK
    )


@pytest.mark.parametrize(
    "frame",
    [
        "---------- Forwarded message ---------\nFrom: Olaf <olaf@example.net>\nDate: today\nSubject: Kettle\nTo: us\n\n",
        "Von: Olaf <olaf@example.net>\nGesendet: Montag\nAn: us\nBetreff: Kettle\n\n",
        "> From: Olaf <olaf@example.net>\n> Date: today\n> Subject: Kettle\n> To: us\n>\n",
    ],
)
def test_a_mail_that_is_passed_on_is_taken_apart(frame: str) -> None:
    found = read_forward(f"Please take over.\n\n{frame}It leaks.\nHelp me.")
    assert found == ("Please take over.", "Olaf <olaf@example.net>", "It leaks.\nHelp me.")


@pytest.mark.parametrize("text", ["It leaks.", "> It leaks.", "From: Monday on I am away.", ""])
def test_where_nothing_is_passed_on_nothing_is_found(text: str) -> None:
    assert read_forward(text) is None
