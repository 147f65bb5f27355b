"""GitLab's webhooks: a secret in clear (X-Gitlab-Token), or since 2026 a signature after Standard Webhooks.

One secret `whsec_...` serves both: its text as secret token, the bytes behind it as signing token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from integrations.connectors.hooks import base
from integrations.connectors.hooks.base import Event, Hook, Meaning

SIGNATURE = "webhook-signature"
TOLERANCE = timedelta(minutes=5)
NEWS = frozenset(
    {
        "Pipeline Hook",
        "Job Hook",
        "Deployment Hook",
        "Release Hook",
        "Push Hook",
        "Tag Push Hook",
        "Merge Request Hook",
    }
)
# Statuses of a pipeline, job or deployment that is still under way: nothing to measure yet.
BEGUN = frozenset({"created", "waiting_for_resource", "preparing", "pending", "running", "scheduled"})


class GitlabHook(Hook):
    kind: ClassVar[str] = "gitlab"
    label: ClassVar[str] = "GitLab"
    where: ClassVar[str] = "Settings of the project or group, Webhooks, Add new webhook"
    secret_field: ClassVar[str] = "Secret token"  # noqa: S105 -- the name of a form's field
    makes_tokens: ClassVar[bool] = True
    events: ClassVar[tuple[str, ...]] = (
        "Pipeline events",
        "Deployment events",
        "Releases events",
        "Push events",
    )

    def is_signed(self, headers: Mapping[str, str], body: bytes, secret: str, at: datetime) -> bool:
        """By the signature where there is one: then the token beside it proves nothing more. Else by X-Gitlab-Token."""
        if SIGNATURE in headers:
            return _is_signature(headers, body, secret, at)
        return base.is_same(headers.get("X-Gitlab-Token", ""), secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Idempotency-Key stays the same over retries. The older X-Gitlab-Event-UUID is shared by a chain of hooks."""
        for name in ("Idempotency-Key", "webhook-id"):
            if key := base.header(headers, name, base.LONGEST_ID):
                return key
        uuid = base.header(headers, "X-Gitlab-Event-UUID", 60)
        return f"{uuid}:{base.digest(body)}" if uuid else base.digest(body)

    def event_name(self, headers: Mapping[str, str]) -> str:
        return base.header(headers, "X-Gitlab-Event")

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        data, name = base.record(body), self.event_name(headers)
        project = data.get("project")
        places = base.names(
            base.within(project, "path_with_namespace"), base.within(project, "id"), data.get("project_id")
        )
        status = _status(name, data)[: base.LONGEST_NAME]
        is_news = name in NEWS and status not in BEGUN
        return Event(
            name, status, tuple(dict.fromkeys(places)), Meaning.NEWS if is_news else Meaning.UNWANTED
        )


def _status(name: str, data: dict[str, object]) -> str:
    given = {
        "Pipeline Hook": base.within(data.get("object_attributes"), "status"),
        "Job Hook": data.get("build_status"),
        "Deployment Hook": data.get("status"),
        "Release Hook": data.get("action"),
        "Merge Request Hook": base.within(data.get("object_attributes"), "action"),
    }
    return next(iter(base.names(given.get(name))), "")


def _is_signature(headers: Mapping[str, str], body: bytes, secret: str, at: datetime) -> bool:
    """Standard Webhooks: base64 of HMAC-SHA256 over `id.timestamp.body`, one of several after `v1,`, not older than TOLERANCE."""
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return False
    if abs(at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return False
    signed = b".".join((headers.get("webhook-id", "").encode(), stamp.encode(), body))
    digest = hmac.new(_signing_key(secret), signed, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    return any(base.is_same(given, wanted) for given in headers.get(SIGNATURE, "").split()[:10])


def _signing_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(base.SIGNING_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()
