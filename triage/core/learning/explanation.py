"""Which words of a text spoke by their meaning."""

from __future__ import annotations

from bisect import bisect_right

from triage.core.learning.features import Floats, word_spans
from triage.core.vectors import Parts

#: Stands in an explanation for all that a sentence encoder said, where it does not tell the words apart …
SENTENCE_TERM = "(the sentence as a whole)"
#: … and for the marks at the begin and end of a sentence and its punctuation, where it does.
NO_WORD_TERM = "(what no single word says)"


def attribute_meaning(text: str, sentence: Floats, parts: Parts | None, lead: Floats) -> dict[str, float]:
    """Add up what each word of a text contributed to ``sentence @ lead``.

    Parameters
    ----------
    text : str
    sentence : ndarray of float32, shape (size,)
        The text's vector.
    parts : Parts or None
        What its tokens add to the vector; None where nobody knows.
    lead : ndarray of float32, shape (size,)
        What each number of the vector weighs.

    Returns
    -------
    dict of str to float
        Contribution of each word, spelled as by `words_of`, and of :data:`NO_WORD_TERM`, which add up to the
        whole; without parts, of :data:`SENTENCE_TERM`.
    """
    if parts is None:
        return {SENTENCE_TERM: float(sentence @ lead)}
    last = int(parts.spans.max(initial=0))
    words = word_spans(text[:last] + text[last:].partition(" ")[0])
    ends = [end for _, end, _ in words]
    found: dict[str, float] = {}
    for (begin, end), share in zip(parts.spans.tolist(), (parts.vectors @ lead).tolist(), strict=True):
        near = words[bisect_right(ends, begin) : bisect_right(ends, end) + 1]
        common = {word: min(end, word[1]) - max(begin, word[0]) for word in near}
        best = max(common, key=common.__getitem__, default=None)
        label = best[2] if best is not None and common[best] > 0 else NO_WORD_TERM
        found[label] = found.get(label, 0.0) + share
    return found
