"""What is a person's name, as far as it may stand in mail to somebody else."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST: Final = 60
MOST_WORDS: Final = 6
NO_NAME = _("Enter just your name, without links or addresses.")
#: Between the letters of a name; a dot only at the end of a word, so that no web address is one.
BETWEEN: Final = frozenset(" '’‘`´.-‐·,&/()")
DOT_WITHIN: Final = re.compile(r"\.\S*\w\w")


def is_plain_name(name: str) -> bool:
    """Whether ``name`` holds nothing but the letters of at most six words. No name is plain too."""
    words = name.split()
    letters = all(letter in BETWEEN or unicodedata.category(letter)[0] in "LM" for letter in name)
    return letters and len(name) <= LONGEST and len(words) <= MOST_WORDS and not DOT_WITHIN.search(name)


def validate_name(name: Any) -> None:
    """ValidationError unless ``name`` is plain."""
    if not is_plain_name(str(name)):
        raise ValidationError(NO_NAME, code="invalid")
