"""Does a question keep its intent when it arrives as a mail, and do two questions stay two?

    python -m benchmarks.mail_wrapping            # developing clients and languages
    python -m benchmarks.mail_wrapping --held-out # other clients, languages and wordings
    python -m benchmarks.mail_wrapping --third --default-model    # the family of support_mails.py

Wraps held-out banking77 questions in mail of several clients and compares the accuracy of a plain
word+character TF-IDF LinearSVC on the bare and on the wrapped question. Then joins questions of two
intents and counts how many a sentence-conflict rule catches, and what it costs on single ones.
"""

from __future__ import annotations

import argparse
import csv
import html
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC

from benchmarks import mail_templates as t
from benchmarks.support_mails import SupportMails
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.reading.text import Ask, find_ask, normalise
from triage.core.types import Example

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HELPDESK_DATA", ROOT.parent / "shared" / "data"))
FLOOR = 0.75
#: The plain model believes a part from here on.
PART_CONFIDENCE = 0.5


@dataclass
class Wrapped:
    """A mail, with the layout it has for the break-down."""

    subject: str
    body: str
    client: str
    layout: str
    language: str


@dataclass
class Wrapper:
    """Builds mail around questions. ``thread`` gives the other questions that a quoted thread holds."""

    rng: random.Random
    thread: Sequence[str]
    held_out: bool = False
    extra: float = 0.5
    fields: dict[str, str] = field(default_factory=dict)

    def pick(self, name: str) -> str:
        """Draw from a table; with ``held_out`` only from what was never tuned on."""
        table = getattr(t, f"HELD_OUT_{name}" if self.held_out else name)
        return self.rng.choice(table).format(**self.fields)

    def wrap(self, question: str) -> Wrapped:
        first, last = self.rng.choice(t.NAMES)
        self.fields = {
            "first": first,
            "name": f"{first} {last}",
            "mail": f"{first.lower()}.{self.rng.randint(1, 99)}@example.org",
            "host": "example.org",
            "job": self.rng.choice(t.JOBS),
            "company": self.rng.choice(t.COMPANIES),
            "city": self.rng.choice(t.CITIES),
            "street": self.rng.choice(t.STREETS),
            "digits": str(self.rng.randint(100, 999)),
        }
        quotes = t.HELD_OUT_QUOTES if self.held_out else t.QUOTES
        language = self.rng.choice(sorted(quotes))
        clients = HELD_OUT_CLIENTS if self.held_out else CLIENTS
        client = self.rng.choice(sorted(clients))
        layout = self.rng.choice(["plain", "plain", "top", "top", "bottom", "inline", "forward"])
        letter = self.letter(question)
        subject, body = clients[client](self, letter, layout, quotes[language])
        return Wrapped(subject, body, client, layout, language)

    def letter(self, question: str) -> str:
        stories = t.HELD_OUT_STORIES if self.held_out else t.STORIES
        count = self.rng.choice([0, 0, 0, 1, 2, 3])
        told = self.rng.sample(stories, count)
        before = self.rng.randint(0, count)
        reference = self.rng.choice(["", "", "", " (order no. 4471-00{digits})", " Ref: AB{digits}12345X."])
        ask = question + reference.format(**self.fields)
        joint = self.rng.choice([" ", "\n\n"])
        parts = [joint.join([*told[:before], ask, *told[before:]])]
        parts.insert(0, self.pick("OPENINGS"))
        parts += [self.pick(name) for name in ("CLOSINGS", "SIGNATURES", "FOOTERS", "NOTICES")]
        return "\n\n".join(part for part in parts if part)

    def earlier(self) -> list[str]:
        """An older exchange about something else."""
        other = self.rng.choice(self.thread)
        reply = self.rng.choice(t.AGENT_REPLIES)
        return ["Hello,", "", other, "", reply, "", "Best wishes", "The Support Team"]


Quote = tuple[str, tuple[str, ...], str, str, str]
Client = Callable[[Wrapper, str, str, Quote], tuple[str, str]]


def _quote_line(w: Wrapper, quote: Quote) -> str:
    return quote[0].replace("{date}", quote[4]).format(**w.fields)


def _headers(w: Wrapper, quote: Quote, *, bold: str = "") -> list[str]:
    values = ["{name} <{mail}>", quote[4], "support@bank.example", "Re: your case #{digits}00"]
    return [f"{bold}{k}:{bold} {v.format(**w.fields)}" for k, v in zip(quote[1], values, strict=True)]


def _marked(lines: Sequence[str], sign: str = "> ") -> list[str]:
    return [(sign + line).rstrip() for line in lines]


