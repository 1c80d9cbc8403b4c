"""The colours that stand on each other are readable: WCAG AA, in the light and in the dark."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

SHEET = (settings.BASE_DIR / "static/css/variables.css").read_text()
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
ON_SURFACES = ["ink", "ink-soft", "accent", "bad"]
BADGES = ["good", "wait", "news", "bad", "quiet"]
PAIRS = [
    *((word, ground, TEXT) for word in ON_SURFACES for ground in ("ground", "surface")),
    *((word, f"{word}-soft", TEXT) for word in BADGES),
    *(("ink", f"{word}-soft", TEXT) for word in BADGES),
    *((word, ground, TEXT) for word in ("ink", "ink-soft") for ground in ("sunken", "mine")),
    ("accent", "accent-soft", TEXT),
    ("accent", "news-soft", TEXT),
    ("accent", "quiet-soft", TEXT),
    ("accent", "mine", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("line-strong", "surface", SHAPE),
    ("line-strong", "ground", SHAPE),
    ("focus", "surface", SHAPE),
    ("focus", "ground", SHAPE),
]


def colours(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", sheet))


LIGHT_SHEET, DARK_SHEET = SHEET.split("@media (prefers-color-scheme: dark)")
THEMES = {"light": colours(LIGHT_SHEET), "dark": {**colours(LIGHT_SHEET), **colours(DARK_SHEET)}}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_knows_black_on_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_what_stands_on_it_can_be_read(theme, front, back, least):
    palette = THEMES[theme]
    assert contrast(palette[front], palette[back]) >= least


@pytest.mark.parametrize("sheet", sorted((settings.BASE_DIR / "static/css").rglob("*.css"), key=str), ids=str)
def test_every_variable_that_a_sheet_uses_is_defined(sheet):
    defined = set(re.findall(r"(--[a-z0-9-]+):", SHEET)) | set(
        re.findall(r"(--[a-z0-9-]+):", sheet.read_text())
    )
    assert set(re.findall(r"var\((--[a-z0-9-]+)", sheet.read_text())) <= defined


@pytest.mark.parametrize("sheet", ["base", "components", "pages"])
def test_colours_are_named_in_one_place_only(sheet):
    for file in (settings.BASE_DIR / "static/css" / sheet).glob("*.css"):
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", file.read_text()), file.name
