"""Connections that may be told of events, and deliveries as GitHub and GitLab send them: signed, to the real address."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, InboundDelivery, InboundHook, Source
from integrations.services import leases
from integrations.services.inbound import new_hook_secret
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.factories import make_connection, make_source
from tests.integrations.fakes import FakeConnector

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REFUSED = {"detail": "There is no webhook at this address, or the delivery is not signed with its secret."}
PAYLOADS = Path(__file__).parent / "payloads" / "hooks"
REPOSITORIES = {"github": "codertocat/hello-world app,training", "gitlab": "gitlab-org/gitlab-test app"}


class HookedGithub(FakeConnector):
    kind: ClassVar[str] = "github"
    label: ClassVar[str] = "GitHub"


class HookedGitlab(FakeConnector):
    kind: ClassVar[str] = "gitlab"
    label: ClassVar[str] = "GitLab"


KINDS = {
    "github": "tests.integrations.hooked.HookedGithub",
    "gitlab": "tests.integrations.hooked.HookedGitlab",
}


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def github_signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


@dataclass
class Hooked:
    """A connection with a webhook, one team that mapped a repository, and the way to deliver to it."""

    connection: Connection
    team: Team
    hook: InboundHook
    secret: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    @property
    def address(self) -> str:
        return reverse(f"hook-{self.connection.kind}", args=[self.hook.key])

    def post(self, body: bytes, headers: dict[str, str], *, address: str = "", content_type: str = "") -> Any:
        return self.client.post(
            address or self.address, body, content_type=content_type or "application/json", headers=headers
        )

    def github(
        self,
        body: bytes | str = "github_workflow_run_completed_null",
        *,
        event: str = "workflow_run",
        id: str = "d-1",  # noqa: A002 -- the sender's word
        secret: str = "",
        **more: Any,
    ) -> Any:
        raw = payload(body) if isinstance(body, str) else body
        headers = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": id,
            "X-Hub-Signature-256": github_signature(secret or self.secret, raw),
        }
        return self.post(raw, headers, **more)

    def gitlab(
        self,
        body: bytes | str = "gitlab_pipeline",
        *,
        event: str = "Pipeline Hook",
        id: str = "key-1",  # noqa: A002 -- the sender's word
        secret: str = "",
        headers: dict[str, str] | None = None,
    ) -> Any:
        raw = payload(body) if isinstance(body, str) else body
        sent = {"X-Gitlab-Event": event, "X-Gitlab-Token": secret or self.secret, "Idempotency-Key": id}
        return self.post(raw, sent if headers is None else headers)

    def refresh(self) -> Connection:
        self.connection.refresh_from_db()
        return self.connection


def make_hooked(kind: str, *, repositories: str = "", **fields: Any) -> Hooked:
    """One that was read before: due in six hours, without a failure."""
    connection = make_connection(kind=kind, **fields)
    team = make_team()
    options = {"project": "churn", "repositories": repositories or REPOSITORIES[kind]}
    make_source(connection, team, options=options)
    hook, secret = new_hook_secret(connection=connection, by=None, at=AT)
    return Hooked(connection, team, hook, secret)


def deliveries() -> list[tuple[str, str, str, str]]:
    """(delivery id, event, action, outcome) of all that is stored, oldest first."""
    return list(
        InboundDelivery.objects.order_by("pk").values_list("delivery_id", "event", "action", "outcome")
    )


def changed(name: str, **fields: Any) -> bytes:
    """A payload with other values at its top."""
    return json.dumps({**json.loads(payload(name)), **fields}).encode()


def rest(hooked: Hooked, **fields: Any) -> datetime:
    """As it is between two collections: due in an hour."""
    due = timezone.now() + HOUR
    Connection.objects.filter(pk=hooked.connection.pk).update(next_due_at=due, asked_at=None, **fields)
    Source.objects.filter(connection=hooked.connection.pk).update(asked_at=None)
    return due


def is_due(hooked: Hooked) -> bool:
    return hooked.refresh().next_due_at <= timezone.now()


def untouched(hooked: Hooked) -> tuple[Any, ...]:
    """What a delivery could have changed."""
    return (deliveries(), hooked.refresh().next_due_at, hooked.connection.hint_due_at)


def begun(hooked: Hooked, at: datetime) -> Connection:
    """A collection that goes on."""
    claim = leases.claim_one(connection_id=hooked.connection.pk, at=at)
    assert claim is not None
    held = leases.begin(claim=claim, at=at)
    assert held is not None
    return held
