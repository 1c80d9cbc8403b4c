"""How well and how fast recordings are understood, by language and noise.

    python -m benchmarks.voice MODEL [--languages en,de]

Synthetic speech (espeak-ng, which must be installed) of sentences written for this, clean and under white noise of 20 and
10 dB. Synthetic voices are harder to understand than people's; what is shown is where the limits lie, not how well a
customer of yours will be understood.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
import wave
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickets.channels.voice import transcriber
from tickets.channels.voice.hearing import Heard, Unheard, hear, made_of, missing_parts

NOISES: Final = (None, 20, 10)  # dB of the voice above the noise
NOTHING: Final = Heard(0.0, "", 0.0, ())
WORDS_A_MINUTE: Final = 140
VOICES: Final = {"en": "en-gb", "fr": "fr-fr", "pt": "pt-pt"}
SENTENCES: Final[dict[str, Sequence[str]]] = {
    "en": (
        "Hello, I ordered a coffee machine last week and it arrived with a broken lid.",
        "How can I send the parcel back and get my money back?",
        "I moved house in March, please change the address on my account.",
        "My card was charged twice for the same order.",
        "The shop says that my password is wrong, and no email arrives.",
        "When will the lamp that I paid for be delivered?",
    ),
    "de": (
        "Guten Tag, ich habe letzte Woche eine Kaffeemaschine bestellt und der Deckel ist kaputt.",
        "Wie kann ich das Paket zurückschicken und mein Geld zurückbekommen?",
        "Ich bin im März umgezogen, bitte ändern Sie meine Adresse.",
        "Meine Karte wurde für dieselbe Bestellung zweimal belastet.",
        "Der Laden sagt, dass mein Passwort falsch ist, und es kommt keine Nachricht an.",
        "Wann wird die Lampe geliefert, die ich bezahlt habe?",
    ),
    "fr": (
        "Bonjour, j'ai commandé une machine à café la semaine dernière et le couvercle est cassé.",
        "Comment puis-je renvoyer le colis et être remboursé?",
        "J'ai déménagé au mois de mars, changez mon adresse s'il vous plaît.",
        "Ma carte a été débitée deux fois pour la même commande.",
        "Le magasin dit que mon mot de passe est faux, et aucun message n'arrive.",
        "Quand la lampe que j'ai payée sera-t-elle livrée?",
    ),
    "es": (
        "Buenos días, pedí una cafetera la semana pasada y llegó con la tapa rota.",
        "¿Cómo puedo devolver el paquete y recuperar mi dinero?",
        "Me mudé en marzo, cambien por favor mi dirección.",
        "Me han cobrado dos veces el mismo pedido en la tarjeta.",
        "La tienda dice que mi contraseña está mal, y no llega ningún mensaje.",
        "¿Cuándo van a entregar la lámpara que he pagado?",
    ),
    "it": (
        "Buongiorno, ho ordinato una macchina da caffè la settimana scorsa e il coperchio è rotto.",
        "Come posso rimandare il pacco e riavere i miei soldi?",
        "Ho cambiato casa a marzo, per favore cambiate il mio indirizzo.",
        "La mia carta è stata addebitata due volte per lo stesso ordine.",
        "Il negozio dice che la mia password è sbagliata, e non arriva nessun messaggio.",
        "Quando sarà consegnata la lampada che ho pagato?",
    ),
    "nl": (
        "Goedemiddag, ik heb vorige week een koffiemachine besteld en het deksel is kapot.",
        "Hoe kan ik het pakket terugsturen en mijn geld terugkrijgen?",
        "Ik ben in maart verhuisd, wilt u mijn adres veranderen?",
        "Mijn kaart is twee keer belast voor dezelfde bestelling.",
        "De winkel zegt dat mijn wachtwoord fout is, en er komt geen bericht aan.",
        "Wanneer wordt de lamp geleverd die ik heb betaald?",
    ),
    "pt": (
        "Bom dia, encomendei uma máquina de café na semana passada e a tampa está partida.",
        "Como posso devolver a encomenda e receber o meu dinheiro de volta?",
        "Mudei de casa em março, por favor alterem a minha morada.",
        "O meu cartão foi cobrado duas vezes pela mesma encomenda.",
        "A loja diz que a minha senha está errada, e não chega nenhuma mensagem.",
        "Quando vai ser entregue o candeeiro que paguei?",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One sentence: its errors in words, how many it has, and what the model thought of it."""

    language: str
    noise: int | None
    errors: int
    words: int
    confidence: float
    detected: str
    audio: float  # seconds
    spent: float  # seconds


