"""What the test of a connection to Jenkins lists, and which signals a missing permission or plug-in blinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.connectors.base import Found
from integrations.connectors.http import Failure, SourceError
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.jenkins_rows import path, payload
from tests.integrations.connectors.jenkins_world import LINT, build_world

pytestmark = pytest.mark.slow


@pytest.fixture
def jenkins() -> Iterator[FakeJenkins]:
    with FakeJenkins() as fake:
        build_world(fake)
        fake.answer(f"{path(LINT)}/1/wfapi/describe", payload("describe"))
        yield fake


def found(fake: FakeJenkins, user: str = "portal") -> Found:
    connector, http = fake.connector(user)
    with http:
        return connector.test()


def test_it_lists_jobs_for_each_option_and_opens_folders(jenkins: FakeJenkins) -> None:
    names = ["acme/churn", "acme/lint", "acme/train", "acme/stage", "acme/deploy"]
    assert found(jenkins) == Found(
        identity="portal at Jenkins 2.479.1",
        choices=dict.fromkeys(("ci_jobs", "training_jobs", "production_jobs", "preproduction_jobs"), names),
    )
    assert len(jenkins.asked) == 3


def test_it_lists_no_more_than_people_can_look_through(jenkins: FakeJenkins) -> None:
    jobs = [{"_class": "hudson.model.FreeStyleProject", "fullName": f"job-{at}"} for at in range(70)]
    jenkins.answer("api/json", {"_class": "hudson.model.Hudson", "jobs": jobs})
    seen = found(jenkins)
    assert [len(names) for names in seen.choices.values()] == [60, 60, 60, 60]
    assert seen.notes == ("60 of 70 jobs are listed; the others can be typed.",)


def test_a_missing_plug_in_blinds_what_stages_tell(jenkins: FakeJenkins) -> None:
    jenkins.answers = [one for one in jenkins.answers if "wfapi" not in one.path]
    assert found(jenkins).missing == {
        "the plug-in Pipeline: REST API": ("ci.test_steps_share", "deploy.tested_sha_share_90d")
    }


def test_without_the_right_to_read_jobs_everything_is_blind(jenkins: FakeJenkins) -> None:
    jenkins.answer("api/json", {"_class": "hudson.model.Hudson", "jobs": []})
    seen = found(jenkins)
    assert list(seen.missing) == ["Job/Read"]
    assert seen.notes == ("No job is visible. Job/Read shows a job with its builds.",)


def test_without_the_right_to_read_at_all_everything_is_blind(jenkins: FakeJenkins) -> None:
    jenkins.answer("api/json", {}, status=403)
    assert list(found(jenkins).missing) == ["Overall/Read"]


def test_a_refused_credential_is_said(jenkins: FakeJenkins) -> None:
    with pytest.raises(SourceError) as caught:
        found(jenkins, user="nobody")
    assert caught.value.kind is Failure.UNAUTHORIZED


def test_a_jenkins_that_answers_to_everybody_does_not_accept_the_credential(jenkins: FakeJenkins) -> None:
    jenkins.answer("whoAmI/api/json", {**payload("whoami"), "anonymous": True, "name": "anonymous"})
    with pytest.raises(SourceError) as caught:
        found(jenkins)
    assert caught.value.kind is Failure.UNAUTHORIZED


def test_what_is_no_jenkins_is_said(jenkins: FakeJenkins) -> None:
    jenkins.answer("api/json", {"message": "welcome"})
    with pytest.raises(SourceError) as caught:
        found(jenkins)
    assert caught.value.kind is Failure.BAD_PAYLOAD
    assert (
        caught.value.message
        == "What answers there is no Jenkins: check the address, and the path that a proxy adds."
    )
