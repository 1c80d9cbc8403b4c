"""The lists of `make mutants` name what is there; the command itself is not part of the fast tests."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = tomllib.loads((HERE / "modules.toml").read_text(encoding="utf-8"))["modules"]
SURVIVORS = tomllib.loads((HERE / "survivors.toml").read_text(encoding="utf-8")).get("survivor", [])


@pytest.mark.parametrize("module", MODULES)
def test_a_module_and_its_tests_exist(module: str) -> None:
    assert [name for name in (module, *MODULES[module]) if not (ROOT / name).exists()] == []


def test_a_survivor_is_of_a_known_module_and_has_a_reason() -> None:
    known = {"module", "place", "was", "now", "reason", "equivalent"}
    for one in SURVIVORS:
        assert one["module"] in MODULES
        assert one.keys() <= known
        assert len(one["reason"]) > 10
