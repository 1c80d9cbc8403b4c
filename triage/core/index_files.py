"""Folders of large arrays that are streamed to disk, kept whole, and never opened if changed.

Unlike a stored model, an index is written array by array, so that building one needs little memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.core.errors import ArtefactError

FORMAT = 1
MANIFEST = "manifest.json"


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """Give a scratch folder that takes the place of ``folder`` if all goes well, and vanishes otherwise.

    What is open in the replaced folder stays readable for those who have it open.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        new.rename(folder)


def save_array(folder: Path, name: str, values: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Write one array of an index."""
    np.save(folder / f"{name}.npy", values.astype(dtype, copy=False), allow_pickle=False)


def write_manifest(folder: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Seal a folder: list its arrays with their SHA-256, and the manifest's own."""
    files = {path.name: _digest(path) for path in sorted(folder.glob("*.npy"))}
    manifest = {"kind": kind, "format": FORMAT, "numpy": np.__version__, **content, "files": files}
    with (folder / MANIFEST).open("w") as file:
        json.dump(manifest | {"seal": _seal(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """Read and check the manifest of an index.

    Raises
    ------
    ArtefactError
        If it is missing, damaged, or of another kind or format version.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except OSError as error:
        raise ArtefactError(f"{path} cannot be read ({error.strerror}); build the index first") from error
    except ValueError as error:
        raise ArtefactError(f"{path} is damaged ({error}); rebuild the index") from error
    if not isinstance(manifest, dict) or manifest.get("seal") != _seal(manifest):
        raise ArtefactError(f"{path} does not match its checksum; rebuild the index")
    if manifest.get("kind") != kind or manifest.get("format") != FORMAT:
        raise ArtefactError(f"{path} is not a {kind} of format {FORMAT}; rebuild the index")
    return manifest


def map_array(
    folder: Path, name: str, manifest: Mapping[str, Any], dtype: np.dtype[Any], dimensions: int = 1
) -> npt.NDArray[Any]:
    """Map an array read-only after checking every byte of it.

    Raises
    ------
    ArtefactError
        If the file is missing, changed, or of another type.
    """
    path = folder / f"{name}.npy"
    if _digest(path) != manifest["files"].get(path.name):
        raise ArtefactError(f"{path} does not match its checksum; rebuild the index")
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.dtype != dtype or array.ndim != dimensions:
        raise ArtefactError(f"{path} holds {array.dtype} of {array.ndim} dimensions; rebuild the index")
    # A plain view: numpy's own memmap class costs microseconds on each slice.
    return np.asarray(array.view(np.ndarray))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtefactError(f"{path} cannot be read ({error.strerror}); rebuild the index") from error


def _seal(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's content, its own seal left out."""
    content = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
