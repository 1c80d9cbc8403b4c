"""Tickets over HTTP while everything is killed; then look whether one was lost or done twice.

    make chaos                                  10,000 tickets (some ten minutes), then the embedded database
    python -m tests.chaos --tickets 600         the same in short

PostgreSQL, Redis, a mail server, two web processes, a worker and a Celery process are started in a temporary folder,
and killed with SIGKILL at moments that the seed chooses. 32 clients send each ticket, under one Idempotency-Key, until
it is acknowledged. Exit code: 0 all is well, 1 something was lost or doubled (or the check cannot be trusted),
2 something that is needed is missing.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.clients import Clients
from tests.chaos.house import House, tail, wait_for
from tests.chaos.servers import Missing, Postbox, Postgres, Redis, read_mail_files
from tests.installation import Installation, free_port

CLIENTS = 32
DRAINED_SECONDS = 120.0  # that the backlog may take once nobody kills any more
SCENE = """
import datetime, django; django.setup()
from accounts.models import Role, User
from accounts.tokens import families
from triage.models import Answer, Intent, Rule
intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="auto")
Rule.objects.create(intent=intent, pattern="refund*", weight=0.9)
Answer.objects.create(intent=intent, body="Refunds take five days.").approve(None)
anna = User.objects.create_user("anna@example.com", "a-long-Passw0rd", role=Role.AGENT, name="Anna")
token = families.Access(families.begin(anna)["access"])
token.set_exp(lifetime=datetime.timedelta(hours=12))
print(token)
"""
UNDONE = """
SELECT 'open tickets', count(*) FROM tickets_ticket WHERE status = 'open' UNION ALL
SELECT kind || ' jobs', count(*) FROM tickets_job WHERE finished_at IS NULL GROUP BY kind UNION ALL
SELECT 'mails', count(*) FROM tickets_outgoingmail UNION ALL
SELECT 'Events without a seal', count(*) FROM tickets_event WHERE position IS NULL
"""
END_LEASES = """
UPDATE tickets_job SET lease_until = {past}, run_at = {past} WHERE finished_at IS NULL AND failed_at IS NULL
"""


class Trouble(Exception):
    """It did not hold; the message says what."""


def main() -> int:
    words = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=(__doc__ or "").split("\n\n")[0]
    )
    words.add_argument("--tickets", type=int, default=10_000, help="over HTTP, on PostgreSQL (10000)")
    words.add_argument("--kills", type=int, help="so many (one for each 100 tickets, at least 10)")
    words.add_argument(
        "--file-kills", type=int, default=20, help="on SQLite with 8 writers (20; 0: leave it out)"
    )
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--keep", type=Path, metavar="FOLDER", help="work in it, and leave it with its logs")
    words.add_argument(
        "--hurry", action="store_true", help="end the leases of the dead at once, instead of waiting"
    )
    options = words.parse_args()
    kills = options.kills or max(10, options.tickets // 100)
    with ExitStack() as stack:
        try:
            folder = options.keep or stack.enter_context(
                tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)
            )
            folder = Path(folder)
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)  # the account of PostgreSQL must get through
            if options.tickets:
                many(folder, options.tickets, kills, options.seed, hurry=options.hurry)
            if options.file_kills:
                embedded(folder, options.file_kills, options.seed, hurry=options.hurry)
        except Missing as error:
            print(error, file=sys.stderr)
            return 2
        except (Trouble, AssertionError) as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
    return 0


def say(line: str) -> None:
    print(line, flush=True)


def many(folder: Path, tickets: int, kills: int, seed: int, *, hurry: bool) -> None:
    """PostgreSQL, Redis, Celery, SMTP and the web under fire."""
    with ExitStack() as stack:
        postgres, redis, postbox = Postgres(folder), Redis(folder), Postbox()
        for server in (postgres, redis, postbox):
            stack.callback(server.stop)
        (folder / "var").mkdir()
        site = Installation(
            folder / "var", DATABASE_URL=postgres.address, CELERY_BROKER_URL=redis.address, REDIS_URL=redis.address,
            EMAIL_URL=f"smtp://127.0.0.1:{postbox.port}", THROTTLE_SUBMIT="1000000/min",
        )  # fmt: skip
        site.migrate()
        scene = site.run("-c", SCENE)
        if scene.returncode:
            raise Trouble(scene.stderr[-2000:])
        port = free_port()
        house = House(site, port)
        stack.callback(house.stop)
        house.start()
        clients = Clients(port, scene.stdout.strip(), tickets=tickets, number=CLIENTS, seed=seed)
        wait_for(lambda: is_served(port), 90, f"the web server\n{tail(house.processes['web'].log)}")
        say(f"{tickets} tickets by {CLIENTS} clients, {kills} kills, seed {seed}")
        started = time.monotonic()
        clients.start()
        killed = kill_at_will(clients, house, postgres, redis, kills=kills, seed=seed)
        wait_for(lambda: clients.are_done, 600, "the last answers")
        took = time.monotonic() - started
        hurried = (lambda: told(postgres, END_LEASES)) if hurry else None
        drained = drain(lambda query: asked(postgres, query), hurried)
        complaints = house.complaints()
        house.stop()
        sent = clients.sent
        say(f"killed: {told_as(killed)}; started again: {told_as(house.restarts)}")
        say(f"answers: {told_as(sent.statuses)}")
        say(f"{tickets / took:.0f} tickets/s under fire, drained in {drained:.0f} s; {told_as(complaints)}")
        if sent.lost_patience:
            raise Trouble(
                f"{len(sent.lost_patience)} tickets were never taken, the first {sent.lost_patience[0]}"
            )
        if wrong := {name for name in sent.statuses if name.isdigit()} - {"200", "201", "503", "502"}:
            raise Trouble(
                f"Answers that no outage explains: {sorted(wrong)}\n{tail(house.processes['web'].log, 40)}"
            )
        verdict(site, {"keys": sent.keys, "acknowledged": sent.acknowledged, "mails": dict(postbox.names)})
        verify_trail(site)


def is_served(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def kill_at_will(
    clients: Clients, house: House, postgres: Postgres, redis: Redis, *, kills: int, seed: int
) -> Counter[str]:
    """Every victim in turn, in an order and after an amount of progress that the seed chooses."""
    chance, killed = random.Random(seed), Counter[str]()
    web, worker, celery = (house.processes[name] for name in ("web", "worker", "celery"))

    def down_and_up(server: Postgres | Redis) -> None:
        server.kill()
        time.sleep(chance.uniform(0.2, 2.0))
        server.start()

    victims: dict[str, Callable[[], object]] = {
        "web process": lambda: web.kill_child(chance),
        "web server": web.kill,
        "worker": worker.kill,
        "Celery process": lambda: celery.kill_child(chance),
        "Celery": celery.kill,
        "PostgreSQL": lambda: down_and_up(postgres),
        "Redis": lambda: down_and_up(redis),
    }
    plan: list[str] = []
    while len(plan) < kills:
        plan += chance.sample(list(victims), len(victims))
    total = len(clients.sent.keys)
    moments = sorted(chance.uniform(0.03, 0.95) * total for _ in range(kills))
    shown = time.monotonic()
    for moment, name in zip(moments, plan, strict=False):
        while clients.done < moment and not clients.are_done:
            time.sleep(0.02)
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                say(f"  {clients.done} of {total} acknowledged, {sum(killed.values())} killed")
        victims[name]()
        killed[name] += 1
    return killed


def drain(ask: Callable[[str], list[Any]], end_leases: Callable[[], object] | None) -> float:
    """Until nothing is left to do; returns the seconds it took."""
    if end_leases:
        end_leases()
    left: dict[str, int] = {}

    def is_drained() -> bool:
        nonlocal left
        with suppress(psycopg.OperationalError):
            left = {name: number for name, number in ask(UNDONE) if number}
            return not left
        return False

    started = time.monotonic()
    while not is_drained():
        if time.monotonic() - started > DRAINED_SECONDS:
            raise Trouble(f"The backlog was not drained within {DRAINED_SECONDS:.0f} s: {left}")
        time.sleep(0.5)
    return time.monotonic() - started


def asked(postgres: Postgres, query: str) -> list[Any]:
    with psycopg.connect(postgres.address) as line:
        return line.execute(query.encode()).fetchall()


def told(postgres: Postgres, statement: str) -> None:
    with psycopg.connect(postgres.address) as line:
        line.execute(statement.format(past="now() - interval '1 second'").encode())


def embedded(folder: Path, kills: int, seed: int, *, hurry: bool) -> None:
    """SQLite: eight writers and a worker, one of them killed every fifth of a second."""
    (folder / "embedded").mkdir()
    site = Installation(folder / "embedded")
    site.migrate()
    scene = site.run("-c", SCENE)
    each = max(20, kills * 2)
    ended = site.run("-m", "tests.chaos.files", "8", str(each), str(kills), str(seed))
    if scene.returncode or ended.returncode:
        raise Trouble((scene.stderr + ended.stderr)[-3000:])
    done: dict[str, Any] = json.loads(ended.stdout)
    say(f"SQLite: {len(done['keys'])} tickets by 8 writers, {done['killed']} killed, seed {seed}")
    if done["failed"] or done["killed"] < kills:
        raise Trouble(f"{done['killed']} of {kills} kills; {done['failed']}\n{ended.stderr[-2000:]}")
    with site.started("manage.py", "work", "--sweep-every", "5"):
        hurried = (lambda: site.change(END_LEASES.format(past="'2020-01-01 00:00:00'"))) if hurry else None
        drained = drain(site.rows, hurried)
    if (health := site.rows("PRAGMA integrity_check")) != [("ok",)]:
        raise Trouble(f"The database is damaged: {health[:3]}")
    say(f"drained in {drained:.0f} s, the file is sound")
    mails = dict(read_mail_files(site.folder / "mail"))
    verdict(site, {"keys": done["keys"], "acknowledged": done["acknowledged"], "mails": mails})
    verify_trail(site)


def verdict(site: Installation, record: dict[str, Any]) -> None:
    """What the judge finds must be nothing, and it must find every fault that is put in."""
    file = site.folder / "record.json"
    file.write_text(json.dumps(record))
    judged = site.run("-m", "tests.chaos.judge", str(file))
    if judged.returncode:
        raise Trouble(judged.stderr[-3000:])
    found: dict[str, Any] = json.loads(judged.stdout)
    say(
        f"{len(record['acknowledged'])} acknowledged, {found['tickets']} tickets, {found['answered']} answered by the machine, "
        f"{found['events']} Events; faults: {found['faults'] or 'none'}; "
        f"{found['controls'] - len(found['missed'])} of {found['controls']} seeded faults are found"
    )
    if found["faults"]:
        raise Trouble("\n".join(found["shown"]))
    if len(record["acknowledged"]) != len(record["keys"]):
        raise Trouble("Not every ticket was acknowledged.")
    if found["missed"]:
        raise Trouble(f"The check does not see: {found['missed']}")


def verify_trail(site: Installation) -> None:
    checked = site.run("manage.py", "verify_trail")
    if checked.returncode or "lost its triggers" in checked.stderr:
        raise Trouble(checked.stdout + checked.stderr)


def told_as(numbers: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items())) or "nothing"


if __name__ == "__main__":
    sys.exit(main())
