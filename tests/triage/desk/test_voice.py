"""Letters in the agent's own voice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from accounts.models import User
from triage.desk.voice import in_agents_voice

STARTER = Path(__file__).parents[3] / "triage" / "starter" / "intents"
ANNA = User(name="Anna Agent", email="anna@example.com")
#: What no letter says that a person has signed.
OF_THE_MACHINE = {
    "en": r"\ba (person|colleague) will\b|until a person has|by a person",
    "de": r"jemand von uns|ein Mensch antwortet",
    "fr": r"l’un de nous|une personne vous",
    "es": r"una persona",
}


def letters() -> list[tuple[str, str]]:
    found = []
    for file in sorted(STARTER.glob("*.yaml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for answer in [content.get("answer"), *content.get("answers", [])]:
            if answer:
                found += [
                    (answer["language"], answer[name])
                    for name in ("body", "guest_body", "summary")
                    if answer.get(name)
                ]
    return found


def test_no_letter_of_the_pack_speaks_as_a_machine_once_a_person_sends_it() -> None:
    known = letters()
    assert len(known) > 100
    robots = [
        text for language, text in known
        if re.search(OF_THE_MACHINE.get(language, "(?!)"), in_agents_voice(text, ANNA, language), re.IGNORECASE)
    ]  # fmt: skip
    assert robots == []


@pytest.mark.parametrize(
    ("letter", "language", "voice"),
    [
        ("Write to us, and a person will help.", "en", "Write to us, and I will help.\n\nAnna Agent"),
        (
            "A person will check it.\n\nThe Northwind team",
            "en",
            "I will check it.\n\nAnna Agent\nThe Northwind team",
        ),
        ("L’un de nous vérifiera.", "fr", "Je vérifierai.\n\nAnna Agent"),
        ("Dann sieht jemand von uns nach.", "de-AT", "Dann sehe ich nach.\n\nAnna Agent"),
        ("A person will check it.", "nl", "A person will check it.\n\nAnna Agent"),
    ],
)
def test_the_sender_speaks_and_signs(letter: str, language: str, voice: str) -> None:
    assert in_agents_voice(letter, ANNA, language) == voice


def test_it_is_signed_once_and_by_nobody_without_a_name() -> None:
    once = in_agents_voice("I help.", ANNA, "en")
    assert in_agents_voice(once, ANNA, "en") == once
    assert in_agents_voice("I help.", User(email="x@example.com"), "en") == "I help."
