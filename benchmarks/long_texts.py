"""How long the engine needs for long and hostile texts, kind by kind.

    python -m benchmarks.long_texts                     every kind, 100,000 and 1,000,000 characters
    python -m benchmarks.long_texts --profile prose     where the time of one kind goes
    python -m benchmarks.long_texts --data clinc150 --rounds 9

The engine is whole: a model of a public set, an index of all its texts, and the guards of the starter pack.
Times are those of the process (CPU), the median of some rounds. The set is read from
HELPDESK_DATA (default: ../shared/data beside the project) and never copied.
"""

from __future__ import annotations

import argparse
import base64
import cProfile
import os
import pstats
import random
import statistics
import string
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.evaluation import read_examples
from triage.core.learning.model import Model
from triage.core.reading.text import find_ask
from triage.core.similar.similarity import TicketIndex
from triage.core.types import Example, Guard, ResolvedTicket

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HELPDESK_DATA", ROOT.parent / "shared" / "data"))
SIZES = (100_000, 1_000_000)

QUOTE_LINE = "On 3 May 2024 at 10:12, Ana <ana@example.org> wrote:\n"
HEADERS = "From: Ana <ana@example.org>\nSent: 3 May 2024 10:12\nTo: help@example.org\nSubject: my parcel\n"
SIGNATURE = "Ana Silva\nHead of Sales\nExample Ltd | +44 20 7946 0000\nwww.example.org\n"
RULE = ".c{} > a[href]:hover {{ color: #0a0b0c; margin: 0 auto !important; background: url(x.png) }}\n"


def kinds(questions: list[str], chance: random.Random) -> dict[str, str]:
    """Return the unit that each kind of text repeats. What must differ from line to line is a million long."""
    prose, words = " ".join(questions), sorted({word for line in questions for word in line.split()})
    random_words = [
        "".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 10))) for _ in range(130_000)
    ]
    numbers = [
        f"{chance.randint(1, 9999)}\t{chance.random():.2f}\t{chance.randint(1, 99)}" for _ in range(60_000)
    ]
    noise = base64.b64encode(chance.randbytes(750_000)).decode()
    return {
        "one letter": "a",
        "one phrase": "where is my order ",
        "prose": prose,
        "prose without marks": prose.translate(str.maketrans("", "", string.punctuation)),
        "lines of prose": "\n".join(questions),
        "long paragraphs": "\n\n".join(" ".join(questions[i : i + 30]) for i in range(0, len(questions), 30)),
        "known words mixed": " ".join(chance.choices(words, k=200_000)),
        "unknown words": " ".join(random_words),
        "unknown words, no blanks": "".join(random_words),
        "unknown words, a line each": "\n".join(random_words),
        "short lines": "\n".join(" ".join(line.split()[:3]) for line in questions),
        "HTML, flat": "".join(f"<p><b>{line}</b></p>" for line in questions),
        "HTML, nested": "<div><blockquote><span>" + "<table><tr><td>" + "where is it ",
        "HTML, a tag a word": "".join(f"<i>{word}</i> " for word in prose.split()),
        "style and script": f"<style>{''.join(map(RULE.format, range(20)))}</style><script>if (a < b) {{}}</script><p>hi",
        "style as text": "".join(map(RULE.format, range(10_000))),
        "quoted": "\n".join(f"> {line}" for line in questions),
        "quoted and own": "\n".join(f"> {line}\n{line}" for line in questions),
        "quote lines": QUOTE_LINE,
        "quote lines and own": "".join(f"{QUOTE_LINE}{line}\n" for line in questions),
        "mail headers": HEADERS,
        "mail headers and own": "".join(f"{HEADERS}\n{line}\n" for line in questions),
        "forwards": f"---------- Forwarded message ----------\n{HEADERS}\n",
        "signatures": SIGNATURE,
        "signatures and own": "".join(f"{line}\n\nThanks,\n{SIGNATURE}\n" for line in questions),
        "question marks": "a? b? c? ",
        "questions run together": "how do i pay and where is it also can i cancel my order ",
        "base64": noise,
        "base64 in lines": "\n".join(noise[i : i + 76] for i in range(0, len(noise), 76)),
        "emoji": "🙂👩‍👩‍👧 🇩🇪 ",
        "combining marks": "a" + "\u0301" * 20 + " ",
        "accents": " ".join(line.replace("e", "e\u0301").replace("a", "ä") for line in questions),
        "right to left": "أين طلبي؟ \u200fשלום רב ",
        "Chinese": "我的包裹在哪里？请帮我取消订单。",
        "control characters": "".join(map(chr, range(32))) + "a\u200b\u202e",
        "tables of numbers": "\n".join(numbers),
        "numbers": "4711-0815 12345 ",
        "Markdown": "".join(f"# {line}\n- **{line}**\n- [{line}](https://example.org/a)\n\n" for line in questions),
    }  # fmt: skip


def whole_engine(name: str) -> tuple[Engine, list[Example]]:
    examples = list(read_examples(DATA / name / "train.csv"))
    index = TicketIndex.empty()
    for number, example in enumerate(examples):
        index.add(ResolvedTicket(number, example.text, example.intent))
    guards = yaml.safe_load((ROOT / "triage" / "starter" / "never_automate.yaml").read_text("utf-8"))[
        "guards"
    ]
    book = RuleBook([], [Guard(guard["topic"], guard["pattern"]) for guard in guards])
    return Engine(book, Model.fit(examples), index), examples


def fill(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def median_ms(rounds: int, task: Callable[[str, str], object], text: str) -> float:
    times = []
    for _ in range(rounds):
        start = time.process_time()
        task("", text)
        times.append(time.process_time() - start)
    return statistics.median(times) * 1000


def measure(engine: Engine, units: dict[str, str], rounds: int) -> None:
    columns = [f"{size // 1000} kB" for size in SIZES]
    print(f"{'':28} {'reading, ' + columns[0]:>16} {columns[0]:>10} {columns[1]:>10}   (ms)")
    slowest = [("", 0.0)] * len(SIZES)
    for kind, unit in units.items():
        texts = [fill(unit, size) for size in SIZES]
        reading = median_ms(rounds, find_ask, texts[0])
        took = [median_ms(rounds, engine.assess, text) for text in texts]
        print(f"{kind:28} {reading:16.1f} {took[0]:10.1f} {took[1]:10.1f}", flush=True)
        slowest = [max(s, (kind, t), key=lambda pair: pair[1]) for s, t in zip(slowest, took, strict=True)]
    for size, (kind, took_most) in zip(columns, slowest, strict=True):
        print(f"slowest of {size}: {kind}, {took_most:.1f} ms")


def profile(engine: Engine, text: str) -> None:
    profiler = cProfile.Profile()
    engine.assess("", text)
    profiler.enable()
    for _ in range(5):
        engine.assess("", text)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="banking77", help="the set that is taught and searched")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", metavar="KIND", help="profile one kind instead of timing all")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    engine, examples = whole_engine(options.data)
    units = kinds([example.text for example in examples], random.Random(0))
    if options.profile:
        profile(engine, fill(units[options.profile], SIZES[0]))
    else:
        measure(engine, units, options.rounds)


if __name__ == "__main__":
    main()
