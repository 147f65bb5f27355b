"""A team's random year through services: after every step the database says what the second scorer says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import pytest

from assessments.models import (
    CriterionStatus,
    Evidence,
    Reading,
    Score,
    ScoreHistory,
    TeamScore,
    TeamWeek,
    UnitWeek,
    Verdict,
)
from assessments.queries import catalog
from assessments.services.evidence import remove_evidence
from assessments.services.measurements import forget_source
from assessments.services.scores import rescore_lapsed
from assessments.services.weeks import record_weeks
from teams.models import Team, User
from tests.assessments import brute_force
from tests.assessments.services.acting import MANIFEST, SOURCE, criterion, facts_of, measure, prove, publish
from tests.factories import AT, make_lead, make_team

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SIGNALS: tuple[tuple[str, tuple[float | bool, ...]], ...] = (
    (MANIFEST, (True, False)),
    ("repo.merged_changes_90d", (0, 4, 40)),
    ("repo.reviewed_change_share_90d", (0.1, 0.6, 0.9)),
    ("mlflow.registered_models", (0, 3)),
    ("mlflow.versions_with_alias", (0, 2)),
    ("mlflow.production_versions", (0, 2)),
    ("mlflow.production_from_notebook_share", (0.0, 0.5)),
)


class Story:
    """A team's year through services, and beside it, in plain lists, what the team said and showed."""

    def __init__(self, seed: int, team: Team, lead: User) -> None:
        self.rng, self.team, self.lead = Random(seed), team, lead
        self.at = AT
        self.said: dict[str, dict[str, Any]] = {}
        self.pieces: list[tuple[str, Evidence]] = []
        self.published_at: datetime | None = None
        ruled = ["environment.dependencies_listed", "collaboration.second_pair_of_eyes"]
        ruled += ["registry.live_marked", "training.one_command"]
        slugs = list(catalog.rows(TestStory.model()).criteria)
        self.slugs = [*ruled, *self.rng.sample([s for s in slugs if s not in ruled], 12)]

    def steps(self, count: int) -> Iterator[str]:
        acts = (self.publish, self.prove, self.take_back, self.measure, self.measure, self.lose, self.wait)
        for _ in range(count):
            act = self.rng.choice(acts)
            act()
            self.at += timedelta(minutes=1)
            yield act.__name__

    def publish(self) -> None:
        answers = {}
        for slug in self.rng.sample(self.slugs, 5):
            na = "na" if set(criterion(slug).na_when) & set(self.team.flags) else "unknown"
            answers[slug] = self.rng.choice(("yes", "yes", "yes", "no", "unknown", na))
        publish(self.team, self.lead, answers, at=self.at)
        self.published_at = self.at
        self.said |= {
            slug: {"answer": value, "answered_on": self.at.date(), "na_approved": True}
            for slug, value in answers.items()
        }

    def prove(self) -> None:
        slug = self.rng.choice(self.slugs)
        self.pieces.append((slug, prove(self.team, self.lead, slug, at=self.at)))

    def take_back(self) -> None:
        if self.pieces:
            _, piece = self.pieces.pop(self.rng.randrange(len(self.pieces)))
            remove_evidence(evidence=piece, by=self.lead, at=self.at)

    def measure(self) -> None:
        source = self.rng.choice((SOURCE, "connection:2"))
        for signal, values in self.rng.sample(SIGNALS, 4):
            value: float | bool | None = self.rng.choice(values)
            is_lost = self.rng.random() < 0.2
            measure(
                self.team, signal, None if is_lost else value, at=self.at, source=source,
                reason="unauthorized" if is_lost else "", immediate=self.rng.random() < 0.5,
            )  # fmt: skip

    def lose(self) -> None:
        forget_source(team=self.team, source=self.rng.choice((SOURCE, "connection:2")), at=self.at)

    def wait(self) -> None:
        self.at += timedelta(days=self.rng.choice((1, 3, 8, 100)))
        while rescore_lapsed(at=self.at):
            pass

    def facts(self) -> dict[str, dict[str, Any]]:
        """What the second scorer needs. Verdicts are read from their table: rules have proofs of their own."""
        model = TestStory.model()
        found: dict[str, dict[str, Any]] = {}
        verdicts = {v.criterion.slug: v for v in Verdict.objects.select_related("criterion")}
        for one in catalog.model_file(model).criteria():
            facts: dict[str, Any] = {
                "na_allowed": bool(set(one.na_when) & set(self.team.flags)),
                "evidence": [
                    {
                        "collected_on": piece.collected_on,
                        "valid_days": (piece.valid_until - piece.collected_on).days,
                        "status": "pending",
                    }
                    for slug, piece in self.pieces
                    # Evidence counts from the next publication on.
                    if slug == one.id
                    and self.published_at is not None
                    and piece.added_at <= self.published_at
                ],
            }
            if one.id in self.said:
                facts["own"] = self.said[one.id]
            if one.id in verdicts:
                verdict = verdicts[one.id]
                facts["auto"] = {
                    "verdict": verdict.verdict,
                    "read_on": verdict.read_on,
                    "mode": "decide" if verdict.is_deciding else "hint",
                }
            found[one.id] = facts
        return found


