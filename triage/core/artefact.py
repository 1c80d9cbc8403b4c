"""Stores what was learnt as a folder that cannot be changed unnoticed.

A model and an index of tickets are stored alike: plain arrays (read by memory mapping, so the workers of a
machine share them), the fitted scikit-learn parts of a model in one skops file, and ``manifest.json`` with the
SHA-256 of each file and of itself. A folder appears under its name with all its files or not at all.
Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
#: Version of the manifests that the first release gave to its indexes; they are read, not written.
_FORMER_INDEX_FORMAT = 1
MANIFEST = "manifest.json"
PARTS = "parts.skops"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops")
_BLOCK = 1 << 20

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a stored artefact is, where it came from and what it was worth.

    Attributes
    ----------
    files : dict of str to str
        SHA-256 of each file of the folder.
    fingerprint : str
        SHA-256 of the training data; empty for an index.
    metrics : dict of str to float
        Figures measured while training.
    settings : dict
        Everything else that is needed to rebuild the artefact.
    libraries : dict of str to str
        Versions of the libraries that made it.
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
    """An artefact read back: its manifest, its arrays (memory-mapped) and its fitted parts, None without any."""

    folder: Path
    manifest: Manifest
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    parts: Any = None

    def array(self, name: str, dtype: np.dtype[Any], dimensions: int = 1) -> npt.NDArray[Any]:
        """Return an array that must be there, of this type. Raises ArtefactError where it is not."""
        found = self.arrays.get(name)
        if found is None or found.dtype != dtype or found.ndim != dimensions:
            raise ArtefactError(
                f"{self.folder} has no array “{name}” of {dtype} in {dimensions} dimensions; train again."
            )
        return found


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


@contextmanager
def written_whole(folder: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a scratch folder that becomes ``folder`` if all goes well, and vanishes otherwise.

    With ``replace`` it takes the place of one that is there; what is open in that one stays readable for those
    who have it open.

    Raises
    ------
    ArtefactError
        The folder exists already and is not to be replaced.
    """
    if folder.exists() and not replace:
        raise ArtefactError(f"{folder} exists already; choose a new folder for it.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        yield new
        if replace and folder.exists():
            folder.rename(Path(scratch) / "old")
        new.rename(folder)


def save_array(folder: Path, name: str, values: npt.NDArray[Any], dtype: np.dtype[Any] | None = None) -> None:
    """Write one array, so that building a large artefact needs little memory."""
    array = np.ascontiguousarray(values if dtype is None else values.astype(dtype, copy=False))
    np.save(folder / f"{name}.npy", array, allow_pickle=False)


def seal(
    folder: Path,
    *,
    kind: str,
    settings: Mapping[str, Any],
    fingerprint: str = "",
    metrics: Mapping[str, float] | None = None,
) -> Manifest:
    """Write the manifest of a folder whose files are all there; see :class:`Manifest`."""
    written = sorted(folder.iterdir())
    manifest = Manifest(
        kind=kind,
        fingerprint=fingerprint,
        files={path.name: _digest(path) for path in written},
        metrics=dict(metrics or {}),
        settings=dict(settings),
        libraries={name: version(name) for name in _LIBRARIES},
        size=sum(path.stat().st_size for path in written),
    )
    _write_manifest(folder / MANIFEST, manifest)
    return manifest


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
    """Write an artefact that fits in memory into a new folder, all of it or nothing.

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
    with written_whole(folder) as new:
        for name, array in arrays.items():
            save_array(new, name, array)
        skops_io().dump(parts, new / PARTS)
        return seal(new, kind=kind, settings=settings, fingerprint=fingerprint, metrics=metrics)


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
        raise ArtefactError(
            f"{folder} holds nothing stored: {MANIFEST} is missing. Train a model."
        ) from error
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} cannot be read ({error}); restore it or train again.") from error
    changed = ArtefactError(f"{path} was changed after it was written; restore it or train again.")
    if isinstance(sealed, dict) and "seal" in sealed:
        return _former_index(folder, raw, sealed, changed)
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


def _former_index(folder: Path, raw: bytes, sealed: dict[str, Any], changed: ArtefactError) -> Manifest:
    """Read the manifest of an index that the first release wrote: one flat object with a seal over all else."""
    content = {name: value for name, value in sealed.items() if name != "seal"}
    written = json.dumps(content, sort_keys=True).encode()
    if hashlib.sha256(written).hexdigest() != sealed["seal"] or raw != json.dumps(sealed, indent=1).encode():
        raise changed
    if content.pop("format", None) != _FORMER_INDEX_FORMAT:
        raise ArtefactError(f"{folder} has a format that this program does not read; train again.")
    files = content.pop("files")
    return Manifest(
        kind=content.pop("kind"),
        fingerprint="",
        files=files,
        metrics={},
        libraries={"numpy": content.pop("numpy")},
        settings=content,
        size=sum(path.stat().st_size for path in folder.iterdir() if path.name in files),
    )


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
    parts = _read_parts(folder / PARTS, trusted) if PARTS in manifest.files else None
    return Stored(folder, manifest, arrays, parts)


def _read_parts(path: Path, trusted: Sequence[str]) -> Any:
    sio = skops_io()
    try:
        unknown = set(sio.get_untrusted_types(file=path)) - set(trusted)
        if unknown:
            raise ArtefactError(f"{path} holds unexpected types: {', '.join(sorted(unknown))}.")
        return sio.load(path, trusted=list(trusted))
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, OSError) as error:
        # The bytes are intact here, so what fails is another library version's reading of them.
        raise ArtefactError(f"{path} cannot be rebuilt here ({error}); train again.") from error
