"""What a writer is worth whom the model has not read: python -m benchmarks.hands [HAND ...]

The starter pack's examples are by several writers, each headed by a comment ("# teen") in the intents' files. Each
is left out in turn: the model learns from the others and from all contrast texts, and judges the askings of the one
left out with every gate. Prints, per writer, the share whose intent is right, that was held up by the stance model,
that was answered, and that was answered rightly. A training takes most of a minute.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter

import django
import yaml

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from triage.core.deciding.policy import decide  # noqa: E402
from triage.core.deciding.rules import RuleBook  # noqa: E402
from triage.core.engine import Engine  # noqa: E402
from triage.core.learning.model import Model  # noqa: E402
from triage.core.types import Example, IntentPolicy, PolicyConfig  # noqa: E402
from triage.learning.pack import STARTER, read_pack  # noqa: E402

_HAND = re.compile(r"^  # (\w+)$")
FIRST = "pack"  # who wrote the examples that stand before any such comment


def examples_by_hand() -> dict[str, list[Example]]:
    """The examples of the starter pack by writer."""
    found: dict[str, list[Example]] = {}
    for file in sorted((STARTER / "intents").glob("*.yaml")):
        lines = file.read_text(encoding="utf-8").splitlines()
        start = next(number for number, line in enumerate(lines) if line == "examples:") + 1
        hand, block = FIRST, []
        slug = yaml.safe_load("\n".join(lines[:start]))["intent"]

        def keep(hand: str, block: list[str], slug: str = slug) -> None:
            texts = yaml.safe_load("\n".join(block)) or []
            found.setdefault(hand, []).extend(Example(str(text).strip(), slug) for text in texts)

        for line in lines[start:]:
            if named := _HAND.match(line):
                keep(hand, block)
                hand, block = named[1], []
            else:
                block.append(line)
        keep(hand, block)
    return found


def judge(model: Model, askings: list[Example]) -> tuple[float, float, float, float]:
    """Shares of the askings: intent right, held up by the stance, answered, answered rightly."""
    engine = Engine(RuleBook([], []), model)
    policies = {intent: IntentPolicy() for intent in model.intents}
    counts: Counter[str] = Counter()
    for asking in askings:
        assessment = engine.assess("", asking.text)
        decision = decide(assessment, intents=policies, language="en", config=PolicyConfig())
        right = assessment.intent == asking.intent
        counts["right"] += right
        counts["held"] += assessment.stance is not None
        counts["answered"] += not decision.failed
        counts["served"] += right and not decision.failed
    right, held, answered, served = (
        counts[name] / len(askings) for name in ("right", "held", "answered", "served")
    )
    return right, held, answered, served


def main() -> None:
    by_hand, pack = examples_by_hand(), read_pack()
    outside = [Example(text, None) for text in pack.out_of_scope]
    print(
        f"{'left out':<10} {'askings':>7} {'intent right':>12} {'held up':>8} {'answered':>8} {'rightly':>8}"
    )
    for hand in sys.argv[1:] or by_hand:
        others = [one for name, texts in by_hand.items() if name != hand for one in texts]
        model = Model.fit([*others, *outside], contrasts=pack.contrast)
        right, held, answered, served = judge(model, by_hand[hand])
        print(
            f"{hand:<10} {len(by_hand[hand]):>7} {right:>12.1%} {held:>8.1%} {answered:>8.1%} {served:>8.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
