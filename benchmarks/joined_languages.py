"""Are two questions in one ticket seen in languages other than English, and do single ones stay single?

    python -m benchmarks.joined_languages

Six intents of a shop in five languages. A model is taught each language by four patterns an intent, filled with six
things; eighteen other wordings are asked, alone and joined to forty pairs of two intents, each pair by one of eight
joints. *Answered* is what passes the gates of scope, of a single question and of a confidence of 0.75.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.types import Assessment, Example

PAIRS = 40
THRESHOLD = 0.75
#: How two questions are joined; {and}, {also} and {more} are the language's own words.
JOINTS = (
    "{a} {and} {b}?", "{a}, {and} {b}?", "{a}? {B}?", "{a}? {Also} {b}?", "{a}? {more} {b}?", "{a}\n{B}", "{a} - {b}?",
    "{a} {b}",
)  # fmt: skip


@dataclass(frozen=True)
class Tongue:
    """Words of one language; each intent has four taught patterns and, behind the bar, three others that are asked."""

    joining: tuple[str, str, str]
    things: tuple[str, ...]
    intents: dict[str, str]

    def taught(self) -> list[Example]:
        return [
            Example(pattern.strip().format(thing), intent)
            for intent, written in self.intents.items()
            for pattern in written.split("|")[0].split(";")
            for thing in self.things
        ]

    def asked(self) -> list[Example]:
        return [
            Example(question.strip(), intent)
            for intent, written in self.intents.items()
            for question in written.split("|")[1].split(";")
        ]


TONGUES = {
    "de": Tongue(
        ("und", "außerdem", "Noch eine Frage:"),
        ("Bestellung", "Lieferung", "Lampe", "Jacke", "Ware", "Uhr"),
        {
            "track": "wo ist meine {}; wann kommt die {} an; wo bleibt das Paket mit der {}; wie ist der Status der {}"
            "|wo ist mein Paket; wann kommt meine Lieferung an; wo bleibt meine Bestellung",
            "password": "wie ändere ich mein Passwort für die {}; ich habe mein Passwort zur {} vergessen; wie setze ich das"
            " Passwort zurück, um die {} zu sehen; mein Kennwort für die {} geht nicht"
            "|wie ändere ich mein Passwort; wie setze ich mein Kennwort zurück; ich habe mein Passwort vergessen",
            "refund": "ich möchte mein Geld für die {} zurück; wann bekomme ich die Erstattung für die {}; bitte erstatten Sie"
            " mir die {}; wie bekomme ich das Geld für die {} zurück"
            "|ich möchte mein Geld zurück; wann kommt meine Erstattung; wie bekomme ich mein Geld zurück",
            "cancel": "ich möchte die {} stornieren; wie storniere ich meine {}; bitte stornieren Sie die {}; kann ich die {}"
            " noch abbestellen|wie storniere ich meine Bestellung; ich möchte den Auftrag stornieren; kann ich noch stornieren",
            "invoice": "ich brauche eine Rechnung für die {}; wo finde ich die Rechnung zur {}; bitte schicken Sie mir die"
            " Rechnung für die {}; mir fehlt die Rechnung der {}"
            "|ich brauche eine Rechnung; wo finde ich meine Rechnung; können Sie mir die Rechnung schicken",
            "address": "wie ändere ich die Lieferadresse der {}; die Adresse für die {} ist falsch; ich bin umgezogen, wohin"
            " geht die {}; bitte ändern Sie die Anschrift der {}"
            "|wie ändere ich meine Lieferadresse; ich möchte meine Adresse ändern; kann ich die Anschrift noch ändern",
        },
    ),
    "fr": Tongue(
        ("et", "aussi", "Une autre question :"),
        ("commande", "livraison", "lampe", "veste", "montre", "table"),
        {
            "track": "où est ma {}; quand arrive la {}; où en est le colis de la {}; quel est le statut de la {}"
            "|où est mon colis; quand arrive ma livraison; où en est ma commande",
            "password": "comment changer mon mot de passe pour la {}; j'ai oublié le mot de passe pour la {}; comment"
            " réinitialiser le mot de passe de la {}; mon mot de passe ne marche pas pour la {}"
            "|comment changer mon mot de passe; comment réinitialiser le mot de passe; j'ai oublié mon mot de passe",
            "refund": "je veux être remboursé pour la {}; quand aurai-je le remboursement de la {}; merci de rembourser la"
            " {}; comment obtenir le remboursement de la {}"
            "|je veux être remboursé; quand arrive mon remboursement; comment obtenir un remboursement",
            "cancel": "je veux annuler la {}; comment annuler ma {}; merci d'annuler la {}; puis-je encore annuler la {}"
            "|comment annuler ma commande; je voudrais annuler mon achat; puis-je encore annuler",
            "invoice": "j'ai besoin d'une facture pour la {}; où trouver la facture de la {}; envoyez-moi la facture de la"
            " {}; il me manque la facture de la {}"
            "|j'ai besoin d'une facture; où trouver ma facture; pouvez-vous m'envoyer la facture",
            "address": "comment changer l'adresse de livraison de la {}; l'adresse de la {} est fausse; j'ai déménagé, où va"
            " la {}; merci de modifier l'adresse de la {}"
            "|comment changer mon adresse de livraison; je voudrais modifier mon adresse; puis-je changer l'adresse",
        },
    ),
    "it": Tongue(
        ("e", "inoltre", "Un'altra domanda:"),
        ("ordine", "pacco", "lampada", "giacca", "orologio", "tavolo"),
        {
            "track": "dov'è il mio {}; quando arriva il {}; a che punto è la consegna del {}; qual è lo stato del {}"
            "|dov'è il mio pacco; quando arriva la consegna; a che punto è il mio ordine",
            "password": "come cambio la password per il {}; ho dimenticato la password per il {}; come reimposto la password"
            " del {}; la mia password per il {} non funziona"
            "|come cambio la mia password; come posso reimpostare la password; ho dimenticato la password",
            "refund": "voglio il rimborso del {}; quando arriva il rimborso per il {}; vi prego di rimborsare il {}; come"
            " ottengo il rimborso del {}|voglio un rimborso; quando arriva il rimborso; come posso ottenere il rimborso",
            "cancel": "voglio annullare il {}; come annullo il mio {}; vi prego di annullare il {}; posso ancora annullare"
            " il {}|come annullo il mio ordine; vorrei annullare l'acquisto; posso ancora annullare",
            "invoice": "mi serve la fattura del {}; dove trovo la fattura per il {}; mandatemi la fattura del {}; manca la"
            " fattura del {}|mi serve una fattura; dove trovo la mia fattura; potete mandarmi la fattura",
            "address": "come cambio l'indirizzo di consegna del {}; l'indirizzo del {} è sbagliato; ho cambiato casa, dove va"
            " il {}; vi prego di modificare l'indirizzo del {}"
            "|come cambio l'indirizzo di consegna; vorrei modificare il mio indirizzo; posso cambiare l'indirizzo",
        },
    ),
    "nl": Tongue(
        ("en", "daarnaast", "Nog een vraag:"),
        ("bestelling", "levering", "lamp", "jas", "stoel", "tafel"),
        {
            "track": "waar is mijn {}; wanneer komt de {} aan; waar blijft het pakket met de {}; wat is de status van de {}"
            "|waar is mijn pakket; wanneer komt mijn levering aan; waar blijft mijn bestelling",
            "password": "hoe wijzig ik mijn wachtwoord voor de {}; ik ben het wachtwoord voor de {} vergeten; hoe stel ik"
            " mijn wachtwoord voor de {} opnieuw in; mijn wachtwoord voor de {} werkt niet"
            "|hoe wijzig ik mijn wachtwoord; hoe kan ik mijn wachtwoord herstellen; ik ben mijn wachtwoord vergeten",
            "refund": "ik wil mijn geld terug voor de {}; wanneer krijg ik de terugbetaling van de {}; graag de {}"
            " terugbetalen; hoe krijg ik mijn geld voor de {} terug"
            "|ik wil mijn geld terug; wanneer komt mijn terugbetaling; hoe krijg ik mijn geld terug",
            "cancel": "ik wil de {} annuleren; hoe annuleer ik mijn {}; graag de {} annuleren; kan ik de {} nog annuleren"
            "|hoe annuleer ik mijn bestelling; ik wil de aankoop annuleren; kan ik nog annuleren",
            "invoice": "ik heb een factuur nodig voor de {}; waar vind ik de factuur van de {}; stuur mij de factuur van de"
            " {}; ik mis de factuur van de {}"
            "|ik heb een factuur nodig; waar vind ik mijn factuur; kunt u mij de factuur sturen",
            "address": "hoe wijzig ik het bezorgadres van de {}; het adres voor de {} klopt niet; ik ben verhuisd, waar gaat"
            " de {} heen; graag het adres van de {} wijzigen"
            "|hoe wijzig ik mijn bezorgadres; ik wil mijn adres wijzigen; kan ik het adres nog aanpassen",
        },
    ),
    "es": Tongue(
        ("y", "además", "Otra pregunta:"),
        ("pedido", "paquete", "reloj", "abrigo", "libro", "sofá"),
        {
            "track": "dónde está mi {}; cuándo llega el {}; por dónde va el envío del {}; cuál es el estado del {}"
            "|dónde está mi paquete; cuándo llega mi envío; por dónde va mi pedido",
            "password": "cómo cambio la contraseña para el {}; olvidé la contraseña para el {}; cómo restablezco la"
            " contraseña del {}; mi contraseña para el {} no funciona"
            "|cómo cambio mi contraseña; cómo puedo restablecer la contraseña; he olvidado mi contraseña",
            "refund": "quiero el reembolso del {}; cuándo llega el reembolso del {}; por favor devuelvan el dinero del {};"
            " cómo obtengo el reembolso del {}"
            "|quiero un reembolso; cuándo llega mi reembolso; cómo puedo obtener el reembolso",
            "cancel": "quiero cancelar el {}; cómo cancelo mi {}; por favor cancelen el {}; puedo cancelar todavía el {}"
            "|cómo cancelo mi pedido; quisiera cancelar la compra; puedo cancelar todavía",
            "invoice": "necesito la factura del {}; dónde encuentro la factura del {}; envíenme la factura del {}; falta la"
            " factura del {}|necesito una factura; dónde encuentro mi factura; pueden enviarme la factura",
            "address": "cómo cambio la dirección de entrega del {}; la dirección del {} es errónea; me he mudado, adónde va"
            " el {}; por favor cambien la dirección del {}"
            "|cómo cambio la dirección de entrega; quiero modificar mi dirección; puedo cambiar la dirección",
        },
    ),
}


def pairs(tongue: Tongue, chance: random.Random) -> Iterator[str]:
    joins, also, more = tongue.joining
    for number in range(PAIRS):
        first, second = chance.sample(tongue.asked(), 2)
        while first.intent == second.intent:
            first, second = chance.sample(tongue.asked(), 2)
        a, b = first.text, second.text
        yield JOINTS[number % len(JOINTS)].format(
            a=a.capitalize(), b=b, B=b.capitalize(), Also=also.capitalize(), more=more, **{"and": joins}
        )


def answered(found: Assessment) -> bool:
    return found.in_scope and not found.several_questions and found.confidence >= THRESHOLD


def main() -> None:
    print("language  pairs answered  pairs seen as several  single answered  single taken for several")
    for tag, tongue in TONGUES.items():
        engine = Engine(RuleBook([]), Model.fit(tongue.taught()))
        joined = [engine.assess("", text) for text in pairs(tongue, random.Random(1))]
        single = [engine.assess("", f"{each.text.capitalize()}?") for each in tongue.asked()]
        several = sum(found.several_questions for found in joined), sum(f.several_questions for f in single)
        print(
            f"{tag:8} {sum(map(answered, joined)):11}/{PAIRS} {several[0]:19}/{PAIRS} "
            f"{sum(map(answered, single)):13}/{len(single)} {several[1]:22}/{len(single)}"
        )


if __name__ == "__main__":
    main()
