"""GitHub's webhooks: signed over the raw body, numbered by X-GitHub-Delivery, which a redelivery carries again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from integrations.connectors.hooks import base
from integrations.connectors.hooks.base import Event, Hook, Meaning

# What the GitHub connector measures from. Everything else is refused politely: people tick "everything".
NEWS = frozenset(
    {
        "workflow_run",
        "deployment",
        "deployment_status",
        "release",
        "push",
        "pull_request",
        "branch_protection_rule",
        "repository_ruleset",
        "repository",
    }
)
# A run that has only begun gives nothing to measure yet. Whether a completed one has a conclusion is GitHub's API to say.
BEGUN = frozenset({"requested", "in_progress"})


class GithubHook(Hook):
    kind: ClassVar[str] = "github"
    label: ClassVar[str] = "GitHub"
    where: ClassVar[str] = "Settings of the repository or organisation, Webhooks, Add webhook"
    secret_field: ClassVar[str] = "Secret"  # noqa: S105 -- the name of a form's field
    events: ClassVar[tuple[str, ...]] = (
        "Workflow runs",
        "Deployments",
        "Deployment statuses",
        "Releases",
        "Pushes",
    )

    def is_signed(self, headers: Mapping[str, str], body: bytes, secret: str, at: datetime) -> bool:
        """By X-Hub-Signature-256. GitHub signs no time, so a replay is told by its delivery id alone."""
        wanted = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
        return base.is_same(headers.get("X-Hub-Signature-256", ""), wanted)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        return base.header(headers, "X-GitHub-Delivery", base.LONGEST_ID) or base.digest(body)

    def event_name(self, headers: Mapping[str, str]) -> str:
        return base.header(headers, "X-GitHub-Event")

    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        data, name = base.record(body), self.event_name(headers)
        action = next(iter(base.names(data.get("action"))), "")[: base.LONGEST_NAME]
        repository = data.get("repository")
        places = base.names(base.within(repository, "full_name"), base.within(repository, "id"))
        return Event(name, action, places, _meaning(name, action))


def _meaning(name: str, action: str) -> Meaning:
    if name == "ping":
        return Meaning.PING
    if name not in NEWS or (name == "workflow_run" and action in BEGUN):
        return Meaning.UNWANTED
    return Meaning.NEWS
