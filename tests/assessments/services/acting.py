"""What a team and its sources do, through services, in one line each; and what is stored of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assessments.models import Answer, Criterion, CriterionStatus, Evidence
from assessments.services.answers import record_answer
from assessments.services.evidence import add_evidence
from assessments.services.measurements import Observed, record_measurements
from assessments.services.submission import publish_assessment, start_assessment, submit_assessment
from teams.models import Team, User
from tests.factories import AT

MANIFEST, DEPENDENCIES = "repo.has_dependency_manifest", "environment.dependencies_listed"
SOURCE = "connection:1"


def criterion(slug: str) -> Criterion:
    return Criterion.objects.select_related("capability").get(slug=slug)


def publish(team: Team, lead: User, answers: dict[str, str], *, at: datetime = AT) -> None:
    """Answer these criteria, whatever was said of them before, and publish."""
    draft = start_assessment(team=team, by=lead, at=at)
    for slug, value in answers.items():
        before = Answer.objects.filter(assessment=draft, criterion__slug=slug).first()
        record_answer(
            assessment=draft,
            criterion=criterion(slug),
            value=value,
            reason="We have none" if value == "na" else "",
            row_version=before.row_version if before is not None else None,
            by=lead,
            at=at,
        )
    submit_assessment(assessment=draft, by=lead, at=at)
    publish_assessment(assessment=draft, by=lead, at=at)


def measure(
    team: Team,
    signal: str,
    value: float | bool | None,
    *,
    at: datetime = AT,
    reason: str = "",
    source: str = SOURCE,
    immediate: bool = True,
    **fields: Any,
) -> None:
    record_measurements(
        team=team,
        source=source,
        items=[Observed(signal, value, at, reason, **fields)],
        at=at,
        by_name="GitHub",
        immediate=immediate,
    )


def prove(team: Team, lead: User, slug: str, *, at: datetime = AT) -> Evidence:
    return add_evidence(
        team=team, criteria=[criterion(slug)], form="note", kind="ci_run", title="Run 7", text="green",
        collected_on=at.date(), by=lead, at=at,
    )  # fmt: skip


def facts_of(slug: str) -> list[tuple[Any, ...]]:
    """The stored statuses of a criterion, oldest first."""
    return list(
        CriterionStatus.objects.filter(criterion__slug=slug)
        .order_by("since_at", "pk")
        .values_list("status", "support", "flags", "since_at", "cause", "by", "is_current")
    )
