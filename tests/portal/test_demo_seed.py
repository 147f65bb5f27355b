"""The demo in the database: its numbers are those of real scoring, nobody has a password, and it goes without a trace."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import PROTECT, Count, Model
from django.utils import timezone

from assessments.models import (
    Answer,
    Assessment,
    CriterionStatus,
    Evidence,
    MaturityModel,
    Measurement,
    Reading,
    Score,
    ScoreHistory,
    TeamScore,
    TeamWeek,
    UnitWeek,
    Verdict,
    VerdictChange,
)
from assessments.services.catalog import ensure_shipped_model
from assessments.services.scores import SCORE_FIELDS, TEAM_SCORE_FIELDS, rescore_teams
from assessments.services.verdicts import Occasion, derive_verdicts
from assessments.vocabulary import SIGNALS
from integrations.models import Connection, Source
from mlops_portal.demo import bulk, making, remove
from mlops_portal.demo.people import DEMO_USERNAMES
from mlops_portal.demo.remove import NoDemo, remove_demo
from mlops_portal.demo.seed import Size, ensure_demo, seed_demo
from teams.models import Event, Grant, Team, Unit, User

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SMALL = Size(units=3, teams=9, weeks=8, seed=1)


def _scores(model: type[Model], fields: tuple[str, ...], *keys: str) -> list[tuple[object, ...]]:
    return list(model._default_manager.order_by(*keys).values_list(*keys, *fields))


def test_numbers_are_those_that_scoring_finds_in_the_rows() -> None:
    seed_demo(size=SMALL, at=AT)
    scores = _scores(Score, SCORE_FIELDS, "team", "capability")
    team_scores = _scores(TeamScore, TEAM_SCORE_FIELDS, "team")
    statuses = CriterionStatus.objects.count()

    rescore_teams(teams=Team.objects.all(), at=AT, cause=CriterionStatus.Cause.TIME)

    assert len(team_scores) == 8  # the ninth is new: nothing is known of it
    assert _scores(Score, SCORE_FIELDS, "team", "capability") == scores
    assert _scores(TeamScore, TEAM_SCORE_FIELDS, "team") == team_scores
    assert CriterionStatus.objects.count() == statuses


def test_verdicts_are_those_that_rules_find_in_the_readings() -> None:
    seed_demo(size=SMALL, at=AT)
    fields = ("verdict", "is_deciding", "read_on", "because", "pending_verdict")
    stored = _scores(Verdict, fields, "team", "criterion")
    maturity_model = MaturityModel.objects.get(is_active=True)

    changed = [
        derive_verdicts(
            team=team,
            maturity_model=maturity_model,
            signals=SIGNALS,
            read=SIGNALS,
            occasion=Occasion(AT, VerdictChange.How.NOW),
        ).changed
        for team in Team.objects.all()
    ]

    assert len(stored) > 200
    assert changed == [()] * 9
    assert _scores(Verdict, fields, "team", "criterion") == stored


def test_weeks_of_teams_and_units_are_whole() -> None:
    seed_demo(size=SMALL, at=AT)

    per_team = dict(TeamWeek.objects.values_list("team__slug").annotate(Count("pk")))
    assert per_team["demo-team-1"] == 8
    assert "demo-team-8" not in per_team
    assert UnitWeek.objects.count() == 4 * 8
    newest = UnitWeek.objects.filter(unit__slug="demo").order_by("-week_on").first()
    assert newest is not None
    assert newest.teams == 9
    assert sum(newest.distribution) == newest.counted > 0


# By what the rows are about, never by keys: those are the database's.
REPEATED: dict[type[Model], tuple[str, ...]] = {
    Assessment: ("team__slug", "period", "status", "published_at", "created_by__username"),
    Answer: ("assessment__team__slug", "criterion__slug", "value", "reason", "answered_at"),
    Evidence: ("team__slug", "kind", "title", "collected_on", "valid_until", "status"),
    Measurement: ("team__slug", "signal", "observed_at", "value", "reason", "external_id", "sample"),
    Reading: ("team__slug", "signal", "latest__external_id", "read_at", "tried_at"),
    Verdict: ("team__slug", "criterion__slug", "verdict", "read_on", "because__clauses", "because__rule"),
    VerdictChange: ("team__slug", "criterion__slug", "before", "after", "at", "by", "because__clauses"),
    CriterionStatus: ("team__slug", "criterion__slug", "since_at", "status", "support", "cause", "by"),
    ScoreHistory: ("team__slug", "capability__slug", "changed_on", "level", "score"),
    TeamWeek: ("team__slug", "week_on", "cells", "dimensions", "assessed_on"),
    UnitWeek: ("unit__slug", "week_on", "level", "reason", "distribution", "dimensions"),
    Score: ("team__slug", "capability__slug", *SCORE_FIELDS),
    TeamScore: ("team__slug", *TEAM_SCORE_FIELDS),
}


def _organisation() -> dict[str, list[str]]:
    """Every row as text, sorted, for JSON has no order in a database. Keys of connections give way to their names."""
    names = {f"connection:{one.pk}": one.name for one in Connection.objects.all()}

    def as_text(row: tuple[object, ...]) -> str:
        return re.sub(r"connection:\d+", lambda key: names[key.group()], repr(row))

    return {
        model.__name__: sorted(map(as_text, model._default_manager.values_list(*fields)))
        for model, fields in REPEATED.items()
    }


def test_the_same_numbers_make_the_same_organisation() -> None:
    seed_demo(size=SMALL, at=AT)
    first = _organisation()
    remove_demo(at=AT)
    seed_demo(size=SMALL, at=AT)

    assert _organisation() == first
    assert min(len(rows) for rows in first.values()) > 5


def test_several_processes_make_the_same_organisation(monkeypatch: pytest.MonkeyPatch) -> None:
    seed_demo(size=SMALL, at=AT)
    alone = _organisation()
    remove_demo(at=AT)
    monkeypatch.setattr(making, "ALONE_UP_TO", 1)
    monkeypatch.setattr(making, "TEAMS_AT_ONCE", 2)
    seed_demo(size=SMALL, at=AT)

    assert _organisation() == alone


def test_the_database_goes_on_with_its_own_keys() -> None:
    seed_demo(size=SMALL, at=AT)
    newest = Evidence.objects.latest("pk")

    added = Evidence.objects.create(
        team=newest.team,
        form="note",
        kind=newest.kind,
        title="Later",
        text="Later",
        collected_on=AT.date(),
        valid_until=AT.date(),
        added_at=AT,
    )

    assert added.pk > newest.pk


def test_rows_for_copy_keep_what_its_format_sets_apart() -> None:
    row = {**bulk.blank(CriterionStatus), "team_id": 7, "criterion_id": 8, "since_at": AT}
    row |= {
        "status": "yes",
        "support": "none",
        "cause": "time",
        "flags": ["a"],
        "by": "tab\t line\n back\\ é",
    }

    fields = [field for field in CriterionStatus._meta.concrete_fields if not field.primary_key]
    text = bulk._copy_text([row], fields).decode()

    assert text == ('7\t8\tyes\tnone\t["a"]\t2026-11-24T09:30:00+00:00\ttime\ttab\\t line\\n back\\\\ é\tt\n')


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError, match="levle"):
        bulk.pack(CriterionStatus, [{**bulk.blank(CriterionStatus), "levle": 1}])


def test_demo_people_have_jobs_and_no_password() -> None:
    seed_demo(size=SMALL, at=AT)

    people = User.objects.filter(is_demo=True)
    assert set(DEMO_USERNAMES) <= set(people.values_list("username", flat=True))
    assert not any(person.has_usable_password() for person in people)
    roles = {
        username: sorted(Grant.objects.filter(user__username=username).values_list("role", flat=True))
        for username in DEMO_USERNAMES
    }
    assert roles == {
        "demo-lead": [30],
        "demo-manager": [40],
        "demo-platform": [50],
        "demo-integrator": [10, 30],
        "demo-admin": [60],
    }


def test_the_lead_finds_a_draft_and_the_lost_connection_says_why() -> None:
    seed_demo(size=SMALL, at=AT)

    assert Assessment.objects.get(status=Assessment.Status.DRAFT).team.slug == "demo-team-1"
    lost = Connection.objects.get(last_failure="unauthorized")
    assert lost.is_paused
    assert list(Source.objects.filter(connection=lost).values_list("team__slug", flat=True)) == [
        "demo-team-2"
    ]
    unread = Measurement.objects.filter(source=lost.measurement_source, reason="unauthorized")
    assert set(unread.values_list("team__slug", flat=True)) == {"demo-team-2"}


def test_no_demo_connection_is_ever_due() -> None:
    seed_demo(size=SMALL, at=AT)

    assert Connection.objects.count() == 3
    assert not Connection.objects.due(AT.replace(year=2036)).exists()


def test_many_units_make_a_tree() -> None:
    seed_demo(size=Size(units=24, teams=30, weeks=1, seed=3), at=AT)

    assert sorted(Unit.objects.values_list("depth", flat=True)) == [1] + [2] * 2 + [3] * 22
    assert UnitWeek.objects.count() == 25
    assert UnitWeek.objects.get(unit__slug="demo").teams == 30


def test_seed_refuses_a_database_with_somebody_in_it() -> None:
    User.objects.create_user("real", full_name="Real Person")

    with pytest.raises(CommandError, match="The database has units, teams or people already"):
        call_command("seed_demo", teams=3)
    assert (Unit.objects.count(), Team.objects.count(), User.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize("option", ["units", "teams", "weeks"])
def test_seed_refuses_sizes_that_make_no_organisation(option: str) -> None:
    with pytest.raises(CommandError, match=f"--{option} must be at least 1"):
        call_command("seed_demo", **{option: 0})
    assert Unit.objects.count() == 0


def test_remove_leaves_nothing_of_the_demo() -> None:
    seed_demo(size=SMALL, at=AT)
    real = User.objects.create_user("real", full_name="Real Person")
    Grant.objects.create(user=real, role=60, unit=Unit.objects.get(slug="demo"), granted_at=AT)
    out = StringIO()

    call_command("remove_demo", stdout=out)

    assert out.getvalue() == "Removed the demo: 4 units, 9 teams, 14 people.\n"
    kept = {MaturityModel, Event, User}
    left = {
        model.__name__: model.objects.count()  # type: ignore[attr-defined]  # every model of ours has the plain manager
        for relation in (
            *Team._meta.related_objects,
            *Unit._meta.related_objects,
            *User._meta.related_objects,
        )
        for model in [relation.related_model]
        if isinstance(model, type) and model not in kept
    }
    assert {name: count for name, count in left.items() if count} == {}
    assert (Unit.objects.count(), Team.objects.count()) == (0, 0)
    assert list(User.objects.all()) == [real]
    assert "demo.remove" in Event.objects.values_list("action", flat=True)
    assert not Event.objects.filter(actor_name__startswith="Lena").exists()
    assert MaturityModel.objects.filter(is_active=True).count() == 1
    with pytest.raises(NoDemo):
        remove_demo(at=timezone.now())


def test_remove_knows_every_model_that_protects_a_team() -> None:
    protecting = {
        relation.related_model
        for relation in Team._meta.related_objects
        if getattr(relation, "on_delete", None) is PROTECT
    }
    assert protecting <= {manager.model for manager, _ in remove.BEFORE_TEAMS}


def test_demo_comes_at_the_first_start_only() -> None:
    ensure_shipped_model(at=AT)

    assert ensure_demo(at=AT) is True
    assert ensure_demo(at=AT) is False
    remove_demo(at=AT)
    assert ensure_demo(at=AT) is False
    assert Unit.objects.count() == 0
