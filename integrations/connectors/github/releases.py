"""Deployments, their statuses and the commits between them. Pure: rows of GitHub's answers in, releases out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from integrations.connectors.common.payload import Row, moment, number, part, sha, text
from integrations.connectors.common.releases import Commit, Deployment, Release
from integrations.connectors.github.payload import is_person, login

_RUN_LINK = re.compile(r"/actions/runs/([0-9]{1,19})(?![0-9])")


def read_deployments(rows: Iterable[Row], *, environment: str, until: datetime) -> list[Deployment]:
    """Deployments to one environment, newest first, each once. Names of environments differ in more than their case."""
    found: dict[int, Deployment] = {}
    for row in rows:
        created_at, creator = moment(row, "created_at"), part(row, "creator")
        name = text(row, "environment")
        if (
            created_at is None
            or created_at > until
            or name.lower() != environment.lower()
            or not sha(row, "sha")
        ):
            continue
        found[number(row, "id")] = Deployment(
            number(row, "id"), sha(row, "sha"), name.lower(), created_at, login(creator), is_person(creator)
        )
    return sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True)


def read_release(deployment: Deployment, statuses: Sequence[Row], *, until: datetime) -> Release | None:
    """The release that a deployment became; None without a success.

    Any success counts: the latest status of a good deployment is often `inactive`, set when the next one came.
    """
    good = [at for row in statuses if row.get("state") == "success" and (at := moment(row, "created_at"))]
    if not good or min(good) > until:
        return None
    links = (text(row, key) for row in statuses for key in ("log_url", "target_url"))
    runs = (match.group(1) for link in links if (match := _RUN_LINK.search(link)))
    return Release(deployment, min(good), int(next(runs, "0")))


def read_commits(rows: Iterable[Row]) -> list[Commit]:
    """The commits of a comparison. The committer's date is when the commit came into this history."""
    found = []
    for row in rows:
        commit = part(row, "commit")
        committed_at = moment(part(commit, "committer"), "date")
        if committed_at is not None:
            found.append(Commit(sha(row, "sha"), committed_at, text(commit, "message").partition("\n")[0]))
    return found
