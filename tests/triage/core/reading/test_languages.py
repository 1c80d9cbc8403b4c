"""What every language of ``languages/`` must read alike: one list of cases, the same in each."""

from __future__ import annotations

import pytest

from triage.core.reading.joints import find_joints
from triage.core.reading.languages import LANGUAGES, language_of, spoken
from triage.core.reading.text import find_ask

#: Two questions; what joins them; what announces a further one; one question told in two sentences; a greeting; a
#: farewell; the line above a quoted mail; the line of a phone; the names of a mail's headers.
CASES = {
    "en": (
        "Where is my parcel", "how do I change my password", "and", "One more question:",
        "I have a new address. How do I change it?", "Hello,", "Kind regards", "On 3 May 2024 Ana wrote:",
        "Sent from my iPhone", "From Sent To Subject",
    ),
    "de": (
        "Wo ist mein Paket", "wie ändere ich mein Passwort", "und", "Noch eine Frage:",
        "Ich habe eine neue Adresse. Wie ändere ich es im Konto?", "Guten Tag,", "Mit freundlichen Grüßen",
        "Am 03.05.2024 schrieb Ana:", "Von meinem iPhone gesendet", "Von Gesendet An Betreff",
    ),
    "fr": (
        "Où est mon colis", "comment changer mon mot de passe", "et", "Une autre question :",
        "J'ai une nouvelle adresse. Comment puis-je la changer avec cela ?", "Bonjour,", "Cordialement",
        "Le 3 mai 2024 Ana a écrit :", "Envoyé de mon iPhone", "De Envoyé À Objet",
    ),
    "es": (
        "Dónde está mi paquete", "cómo cambio mi contraseña", "y", "Otra pregunta:",
        "Tengo una nueva dirección. ¿Cómo lo cambio en mi cuenta?", "Hola,", "Un saludo",
        "El 3 mayo 2024 Ana escribió:", "Enviado desde mi iPhone", "De Enviado Para Asunto",
    ),
    "it": (
        "Dov'è il mio pacco", "come cambio la mia password", "e", "Un'altra domanda:",
        "Ho un nuovo indirizzo. Come lo cambio nel mio account?", "Buongiorno,", "Cordiali saluti",
        "Il 3 maggio 2024 Ana ha scritto:", "Inviato da iPhone", "Da Inviato A Oggetto",
    ),
    "nl": (
        "Waar is mijn pakket", "hoe wijzig ik mijn wachtwoord", "en", "Nog een vraag:",
        "Ik heb een nieuw adres. Hoe wijzig ik dit?", "Beste klantenservice,", "Met vriendelijke groet",
        "Op 3 mei 2024 schreef Ana:", "Verzonden vanaf mijn iPhone", "Van Verzonden Aan Onderwerp",
    ),
    "pt": (
        "Onde está a minha encomenda", "como mudo a minha senha", "e", "Mais uma pergunta:",
        "Tenho um novo endereço. Como posso mudar isso?", "Olá,", "Cumprimentos",
        "Em 3 maio 2024 Ana escreveu:", "Enviado do meu iPhone", "De Enviado Para Assunto",
    ),
}  # fmt: skip
each_language = pytest.mark.parametrize("tag", sorted(LANGUAGES))


def opened(text: str) -> set[str]:
    """What stands behind the joints where a question opens."""
    return {joint.after for joint in find_joints(text).found if "asks" in joint.signs}


def test_no_language_is_without_its_cases() -> None:
    assert set(CASES) == set(LANGUAGES)


@each_language
def test_a_text_tells_its_language(tag: str) -> None:
    first, second, joins, *_ = CASES[tag]
    for text in (f"{first} {joins} {second}?", CASES[tag][4]):
        language = language_of(spoken(text))
        assert language is not None and language.tag == tag


@each_language
def test_a_single_question_has_no_joint_where_another_opens(tag: str) -> None:
    for question in CASES[tag][:2]:
        assert find_joints(f"{question}?").readable
        assert not opened(f"{question}?")


@each_language
@pytest.mark.parametrize(
    "joint", ["{a} {joins} {b}?", "{a}, {joins} {b}?", "{a}? {more} {b}?", "{a}? {B}?", "{a} {b}?"]
)
def test_two_joined_questions_meet_at_a_joint(tag: str, joint: str) -> None:
    first, second, joins, more, *_ = CASES[tag]
    text = joint.format(a=first, b=second, B=second.capitalize(), joins=joins, more=more)
    assert f"{second}?".lower() in {after.lower() for after in opened(text)}


@each_language
def test_an_announcement_is_a_sign_of_another_question(tag: str) -> None:
    first, second, _, more, *_ = CASES[tag]
    joint = next(j for j in find_joints(f"{first}? {more} {second}?").found if "asks" in j.signs)
    assert {"also", "asked", "question"} <= joint.signs


@each_language
def test_a_question_that_points_back_says_so(tag: str) -> None:
    (joint,) = (joint for joint in find_joints(CASES[tag][4]).found if "end" in joint.signs)
    assert {"points_back", "asks"} <= joint.signs
    assert "asked" not in joint.signs


@each_language
def test_the_frame_of_a_mail_goes(tag: str) -> None:
    first, second, _, _, _, greeting, farewell, wrote, phone, names = CASES[tag]
    ask = f"{first}?"
    quoted = f"{wrote}\n> {second}?"
    keys = zip(
        names.split(), ("Ana <ana@example.org>", "3 May 2024 10:12", "b@example.org", "lamp"), strict=True
    )
    headers = "\n".join(f"{key}: {value}" for key, value in keys)
    for mail in (
        f"{greeting}\n\n{ask}",
        f"{ask}\n\n{farewell}\nAna Silva",
        f"{ask}\n\n{farewell}\nAna Silva\n+44 20 7946 0018\nana@example.org",
        f"{ask}\n\n{phone}",
        f"{ask}\n\n{quoted}",
        f"{ask}\n\n{headers}\n\n{second}?",
    ):
        assert find_ask("", mail).text == ask


@pytest.mark.parametrize(
    "text",
    [
        "Var är mitt paket och hur ändrar jag mitt lösenord?",
        "Gdzie jest moja paczka? Jak zmienić hasło?",
        "我的包裹在哪里？我怎么改密码？",
        "Paketim nerede, şifremi nasıl değiştiririm?",
    ],
)
def test_two_clauses_of_a_language_without_tables_cannot_be_read(text: str) -> None:
    assert not find_joints(text).readable


@pytest.mark.parametrize(
    "text",
    [
        "orderd rong colour can chnage to black?? order 7712",
        "shampoo bottle leaked all over the box, lid wasnt on right. order 19-334",
        "cancel order 3381 pls. reason: ordered after two glasses of wine lol",
    ],
)
def test_careless_english_is_english(text: str) -> None:
    language = language_of(spoken(text))
    assert language is not None and language.tag == "en"


@pytest.mark.parametrize(
    "text", ["", "refund", "Var är mitt paket?", "我的包裹在哪里？", "cancel order 4711"]
)
def test_one_short_clause_needs_no_tables(text: str) -> None:
    assert find_joints(text).readable
