"""TypeScript and what the tutorial and the generated client need, for tests that compile and run some of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import pytest

PACKAGES: Final = (
    "openapi-typescript@7.10.1", "typescript@5.9.3", "openapi-fetch@0.15.0", "standardwebhooks@1.0.0",
    "@types/node@20.19.25",
)  # fmt: skip
COMPILE: Final = (
    "tsc", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node",
)  # fmt: skip


@cache
def _installed() -> str:
    """The folder of the packages; empty where there is no node, or no registry answers."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("npx") is None:
        return ""
    folder = tempfile.mkdtemp(prefix="node-")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", *PACKAGES]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    return folder if done.returncode == 0 else ""


def workshop(folder: Path) -> Path:
    """``folder`` with the packages in it. Skips the test, and says so, where they cannot be had."""
    packages = _installed()
    if not packages:
        pytest.skip("TypeScript was not tried: node, npm or their registry is not here")
    (folder / "node_modules").symlink_to(Path(packages) / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def npx(folder: Path, *command: str, seconds: int = 300) -> None:
    done = subprocess.run(
        ["npx", "--no-install", *command], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def types_of(folder: Path, contract: str) -> None:
    """Make ``api.d.ts`` of the contract at a path or an address."""
    npx(folder, "openapi-typescript", contract, "--default-non-nullable=false", "-o", "api.d.ts")
