"""So that one client cannot take the portal from the others: requests per minute, by token or signed-in person.

Fairness, not defence (a flood is the proxy's to stop), so when the cache is away everybody gets in.
"""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from mlops_portal.lib.api.headers import RATE_HEADERS
from teams.queries.principals import Principal

WINDOW = 60
MOST_UNTOLD = 12


class PerMinute(BaseThrottle):
    """Reads and writes are counted apart, in fixed minutes. The rest of the budget goes out as RateLimit headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the budget of this minute has room; leaves the headers of the answer on the request."""
        kind = "read" if request.method in SAFE_METHODS else "write"
        limit: int = settings.PORTAL_API_LIMITS[kind]
        now = int(time.time())
        self._left = WINDOW - now % WINDOW
        used = _counts.add_one(f"api:{_who(request)}:{kind}", now // WINDOW, step=_step(limit))
        rest = max(0, limit - used)
        headers = {
            "RateLimit-Policy": f'"{kind}";q={limit};w={WINDOW}',
            "RateLimit": f'"{kind}";r={rest};t={self._left}',
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(rest),
            "X-RateLimit-Reset": str(self._left),
        }
        # Resource.finalize_response puts them on the answer, whatever becomes of it.
        request._request.META[RATE_HEADERS] = headers  # noqa: SLF001 -- DRF's way to Django's request
        return used <= limit

    def wait(self) -> float:
        """Seconds until the next minute."""
        return float(self._left)


def _who(request: Request) -> str:
    principal = request.auth
    if isinstance(principal, Principal) and principal.token is not None:
        return principal.token.prefix
    return f"user-{request.user.pk}"


def _step(limit: int) -> int:
    return min(MOST_UNTOLD, max(1, limit // 50))


class _Counts:
    """Requests of this minute. A process tells the shared cache every `step` of them: asking it each time would cost a
    third of a small answer, and being a few too generous costs nothing.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        # By key: what the cache said last, and what was not told it yet.
        self._known: dict[str, tuple[int, int]] = {}

    def add_one(self, key: str, minute: int, *, step: int) -> int:
        """How many there were in this minute, this one included; 0 when the cache is away."""
        with self._lock:
            if minute != self._minute:
                self._minute, self._known = minute, {}
            shared, untold = self._known.get(key, (0, 0))
            untold += 1
            if shared and untold < step:
                self._known[key] = (shared, untold)
                return shared + untold
            self._known[key] = (shared, 0)
        told = _tell(f"{key}:{minute}", untold)
        with self._lock:
            if minute == self._minute:
                self._known[key] = (told, self._known.get(key, (0, 0))[1])
        return told


_counts = _Counts()


def _tell(key: str, count: int) -> int:
    """The shared count after adding `count`; 0 when the cache is away, for then everybody gets in."""
    try:
        try:
            return cache.incr(key, count)
        except ValueError:
            # The first of this minute.
            return count if cache.add(key, count, timeout=2 * WINDOW) else cache.incr(key, count)
    except (RedisError, ValueError):
        # ValueError: the entry fell out between two calls.
        return 0
