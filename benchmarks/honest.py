"""How right the shipped product is on messages of strangers: python -m benchmarks.honest [--update] [--mails N]

Sets the product up with its demo house in a folder of its own, as `make run` does, and has
`manage.py evaluate_triage --installed` decide every message under tests/honest/ and, where they are there, the
examples of HELPDESK_DATA. Prints a table a kind of message, what the confidence is worth band by band, and ends with 1
where a kind got worse than the figure committed in tests/honest/figures.json; --update writes that file anew.
--mails adds so many long mails to an IT service (it_tickets of HELPDESK_DATA), none of which is ours to answer.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import honest
from tests.installation import Installation
from triage.core.stance.model import UNASKED_SHARE

FIGURES = honest.FOLDER / "figures.json"
DATA = Path(os.environ.get("HELPDESK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
#: A kind may get worse by so many messages before the run fails: fits differ in the last digits between machines.
TOLERATED = 1


#: The kind of the long mails, and the words that make one.
MAILS, LONG = "it_tickets: long mails", 100
#: Where the bands of confidence begin.
BANDS = (0.0, 0.25, 0.5, 0.75, 0.85, 0.95)


@dataclass
class Kind:
    """The messages of one kind: how many there are, were answered, were answered rightly."""

    messages: int = 0
    answered: int = 0
    right: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    #: The confidence in each message, and whether it asked for the intent.
    believed: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        return self.answered - self.right


def every_message() -> Iterator[tuple[str, honest.Message]]:
    """The name of the set and the message."""
    for name in honest.sets():
        for message in honest.messages(name):
            yield name, message
    for message in honest.reported():
        yield "reported", message
    general = DATA / "clinc150" / "valid.csv"
    if not general.is_file():
        print(f"SKIPPED: no {general}; set HELPDESK_DATA to the folder of the data sets.")
        return
    with general.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not row["intent"]:
                yield "clinc150", honest.Message(honest.PERSON, "nothing of ours", row["text"])


def long_mails(count: int) -> Iterator[tuple[str, honest.Message]]:
    """So many of the long mails to an IT service, evenly drawn from all of them."""
    if not count:
        return
    with (DATA / "it_tickets" / "train.csv").open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream) if len(row["text"].split()) >= LONG]
    for text in texts[:: max(1, len(texts) // count)][:count]:
        yield MAILS.partition(": ")[0], honest.Message(honest.PERSON, MAILS.partition(": ")[2], text)


def measure(mails: int = 0) -> dict[str, Kind]:
    """Decide every message, and so many long mails, by a fresh installation; the kinds by name, by writer."""
    found = [*every_message(), *long_mails(mails)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        installation = Installation(folder, DEMO="on", ENVIRONMENT="local", OPENBLAS_NUM_THREADS="2")
        print("Setting the demo up …", flush=True)
        installation.manage("prepare")
        texts, predictions = folder / "texts.csv", folder / "predictions.csv"
        with texts.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "intent"])
            for _, message in found:
                writer.writerow([message.text, "" if message.right == honest.PERSON else message.right])
        installation.manage(
            "evaluate_triage",
            "--installed",
            "--test",
            str(texts),
            "--predictions",
            str(predictions),
            "--json",
        )
        with predictions.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    kinds: dict[str, Kind] = defaultdict(Kind)
    for (name, message), row in zip(found, rows, strict=True):
        kind = kinds[f"{name}: {message.kind}" if name not in ("reported",) else "reported"]
        kind.messages += 1
        kind.reasons[row["reason"]] += 1
        kind.believed.append((float(row["confidence"]), row["intent"] == message.right))
        if row["action"] == "auto_resolve":
            kind.answered += 1
            kind.right += row["intent"] == message.right
    return kinds


def table(kinds: dict[str, Kind]) -> str:
    lines = [f"{'kind':<40} {'n':>5} {'answered':>8} {'right':>6} {'wrong':>6} {'wrong/100':>9}  stopped by"]
    for name, kind in kinds.items():
        stopped = ", ".join(f"{r} {n}" for r, n in kind.reasons.most_common(4) if r != "confident")
        lines.append(
            f"{name:<40} {kind.messages:>5} {kind.answered:>8} {kind.right:>6} {kind.wrong:>6} "
            f"{100 * kind.wrong / kind.messages:>9.1f}  {stopped}"
        )
    return "\n".join(lines)


def bands(kinds: dict[str, Kind]) -> str:
    """What the confidence says and how right it is, where one message in five asks nothing plainly, as is expected."""
    askings, person = (
        [one for name, kind in kinds.items() if part in name for one in kind.believed]
        for part in ("_askings", "_person")
    )
    weight = UNASKED_SHARE / (1 - UNASKED_SHARE) * len(askings) / len(person)
    weighed = [(*one, 1.0) for one in askings] + [(*one, weight) for one in person]
    lines = [f"{'confidence':<12} {'messages':>8} {'said':>6} {'right':>6}"]
    for low, high in zip(BANDS, (*BANDS[1:], 1.01), strict=True):
        inside = [one for one in weighed if low <= one[0] < high]
        total = sum(counts for *_, counts in inside) or 1.0
        said = sum(confidence * counts for confidence, _, counts in inside) / total
        right = sum(counts for _, asked, counts in inside if asked) / total
        lines.append(f"from {low:<7.0%} {len(inside):>8} {said:>6.1%} {right:>6.1%}")
    return "\n".join(lines)


def worse(kinds: dict[str, Kind], committed: dict[str, dict[str, int]]) -> list[str]:
    """A line for each kind that answers more wrongly or less rightly than the committed figure."""
    told = []
    for name, before in committed.items():
        now = kinds.get(name)
        if now is None or now.messages != before["messages"]:
            continue
        if now.wrong > before["wrong"] + TOLERATED:
            told.append(f"{name}: {now.wrong} answered wrongly, {before['wrong']} before")
        if now.right < before["right"] - TOLERATED:
            told.append(f"{name}: {now.right} answered rightly, {before['right']} before")
    return told


def summary(kinds: dict[str, Kind]) -> str:
    """The askings and the messages for a person of both writers, together."""
    askings = [k for name, k in kinds.items() if "_askings" in name]
    person = [k for name, k in kinds.items() if "_person" in name]
    asked, right = sum(k.messages for k in askings), sum(k.right for k in askings)
    answered = sum(k.answered for k in askings)
    for_person, leaked = sum(k.messages for k in person), sum(k.answered for k in person)
    return (
        f"askings: {asked}, answered {answered / asked:.1%}, rightly {right / asked:.1%}, "
        f"right among answered {right / max(1, answered):.1%}\n"
        f"for a person: {for_person}, answered {leaked / for_person:.1%}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="commit to the figures as they are now")
    parser.add_argument("--mails", type=int, default=0, metavar="N", help="decide so many long mails too")
    options = parser.parse_args()
    kinds = measure(options.mails)
    print(table(kinds), summary(kinds), bands(kinds), sep="\n\n")
    if options.update:
        figures = {
            name: {"messages": k.messages, "answered": k.answered, "right": k.right, "wrong": k.wrong}
            for name, k in kinds.items()
            if name != MAILS
        }
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        return 0
    told = worse(kinds, json.loads(FIGURES.read_text(encoding="utf-8")))
    print(*(f"WORSE {line}" for line in told), sep="\n")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
