"""The admin's theme and its colours, read from ``static/css/variables.css``, which owns them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

LIGHT, DARK = "light", "dark"
_DARK_RULE: Final = "@media (prefers-color-scheme: dark)"
_COLOUR: Final = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")

#: The theme's own names and steps; for each the mode and the variable whose colour it has. The theme asks for one
#: scale that serves both modes: its light end is our light mode, its dark end our dark one.
ADMIN_COLOURS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "base": {
        "50": (LIGHT, "ground"),
        "100": (LIGHT, "sunken"),
        "200": (LIGHT, "line"),
        "300": (LIGHT, "base-300"),
        "400": (LIGHT, "line-strong"),
        "500": (LIGHT, "base-500"),
        "600": (LIGHT, "base-600"),
        "700": (DARK, "line"),
        "800": (LIGHT, "base-800"),
        "900": (DARK, "surface"),
        "950": (DARK, "ground"),
    },
    "primary": {
        "50": (LIGHT, "primary-50"),
        "100": (LIGHT, "accent-soft"),
        "200": (LIGHT, "primary-200"),
        "300": (LIGHT, "primary-300"),
        "400": (DARK, "accent"),
        "500": (DARK, "accent"),
        "600": (LIGHT, "accent"),
        "700": (LIGHT, "accent-hover"),
        "800": (LIGHT, "primary-800"),
        "900": (DARK, "accent-soft"),
        "950": (DARK, "on-accent"),
    },
    "font": {
        "subtle-light": (LIGHT, "ink-soft"),
        "subtle-dark": (DARK, "ink-soft"),
        "default-light": (LIGHT, "ink-plain"),
        "default-dark": (DARK, "ink-plain"),
        "important-light": (LIGHT, "ink"),
        "important-dark": (DARK, "ink"),
    },
}


def read_modes(sheet: str) -> dict[str, dict[str, str]]:
    """Return mode → variable → colour. What the dark mode does not change it has from the light one."""
    light, _, dark = sheet.partition(_DARK_RULE)
    colours = dict(_COLOUR.findall(light))
    return {LIGHT: colours, DARK: colours | dict(_COLOUR.findall(dark))}


def admin_colours(sheet: str) -> dict[str, dict[str, str]]:
    """Return the colours of the admin's theme as the theme wants them.

    Raises
    ------
    ValueError
        The sheet does not define a colour that the theme needs.
    """
    modes = read_modes(sheet)
    missing = {
        variable
        for steps in ADMIN_COLOURS.values()
        for mode, variable in steps.values()
        if variable not in modes[mode]
    }
    if missing:
        raise ValueError(f"variables.css defines no colour for: {', '.join(sorted(missing))}.")
    return {
        name: {step: modes[mode][variable] for step, (mode, variable) in steps.items()}
        for name, steps in ADMIN_COLOURS.items()
    }


def admin_theme(company: str, sheet: str) -> dict[str, Any]:
    """The settings of the admin's theme."""
    return {
        "SITE_TITLE": company,
        "SITE_HEADER": company,
        "SITE_SYMBOL": "support_agent",
        "SITE_FAVICONS": [
            {"rel": "icon", "type": "image/svg+xml", "href": "triage.admin.navigation.favicon"}
        ],
        "SHOW_HISTORY": False,
        "SHOW_VIEW_ON_SITE": False,
        "STYLES": [f"triage.admin.navigation.{name}" for name in ("tokens", "theme", "tools")],
        "SCRIPTS": ["triage.admin.navigation.script"],
        "ACCOUNT": {"navigation": "triage.admin.navigation.account_links"},
        "SIDEBAR": {
            "show_search": False,
            "show_all_applications": False,
            "navigation": "triage.admin.navigation.sidebar",
        },
        "BORDER_RADIUS": "6px",
        "COLORS": admin_colours(sheet),
    }
