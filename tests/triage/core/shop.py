"""A small invented shop to train on in tests, fast and always the same."""

from __future__ import annotations

from triage.core.types import Example

PHRASES = {
    "track_order": ("where is my {}", "when will my {} arrive", "has the {} been sent yet"),
    "refund": ("i want my money back for the {}", "please refund the {}", "how do i return the {}"),
    "login": ("i cannot sign in to see the {}", "password rejected on the {} page", "locked out of {}"),
    "invoice": ("send me the invoice for the {}", "i need a receipt for my {}", "no bill came with the {}"),
    "warranty": ("the {} broke after a week", "is the {} under guarantee", "my {} stopped working"),
}
THINGS = ("parcel", "order", "jacket", "phone", "lamp", "desk")
ELSEWHERE = (
    "sing me a song about spring",
    "who won the match last night",
    "translate good evening to finnish",
    "what is the capital of peru",
    "tell me a joke about cats",
    "set an alarm for six",
)


def shop_examples() -> list[Example]:
    """Return 90 labelled questions and six that no shop can answer."""
    taught = [
        Example(phrase.format(thing), intent)
        for intent, phrases in PHRASES.items()
        for phrase in phrases
        for thing in THINGS
    ]
    return taught + [Example(text, None) for text in ELSEWHERE]
