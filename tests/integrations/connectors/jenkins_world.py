"""One team's Jenkins, told in rows: a multibranch project, a freestyle job, training, staging and half a year of deployments.

Values by hand are in test_jenkins_collect.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integrations.connectors.base import Collected, Question
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.jenkins_rows import ago, build, describe, job, path, payload, row, stage

MAIN, LINT, TRAIN = "acme/churn/main", "acme/lint", "acme/train"
STAGE, DEPLOY, FEATURE = "acme/stage", "acme/deploy", "acme/churn/feature%2Fdrift"
FREESTYLE = {"_class": "hudson.model.FreeStyleBuild"}

OPTIONS: dict[str, Any] = {
    "ci_jobs": ["acme/churn", "acme/lint"],
    "training_jobs": ["acme/train"],
    "production_jobs": ["acme/deploy"],
    "preproduction_jobs": ["acme/stage"],
    "machine_users": ["Drift-Bot"],
}

# number: days ago, commit, result, report or stage with its status
CI: dict[int, tuple[float, str, str, Any]] = {
    1: (101, "A", "SUCCESS", 90),
    2: (71, "B", "SUCCESS", ("Unit tests", "SUCCESS")),
    3: (61, "C", "FAILURE", 90),
    4: (41, "D", "SUCCESS", ("Build", "SUCCESS")),
    5: (22, "x5", "FAILURE", ("Checkout", "FAILED")),
    6: (21, "E", "FAILURE", ("Run tests", "FAILED")),
    7: (19.5, "F", "SUCCESS", ("pytest", "SUCCESS")),
    8: (12, "x8", "UNSTABLE", 100),
    9: (11, "x9", "ABORTED", ("Unit tests", "ABORTED")),
    10: (10.1, "G", "SUCCESS", ("Integration", "SUCCESS")),
    11: (7, "x11", "NOT_BUILT", None),
    12: (6, "x12", "SUCCESS", ("Build latest", "SUCCESS")),
    13: (5.1, "H", "SUCCESS", ("Unit tests", "NOT_EXECUTED")),
    14: (2, "x14", "SUCCESS", 118),
    15: (1.1, "I", "SUCCESS", ("Unit tests", "SUCCESS")),
    16: (0.5, "new", "SUCCESS", 120),
}
# number: commit, days ago (the moment of success), who or what started it, branch
RELEASES: dict[int, tuple[str, float, str, str]] = {
    1: ("P0", 200, "upstream", "main"),
    2: ("A", 100, "upstream", "main"),
    3: ("B", 70, "ann", "main"),
    4: ("A", 69.75, "upstream", "main"),
    5: ("C", 60, "ann", "main"),
    6: ("C", 60 - 1 / 24, "upstream", "main"),
    7: ("D", 40, "timer", "main"),
    8: ("X", 30, "cat", "main"),  # fails
    9: ("E", 20, "bea", "main"),
    10: ("F", 20 - 20 / 24, "upstream", "hotfix/wrong-scale"),
    11: ("G", 10, "upstream", "main"),
    12: ("H", 5, "step", "main"),
    13: ("I", 1, "remote", "main"),
}
# number: commit, days ago (the moment of success), result
TRIALS: dict[int, tuple[str, float, str]] = {
    1: ("A", 101, "SUCCESS"),
    2: ("B", 70.1, "SUCCESS"),
    3: ("D", 41, "FAILURE"),
    4: ("G", 10 + 2 / 1440, "SUCCESS"),
    5: ("H", 5.5, "SUCCESS"),
    6: ("I", 0.9, "SUCCESS"),
}


def build_world(fake: FakeJenkins) -> None:
    fake.answer("whoAmI/api/json", payload("whoami"))
    folder = row("folder")
    child = folder["jobs"][0]
    folder["jobs"] = [
        {**row("project"), "lastCompletedBuild": None},
        *(
            {**child, "name": name.partition("/")[2], "fullName": name, "lastCompletedBuild": {"number": 1}}
            for name in (LINT, TRAIN, STAGE, DEPLOY)
        ),
    ]
    fake.answer("api/json", {"_class": "hudson.model.Hudson", "jobs": [folder]})
    fake.answer("job/acme/api/json", folder)
    fake.answer("job/acme/job/churn/api/json", row("project"))
    _ci(fake)
    _training(fake)
    _releases(fake)


def serve(fake: FakeJenkins, name: str, *builds: dict[str, Any], **over: Any) -> None:
    """A job and each of its builds."""
    made = job(name, *builds, **over)
    fake.answer(f"{path(name)}/api/json", made)
    for one in made["allBuilds"]:
        fake.answer(f"{path(name)}/{one['number']}/api/json", one)


def _ci(fake: FakeJenkins) -> None:
    builds = []
    for number, (days, commit, result, shown) in CI.items():
        began = ago(days)
        tests = shown if isinstance(shown, int) else None
        builds.append(build(number, began, commit=commit, result=result, tests=tests))
        stages = [stage("Checkout out", began + timedelta(minutes=1))]
        if isinstance(shown, tuple):
            stages.append(stage(shown[0], began + timedelta(minutes=5), shown[1]))
        fake.answer(f"{path(MAIN)}/{number}/wfapi/describe", describe(*stages))
    running = build(17, ago(0.01), result=None, building=True, duration=0)
    serve(fake, MAIN, *builds, running)
    serve(fake, FEATURE, build(1, ago(2)), build(2, ago(1)))
    serve(
        fake,
        LINT,
        build(1, ago(5), **FREESTYLE),
        build(2, ago(3), branch="origin/dev", tests=40, **FREESTYLE),
        build(3, ago(2), tests=40, **FREESTYLE),
    )


def _training(fake: FakeJenkins) -> None:
    serve(
        fake,
        TRAIN,
        build(1, ago(50), by="timer"),
        build(2, ago(40), by="bea", result="FAILURE"),
        build(3, ago(26), by="ann", result="ABORTED"),
        build(4, ago(25), by="remote"),
        build(5, ago(20), by="upstream"),
        build(6, ago(11), by="timer", result="FAILURE"),
        build(7, ago(10), by="timer"),
        build(8, ago(3), by=("ann", "replay"), commit="t1", minutes=120),
        build(9, ago(2), by="drift-bot"),
    )


def _releases(fake: FakeJenkins) -> None:
    before = timedelta(minutes=-10)
    serve(
        fake,
        DEPLOY,
        *(
            build(
                number,
                ago(days) + before,
                by=by,
                commit=commit,
                branch=f"refs/remotes/origin/{branch}",
                result="FAILURE" if commit == "X" else "SUCCESS",
                **FREESTYLE,
            )
            for number, (commit, days, by, branch) in RELEASES.items()
        ),
    )
    serve(
        fake,
        STAGE,
        *(
            build(number, ago(days) + before, commit=commit, result=result)
            for number, (commit, days, result) in TRIALS.items()
        ),
    )


def collect(fake: FakeJenkins, **options: Any) -> Collected:
    """A collection of the world by a connector that remembers nothing, with some options answered in another way."""
    connector, http = fake.connector()
    with http:
        return connector.collect(Question(until=UNTIL, options={**OPTIONS, **options}))
