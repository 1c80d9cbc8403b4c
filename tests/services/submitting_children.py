"""Forks children that submit tickets at once, beside one that works off jobs. Prints what went wrong."""

from __future__ import annotations

import multiprocessing
import sys
import traceback

import django

django.setup()

from tickets.background import jobs  # noqa: E402
from tickets.intake.submit import Submission, submit_ticket  # noqa: E402


def submit_some(child: int, count: int, failures: multiprocessing.Queue[str]) -> None:
    """Each ticket from somebody else: nobody is sent the same answer twice."""
    try:
        for number in range(count):
            submit_ticket(
                Submission(
                    subject=f"Refund {number}",
                    body="Where is my refund?",
                    guest_email=f"guest-{child}-{number}@example.com",
                )
            )
    except Exception:  # told to the parent, whatever it is
        failures.put(traceback.format_exc())


def work(rounds: int, failures: multiprocessing.Queue[str]) -> None:
    try:
        for _ in range(rounds):
            jobs.sweep()
            jobs.run_due()
    except Exception:  # told to the parent, whatever it is
        failures.put(traceback.format_exc())


def main(children: int, tickets_each: int) -> int:
    fork = multiprocessing.get_context("fork")
    failures: multiprocessing.Queue[str] = fork.Queue()
    processes = [
        fork.Process(target=submit_some, args=(child, tickets_each, failures)) for child in range(children)
    ]
    processes.append(fork.Process(target=work, args=(10, failures)))
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    failed = sum(process.exitcode != 0 for process in processes)
    while not failures.empty():
        failed += 1
        print(failures.get(), file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
