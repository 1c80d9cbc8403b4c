"""Trained on English questions, does the model understand them in other languages?

    python -m benchmarks.languages [--encoder FOLDER] [LANGUAGE ...]

Recipe: xsid holds the same 300 short requests in each language. *Same questions* trains on all the English ones
and asks their translations. That flatters: each asked question was taught, in English. *Other questions* splits
them into ten parts, trains on the English of nine and asks the translations of the tenth; wordings that differ
in capitals and punctuation alone stay in one part. (With five parts some intents were left with fewer different
examples than can be learnt.) An intent with too few English examples to be learnt counts
as wrong, not as left out. *Answered* is what passes the scope gate at a confidence of 0.75 among the other
questions, *wrong* the share of these with the wrong intent.

Without ``--encoder`` the engine on words and letters alone is measured. See benchmarks.multilingual_folder for a
folder that knows 16 languages.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.grown_tickets import DATA
from triage.core.evaluation import read_examples
from triage.core.learning.meaning import open_encoder
from triage.core.learning.model import Model, Prediction
from triage.core.types import Example
from triage.core.vectors import Encoder

LANGUAGES = ("en", "de", "it", "nl", "tr")
PARTS = 10
THRESHOLD = 0.75

Guess = tuple[Example, Prediction]


def read(language: str) -> list[Example]:
    path = DATA / "xsid" / f"{language}.csv"
    if not path.exists():
        raise SystemExit(f"{path} is absent; set HELPDESK_DATA to the folder of the data sets")
    return list(read_examples(path))


def parts_of(english: Sequence[Example]) -> list[int]:
    """Give each question its part, the same for the same words."""
    wordings = [" ".join(re.findall(r"\w+", example.text.lower())) for example in english]
    different = sorted(set(wordings))
    random.Random(0).shuffle(different)
    return [different.index(wording) % PARTS for wording in wordings]


def ask(model: Model, questions: Sequence[Example]) -> list[Guess]:
    return list(zip(questions, model.predict([each.text for each in questions]), strict=True))


def right(guesses: Sequence[Guess]) -> float:
    return sum(asked.intent == guess.intent for asked, guess in guesses) / len(guesses)


def row(language: str, same: Sequence[Guess], other: Sequence[Guess]) -> str:
    answered = [each for each in other if each[1].in_scope and each[1].confidence >= THRESHOLD]
    wrong = 1 - right(answered) if answered else 0.0
    return f"{language:8} {right(same):15.1%} {right(other):16.1%} {len(answered) / len(other):9.1%} {wrong:6.1%}"


def measure(asked: Mapping[str, Sequence[Example]], encoder: Encoder | None) -> None:
    """Train on English once for each part and once on all, ask each time in all languages, and print a line for each."""
    english = read("en")
    taught_all = Model.fit(english, encoder=encoder)
    same = {language: ask(taught_all, questions) for language, questions in asked.items()}
    other: dict[str, list[Guess]] = {language: [] for language in asked}
    parts = parts_of(english)
    for held_out in range(PARTS):
        taught = [each for each, part in zip(english, parts, strict=True) if part != held_out]
        model = Model.fit(taught, encoder=encoder)
        for language, questions in asked.items():
            unseen = [each for each, part in zip(questions, parts, strict=True) if part == held_out]
            other[language] += ask(model, unseen)
    print(f"not learnt, too few examples: {', '.join(taught_all.skipped_intents) or 'none'}")
    print("language  same questions  other questions  answered  wrong")
    for language in asked:
        print(row(language, same[language], other[language]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, help="folder with model.onnx and tokenizer.json")
    parser.add_argument("languages", nargs="*", default=LANGUAGES, metavar="LANGUAGE")
    given = parser.parse_args()
    asked = {language: read(language) for language in given.languages}
    intents = [each.intent for each in read("en")]
    for language, questions in asked.items():
        if [each.intent for each in questions] != intents:
            raise SystemExit(f"{language} does not hold the English questions one by one; leave it out")
    measure(asked, open_encoder(given.encoder) if given.encoder else None)


if __name__ == "__main__":
    main()
