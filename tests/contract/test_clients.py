"""Clients that others' tools make of the contract: whole, compiling, and understanding what they are answered.

Both walk every operation against a server, as a superuser with something of everything.
"""

from __future__ import annotations

import compileall
import importlib
import inspect
import json
import os
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.tokens import families
from tests.access import scene as house
from tests.access.scene import Scene
from tests.contract.test_contract import COMMITTED
from tests.contract.walk import Step, steps
from tests.node import COMPILE, npx, types_of, workshop
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]


@pytest.fixture
def scene(submit: Callable[..., Ticket], engine: Any, settings: Any, live_server: Any) -> Scene:
    settings.LIMITS = {operation: {} for operation in settings.LIMITS}
    return house.build(submit, engine)


def token(scene: Scene, who: str) -> str:
    return str(families.begin(scene.users[who])["access"])


def judge(walk: list[Step], answers: dict[str, int]) -> None:
    """Every operation was answered as the contract says, and done but where the state forbade it."""
    assert answers.keys() == {step.name for step in walk}
    undocumented = {step.name: answers[step.name] for step in walk if answers[step.name] not in step.statuses}
    assert undocumented == {}
    undone = {name: status for name, status in answers.items() if status >= 300 and status != 409}
    assert undone == {}
    assert sum(status == 409 for status in answers.values()) <= len(walk) // 5


def test_a_python_client_walks_every_operation_and_reads_what_it_is_answered(
    scene: Scene, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = Path(sys.executable).with_name("openapi-python-client")
    wish = ("generate", "--path", str(COMMITTED), "--output-path", "made", "--meta", "none")
    done = subprocess.run(
        [tool, *wish], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert compileall.compile_dir(tmp_path / "made", quiet=1)
    monkeypatch.syspath_prepend(str(tmp_path))
    kind = importlib.import_module("made.client").AuthenticatedClient
    clients = {who: kind(live_server.url, token=token(scene, who)) for who in ("superuser", "requester")}
    files = [one for one in (tmp_path / "made/api").rglob("*.py") if one.name != "__init__.py"]
    made = {one.stem: importlib.import_module(f"made.api.{one.parent.name}.{one.stem}") for one in files}
    walk, answers = steps(scene), {}
    for step in walk:
        answer = call(made[step.name], clients[step.who], step)
        answers[step.name] = int(answer.status_code)
        is_told = answer.status_code not in {202, 204, 304} and answer.headers["Content-Type"].endswith(
            "json"
        )
        assert answer.parsed is not None or not is_told, step.name
    assert made.keys() == answers.keys()
    judge(walk, answers)


def call(operation: Any, client: Any, step: Step) -> Any:
    options = {**step.variables, **step.query}
    if step.body is not None:
        kind = typing.get_type_hints(operation.sync_detailed)["body"]
        kinds = [one for one in (kind, *typing.get_args(kind)) if inspect.isclass(one)]
        options["body"] = next(one for one in kinds if hasattr(one, "from_dict")).from_dict(step.body)
    return operation.sync_detailed(client=client, **options)


BEGINNING = """
import createClient from "openapi-fetch";
import type { paths } from "./api.js";
const by = (token = "") =>
  createClient<paths>({ baseUrl: process.env.ADDRESS, headers: { Authorization: `Bearer ${token}` } });
const superuser = by(process.env.SUPERUSER);
const requester = by(process.env.REQUESTER);
const answers: Record<string, number> = {};
"""


def test_a_typescript_client_compiles_and_walks_every_operation(
    scene: Scene, live_server: Any, tmp_path: Path
) -> None:
    """Each call is written out, so that the compiler holds path, variables and body against the contract."""
    shop = workshop(tmp_path)
    types_of(shop, str(COMMITTED))
    walk = steps(scene)
    lines = [BEGINNING, *(written(step) for step in walk), "console.log(JSON.stringify(answers));"]
    (shop / "walk.ts").write_text("\n".join(lines), encoding="utf-8")
    npx(shop, *COMPILE, "walk.ts")
    told = subprocess.run(
        ["node", "walk.js"], cwd=shop, env={"SUPERUSER": token(scene, "superuser"), "REQUESTER": token(scene, "requester"), "ADDRESS": live_server.url, "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    judge(walk, json.loads(told.stdout))


def written(step: Step) -> str:
    params = {"path": dict(step.variables), "query": dict(step.query)}
    options: dict[str, Any] = {"params": {where: told for where, told in params.items() if told}}
    if step.body is not None:
        options["body"] = step.body
    # Files are no JSON: what they hold is not looked at here.
    options_told = json.dumps(options, default=str)[:-1] + ', parseAs: "text" }'
    return f"answers.{step.name} = (await {step.who}.{step.method}({json.dumps(step.path)}, {options_told})).response.status;"
