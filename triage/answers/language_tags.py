"""Language tags of answers: brought to one form, and matched with the language that a ticket is in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError

TAG = re.compile("[a-z]{2,3}(-[a-z0-9]{2,4})?")

#: What ``triage.language`` can find a text to be in. An answer in anything else would never be sent.
CODES = """
af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy
da de diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy
ia id ie ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min
mk ml mn mr mrj ms mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm
ro ru rue sa sah sc scn sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep
vi vls vo wa war wuu xal xmf yi yo yue zh
"""
DETECTED = frozenset(CODES.split())


def canonical(tag: str) -> str:
    """``tag`` as it is stored ("pt-BR"); ValidationError where no ticket could be in that language."""
    plain = _plain(tag)
    language, _, region = plain.partition("-")
    if not TAG.fullmatch(plain) or language not in DETECTED:
        raise ValidationError(
            f"“{tag}” is no language that a ticket can be recognised as. Use a code such as en, de or pt-BR.",
            code="unknown_language",
        )
    if not region:
        return language
    return f"{language}-{region.title() if len(region) == 4 else region.upper()}"


def base(tag: str) -> str:
    """The language without its region: tickets are told apart no further."""
    return _plain(tag).partition("-")[0]


def closest(wanted: str, tags: Iterable[str]) -> str | None:
    """Of ``tags`` the one for a reader of ``wanted``: the same, else without a region, else of another region."""
    same_language = (tag for tag in tags if base(tag) == base(wanted))
    return min(
        same_language,
        key=lambda tag: (_plain(tag) != _plain(wanted), _plain(tag) != base(wanted), tag),
        default=None,
    )


def _plain(tag: str) -> str:
    return tag.strip().lower().replace("_", "-")
