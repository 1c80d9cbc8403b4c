"""A real endpoint: llama.cpp with weights that come as a package. The protocol, not the quality.

Runs where ``DRAFTS_PYTHON`` names a Python that has requirements-drafts.txt and its weights; elsewhere it is skipped.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triage.drafts import endpoint, prompts

ROOT = Path(__file__).resolve().parents[3]
PYTHON = os.environ.get("DRAFTS_PYTHON", "")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not PYTHON, reason="DRAFTS_PYTHON names no Python that has llama.cpp"),
]


@pytest.fixture
def llama(settings: Any) -> Iterator[None]:
    command = [PYTHON, "-m", "benchmarks.local_model", "--port", "0", "--threads", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    told = next(line for line in process.stdout if line.startswith("LLM_URL="))
    settings.LLM_URL, settings.LLM_MODEL = told.strip().partition("=")[2], "smollm2"
    settings.LLM_INTERNAL_HOSTS, settings.LLM_TIMEOUT_SECONDS = ["127.0.0.1"], 300
    yield
    process.kill()
    process.wait()


def test_a_real_model_names_paragraphs_and_nothing_else(llama: None) -> None:
    paragraphs = {"A1": "Refunds take five days.", "A2": "Returns are free."}
    asked = prompts.reply([{"by": "Customer", "text": "Where is my refund?"}], paragraphs)
    written = endpoint.complete(asked, prompts.choice_schema(list(paragraphs), 2))
    assert '"use"' in written.text
    assert "five days" not in written.text  # the schema lets it name ids and write nothing
    assert written.tokens > 100