def spoken(text: str, language: str, noise: int | None = None, *, pad: float = 0.0) -> bytes:
    """A WAV file of ``text`` by espeak-ng, with white noise of a fixed seed; ``pad`` seconds of it before and after."""
    voice = VOICES.get(language, language)
    said = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdout", text],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    with wave.open(io.BytesIO(said)) as read:
        rate = read.getframerate()
        samples = np.frombuffer(read.readframes(10**9), dtype=np.int16).astype(np.float64)
    samples = np.pad(samples, int(pad * rate))
    if noise is not None:
        power = np.sqrt(np.mean(samples**2)) / 10 ** (noise / 20)
        samples = samples + np.random.default_rng(7).normal(0, power, len(samples))
    out = io.BytesIO()
    with wave.open(out, "wb") as write:
        write.setnchannels(1)
        write.setsampwidth(2)
        write.setframerate(rate)
        write.writeframes(np.clip(samples, -32768, 32767).astype(np.int16).tobytes())
    return out.getvalue()


def words_of(text: str) -> list[str]:
    plain = "".join(
        letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFC", text.lower())
    )
    return plain.split()


def word_errors(said: str, heard: str) -> int:
    """Words to put in, leave out or change: the Levenshtein distance of the two."""
    wanted, got = words_of(said), words_of(heard)
    row = list(range(len(got) + 1))
    for place, word in enumerate(wanted, 1):
        before, row[0] = row[0], place
        for at, other in enumerate(got, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1]


def tried(engine: Any, language: str, noise: int | None, text: str) -> Trial:
    """With the model loaded once for all, where each recording otherwise has a program of its own."""
    samples = transcriber.decode(io.BytesIO(spoken(text, language, noise)), 60)
    duration = len(samples) / transcriber.RATE
    begun = time.monotonic()
    lines = [{"duration": duration}, *transcriber.transcribe(engine, samples), {"done": True}]
    try:
        heard = made_of(iter(lines)) or NOTHING
    except Unheard:
        heard = NOTHING
    spent = time.monotonic() - begun
    errors, count = word_errors(text, heard.text), len(words_of(text))
    return Trial(language, noise, errors, count, heard.confidence, heard.language, duration, spent)


def rate(trials: Sequence[Trial]) -> str:
    errors, words = sum(one.errors for one in trials), sum(one.words for one in trials)
    return f"{errors / words:6.1%}" if words else "     –"


def report(trials: Sequence[Trial], languages: Sequence[str]) -> Iterator[str]:
    yield "Word error rate   clean   20 dB   10 dB   language found"
    for language in languages:
        own = [one for one in trials if one.language == language]
        rates = "  ".join(rate([one for one in own if one.noise == noise]) for noise in NOISES)
        right = sum(one.detected == language for one in own) / len(own)
        yield f"{language:16}{rates}   {right:.0%}"
    for least in (0.5, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
        sure = [one for one in trials if one.confidence >= least]
        yield f"confidence ≥ {least:.2f}: {len(sure):4} of {len(trials)} kept, word error rate {rate(sure)}"


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of the model, as VOICE_MODEL")
    parser.add_argument("--languages", default=",".join(SENTENCES), help=f"({','.join(SENTENCES)})")
    given: Any = parser.parse_args()
    if shutil.which("espeak-ng") is None:
        sys.exit("espeak-ng is not installed (Debian: apt install espeak-ng).")
    if missing := missing_parts(given.model):
        sys.exit(missing)
    engine = transcriber.loaded(given.model, 2)
    languages, trials = given.languages.split(","), []
    for language in languages:
        for noise in NOISES:
            trials += [tried(engine, language, noise, text) for text in SENTENCES[language]]
        print(f"{language} done", file=sys.stderr)
    print("\n".join(report(trials, languages)))
    print(speed(given.model, " ".join(SENTENCES[languages[0]] * 5), languages[0]))


def speed(model: Path, text: str, language: str) -> str:
    """As a job does it, with the start of the program."""
    with tempfile.TemporaryFile() as file:
        file.write(spoken(text, language))
        begun, before = time.monotonic(), os.times()
        heard = hear(file, model)
        spent, after = time.monotonic() - begun, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    shares = f"{spent / heard.duration:.2f} × real time, {cpu / heard.duration:.2f} × of one core"
    return f"{heard.duration:.0f} s of speech in {spent:.1f} s: {shares}"


if __name__ == "__main__":
    main()
