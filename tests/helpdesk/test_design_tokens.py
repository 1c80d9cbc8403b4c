"""The colours that stand on each other are readable: WCAG AA, in the light and in the dark."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from unfold.utils import convert_color

from helpdesk.palette import ADMIN_COLOURS, admin_colours

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
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", sheet))


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


NAMED = "black|blue|brown|cyan|fuchsia|gold|gray|green|grey|lime|magenta|maroon|navy|olive|orange|pink|purple|red|silver|teal|white|yellow"
LITERAL = re.compile(
    rf"#[0-9a-fA-F]{{3,8}}\b|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\(|:[^;{{]*\b(?:{NAMED})\b(?!-)"
)
SHEETS = [file for file in (settings.BASE_DIR / "static/css").rglob("*.css") if file.name != "variables.css"]


def literals(css: str) -> list[str]:
    return LITERAL.findall(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))


@pytest.mark.parametrize("sheet", sorted(SHEETS), ids=lambda file: file.name)
def test_colours_are_named_in_one_place_only(sheet):
    assert not literals(sheet.read_text())


@pytest.mark.parametrize("colour", ["magenta", "#f0f", "#ff00ff", "rgb(255 0 255)", "1px solid magenta"])
def test_a_colour_in_another_sheet_is_seen(colour):
    assert literals(f"body {{ color: {colour}; }}")


def converted(theme: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The theme as the admin writes it into its pages; it converts the settings in place, so both are."""
    return {
        name: {step: convert_color(value) for step, value in steps.items()} for name, steps in theme.items()
    }


def test_the_admin_theme_is_made_from_the_sheet():
    assert converted(settings.UNFOLD["COLORS"]) == converted(admin_colours(SHEET))


@pytest.mark.parametrize(("name", "step", "theme", "variable"), [
    (name, step, theme, variable)
    for name, steps in ADMIN_COLOURS.items()
    for step, (theme, variable) in steps.items()
])  # fmt: skip
def test_each_colour_of_the_admin_theme_is_that_of_its_variable(name, step, theme, variable):
    assert admin_colours(SHEET)[name][step] == THEMES[theme][variable]


def test_a_changed_variable_changes_the_admin_theme():
    changed = admin_colours(SHEET.replace(f"--accent: {THEMES['light']['accent']}", "--accent: #ff00ff"))
    assert changed["primary"]["600"] == "#ff00ff"


def test_a_colour_that_the_theme_needs_and_the_sheet_lacks_is_named():
    with pytest.raises(ValueError, match="ink-plain"):
        admin_colours(SHEET.replace("--ink-plain", "--ink-gone"))


@pytest.mark.parametrize(
    "file", ["helpdesk/settings.py", "helpdesk/palette.py", "triage/admin/navigation.py"]
)
def test_no_colour_is_written_beside_the_sheet(file):
    assert not re.findall(
        r"#[0-9a-fA-F]{3,8}\b|rgb\(|oklch\(|magenta", (settings.BASE_DIR / file).read_text()
    )


def test_the_theme_follows_the_sheet_on_the_page(web, supervisor):
    page = web(supervisor).get("/admin/", follow=True).content.decode()
    assert f"--color-primary-600: {convert_color(THEMES['light']['accent'])}" in page


def test_the_page_that_stands_when_nothing_else_does_has_these_colours() -> None:
    """It holds its few rules itself, because no other file may be there."""
    page = (settings.BASE_DIR / "templates/500.html").read_text()
    used = set(re.findall(r"#[0-9a-f]{6}\b", page))
    assert used == {THEMES[theme][name] for theme in THEMES for name in ("ground", "ink", "accent")}
