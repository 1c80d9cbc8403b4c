"""Says whether what is told beside a question is about something that nobody taught.

Of "The kiln drifts by nine degrees and the tiles crack. How can we reach you?" only the question is like what was
taught, and it is not what the mail is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from typing import Final

#: So many words must be left out of the question, and so many of these be unknown, to make up such a share of all.
_LEFT_OUT: Final = 8
_UNKNOWN: Final = 2
_SHARE: Final = 0.1
#: Names and places begin with a capital, and shorter words are unknown by chance.
_WORD: Final = re.compile(r"(?<![\w@.])[a-z]{5,}(?![\w@])")


def is_foreign_tale(told: str, asked: str, known: Container[str]) -> bool:
    """Say whether too many words of a text, of those that its question does not repeat, were never taught.

    Parameters
    ----------
    told : str
        All that the writer says.
    asked : str
        The question in it.
    known : container of str
        The words that were taught, in lower case.
    """
    total = len(told.split())
    if total - len(asked.split()) < _LEFT_OUT:
        return False
    left = Counter(_WORD.findall(told)) - Counter(_WORD.findall(asked))
    unknown = sum(word not in known for word in left)
    return unknown >= max(_UNKNOWN, _SHARE * total)
