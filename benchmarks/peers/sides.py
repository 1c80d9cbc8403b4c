"""Both products on one PostgreSQL: each in a database of its own, behind gunicorn with the same workers and threads."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from benchmarks.peers import processes
from benchmarks.served import ROOT, Product, free_port

PEER = "django-helpdesk==2.6.1"
PEER_NEEDS = (PEER, "Django==5.2.19", "gunicorn==27.0.1", "psycopg[binary]==3.3.9")
GUNICORN = ("--workers", "2", "--threads", "4", "--keep-alive", "5", "--log-level", "error")
TOKEN = "a" * 32  # of both cookie and form, as a browser sends them
BARE_TABLE = """
from django.db import connection
connection.cursor().execute("CREATE TABLE bare_row (id serial PRIMARY KEY, body text)")
"""
OUR_SESSION = """
from django.test import Client
from accounts.models import User
client = Client()
client.force_login(User.objects.get(email="customer@demo.example"), backend="allauth.account.auth_backends.AuthenticationBackend")
print("session", client.cookies["sessionid"].value)
"""
PEER_SETUP = """
from django.contrib.auth.models import User
from django.test import Client
from helpdesk.models import Queue
person = User.objects.create_superuser("anna", "anna@example.com", "a-long-enough-Passw0rd")
Queue.objects.create(title="Support", slug="support", allow_public_submission=True)
client = Client()
client.force_login(person)
print("session", client.cookies["sessionid"].value)
"""


@dataclass
class Side:
    """A running product."""

    name: str
    port: int
    pid: int
    session: str
    token: str = ""
    worker: int = 0  # the process that does what nobody waits for, if there is one

    def headers(self) -> dict[str, str]:
        """A logged-in browser's, and a client's of the API."""
        given = {"Cookie": f"sessionid={self.session}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN}
        return {**given, "Authorization": f"Bearer {self.token}"} if self.token else given


def versioned_python(folder: Path) -> Path:
    """The Python of the peer's own environment, made on the first run."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"Installing {PEER} into {folder} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER_NEEDS],
            check=True,
        )
    return python


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """An empty database of that name on the server, gone afterwards; yields its address."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(drop)


@contextmanager
def ours(address: str, folder: Path) -> Iterator[Side]:
    product = Product(
        folder, DATABASE_URL=address, DJANGO_SETTINGS_MODULE="benchmarks.peers.settings", EMAIL_URL="dummymail://",
        THROTTLE_LOGIN="100000/min", THROTTLE_SUBMIT="1000000/min",
    )  # fmt: skip
    product.manage("prepare")
    product.manage("shell", "--verbosity", "0", code=BARE_TABLE)
    session = said(product.manage("shell", "--verbosity", "0", code=OUR_SESSION))
    command = [sys.executable, "manage.py", "serve", "--port", str(product.port), "--workers", "2"]
    with running(command, ROOT, product.environment, product.port) as pid:
        bearer = (
            product.client().log_in("customer@demo.example", "demo-customer-2026").headers["Authorization"]
        )
        web, worker = (processes.started_with(pid, words) for words in ("gunicorn", "manage.py work"))
        yield Side("ours", product.port, web, session, bearer.removeprefix("Bearer "), worker)


@contextmanager
def peer(address: str, python: Path) -> Iterator[Side]:
    port = free_port()
    environment = {
        **os.environ, "SECRET_KEY": secrets.token_urlsafe(48), "PEER_DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "peer.settings", "PYTHONPATH": str(Path(__file__).parent),
    }  # fmt: skip
    manage = [str(python), "-m", "django"]
    here = python.parent  # not the product's folder, whose package "helpdesk" is another
    subprocess.run([*manage, "migrate", "--verbosity", "0"], cwd=here, env=environment, check=True)
    shell = subprocess.run(
        [*manage, "shell", "--verbosity", "0"], cwd=here, env=environment, input=PEER_SETUP, capture_output=True, text=True, check=True
    )  # fmt: skip
    command = [
        str(python),
        "-m",
        "gunicorn",
        *GUNICORN,
        "--bind",
        f"127.0.0.1:{port}",
        "peer.wsgi:application",
    ]
    with running(command, here, environment, port) as pid:
        yield Side("django-helpdesk", port, pid, said(shell.stdout))


def said(output: str) -> str:
    return next(line.split()[1] for line in output.splitlines() if line.startswith("session "))


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str], port: int) -> Iterator[int]:
    """Serve until left; yields the id of the first process once an answer came."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if process.poll() is not None:
                sys.exit("A server ended before it was up.")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
