"""From what a model answered to what an agent is shown: only texts of ours, each with its source. The rest is struck."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from triage.drafts import translating
from triage.drafts.faults import Fault
from triage.drafts.letters import JOINT
from triage.drafts.prompts import MOST_CHOSEN, MOST_SUMMED

MOST_READ: Final = 200  # entries of an answer that are looked at
FRAME: Final = "frame"


@dataclass(frozen=True, slots=True)
class Grounded:
    """Parts with text, kind, source, and the message they lead to; how many of the model's own words were struck."""

    parts: Sequence[dict[str, Any]]
    struck: int


def read(answer: str) -> dict[str, Any]:
    """The JSON object in a model's answer. Fault where there is none."""
    begin, end = answer.find("{"), answer.rfind("}")
    if begin < 0 or end < begin:
        raise Fault("garbage")
    try:
        told = json.loads(answer[begin : end + 1])
    except (ValueError, RecursionError):
        raise Fault("garbage") from None
    if not isinstance(told, dict):
        raise Fault("garbage")
    return told


def reply(answer: str, spans: Mapping[str, dict[str, Any]]) -> Grounded:
    """The chosen paragraphs in the order that the model gave, in the frame of the first one's letter."""
    chosen, struck = _chosen(answer, spans)
    # A joint joins something: the last word of a letter is none, nor do two follow each other.
    parts: list[dict[str, Any]] = []
    for span in chosen:
        if parts and parts[-1]["kind"] == JOINT and span["kind"] == JOINT:
            parts.pop()
        parts.append(_part(span))
    while parts and parts[-1]["kind"] == JOINT:
        parts.pop()
    if not any(part["kind"] in {"answer", "article", "fact"} for part in parts):
        raise Fault("no_source", answer)
    framing = next((span for span in chosen if span.get("greeting") or span.get("closing")), {})
    before = [_frame(framing, "greeting")] if framing.get("greeting") else []
    after = [_frame(framing, "closing")] if framing.get("closing") else []
    return Grounded([*before, *parts[: MOST_CHOSEN * 2], *after], struck)


def summary(answer: str, spans: Mapping[str, dict[str, Any]]) -> Grounded:
    """The chosen sentences in the order of the conversation, whatever the order in which they were named."""
    chosen, struck = _chosen(answer, spans)
    if not chosen:
        raise Fault("no_source", answer)
    place = {id(span): number for number, span in enumerate(spans.values())}
    ordered = sorted(chosen[:MOST_SUMMED], key=lambda span: place[id(span)])
    return Grounded([_part(span) for span in ordered], struck)


def translation(answer: str, kept: Mapping[str, Any], tag: str) -> Grounded:
    """Each line beside its original; a struck one has no translation."""
    told, struck, parts = read(answer), 0, []
    for name, line in kept["lines"].items():
        text = translating.check(line, told.get(name), kept["masks"], tag) if line["hidden"] else line["text"]
        struck += text is None
        parts.append({
            "text": text if text is not None else line["text"], "kind": "translation", "source": line["text"],
            "struck": text is None, "ends": line["ends"], "of": line.get("of", ""),
        })  # fmt: skip
    if struck == sum(1 for line in kept["lines"].values() if line["hidden"]):
        raise Fault("no_source", answer)
    return Grounded(parts, struck + len(set(told) - set(kept["lines"])))


def _chosen(answer: str, spans: Mapping[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The spans that the answer names, each once; and how many of its entries name none."""
    use = read(answer).get("use")
    if not isinstance(use, list):
        raise Fault("garbage", answer)
    texts = {" ".join(str(span["text"]).split()): name for name, span in spans.items()}
    chosen: dict[str, dict[str, Any]] = {}
    struck = max(0, len(use) - MOST_READ)
    for entry in use[:MOST_READ]:
        words = " ".join(entry.split()) if isinstance(entry, str) else ""
        name = words.strip("[]() .") if words.strip("[]() .") in spans else texts.get(words)
        if name is None:
            struck += 1
        else:
            chosen.setdefault(name, spans[name])
    return list(chosen.values()), struck


def _part(span: Mapping[str, Any]) -> dict[str, Any]:
    return {name: span[name] for name in ("text", "kind", "source", "message") if name in span}


def _frame(span: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"text": span[name], "kind": FRAME, "source": span["source"]}
