"""The style guide shows each component that there is, and nobody but whoever works on the pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

pytestmark = pytest.mark.django_db
SHEETS = Path(settings.BASE_DIR) / "static/css/components"


@pytest.mark.urls("tests.helpdesk.styleguide_urls")
def test_every_class_of_a_component_is_shown(web: Any) -> None:
    answer = web().get("/styleguide/")
    assert answer.status_code == 200
    shown = {
        name for found in re.findall(r'class="([^"]*)"', answer.content.decode()) for name in found.split()
    }
    sheets = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS.glob("*.css"))
    known = set(re.findall(r"\.([a-z][a-z-]*)(?=[\s,.:>{\[])", sheets))
    assert known - shown == set()
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_without_debug_there_is_none(web: Any) -> None:
    assert web().get("/styleguide/").status_code == 404
