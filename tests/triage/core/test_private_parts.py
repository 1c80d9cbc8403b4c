"""The core reads nothing private of the libraries it stands on, but where it says so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[3] / "triage" / "core"
FILES = sorted(CORE.rglob("*.py"))
#: Of named tuples, and public in spite of the underscore.
PUBLIC = {"_make", "_asdict", "_replace", "_fields"}
#: Function -> what it reads. docs/decisions/boosted-trees.md says why.
EXEMPT = {"_learnt_trees": {"_predictors", "_baseline_prediction"}}
#: Only skops is told private names of types: it must trust them by name.
TRUSTED = {"sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"}
PRIVATE_MODULE = re.compile(r"\b(?:sklearn|scipy|numpy|skops)(?:\.\w+)*\._[a-z]\w*")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def own_names(tree: ast.AST) -> Iterator[str]:
    """What a module itself defines or assigns: its private names are its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


OWN = {name for file in FILES for name in own_names(ast.parse(file.read_text()))}


def private_parts(source: str) -> set[str]:
    """Private attributes and modules of others that a source reads, those exempt left out."""
    tree = ast.parse(source)
    exempt = {
        id(node): EXEMPT[function.name]
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name in EXEMPT
        for node in ast.walk(function)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if is_private(name) and name not in OWN | exempt.get(
                id(node), set()
            ):
                found.add(name)
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]
            ):
                found |= {name} if is_private(name) else set()
            case ast.ImportFrom(module=str(module), names=names):
                whole = {f"{module}.{alias.name}" for alias in names}
                found |= {name for name in whole if PRIVATE_MODULE.search(name)}
            case ast.Import(names=names):
                found |= {alias.name for alias in names if PRIVATE_MODULE.search(alias.name)}
            case ast.Constant(value=str(text)) if text not in TRUSTED:
                found |= set(PRIVATE_MODULE.findall(text))
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CORE)))
def test_nothing_private_of_a_library_is_read(file: Path) -> None:
    assert private_parts(file.read_text()) == set()


def test_what_is_exempt_is_still_needed() -> None:
    read = {
        node.attr
        for file in FILES
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef) and function.name in EXEMPT
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and is_private(node.attr)
    }
    assert read == set.union(*EXEMPT.values())


@pytest.mark.parametrize(
    "source",
    [
        "boosting._predictors",
        "def plant(boosting):\n    return boosting._baseline_prediction",
        "def _learnt_trees(boosting):\n    return boosting._raw_predict(1)",
        "getattr(boosting, '_predictors')",
        "from sklearn.linear_model._base import LinearModel",
        "from sklearn.svm import _liblinear",
        "import sklearn.utils._openmp_helpers",
        "import_module('sklearn.tree._tree')",
    ],
)
def test_a_private_part_is_seen(source: str) -> None:
    assert private_parts(source)
