"""Clients that others' tools make of the contract: whole, compiling, and understanding what they are answered."""

from __future__ import annotations

import compileall
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from accounts.models import User
from accounts.tokens import families
from tests.contract.test_contract import COMMITTED
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.prove]
OPERATION: Final = re.compile(r"^      operationId: (\w+)$", re.MULTILINE)
NODE: Final = ("openapi-typescript@7.10.1", "typescript@5.9.3")


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def client(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    supervisor: User,
    submit: Callable[..., Ticket],
    engine: Any,
) -> Iterator[Any]:
    """The package that openapi-python-client makes, speaking to this process as a supervisor with some tickets."""
    tool = Path(sys.executable).with_name("openapi-python-client")
    run(
        str(tool),
        "generate",
        "--path",
        str(COMMITTED),
        "--output-path",
        "made",
        "--meta",
        "none",
        cwd=tmp_path,
    )
    assert compileall.compile_dir(tmp_path / "made", quiet=1)
    monkeypatch.syspath_prepend(str(tmp_path))
    submit(requester=supervisor)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    made = importlib.import_module("made.client")
    transport = httpx.WSGITransport(app=get_wsgi_application())
    token = families.begin(supervisor)["access"]
    yield made.AuthenticatedClient("http://testserver", token=token, httpx_args={"transport": transport})
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(made: Path) -> dict[str, Any]:
    files = [one for one in (made / "api").rglob("*.py") if one.name != "__init__.py"]
    return {one.stem: importlib.import_module(f"made.api.{one.parent.name}.{one.stem}") for one in files}


def test_a_python_client_has_every_operation_and_reads_what_it_is_answered(
    client: Any, tmp_path: Path
) -> None:
    found = operations(tmp_path / "made")
    assert found.keys() == set(OPERATION.findall(COMMITTED.read_text()))
    asked = 0
    for name, operation in found.items():
        needed = inspect.signature(operation._get_kwargs).parameters.values()
        if not name.startswith(("list_", "get_")) or any(
            one.default is inspect.Parameter.empty for one in needed
        ):
            continue
        answer = operation.sync_detailed(client=client)
        assert (int(answer.status_code), name) == (200, name)
        assert answer.parsed is not None, name
        asked += 1
    assert asked >= 10


def test_a_typescript_client_compiles(tmp_path: Path) -> None:
    npm, npx = shutil.which("npm"), shutil.which("npx")
    if not npm or not npx:
        assert "CI" not in os.environ
        pytest.skip("npm is not here")
    run(npm, "install", "--silent", "--prefix", ".", *NODE, cwd=tmp_path)
    run(npx, "openapi-typescript", str(COMMITTED), "-o", "api.d.ts", cwd=tmp_path)
    run(npx, "tsc", "--noEmit", "--strict", "api.d.ts", cwd=tmp_path)
