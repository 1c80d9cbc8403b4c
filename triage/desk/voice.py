"""The machine's letters speak of “a person” who will act. Here that person writes, and signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from accounts.models import User
from accounts.signatures import signature_of

#: Language → (what the letters say, what their sender says instead), the longer ones first.
PHRASES: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "en": (
        ("until a person has told you", "until I have told you"),
        ("are answered by a person, never automatically", "are answered by one of us in person"),
        ("a person will", "I will"),
        ("a colleague will", "I will"),
    ),
    "de": (
        ("geht jemand von uns der Sache nach", "gehe ich der Sache nach"),
        ("fragt jemand von uns", "frage ich"),
        ("sieht jemand von uns", "sehe ich"),
        ("versucht jemand von uns", "versuche ich"),
        ("kümmert sich jemand von uns", "kümmere ich mich"),
        ("jemand von uns hilft Ihnen", "ich helfe Ihnen"),
        ("ein Mensch antwortet Ihnen", "ich antworte Ihnen"),
    ),
    "fr": (
        ("l’un de nous fera", "je ferai"),
        ("l’un de nous vérifiera", "je vérifierai"),
        ("l’un de nous s’en occupera", "je m’en occuperai"),
        ("l’un de nous interrogera", "j’interrogerai"),
        ("l’un de nous essaiera", "j’essaierai"),
        ("l’un de nous vous aidera", "je vous aiderai"),
        ("une personne vous répondra", "je vous répondrai"),
    ),
    "es": (
        ("una persona se ocupará", "me ocuparé"),
        ("una persona intentará", "intentaré"),
        ("una persona lo investigará", "lo investigaré"),
        ("una persona le ayudará", "le ayudaré"),
        ("le responderá una persona", "le responderé yo"),
    ),
}  # fmt: skip
CLOSING_CHARS: Final = 80  # a last paragraph as short as this is the house's closing line


def in_agents_voice(letter: str, agent: User, language: str) -> str:
    """``letter`` as ``agent`` would write it."""
    return ended(in_first_person(letter, language), agent)


def in_first_person(letter: str, language: str) -> str:
    text = letter
    for said, instead in PHRASES.get(language.split("-")[0], ()):
        text = text.replace(said, instead)
        text = text.replace(_capital(said), _capital(instead))
    return text


def _capital(phrase: str) -> str:
    return phrase[0].upper() + phrase[1:]


def ended(text: str, agent: User) -> str:
    """With the agent's name above the house's closing; with neither where their signature will stand below it."""
    name = agent.name.strip()
    body, closing = _parted(text)
    if signature_of(agent):
        return body
    if not name or name in text:
        return text.rstrip()
    return f"{body}\n\n{name}\n{closing}" if closing else f"{body}\n\n{name}"


def _parted(text: str) -> tuple[str, str]:
    """The letter, and the house's closing line where it has one."""
    body, blank, closing = text.rstrip().rpartition("\n\n")
    is_closing = (
        blank
        and len(closing) <= CLOSING_CHARS
        and "\n" not in closing
        and not closing.endswith((".", "?", "!"))
    )
    return (body, closing) if is_closing else (text.rstrip(), "")
