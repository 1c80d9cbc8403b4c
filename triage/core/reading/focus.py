"""Keeps the sentences of a long story that bear on the question.

A story around a question ("we moved house, it rained, …") pulls a bag-of-words classifier away.
A sentence stays if it asks, or speaks of something a help desk deals with. Short texts and texts
that are not English stay whole: the word lists could not judge them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


#: A text with fewer words is no story.
STORY_WORDS: Final = 14
#: What is kept must carry this many words, else all of it is kept.
_KEPT_WORDS: Final = 4
#: A longer sentence says more than a courtesy.
_COURTESY_WORDS: Final = 12
#: So many passages are offered, of the first sentences.
MAX_PASSAGES: Final = 24
_PASSAGE_SENTENCES: Final = 14
_PASSAGE_CHARS: Final = 3_000
_LONGEST_PASSAGE: Final = 400
#: Scraps are believed too easily: a sentence needs so many words, a piece of one more.
_SENTENCE_WORDS: Final = 4
_PIECE_WORDS: Final = 5
_LONG_SENTENCE: Final = 14
_PIECE_LENGTHS: Final = (8, 14)

#: "6 p.m. on Monday" and "8. Juni" go on after the full stop.
_SENTENCE_END: Final = re.compile(
    r"(?<=[.!?…。！？])(?<!\s\d\.)(?<!\s\d\d\.)(?<!\s[ap]m\.)(?<!\s[AP]M\.)(?<!\s[ap]\.m\.)[\"'”’)\]]{0,2}(?:\s+|$)|(?<=[。！？])|\n+"
)
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ENGLISH: Final = _words(
    "a i to of in on at for is was am are be been it its this that with and but or not no do does did "
    "have has had can could will would you your my me we our he she they the from by as so if what "
    "how when where why who which there about after before just please want need"
)
#: Beginnings of the words that help desks of all kinds deal with.
_TOPIC_STEMS: Final = (
    "account", "activat", "address", "agent", "airline", "amount", "app\\b", "apps\\b", "appointment", "arriv",
    "atm", "attach", "authori[sz]", "balance", "bank", "beneficiar", "bill", "block", "book(?:ed|ing)", "bought",
    "broke", "browser", "bug", "buy", "cancel", "card", "cash", "change", "charg", "cheque", "check-?in", "claim",
    "code", "compensat", "complain(?:t|ing)", "confirm", "connect", "contactless", "contract", "coupon", "crash", "credit",
    "currenc", "damag", "deactivat", "debit", "decline", "defect", "delet", "deliver", "deposit", "detail",
    "device", "direct debit", "discount", "dispatch", "document", "dollar", "download", "driver", "email address",
    "e-mail address", "error", "euro", "exchang", "expire", "expiry", "fail", "fee\\b", "fees\\b", "flight",
    "fraud", "freez", "froze", "fund", "gift", "hack", "hotel", "id\\b", "identi", "instal", "insur", "interest",
    "invoice", "item", "laptop", "licen[cs]e", "limit", "link(?:ed|ing|s)?\\b", "loan", "lost\\b", "missing\\b", "lock", "log(?:ged|ging|in)?[ -]?(?:in|out|on)?\\b",
    "login", "luggage", "member", "merchant", "money", "monitor", "my (?:new )?(?:phone|mobile)", "network", "newsletter", "notif", "order",
    "outage", "package", "paid", "parcel", "passcode", "passport", "password", "pay\\b", "pay(?:ing|ment|s)",
    "pending", "pin\\b", "plan\\b", "policy", "pound", "premium", "price", "print", "product", "profile", "promo",
    "purchas", "rate\\b", "rates\\b", "receipt", "receiv", "recipient", "recogni", "refund", "reject", "renew",
    "repair", "replac", "request", "reserv", "reset", "return", "revert", "review", "salary", "scam", "seat",
    "seller", "sen[dt]", "server", "setting", "shipment", "shipp", "sign(?:ed|ing)?[ -]?(?:in|up|out)", "size", "software",
    "source", "statement", "stole", "store", "subscri", "support", "swallow", "switch", "tariff", "tax",
    "terminat", "ticket", "top(?:ped|ping|s)?[ -]?up", "topup", "track", "transact", "transfer", "trial",
    "unblock", "unlock", "unsubscri", "update", "upgrad", "upload", "user", "verif", "virtual", "visa", "voucher",
    "vpn", "warranty", "website", "wi-?fi", "withdr",
)  # fmt: skip
_TOPIC: Final = re.compile("|".join(_TOPIC_STEMS))
#: Two letters tell most words apart from every stem, long before the stems are tried.
_TOPIC_HEADS: Final = frozenset(stem[:2] for stem in _TOPIC_STEMS)
_WORD_START: Final = re.compile(r"\b[a-z]{2}")
_AMOUNT: Final = re.compile(r"[£$€]\s?\d|\d\s?[£$€]")
_FAULT: Final = re.compile(
    r"(?:\bnot|n['’]?t|\bnever|\bstopped)\s+(?:been\s+)?"
    r"(?:work|go(?:ing|ne)?\s+(?:through|in)|show|load|respond|let\b|allow|able)",
    re.IGNORECASE,
)
#: A capital in mid-sentence on a word that opens sentences: the mark before it is missing.
_CAPITAL: Final = re.compile(
    r"(?<=[\w,;)]) (?=(?:I(?:['’]\w+)?|A|An|And|Any|Are|As|At|Best|But|Can|Could|Did|Do|Does|For|Have|Hello|Hi|How|If|In|Is|It|"
    r"Its|It['’]s|Kind|Looking|Many|My|On|Our|Please|So|Thank|Thanks|That|The|There|They|This|To|We|What|When|Where|Which|"
    r"Who|Why|Will|With|You|Your|Regards|Cheers|Sent) )"
)
_COURTESY: Final = re.compile(
    r"^\W*(?:(?:many |kind |please |and |so |very |i |i'm |i am |we |again[, ]+|just )*"
    r"(?:thank|thx|cheers|regards|sorry|apolog|appreciat|look(?:ing|s)? forward|hop(?:e|ing)\b|trust you|best wishes|advise|bear with|"
    r"forgive|excuse|pardon|it'?s me\b|greetings|have an? |warm|get back to me|"
    r"let me know(?! (?:how|what|when|where|which|who|why)\b))|any help|your help|hear(?:ing)? (?:back )?from you)",
    re.IGNORECASE,
)

_INTRODUCES: Final = re.compile(
    r"^(?:[Hh]ello|[Hh]i)?\W*(?:[Mm]y name is|[Tt]his is) [A-Z]\w+(?: [A-Z]\w+)?"
    r"(?:\W*$|,? and I\b|\W+I |,? (?:here|speaking|from) )"
)


def sentences(text: str) -> list[str]:
    """Split at sentence ends and line breaks; blank pieces are left out."""
    return [piece for part in _SENTENCE_END.split(text) if (piece := part.strip())]


def has_topic(text: str) -> bool:
    """Say whether a sentence speaks of something a help desk deals with, or of a fault."""
    return names_topic(text) or _FAULT.search(text) is not None


def names_topic(text: str) -> bool:
    """Say whether a sentence names a thing a help desk deals with (an account, an order, …)."""
    lowered = text.lower()
    for start in _WORD_START.finditer(lowered):
        if start.group() in _TOPIC_HEADS and _TOPIC.match(lowered, start.start()):
            return True
    return _AMOUNT.search(text) is not None


def is_courtesy(sentence: str) -> bool:
    """Say whether a sentence only thanks, hopes, excuses or introduces the writer."""
    if _INTRODUCES.match(sentence) and not _FAULT.search(sentence) and not sentence.endswith("?"):
        return True
    return _COURTESY.match(sentence) is not None and not has_topic(sentence)


def focus(text: str, asks: re.Pattern[str]) -> str:
    """Leave out the sentences of a story that neither ask nor speak of the matter.

    Parameters
    ----------
    text
        The writer's own words; line breaks end sentences.
    asks
        Finds a question or a request in a sentence that has no question mark.
    """
    text = _without_courtesies(text, asks)
    if not _is_english_story(text):
        return text
    said = sentences(text)
    kept = [s for s in said if s.endswith("?") or has_topic(s) or (asks.search(s) and not is_courtesy(s))]
    if len(kept) == len(said) or len(_WORD.findall(" ".join(kept))) < _KEPT_WORDS:
        return text
    return "\n".join(kept)


def _without_courtesies(text: str, asks: re.Pattern[str]) -> str:
    """Drop "Thanks a lot in advance!" beside a question or a matter: it is no part of either."""
    said = sentences(text)
    kept = [s for s in said if s.endswith("?") or len(s.split()) > _COURTESY_WORDS or not is_courtesy(s)]
    matters = any(s.endswith("?") or has_topic(s) or asks.search(s) for s in kept)
    return "\n".join(kept) if len(kept) < len(said) and matters and is_english(text) else text


def find_passages(text: str, parts: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the stretches of a text that may be its question, for a classifier to choose from.

    Sentences, neighbouring pairs of them, ``parts`` that are known already, and pieces of sentences
    that nobody punctuated. At most :data:`MAX_PASSAGES`; none if the text is one such stretch.
    """
    said = sentences(text[:_PASSAGE_CHARS])[:_PASSAGE_SENTENCES]
    pairs = [f"{first} {second}" for first, second in pairwise(said)]
    pieces = [piece for sentence in said for piece in _pieces(sentence)]
    enough = [sentence for sentence in said if _counts(sentence, _SENTENCE_WORDS)]
    enough += [piece for piece in [*pairs, *parts, *pieces] if _counts(piece, _PIECE_WORDS)]
    found = tuple(dict.fromkeys(enough))[:MAX_PASSAGES]
    return found if len(found) > 1 else ()


def _counts(text: str, words: int) -> bool:
    return len(text) <= _LONGEST_PASSAGE and len(_WORD.findall(text)) >= words


def _pieces(sentence: str) -> list[str]:
    """Cut a sentence at capitals that could open another, and a long one into overlapping pieces."""
    clauses = [clause for clause in _CAPITAL.split(sentence) if clause]
    spoken = sentence.split()
    pieces = [
        " ".join(spoken[start : start + length])
        for length in _PIECE_LENGTHS
        if len(spoken) > _LONG_SENTENCE
        for start in range(0, len(spoken) - length // 2, length // 2)
    ]
    return [piece for piece in [*clauses, *pieces] if piece != sentence and has_topic(piece)]


def _is_english_story(text: str) -> bool:
    return len(_WORD.findall(text)) >= STORY_WORDS and is_english(text)


def is_english(text: str, share: float = 0.25) -> bool:
    """Say whether a share of the words are the small ones of English, so that word lists can judge it."""
    spoken = _WORD.findall(text.lower())
    return sum(word in _ENGLISH for word in spoken) >= share * len(spoken)
