"""While a long history is still being read: every reason is one that the vocabulary has for its signal, and says so in words.

The newest days count at once (counts as lower bounds); a share, or a zero, of a window that is not all there is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from assessments.queries.words import REASON_WORDS
from assessments.vocabulary import Reason
from integrations.connectors.base import Collected, Observation, Question
from tests.integrations.connectors.observed import assert_sound, by_signal
from tests.integrations.connectors.remembering import HalfRead
from tests.integrations.connectors.test_doctor import WORLDS, system

pytestmark = pytest.mark.slow


def half_read(kind: str, days: int) -> Mapping[str, Observation]:
    """What is observed while the newest so many days of each list are there."""
    world = WORLDS[kind]
    with system(kind) as fake:
        connector, http = world.connect(fake)
        with http:
            question = Question(until=world.until, options=world.options, memory=HalfRead(days))
            collected = connector.collect(question)
    assert_sound(collected, connector.signals)
    return by_signal(collected)


# Before the first day is there, within the shortest window, between the windows of 30, 90 and 180 days.
@pytest.mark.parametrize("days", [0, 7, 60, 100])
@pytest.mark.parametrize("kind", list(WORLDS))
def test_each_reason_is_one_of_the_signals_own(kind: str, days: int) -> None:
    half_read(kind, days)


RUNS = {"ci.success_rate_30d", "ci.test_steps_share", "ci.tests_executed_p50", "ci.training_manual_share_90d"}
RELEASES = {
    "deploy.automated_share_90d",
    "deploy.lead_time_p50_h",
    "deploy.tested_sha_share_90d",
    "deploy.staged_share_90d",
    "deploy.change_failure_rate",
    "deploy.rollback_time",
    "deploy.rollbacks_180d",
}
# What is read item by item through a memory, whose window of 90 or 180 days is not there after a week. GitHub's list of
# deployments, of pull requests and MLflow's registry are short, and read in whole each time.
WAITING: dict[str, set[str]] = {
    "azure_devops": {
        "repo.reviewed_change_share_90d",
        "ci.change_coverage_30d",
        *RUNS,
        # Nothing of the kind in the week: that is no zero yet.
        "ci.scheduled_training_runs_30d",
        "ci.event_training_runs_90d",
        *RELEASES,
        "deploy.deployers_180d",
    },
    "github": RUNS - {"ci.tests_executed_p50"},
    "gitlab": {
        "repo.reviewed_change_share_90d",
        "ci.change_coverage_30d",
        *RUNS,
        "ci.event_training_runs_90d",
        *RELEASES,
    },
    "jenkins": RUNS | {"ci.scheduled_training_runs_30d", *RELEASES, "deploy.deployers_180d"},
    "mlflow": {
        "mlflow.runs_complete_share",
        "mlflow.runs_with_git_commit_share",
        "mlflow.runs_with_dataset_share",
        "mlflow.runs_from_notebook_share",
        "mlflow.versions_evaluated_share_90d",
        "mlflow.traces_30d",
    },
    "prometheus": set(),
}


@pytest.mark.parametrize("kind", list(WORLDS))
def test_what_waits_for_its_history_says_so(kind: str) -> None:
    found = half_read(kind, 7)
    waiting = {name for name in found if found[name].reason == "window_not_covered"}
    assert waiting == WAITING[kind]
    assert [
        found[name].detail
        for name in sorted(waiting)
        if "is still being read: 7 of " not in found[name].detail
    ] == []


def test_a_reason_that_a_signal_does_not_have_is_not_sound() -> None:
    """The guard that all tests of connectors lean on."""
    strange = Collected((Observation("repo.connected", None, reason="history_discarded"),))
    with pytest.raises(AssertionError):
        assert_sound(strange, frozenset({"repo.connected"}))


def test_pages_have_words_for_every_reason_that_a_signal_may_have() -> None:
    assert set(REASON_WORDS) == {reason.value for reason in Reason}