class TestStory:
    @staticmethod
    def model():
        model = catalog.active_model()
        assert model is not None
        return model

    @pytest.mark.parametrize("seed", range(8))
    def test_stored_numbers_are_those_of_the_second_scorer_at_every_step(self, maturity_model, seed):
        team = make_team("Forecasting", flags=["no_application", "batch_only"])
        story = Story(seed, team, make_lead(team))
        for step in story.steps(14):
            if TeamScore.objects.exists():
                assert stored() == expected(story), f"seed {seed}, after {step}"
        assert_history_is_whole(story)

    def test_a_week_is_what_the_team_stood_at(self, maturity_model):
        team = make_team("Forecasting", flags=["no_application"])
        story = Story(99, team, make_lead(team))
        story.publish()
        list(story.steps(6))

        record_weeks(at=story.at)
        record_weeks(at=story.at)

        score = TeamScore.objects.get()
        week = TeamWeek.objects.order_by("-week_on").first()
        assert week is not None
        assert (week.verified, week.level, week.potential, week.score, week.coverage, week.cells) == (
            score.verified,
            score.level,
            score.potential,
            score.score,
            score.coverage,
            score.cells,
        )
        assert orjson.loads(week.dimensions) == orjson.loads(score.rollups)["dimensions"]
        unit = UnitWeek.objects.get(unit=team.unit, week_on=week.week_on)
        assert (unit.teams, unit.counted, unit.level, unit.reason) == (1, 1, None, "too_few_teams")


def stored() -> dict[str, Any]:
    """The database's word, in the shape of the second scorer's."""
    score = TeamScore.objects.get()
    rollups = orjson.loads(score.rollups)
    return {
        "statuses": {
            row.criterion.slug: {"status": row.status, "support": row.support, "flags": row.flags}
            for row in CriterionStatus.objects.filter(is_current=True).select_related("criterion")
        },
        "capabilities": {
            row.capability.slug: {
                "state": row.state, "level": row.level, "verified": row.verified, "potential": row.potential,
                "ceiling": row.ceiling, "complete": row.is_complete,
                "score": None if row.score is None else Fraction(row.score),
                "known": row.known, "applicable": row.applicable, "ahead": row.ahead,
            }
            for row in Score.objects.select_related("capability")
        },
        "disputed": sorted(Score.objects.filter(has_dispute=True).values_list("capability__slug", flat=True)),
        "stale": sorted(Score.objects.filter(has_stale=True).values_list("capability__slug", flat=True)),
        "team": {
            "dimensions": {
                name: dict(zip(("verified", "level", "potential"), numbers, strict=True))
                for name, numbers in rollups["dimensions"].items()
            },
            "verified": score.verified, "level": score.level, "potential": score.potential,
            "strict_level": score.strict_level, "score": Fraction(score.score or 0),
            "holding_back": rollups["holding_back"], "coverage": Fraction(score.coverage or 0),
            "provisional": score.is_provisional,
        },
        "phases": rollups["phases"],
        "microsoft": rollups["microsoft"],
        "assessed_on": score.assessed_on,
    }  # fmt: skip


def expected(story: Story) -> dict[str, Any]:
    model = catalog.model_file(TestStory.model())
    today = story.at.date()
    statuses = {slug: brute_force.criterion(one, today) for slug, one in story.facts().items()}
    capabilities = {
        c.id: brute_force.capability(
            [(one.level, statuses[one.id]["status"], statuses[one.id]["support"]) for one in c.criteria]
        )
        for c in model.capabilities
    }
    phases, columns, lowest = brute_force.pooled_views(
        [
            {
                "id": one.id, "level": one.level, "phase": one.phase, "ms_column": c.ms_column,
                "basis": one.basis, "required": one.required, "overlay": bool(c.overlay),
            }
            for c in model.capabilities
            for one in c.criteria
        ],
        statuses,
    )  # fmt: skip

    def three(numbers: dict[str, Any]) -> list[int | None]:
        return [numbers["verified"], numbers["level"], numbers["potential"]]

    def flagged(flag: str) -> list[str]:
        return sorted(
            c.id for c in model.capabilities if any(flag in statuses[one.id]["flags"] for one in c.criteria)
        )

    nothing = {"status": "unknown", "support": "none", "flags": []}
    ever = set(CriterionStatus.objects.values_list("criterion__slug", flat=True))
    return {
        # A criterion without a row was never anything but unknown.
        "statuses": {slug: one for slug, one in statuses.items() if slug in ever or one != nothing},
        "capabilities": capabilities,
        "disputed": flagged("disputed"),
        "stale": flagged("signal_stale"),
        "team": brute_force.team(
            {
                d.id: [capabilities[c.id] for c in model.capabilities if c.in_rollup and c.dimension == d.id]
                for d in model.dimensions
            }
        ),
        "phases": {name: three(numbers) for name, numbers in phases.items()},
        "microsoft": {**{name: three(c) for name, c in columns.items()}, "team": three(lowest)},
        "assessed_on": story.published_at and story.published_at.date(),
    }


def assert_history_is_whole(story: Story) -> None:
    """Facts follow one another without repeating themselves, and the last of each is what stands."""
    for slug in story.slugs:
        told = facts_of(slug)
        assert [row[6] for row in told] == [False] * (len(told) - 1) + [True] * bool(told)
        assert all(a[:3] != b[:3] for a, b in pairwise(told)), slug
    for score in Score.objects.all():
        history = ScoreHistory.objects.filter(capability_id=score.capability_id).order_by("changed_on")
        numbers = [
            (h.state, h.verified, h.level, h.potential, h.score, h.known, h.applicable) for h in history
        ]
        assert numbers[-1] == (
            score.state, score.verified, score.level, score.potential, score.score, score.known, score.applicable,
        )  # fmt: skip
    assert (
        Reading.objects.filter(removed_at__isnull=True, good__isnull=True)
        .exclude(latest__reason="unauthorized")
        .count()
        == 0
    )
    week = TeamWeek.objects.order_by("-week_on").first()
    now = TeamScore.objects.get()
    assert week is not None
    assert (week.level, week.cells, week.assessed_on) == (now.level, now.cells, now.assessed_on)
