"""A stored artefact is read back whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest

from triage.core.artefact import (
    MANIFEST,
    Manifest,
    load,
    read_manifest,
    save,
    save_array,
    seal,
    written_whole,
)
from triage.core.errors import ArtefactError


def store(folder: Path) -> Manifest:
    return save(
        folder,
        kind="test",
        arrays={"weights": np.arange(6, dtype=np.float32)},
        parts={"names": ["a", "b"]},
        fingerprint="f" * 64,
        metrics={"accuracy": 0.9},
        settings={"sharpness": 2.5},
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    store(tmp_path / "m")
    found = load(tmp_path / "m", kind="test")
    assert found.arrays["weights"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found.parts == {"names": ["a", "b"]}
    assert found.manifest.settings == {"sharpness": 2.5}


def test_arrays_are_mapped_and_not_writable(tmp_path: Path) -> None:
    store(tmp_path / "m")
    weights = load(tmp_path / "m", kind="test").arrays["weights"]
    assert isinstance(weights.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        weights[0] = 1


def test_any_flipped_bit_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "m")
    files = sorted((tmp_path / "m").iterdir())
    chance = random.Random(1)
    for _ in range(300):
        path = chance.choice(files)
        whole = path.read_bytes()
        broken = bytearray(whole)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(broken))
        with pytest.raises(ArtefactError):
            load(tmp_path / "m", kind="test")
        path.write_bytes(whole)
    assert load(tmp_path / "m", kind="test").parts == {"names": ["a", "b"]}


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="Train a model"):
        load(tmp_path / "nothing", kind="test")


@pytest.mark.parametrize("name", ["weights.npy", "parts.skops"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    store(tmp_path / "m")
    (tmp_path / "m" / name).unlink()
    with pytest.raises(ArtefactError, match=name):
        load(tmp_path / "m", kind="test")


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "m")
    (tmp_path / "m" / "more.npy").write_bytes(b"")
    with pytest.raises(ArtefactError, match=r"more\.npy"):
        load(tmp_path / "m", kind="test")


def test_another_kind_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "m")
    with pytest.raises(ArtefactError, match="holds a test"):
        load(tmp_path / "m", kind="index")


def test_a_new_format_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(tmp_path / "m")
    monkeypatch.setattr("triage.core.artefact.FORMAT_VERSION", 99)
    with pytest.raises(ArtefactError, match="format version 1"):
        load(tmp_path / "m", kind="test")


def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "m")
    (tmp_path / "m" / MANIFEST).write_text(json.dumps([1]))
    with pytest.raises(ArtefactError, match="was changed"):
        read_manifest(tmp_path / "m")


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        save(
            tmp_path / "m",
            kind="test",
            arrays={"bad": np.asarray([object()])},
            parts={},
            fingerprint="",
            metrics={},
            settings={},
        )
    assert list(tmp_path.iterdir()) == []


def test_the_version_names_the_contents(tmp_path: Path) -> None:
    assert store(tmp_path / "a").version == store(tmp_path / "b").version


def test_an_artefact_without_parts_has_none(tmp_path: Path) -> None:
    with written_whole(tmp_path / "m") as new:
        save_array(new, "ids", np.arange(3), np.dtype(np.int64))
        seal(new, kind="test", settings={"tickets": 3})
    found = load(tmp_path / "m", kind="test")
    assert (found.parts, found.manifest.settings) == (None, {"tickets": 3})
    assert found.array("ids", np.dtype(np.int64)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "dtype", "dimensions"), [("ids", "<i4", 1), ("ids", "<i8", 2), ("x", "<i8", 1)]
)
def test_an_array_of_another_type_is_refused(tmp_path: Path, name: str, dtype: str, dimensions: int) -> None:
    with written_whole(tmp_path / "m") as new:
        save_array(new, "ids", np.arange(3), np.dtype(np.int64))
        seal(new, kind="test", settings={})
    with pytest.raises(ArtefactError, match=f"no array “{name}”"):
        load(tmp_path / "m", kind="test").array(name, np.dtype(dtype), dimensions)


def test_a_folder_that_is_there_is_replaced_only_on_demand(tmp_path: Path) -> None:
    store(tmp_path / "m")
    with pytest.raises(ArtefactError, match="exists already"):
        store(tmp_path / "m")
    with written_whole(tmp_path / "m", replace=True) as new:
        seal(new, kind="other", settings={})
    assert read_manifest(tmp_path / "m").kind == "other"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def former_index(folder: Path, **changes: object) -> Path:
    """A manifest as the first release wrote it for an index of tickets."""
    folder.mkdir()
    (folder / "rows.npy").write_bytes(b"12345")
    facts = {
        "format": 1, "kind": "ticket index", "numpy": "1.26.4", "files": {"rows.npy": "d" * 64}, "tickets": 7,
        **changes,
    }  # fmt: skip
    facts["seal"] = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(facts, indent=1))
    return folder


def test_an_index_of_the_first_release_is_read(tmp_path: Path) -> None:
    found = read_manifest(former_index(tmp_path / "old"))
    assert (found.kind, found.files, found.size) == ("ticket index", {"rows.npy": "d" * 64}, 5)
    assert (found.libraries, found.settings, found.metrics) == ({"numpy": "1.26.4"}, {"tickets": 7}, {})


def test_an_index_of_the_first_release_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = former_index(tmp_path / "old") / MANIFEST
    whole = path.read_text()
    for changed in (whole.replace("7", "8", 1), whole + "\n", whole.replace("1.26.4", "1.26.5")):
        assert changed != whole
        path.write_text(changed)
        with pytest.raises(ArtefactError, match="was changed"):
            read_manifest(path.parent)
    with pytest.raises(ArtefactError, match="does not read"):
        read_manifest(former_index(tmp_path / "odd", format=2))


class Stranger:
    """A type that nobody has said to be harmless."""


def test_a_type_that_is_not_trusted_is_never_built(tmp_path: Path) -> None:
    save(
        tmp_path / "m", kind="test", arrays={}, parts={"odd": Stranger()}, fingerprint="", metrics={}, settings={},
    )  # fmt: skip
    with pytest.raises(ArtefactError, match=r"unexpected types: .*Stranger"):
        load(tmp_path / "m", kind="test")
    name = f"{Stranger.__module__}.{Stranger.__qualname__}"
    assert isinstance(load(tmp_path / "m", kind="test", trusted=[name]).parts["odd"], Stranger)
