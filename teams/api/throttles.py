"""So that one client cannot take the portal from the others: requests per minute, by token or signed-in person.

Fairness, not defence (a flood is the proxy's to stop), so when the cache is away everybody gets in.
"""

from __future__ import annotations

import time
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


class PerMinute(BaseThrottle):
    """Reads and writes are counted apart, in fixed minutes. The rest of the budget goes out as RateLimit headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the budget of this minute has room; leaves the headers of the answer on the request."""
        kind = "read" if request.method in SAFE_METHODS else "write"
        limit: int = settings.PORTAL_API_LIMITS[kind]
        now = int(time.time())
        self._left = WINDOW - now % WINDOW
        used = _count(f"api:{_who(request)}:{kind}:{now // WINDOW}")
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


def _count(key: str) -> int:
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key)
    except (RedisError, ValueError):
        # ValueError: the entry fell out between the two calls.
        return 0
