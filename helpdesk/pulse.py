"""Whether the database answers, asked by a thread that may wait: who wants to know never waits longer than a moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from django.db import DatabaseError, close_old_connections, connection

WITHIN = 0.6  # seconds
FRESH = 0.5  # seconds that an answer counts for who asks again

_lock = threading.Lock()
_asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pulse")
_last: tuple[float, bool] = (0.0, False)


def database_answers(within: float = WITHIN) -> bool:
    """Whether ``SELECT 1`` came back within that many seconds. One question at a time, whoever asks."""
    global _last
    with _lock:
        asked_at, answer = _last
        if time.monotonic() - asked_at < FRESH:
            return answer
        question = _asking.submit(_ask)
        try:
            answer = question.result(timeout=within)
        except FutureTimeout:
            question.cancel()  # one that waits behind an unanswered question need not be asked any more
            answer = False
        _last = (time.monotonic(), answer)
        return answer


def let_go() -> None:
    """Forget the last answer and close the connection that is kept for asking."""
    global _last
    with _lock:
        if _last[0]:
            _last = (0.0, False)
            _asking.submit(lambda: connection.close()).result(timeout=10)  # its own, not ours


def _ask() -> bool:
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return False
    return True
