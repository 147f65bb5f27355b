"""Deployments of GitLab. Pure: rows of its answers in, items to remember and releases out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from integrations.connectors.common.payload import Row, moment, number, part, sha, text
from integrations.connectors.common.releases import Deployment, Release, in_order
from integrations.connectors.gitlab.accounts import account_key
from integrations.connectors.memory import Item


def deployment_item(row: Row, environment: str, is_person: Callable[[Row], bool]) -> Item | None:
    """What is remembered of a deployment that succeeded; None for any other row.

    One that a pipeline made ended with its job; one that a tool recorded by the API has no job, and ended when it was
    changed last.
    """
    job, user = part(row, "deployable"), part(row, "user")
    finished_at = moment(job, "finished_at") or moment(row, "updated_at") or moment(row, "created_at")
    name = text(part(row, "environment"), "name")
    is_meant = text(row, "status") == "success" and name.lower() == environment.lower()
    if finished_at is None or not is_meant or not sha(row, "sha") or not number(row, "id"):
        return None
    return Item(
        str(number(row, "id")),
        finished_at,
        is_final=True,
        data={
            "sha": sha(row, "sha"),
            "environment": name.lower(),
            "created_at": (moment(row, "created_at") or finished_at).isoformat(),
            "creator": account_key(user),
            "is_by_person": is_person(user),
            "pipeline": number(part(job, "pipeline"), "id"),
        },
    )


def releases_of(items: Iterable[Item], until: datetime) -> list[Release]:
    """The remembered deployments as releases, oldest first."""
    found = [
        Release(
            Deployment(
                id=int(item.key),
                sha=item.data["sha"],
                environment=item.data["environment"],
                created_at=datetime.fromisoformat(item.data["created_at"]).astimezone(UTC),
                creator=item.data["creator"],
                is_by_person=item.data["is_by_person"],
            ),
            item.happened_at,
            int(item.data["pipeline"]),
        )
        for item in items
        if item.happened_at <= until
    ]
    return in_order(found)


def shows_approvals(row: Row) -> bool:
    """Whether a deployment comes from an edition that has approvals."""
    return "approvals" in row or "approval_summary" in row


def approvers(row: Row) -> list[Row]:
    """The accounts that approved a deployment."""
    given = row.get("approvals")
    found = list(given) if isinstance(given, list) else []
    rules = part(row, "approval_summary").get("rules")
    for rule in rules if isinstance(rules, list) else ():
        more = rule.get("deployment_approvals") if isinstance(rule, dict) else None
        found += more if isinstance(more, list) else []
    return [part(one, "user") for one in found if isinstance(one, dict) and text(one, "status") == "approved"]
