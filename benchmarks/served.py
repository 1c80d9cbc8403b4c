"""A product of its own to measure: fresh folder, fresh database, real server processes on a free port."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HELPDESK_DATA", ROOT.parent / "shared" / "data"))


def data_file(name: str) -> Path:
    file = DATA / name
    if not file.is_file():
        sys.exit(f"{name} is not in {DATA}. Set HELPDESK_DATA to the folder of the data sets.")
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Product:
    """Commands and requests against one installation in ``folder``."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "VAR_DIR": str(folder),
            "DATABASE_URL": os.environ.get("BENCHMARK_DATABASE_URL", f"sqlite:///{folder}/helpdesk.sqlite3"),
            "DEBUG": "off",
            "DEMO": "on",
            "CELERY_BROKER_URL": "",
            "LOG_LEVEL": "ERROR",
            **settings,
        }

    def manage(self, *arguments: str, code: str | None = None) -> str:
        """Run a management command; ``code`` is the script that the shell command gets."""
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, input=code, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ended.returncode:
            sys.exit(f"manage.py {' '.join(arguments)} failed:\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    @contextmanager
    def serving(self) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port)],
            cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self._wait(process)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(600):
            if process.poll() is not None:
                sys.exit("The server ended before it was up.")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("The server did not come up within a minute.")

    def client(self) -> Client:
        return Client(self.port)


class Client:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"}

    def log_in(self, email: str, password: str) -> Client:
        tokens = self.post("/api/auth/login", {"email": email, "password": password})
        self.headers["Authorization"] = f"Bearer {tokens['access']}"
        self.connection.close()  # the server drops a connection that is idle while others log in; opened anew
        return self

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        self.connection.request("POST", path, json.dumps(body or {}), self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            sys.exit(f"{path} answered {answer.status}: {content[:300]!r}")
        return json.loads(content or "null")


@contextmanager
def fresh_product(**settings: str) -> Iterator[Product]:
    with tempfile.TemporaryDirectory(prefix="helpdesk-benchmark-") as folder:
        yield Product(Path(folder), **settings)
