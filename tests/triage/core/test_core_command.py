"""``python -m triage.core`` from train to assess."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.triage.core.shop import shop_examples
from triage.core.__main__ import explanation, main
from triage.core.deciding.policy import decide
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.similar.similarity import TicketIndex
from triage.core.types import PolicyConfig, ResolvedTicket, Rule


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("csv") / "shop.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream)
        lines.writerow(["text", "intent"])
        lines.writerows([e.text, e.intent or ""] for e in shop_examples())
    return path


@pytest.fixture(scope="module")
def stored(labelled: Path) -> Path:
    folder = labelled.parent / "model"
    assert main(["train", str(labelled), str(folder)]) == 0
    return folder


def test_assess_explains_one_text(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", str(stored), "please refund my lamp"]) == 0
    told = capsys.readouterr().out
    assert "intent      refund" in told
    assert "runner-up" in told
    assert "for         " in told


def test_an_explanation_names_the_ticket_that_lowered_the_confidence() -> None:
    index = TicketIndex.empty()
    index.add(ResolvedTicket(7, "please refund the lamp", None, confirmed=True))
    engine = Engine(RuleBook([Rule("refund", "refund*", 0.9)], []), None, index)
    decision = decide(
        engine.assess("", "please refund the lamp"), intents={}, language="en", config=PolicyConfig()
    )
    told = explanation(decision)
    assert "similar     ticket 7, 1.00 alike: none of ours (settled by a person)" in told
    assert "lowered     from 0.900 by ticket 7" in told


def test_assess_as_json_is_a_whole_decision(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", str(stored), "please refund my lamp", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["assessment"]["intent"] == "refund"
    assert {"action", "reason", "threshold"} <= set(told)


def test_evaluate_writes_figures_and_predictions(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    files = ["--train", str(labelled), "--test", str(labelled)]
    assert main(["evaluate", *files, "--json", "--predictions", str(out)]) == 0
    assert 0 <= json.loads(capsys.readouterr().out)["accuracy"] <= 1
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["text", "intent", "confidence", "action", "reason"]
    assert len(rows) == len(shop_examples())


def test_benchmark_tells_its_times(stored: Path, labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", str(stored), str(labelled), "--limit", "5"]) == 0
    assert "over 5 texts" in capsys.readouterr().out


def test_a_missing_model_is_one_plain_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", str(tmp_path / "none"), "hello"]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_it_runs_without_django() -> None:
    root = Path(__file__).resolve().parents[3]
    blocked = "import sys; sys.modules['django'] = None; import runpy; sys.argv = ['core', '--help']; "
    told = subprocess.run(
        [sys.executable, "-c", blocked + "runpy.run_module('triage.core', run_name='__main__')"],
        cwd=root,
        env={k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "benchmark" in told.stdout
