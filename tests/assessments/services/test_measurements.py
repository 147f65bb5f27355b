"""Measurements in, verdicts and scores out; unknown is not no, and nothing is stored twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assessments.models import CriterionStatus, Measurement, Reading, Score, Verdict
from assessments.services.measurements import Observed, forget_source, record_measurements
from assessments.services.scores import rescore_lapsed
from tests.factories import AT, make_team

pytestmark = pytest.mark.django_db
SOURCE = "connection:1"
MANIFEST = "repo.has_dependency_manifest"
CRITERION = "environment.dependencies_listed"


@pytest.fixture
def team(maturity_model):
    return make_team("Forecasting")


def send(team, *items, at=AT, source=SOURCE, immediate=True):
    return record_measurements(
        team=team, source=source, items=items, at=at, by_name="GitHub", immediate=immediate
    )


def read(team, value, *, at=AT, signal=MANIFEST, reason="", immediate=True, source=SOURCE, **fields):
    return send(
        team,
        Observed(signal=signal, value=value, observed_at=at, reason=reason, **fields),
        at=at,
        immediate=immediate,
        source=source,
    )[0]


def verdict():
    return Verdict.objects.get(criterion__slug=CRITERION)


def status():
    return CriterionStatus.objects.get(criterion__slug=CRITERION, is_current=True)


class TestStoredOnce:
    def test_a_value_is_stored_with_what_it_rests_on(self, team):
        result = read(team, 12, signal="ci.runs_30d", sample=12, url="https://example.org/runs")

        assert (result.status, result.code) == ("stored", "")
        one = Measurement.objects.get()
        assert (one.value, one.state, one.sample, one.window_days, one.url) == (
            12.0,
            "ok",
            12,
            30,
            "https://example.org/runs",
        )

    def test_an_equal_reading_writes_no_row_but_moves_the_day(self, team):
        read(team, True)
        later = AT + timedelta(days=1)

        assert read(team, True, at=later).status == "duplicate"

        assert Measurement.objects.count() == 1
        assert Reading.objects.get().read_at == later
        assert verdict().read_on == later.date()

    def test_a_pushed_item_sent_twice_is_stored_once(self, team):
        first = read(team, 3, signal="ci.runs_30d", external_id="a")
        second = read(team, 3, signal="ci.runs_30d", external_id="a")
        other = read(team, 4, signal="ci.runs_30d", external_id="a")

        assert [first.status, second.status, other.status] == ["stored", "duplicate", "conflict"]
        assert Measurement.objects.get().value == 3.0

    def test_twice_in_one_batch(self, team):
        items = [Observed("ci.runs_30d", value, AT, external_id="a") for value in (3, 3, 4)]

        assert [r.status for r in send(team, *items)] == ["stored", "duplicate", "conflict"]
        assert Measurement.objects.count() == 1

    def test_an_older_observation_is_kept_but_moves_nothing(self, team):
        read(team, 5, signal="ci.runs_30d", external_id="new")
        read(team, 9, signal="ci.runs_30d", external_id="old")
        older = Observed("ci.runs_30d", 1, AT - timedelta(days=3), external_id="older")

        assert send(team, older)[0].status == "stored"

        assert Reading.objects.get().latest.external_id == "old"
        assert Measurement.objects.count() == 3


@pytest.mark.parametrize(
    ("item", "code", "detail"),
    [
        (
            Observed("repo.magic", 1, AT),
            "unknown_signal",
            "There is no signal 'repo.magic'. GET /api/v1/signals/ lists them.",
        ),
        (
            Observed("ci.runs_30d", 1, AT + timedelta(minutes=6)),
            "observed_in_future",
            "observed_at is more than 5 minutes ahead. Check the sender's clock.",
        ),
        (
            Observed("ci.runs_30d", None, AT),
            "value_or_reason",
            "Send either a value, or state unknown with a reason.",
        ),
        (
            Observed("ci.runs_30d", 1, AT, "unreachable"),
            "value_or_reason",
            "Send either a value, or state unknown with a reason.",
        ),
        (
            Observed("ci.runs_30d", None, AT, "because"),
            "unknown_reason",
            "There is no reason 'because'. GET /api/v1/signals/ lists them.",
        ),
        (Observed("ci.runs_30d", True, AT), "wrong_type", "ci.runs_30d is a number."),
        (Observed(MANIFEST, 1, AT), "wrong_type", f"{MANIFEST} is true or false."),
        (Observed("ci.runs_30d", 1.5, AT), "out_of_range", "ci.runs_30d is a whole number, not 1.5."),
        (Observed("ci.runs_30d", -1, AT), "out_of_range", "ci.runs_30d cannot be -1."),
        (Observed("ci.runs_30d", float("nan"), AT), "out_of_range", "ci.runs_30d cannot be nan."),
        (
            Observed("ci.success_rate_30d", 1.01, AT),
            "out_of_range",
            "ci.success_rate_30d is a share from 0 to 1, not 1.01.",
        ),
        (
            Observed("ci.runs_30d", 1, AT, bound="upper"),
            "unknown_bound",
            "bound is 'upper'; it must be exact or lower.",
        ),
    ],
)
def test_bad_items_are_refused_one_by_one(team, item, code, detail):
    good = Observed("ci.runs_30d", 4, AT)

    refused, stored = send(team, item, good)

    assert (refused.status, refused.code, refused.detail) == ("rejected", code, detail)
    assert stored.status == "stored"
    assert Measurement.objects.count() == 1


class TestVerdicts:
    def test_a_first_reading_speaks_at_once_and_says_why(self, team):
        read(team, False, immediate=False)

        assert verdict().verdict == "no"
        assert verdict().because["clauses"][0] == {
            "part": "yes_if",
            "signal": MANIFEST,
            "op": "is",
            "threshold": True,
            "value": False,
            "bound": "exact",
            "reason": "",
            "holds": False,
        }
        assert (status().status, status().support, status().cause, status().by) == (
            "no",
            "measured",
            "measurement",
            "GitHub",
        )

    def test_a_change_from_the_schedule_waits_for_another_day(self, team):
        read(team, True, immediate=False)
        day = [AT + timedelta(days=n) for n in range(4)]
        read(team, False, at=day[1], immediate=False)
        assert (verdict().verdict, verdict().pending_verdict) == ("yes", "no")
        read(team, False, at=day[1] + timedelta(hours=1), immediate=False)
        assert verdict().verdict == "yes"

        read(team, False, at=day[2], immediate=False)

        assert (verdict().verdict, verdict().pending_verdict) == ("no", "")

    def test_flicker_changes_nothing(self, team):
        read(team, True, immediate=False)
        read(team, False, at=AT + timedelta(days=1), immediate=False)
        read(team, True, at=AT + timedelta(days=2), immediate=False)
        read(team, False, at=AT + timedelta(days=3), immediate=False)

        assert verdict().verdict == "yes"

    def test_collect_now_changes_at_once(self, team):
        read(team, True, immediate=False)
        read(team, False, at=AT + timedelta(hours=1), immediate=True)

        assert verdict().verdict == "no"

    @pytest.mark.parametrize("reason", ["unreachable", "unauthorized", "truncated", "not_configured"])
    @pytest.mark.parametrize("value", [True, False])
    def test_could_not_read_is_stored_but_changes_no_verdict(self, team, reason, value):
        read(team, value)
        before = verdict().verdict

        read(team, None, reason=reason, at=AT + timedelta(days=1))

        assert Measurement.objects.filter(state="unknown", reason=reason).count() == 1
        row = Reading.objects.get()
        assert row.good is not None
        assert (row.latest.reason, row.good.value, row.read_at) == (reason, float(value), AT)
        assert (verdict().verdict, verdict().read_on) == (before, AT.date())
        assert status().flags == []

    @pytest.mark.parametrize(
        ("parts", "good"),
        [
            # A part that proves less than is known says nothing new; one that proves more does.
            ([(12, "exact"), (2, "lower")], (12, "exact")),
            ([(12, "exact"), (12, "lower")], (12, "exact")),
            ([(12, "exact"), (13, "lower")], (13, "lower")),
            # Where nobody ever saw all of it, the newest part counts; a full reading always does.
            ([(9, "lower"), (7, "lower")], (7, "lower")),
            ([(9, "lower"), (7, "exact")], (7, "exact")),
        ],
    )
    def test_a_part_of_a_source_never_replaces_a_fuller_reading(self, team, parts, good):
        for number, (value, bound) in enumerate(parts):
            read(team, value, signal="ci.runs_30d", bound=bound, at=AT + timedelta(hours=number))

        reading = Reading.objects.get()
        assert reading.good is not None
        assert reading.latest is not None
        assert (reading.good.value, reading.good.bound) == good
        assert (reading.latest.value, reading.latest.bound) == parts[-1]
        # What was kept ages from its own day.
        is_kept = (reading.good.value, reading.good.bound) != parts[-1]
        assert reading.read_at == (AT if is_kept else AT + timedelta(hours=1))

    def test_an_unread_source_goes_stale_after_seven_days(self, team):
        read(team, True)
        for day in range(1, 9):
            read(team, None, reason="unreachable", at=AT + timedelta(days=day))
        rescore_lapsed(at=AT + timedelta(days=8))

        assert (status().status, status().flags) == ("unknown", ["signal_stale"])

    def test_never_read_is_no_verdict(self, team):
        read(team, None, reason="unauthorized")

        assert Verdict.objects.count() == 0
        assert Score.objects.count() == 0

    def test_losing_a_source_turns_nothing_into_no(self, team):
        read(team, True)
        forget_source(team=team, source=SOURCE, at=AT)
        rescore_lapsed(at=AT + timedelta(days=400))

        assert status().status == "unknown"

    def test_a_no_that_went_stale_stays_the_last_word_of_the_signals(self, team):
        read(team, False)
        forget_source(team=team, source=SOURCE, at=AT + timedelta(days=1))
        read(team, 4, signal="ci.runs_30d", source="connection:2", at=AT + timedelta(days=200))

        assert verdict().verdict == "no"

    def test_two_sources_pool(self, team):
        read(team, True)
        read(team, False, source="connection:2")

        assert verdict().verdict == "no"
