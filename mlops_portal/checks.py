"""System checks for combinations of settings that would start but be wrong."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

PUBLISHED_KEYS = ("changeme", "secret", "django-insecure")


@register(Tags.security)
def production_is_complete(**_: Any) -> list[CheckMessage]:
    """Errors portal.E001 to E005: production without its key, hosts, servers or password hasher."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    key = settings.SECRET_KEY
    if len(key) < 50 or len(set(key)) < 10 or key.startswith(PUBLISHED_KEYS):
        found.append(
            Error("PORTAL_SECRET_KEY needs 50 or more random characters of its own.", id="portal.E001")
        )
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append(Error("PORTAL_HOSTS must name the hosts that the portal answers to.", id="portal.E002"))
    if not settings.DATABASE_URL:
        found.append(Error("DATABASE_URL must name a PostgreSQL database in production.", id="portal.E003"))
    if not settings.REDIS_URL:
        found.append(Error("REDIS_URL must name a Redis server in production.", id="portal.E004"))
    if any("Argon2" not in hasher for hasher in settings.PASSWORD_HASHERS):
        found.append(
            Error("PORTAL_PASSWORD_HASHERS is for tests; leave it out in production.", id="portal.E005")
        )
    return found
