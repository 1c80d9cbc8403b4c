"""Without its packages the encoder says what to install; nothing else stands in for it."""

from __future__ import annotations

import importlib
import sys

import pytest

from triage.core.errors import EncoderError


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_missing_package_is_a_clear_error(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "triage.core.learning.encoder", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", sys)  # any module serves: only the import is looked at
    monkeypatch.setitem(sys.modules, "tokenizers", sys)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EncoderError, match=rf"{package}.*requirements-encoder\.txt"):
        importlib.import_module("triage.core.learning.encoder")
