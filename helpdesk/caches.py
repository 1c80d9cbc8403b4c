"""The cache in Redis, which makes things fast and common to all processes, but is needed for nothing.

While Redis is away each process uses a memory of its own: limits then count per process, and nobody is turned away
because a cache is missing.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

REST = 10.0  # seconds that a Redis which has just failed is left alone
WAIT = 0.5  # seconds for it to let us in, and for each of its answers
METHODS = (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "has_key",
    "incr",
    "set_many",
    "delete_many",
    "clear",
)


class RedisElseMemory(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"socket_connect_timeout": WAIT, "socket_timeout": WAIT, **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        self._memory = LocMemCache("while-redis-is-away", params)
        self._tried_again_at = 0.0

    def is_away(self) -> bool:
        return time.monotonic() < self._tried_again_at

    def _either(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if not self.is_away():
            try:
                return getattr(RedisCache, method)(self, *args, **kwargs)
            except (RedisError, OSError) as error:
                self._tried_again_at = time.monotonic() + REST
                logger.warning("Redis not reached (%s); each process caches for itself", type(error).__name__)
        return getattr(self._memory, method)(*args, **kwargs)


def either(method: str) -> Any:
    def call(self: RedisElseMemory, *args: Any, **kwargs: Any) -> Any:
        return self._either(method, *args, **kwargs)

    return call


for _method in METHODS:
    setattr(RedisElseMemory, _method, either(_method))