def _with_quotes(w: Wrapper, letter: str, layout: str, line: str, forward: list[str]) -> tuple[str, str]:
    """The layouts of mailers that quote with ``>``."""
    earlier = w.earlier()
    if layout == "plain":
        return "Question", letter
    if layout == "top":
        return "Re: case", "\n".join([letter, "", line, "", *_marked(earlier)])
    if layout == "bottom":
        return "Re: case", "\n".join([line, *_marked(earlier), "", letter])
    if layout == "inline":
        return "Re: case", "\n".join([line, *_marked(earlier[:5]), "", letter, "", *_marked(earlier[5:])])
    return "Fwd: case", "\n".join([w.pick("COVER_NOTES"), "", *forward, "", letter])


def gmail(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    line = _quote_line(w, quote)
    if len(line) > 70:  # Gmail wraps its own line
        cut = line.rfind(" ", 0, 70)
        line = line[:cut] + "\n" + line[cut + 1 :]
    forward = [f"---------- {quote[2]} ---------", *_headers(w, quote)]
    return _with_quotes(w, letter, layout, line, forward)


def apple_mail(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    subject, body = _with_quotes(
        w, letter, layout, _quote_line(w, quote), [f"{quote[2]}:", "", *_headers(w, quote)]
    )
    if layout == "forward":
        top, _, below = body.partition(f"{quote[2]}:")
        body = top + f"{quote[2]}:\n\n" + "\n".join(_marked(below.strip("\n").split("\n")))
    return subject, body


def thunderbird(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    forward = [f"-------- {quote[2]} --------", *(h.replace(": ", ": \t", 1) for h in _headers(w, quote))]
    return _with_quotes(w, letter, layout, _quote_line(w, quote), forward)


def outlook(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    if layout == "plain":
        return "", letter
    rule = w.rng.choice(["_" * 32, f"-----{quote[3]}-----", ""])
    if layout == "forward":
        return "FW: case", "\n".join([w.pick("COVER_NOTES"), "", rule, *_headers(w, quote), "", letter])
    return "RE: case", "\n".join([letter, "", rule, *_headers(w, quote), "", *w.earlier()])


def gmail_html(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    def lines(text: str) -> str:
        return "<br>".join(html.escape(line) for line in text.split("\n"))

    old = f"<div>{'<br>'.join(map(html.escape, w.earlier()))}</div>"
    attr = f'<div dir="ltr" class="gmail_attr">{html.escape(_quote_line(w, quote))}<br></div>'
    block = f'{attr}<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">{old}</blockquote>'
    own = f'<div dir="ltr">{lines(letter)}</div>'
    if layout == "plain":
        return "hello", own
    if layout == "forward":
        head = "<br>".join(map(html.escape, [f"---------- {quote[2]} ---------", *_headers(w, quote)]))
        return "Fwd: case", f"<div>{w.pick('COVER_NOTES')}</div><div>{head}<br><br>{own}</div>"
    return "Re: case", block + own if layout in {"bottom", "inline"} else own + "<br>" + block


def outlook_html(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    style = "<html><head><style>p.MsoNormal {margin:0cm; font-size:11.0pt;}</style></head><body lang=EN-GB>"
    own = "".join(
        f'<p class="MsoNormal">{html.escape(line) or "<o:p>&nbsp;</o:p>"}</p>' for line in letter.split("\n")
    )
    head = "<br>\n".join(f"<b>{html.escape(h).replace(': ', ':</b> ', 1)}" for h in _headers(w, quote))
    old = "".join(f'<p class="MsoNormal">{html.escape(line)}</p>' for line in w.earlier())
    rule = '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal">'
    if layout == "plain":
        return "Anfrage", f"{style}{own}</body></html>"
    if layout == "forward":
        note = html.escape(w.pick("COVER_NOTES"))
        return "WG: case", f'{style}<p class="MsoNormal">{note}</p>{rule}{head}</p></div>{own}</body></html>'
    return "AW: case", f"{style}{own}{rule}{head}</p></div>{old}</body></html>"


def proton(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    line = f"------- {quote[3]} -------\n" + _quote_line(w, quote)
    forward = [f"------- {quote[2]} -------", *_headers(w, quote)]
    return _with_quotes(w, letter, layout, line, forward)


def samsung(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    if layout == "plain":
        return "", letter
    title = f"-------- {quote[2] if layout == 'forward' else quote[3]} --------"
    if layout == "forward":
        return "Fwd: case", "\n".join([w.pick("COVER_NOTES"), title, *_headers(w, quote), letter])
    return "Re: case", "\n".join([letter, "", title, *_headers(w, quote), *w.earlier()])


def zoho(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    line = f"---- {_quote_line(w, quote).rstrip(':')} ----"
    forward = [f"============ {quote[2]} ============", *_headers(w, quote), "=" * 41]
    return _with_quotes(w, letter, layout, line, forward)


def mutt(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    line = "* {name} <{mail}> [2024-05-14 09:41 +0200]:".format(**w.fields)
    forward = [
        "----- Forwarded message from {name} <{mail}> -----".format(**w.fields),
        "",
        *_headers(w, quote),
    ]
    return _with_quotes(w, letter, layout, line, forward)


def notes(w: Wrapper, letter: str, layout: str, quote: Quote) -> tuple[str, str]:
    if layout == "plain":
        return "Query", letter
    head = [h.replace(": ", ":        ", 1) for h in _headers(w, quote)]
    if layout == "forward":
        first = "----- Forwarded by {name}/{company} on 14/05/2024 09:41 -----".format(**w.fields)
        return "Fw: case", "\n".join([w.pick("COVER_NOTES"), first, "", *head, "", letter])
    return "Re: case", "\n".join([letter, "", *head, "", *w.earlier()])


CLIENTS: dict[str, Client] = {
    "gmail": gmail,
    "gmail_html": gmail_html,
    "apple_mail": apple_mail,
    "thunderbird": thunderbird,
    "outlook": outlook,
    "outlook_html": outlook_html,
}
HELD_OUT_CLIENTS: dict[str, Client] = {
    "proton": proton,
    "samsung": samsung,
    "zoho": zoho,
    "mutt": mutt,
    "notes": notes,
    "outlook_html": outlook_html,
}


def join(first: str, second: str, joint: str) -> str:
    """Write two questions as one ticket."""
    low = second[:1].lower() + second[1:] if not second.startswith("I ") else second
    return joint.format(a=first, a_open=first.rstrip(" ?.!"), b=second, b_low=low)


def read_questions(name: str = "banking77/train.csv") -> tuple[list[str], np.ndarray]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row["text"] for row in rows], np.array([row["intent"] for row in rows])


def plain_model() -> Pipeline:
    """The plain classifier of the comparison; no part of the product."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    return Pipeline([("tfidf", FeatureUnion([("w", words), ("c", letters)])), ("svc", LinearSVC(C=0.5))])


@dataclass
class Reader:
    """A fitted plain model with one temperature, so that it has a confidence."""

    model: Pipeline
    temperature: float

    @classmethod
    def fit(cls, texts: list[str], intents: np.ndarray) -> Reader:
        half = np.arange(len(texts)) % 5 == 0
        trial = plain_model().fit([x for x, h in zip(texts, half, strict=True) if not h], intents[~half])
        scores = trial.decision_function([x for x, h in zip(texts, half, strict=True) if h])
        truth = np.searchsorted(trial.classes_, intents[half])

        def loss(log_t: float) -> float:
            shares = log_softmax(scores / np.exp(log_t), axis=1)
            return -float(np.mean(shares[np.arange(len(truth)), truth]))

        found = minimize_scalar(loss, bounds=(-4, 2), method="bounded")
        return cls(plain_model().fit(texts, intents), float(np.exp(found.x)))

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return (intent, confidence) of each text."""
        shares = np.exp(log_softmax(self.model.decision_function(list(texts)) / self.temperature, axis=1))
        return self.model.classes_[shares.argmax(axis=1)], shares.max(axis=1)

    def name(self, asks: Sequence[Ask]) -> np.ndarray:
        """Return the intent of each mail."""
        return self.read([ask.text or "-" for ask in asks])[0]

    def judge(self, ask: Ask) -> tuple[float, bool]:
        """Return how sure the whole is, and whether two parts have two intents that are sure enough."""
        whole = float(self.read([ask.text])[1][0])
        intents, confidence = self.read(ask.joints.cut(ask.joints.found))
        sure = {i for i, c in zip(intents, confidence, strict=True) if c >= PART_CONFIDENCE}
        return whole, len(sure) > 1


@dataclass
class DefaultReader:
    """The product's own model."""

    model: Model

    @classmethod
    def fit(cls, texts: list[str], intents: np.ndarray) -> DefaultReader:
        return cls(Model.fit([Example(x, i) for x, i in zip(texts, intents.tolist(), strict=True)]))

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        told = self.model.predict(texts)
        return np.array([p.intent for p in told]), np.array([p.confidence for p in told])

    def name(self, asks: Sequence[Ask]) -> np.ndarray:
        """Return the intent of each mail, by the passage that the engine goes by."""
        engine = Engine(RuleBook([]), self.model)
        return np.array([engine.find_matter(ask)[1].intent for ask in asks])

    def judge(self, ask: Ask) -> tuple[float, bool]:
        """Return how sure the engine is (0 out of scope, which no gate lets pass), and whether it sees several questions."""
        engine = Engine(RuleBook([]), self.model)
        belief = engine.find_matter(ask)[1]
        sure = belief.confidence if belief.in_scope else 0.0
        return sure, engine.find_questions(ask, belief).several


def write_mails(options: argparse.Namespace, texts: list[str], seed: int) -> list[Wrapped]:
    """Wrap each question, in the family that the options name."""
    if options.third:
        letters = SupportMails(random.Random(seed), texts)
        return [
            Wrapped(subject, body, "any", layout, "any") for layout, subject, body in map(letters.wrap, texts)
        ]
    wrapper = Wrapper(random.Random(seed), texts, options.held_out)
    return [wrapper.wrap(text) for text in texts]


def wrapping(
    reader: Reader | DefaultReader, intents: np.ndarray, texts: list[str], mails: list[Wrapped]
) -> dict[str, object]:
    bare = reader.read([normalise(text) for text in texts])[0] == intents
    raw = reader.read([mail.body for mail in mails])[0] == intents
    found = reader.name([find_ask(mail.subject, mail.body) for mail in mails]) == intents
    lost: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for mail, good, still in zip(mails, bare, found, strict=True):
        for key in (f"client {mail.client}", f"layout {mail.layout}", f"language {mail.language}"):
            seen[key] += 1
            lost[key] += int(good) - int(still)
    return {
        "questions": len(texts),
        "accuracy_bare": round(float(bare.mean()), 4),
        "accuracy_wrapped_not_stripped": round(float(raw.mean()), 4),
        "accuracy_wrapped": round(float(found.mean()), 4),
        "points_lost": round(100 * float(bare.mean() - found.mean()), 2),
        "points_lost_by": {key: round(100 * lost[key] / seen[key], 1) for key in sorted(seen)},
    }


def pairs(
    reader: Reader | DefaultReader, texts: list[str], intents: np.ndarray, held_out: bool, seed: int
) -> dict[str, object]:
    rng = random.Random(seed)
    joints = t.HELD_OUT_JOINTS if held_out else t.JOINTS
    missed: Counter[str] = Counter()
    split: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for first in range(len(texts)):
        second = rng.randrange(len(texts))
        if intents[first] == intents[second]:
            continue
        joint = rng.choice(joints)
        ask = find_ask("", join(texts[first], texts[second], joint))
        seen[joint] += 1
        split[joint] += bool(ask.joints.found)
        whole, conflict = reader.judge(ask)
        missed[joint] += whole >= FLOOR and not conflict
    asks = [find_ask("", text) for text in texts]
    judged = [reader.judge(ask) for ask in asks]
    sure = np.array([whole >= FLOOR for whole, _ in judged])
    lost = np.array([whole >= FLOOR and several for whole, several in judged])
    return {
        "pairs": sum(seen.values()),
        "pairs_split": round(sum(split.values()) / sum(seen.values()), 4),
        "pairs_auto_resolved": round(sum(missed.values()) / sum(seen.values()), 4),
        "by_joint": {
            joint: {"split": round(split[joint] / n, 2), "auto_resolved": round(missed[joint] / n, 2)}
            for joint, n in sorted(seen.items())
        },
        "single_split": round(float(np.mean([bool(ask.joints.found) for ask in asks])), 4),
        "single_coverage": round(float(sure.mean()), 4),
        "single_coverage_lost_points": round(100 * float(lost.mean()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--held-out", action="store_true", help="use what was never tuned on")
    parser.add_argument("--third", action="store_true", help="wrap in the letters of support_mails.py")
    parser.add_argument("--folds", type=int, default=1, help="how many of five folds to run")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--default-model", action="store_true", help="read with the product's model (slower)")
    options = parser.parse_args()
    texts, intents = read_questions()
    folds = StratifiedKFold(5, shuffle=True, random_state=options.seed).split(texts, intents)
    for number, (train, test) in zip(range(options.folds), folds, strict=False):
        kind = DefaultReader if options.default_model else Reader
        reader = kind.fit([normalise(texts[i]) for i in train], intents[train])
        asked = [texts[i] for i in test]
        report = {
            "fold": number,
            "wrapping": wrapping(
                reader, intents[test], asked, write_mails(options, asked, options.seed + number)
            ),
            "pairs": pairs(reader, asked, intents[test], options.held_out, options.seed + number),
        }
        print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
