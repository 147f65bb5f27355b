"""Merged pull requests and their approvals. Pure: rows of GitHub's answers in, changes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from integrations.connectors.common.changes import Change
from integrations.connectors.common.payload import Row, moment, number, part, sha, text
from integrations.connectors.github.payload import is_person, login
from integrations.connectors.memory import mark_of

APPROVED = "APPROVED"


def merged_changes(rows: Iterable[Row], *, branch: str, until: datetime) -> list[Change]:
    """The merged ones among closed pull requests, newest merge first, each once: a row may repeat when pages shift."""
    found: dict[int, Change] = {}
    for row in rows:
        merged_at, base = moment(row, "merged_at"), text(part(row, "base"), "ref")
        if merged_at is None or merged_at > until or base != branch:
            continue
        author = part(row, "user")
        labels = row.get("labels")
        found[number(row, "number")] = Change(
            number=number(row, "number"),
            merged_at=merged_at,
            author=login(author),
            # The account of an author who left is null: that was a person, apps keep theirs.
            is_by_person=not author or is_person(author),
            merge_sha=sha(row, "merge_commit_sha"),
            head_sha=sha(part(row, "head"), "sha"),
            head_ref=text(part(row, "head"), "ref"),
            labels=frozenset(text(label, "name").lower() for label in labels if isinstance(label, dict))
            if isinstance(labels, list)
            else frozenset(),
        )
    return sorted(found.values(), key=lambda change: (change.merged_at, change.number), reverse=True)


def last_update(rows: Sequence[Row]) -> datetime | None:
    """When the last row of a page was updated: rows come newest update first, and a merge is an update."""
    return moment(rows[-1], "updated_at") if rows else None


def _is_author(account: Row, change: Change) -> bool:
    # Of a change that is remembered only the author's mark is known.
    return mark_of(login(account)) == mark_of(change.author)


def is_approved(change: Change, reviews: Iterable[Row]) -> bool:
    """Whether a person other than the author approved before the merge."""
    for review in reviews:
        who, given_at = part(review, "user"), moment(review, "submitted_at")
        is_in_time = given_at is not None and given_at <= change.merged_at
        if review.get("state") == APPROVED and is_in_time and is_person(who) and not _is_author(who, change):
            return True
    return False
