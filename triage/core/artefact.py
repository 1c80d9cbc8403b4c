"""Stores what was learnt as a folder that cannot be changed unnoticed.

A folder holds plain arrays (read by memory mapping, so the workers of a machine share them), the fitted
scikit-learn parts in one skops file, and ``manifest.json`` with the SHA-256 of each file and of itself.
Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.core.errors import ArtefactError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PARTS = "parts.skops"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops")
_BLOCK = 1 << 20

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a stored model is, where it came from and what it was worth.

    Attributes
    ----------
    files : dict of str to str
        SHA-256 of each file of the folder.
    fingerprint : str
        SHA-256 of the training data.
    metrics : dict of str to float
        Figures measured while training.
    settings : dict
        Everything else that is needed to rebuild the model.
    libraries : dict of str to str
        Versions of the libraries that trained it.
    size : int
        Bytes of all files but the manifest.
    """

    kind: str
    fingerprint: str
    files: dict[str, str]
    metrics: dict[str, float]
    settings: dict[str, Any]
    libraries: dict[str, str]
    size: int
    format_version: int = FORMAT_VERSION

    @property
    def version(self) -> str:
        """A short name: the same training gives the same name.

        The skops file is left out of it, as it holds the time at which it was written.
        """
        content = asdict(self)
        content["files"] = {name: digest for name, digest in self.files.items() if name != PARTS}
        del content["size"]
        return hashlib.sha256(_canonical(content)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Stored:
    """An artefact read back: its manifest, its arrays (memory-mapped) and its fitted parts."""

    manifest: Manifest
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    parts: Any = None


def skops_io() -> ModuleType:
    """Return ``skops.io``, loaded only by who reads or writes a model: it takes as long as all the rest."""
    return import_module("skops.io")


def _canonical(value: object) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=True) + "\n").encode()


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def save(
    folder: Path,
    *,
    kind: str,
    arrays: Arrays,
    parts: object,
    fingerprint: str,
    metrics: Mapping[str, float],
    settings: Mapping[str, Any],
) -> Manifest:
    """Write an artefact into a new folder, all of it or nothing.

    Parameters
    ----------
    folder : Path
        Must not exist yet; its parent is made where missing.
    kind : str
        What is stored; :func:`load` refuses another kind.
    arrays : mapping of str to ndarray
    parts : object
        Fitted scikit-learn objects in plain containers.
    fingerprint, metrics, settings
        See :class:`Manifest`.

    Raises
    ------
    ArtefactError
        The folder exists already.
    """
    if folder.exists():
        raise ArtefactError(f"{folder} exists already; choose a new folder for the model.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(scratch / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        skops_io().dump(parts, scratch / PARTS)
        written = sorted(scratch.iterdir())
        manifest = Manifest(
            kind=kind,
            fingerprint=fingerprint,
            files={path.name: _digest(path) for path in written},
            metrics=dict(metrics),
            settings=dict(settings),
            libraries={name: version(name) for name in _LIBRARIES},
            size=sum(path.stat().st_size for path in written),
        )
        _write_manifest(scratch / MANIFEST, manifest)
        scratch.chmod(0o755)
        scratch.replace(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return manifest


def _write_manifest(path: Path, manifest: Manifest) -> None:
    content = asdict(manifest)
    sealed = {"content": content, "sha256": hashlib.sha256(_canonical(content)).hexdigest()}
    with path.open("wb") as stream:
        stream.write(_canonical(sealed))
        stream.flush()
        os.fsync(stream.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of an artefact.

    Raises
    ------
    ArtefactError
        It is missing, changed, or of another format version.
    """
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
        sealed = json.loads(raw)
    except FileNotFoundError as error:
        raise ArtefactError(f"{folder} holds no model: {MANIFEST} is missing. Train one.") from error
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} cannot be read ({error}); restore it or train again.") from error
    changed = ArtefactError(f"{path} was changed after it was written; restore it or train again.")
    if not isinstance(sealed, dict) or set(sealed) != {"content", "sha256"} or raw != _canonical(sealed):
        raise changed
    content = sealed["content"]
    if hashlib.sha256(_canonical(content)).hexdigest() != sealed["sha256"]:
        raise changed
    if content.get("format_version") != FORMAT_VERSION:
        raise ArtefactError(
            f"{folder} has format version {content.get('format_version')}, "
            f"this program reads {FORMAT_VERSION}; train again."
        )
    return Manifest(**content)


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    if present != set(files):
        odd = ", ".join(sorted(present ^ set(files)))
        raise ArtefactError(f"{folder} does not hold the files its manifest lists ({odd}); train again.")
    for name, digest in files.items():
        if _digest(folder / name) != digest:
            raise ArtefactError(
                f"{folder / name} is damaged (its checksum differs); restore it or train again."
            )


def load(folder: Path, *, kind: str, trusted: Sequence[str] = ()) -> Stored:
    """Read an artefact back after checking every byte of it.

    Parameters
    ----------
    folder : Path
    kind : str
    trusted : sequence of str
        Names of the types, beyond those skops trusts by itself, that the parts may hold.

    Raises
    ------
    ArtefactError
        Anything is missing, changed, unknown, or of another kind or format version.
    """
    manifest = read_manifest(folder)
    if manifest.kind != kind:
        raise ArtefactError(f"{folder} holds a {manifest.kind}, not a {kind}.")
    _check_files(folder, manifest.files)
    arrays = {
        # The plain view stays mapped and indexes several times faster than numpy's memmap class.
        name.removesuffix(".npy"): np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False))
        for name in manifest.files
        if name.endswith(".npy")
    }
    sio = skops_io()
    try:
        unknown = set(sio.get_untrusted_types(file=folder / PARTS)) - set(trusted)
        if unknown:
            raise ArtefactError(f"{folder / PARTS} holds unexpected types: {', '.join(sorted(unknown))}.")
        parts = sio.load(folder / PARTS, trusted=list(trusted))
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, OSError) as error:
        # The bytes are intact here, so what fails is another library version's reading of them.
        raise ArtefactError(f"{folder / PARTS} cannot be rebuilt here ({error}); train again.") from error
    return Stored(manifest, arrays, parts)
