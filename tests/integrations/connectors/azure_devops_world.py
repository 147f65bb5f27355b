"""One team's Azure DevOps, told in rows: an application and a training repository, half a year of releases.

Values by hand are in test_azure_devops_collect.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from integrations.connectors.base import Collected, Question
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.azure_devops_rows import (
    APP_ID,
    TRAINING_ID,
    Row,
    account,
    ago,
    build,
    comment,
    commit,
    deployment,
    file,
    folder,
    payload,
    policy,
    pull,
    record,
    row,
    sha,
    timeline,
    vote,
)
from tests.integrations.connectors.github_rows import UNTIL

API = "churn/_apis"
APP, TRAINING = f"{API}/git/repositories/{APP_ID}", f"{API}/git/repositories/{TRAINING_ID}"
BUILDS, RECORDS = (
    f"{API}/build/builds",
    f"{API}/distributedtask/environments/{{}}/environmentdeploymentrecords",
)
PRODUCTION, STAGING = RECORDS.format(3), RECORDS.format(4)

OPTIONS: dict[str, Any] = {
    "repositories": ["churn/app app", "churn/training training"],
    "training_pipelines": ["Train"],
    "production_environments": ["production"],
    "preproduction_environments": ["staging"],
}

# the release: build, commit, days ago (the moment of success), reason, by
RELEASES: tuple[tuple[int, str, float, str, str], ...] = (
    (901, "A", 100, "individualCI", "ann"),
    (902, "B", 70, "manual", "ann"),
    (903, "A", 69.75, "resourceTrigger", "ann"),
    (904, "C", 60, "individualCI", "cat"),
    (905, "C", 60 - 1 / 24, "individualCI", "cat"),
    (906, "D", 40, "manual", "release-app"),
    (907, "E", 20, "userCreated", "bea"),
    (908, "F", 20 - 20 / 24, "batchedCI", "ann"),
    (909, "G", 10, "schedule", "ann"),
    (910, "H", 5, "buildCompletion", "ann"),
    (911, "I", 1, "individualCI", "ann"),
)
# the pair compared, and how many hours before the release its commits were made; the last is the released one
CHANGED: dict[tuple[str, str], tuple[float, tuple[float, ...]]] = {
    ("A", "B"): (70, (48, 24)),
    ("A", "C"): (60, (10,)),
    ("C", "D"): (40, (24, 24)),
    ("F", "G"): (10, (100,)),
    ("G", "H"): (5, (24,)),
    ("H", "I"): (1, (30,)),
}
# CI of what was released: build, commit, task, result of the build
TESTED: tuple[tuple[int, str, str, str], ...] = (
    (1010, "A", "pytest", "succeeded"),
    (1011, "B", "pytest", "succeeded"),
    (1012, "C", "pytest", "succeeded"),
    (1013, "D", "pytest", "succeeded"),
    (1014, "E", "Compile", "succeeded"),
    (1015, "F", "pytest", "succeeded"),
    (1016, "G", "pytest", "succeeded"),
    (1017, "H", "pytest", "succeeded"),
    (1018, "I", "pytest", "failed"),
)
DAYS = {commit: days for _, commit, days, _, _ in RELEASES} | {"A": 100.0, "C": 60.0}
# to staging: record, build, days ago
TRIALS: tuple[tuple[int, int, float], ...] = (
    (201, 1010, 101),
    (202, 1011, 70 + 1 / 24),
    (203, 1012, 60 + 2 / 1440),
    (204, 1013, 39),
    (205, 1016, 11),
    (206, 1017, 5.5),
    (207, 1018, 2),
)


def build_world(fake: FakeAzure) -> None:
    _organisation(fake)
    _code(fake)
    _changes(fake)
    _builds(fake)
    _releases(fake)


def _organisation(fake: FakeAzure) -> None:
    repositories = [row("repository"), row("repository", id=TRAINING_ID, name="training")]
    fake.answer("_apis/connectionData", payload("identity"))
    fake.rows("_apis/projects", [payload("repository")["project"]])
    fake.rows("_apis/git/repositories", repositories)
    fake.rows(f"{API}/git/repositories", repositories)
    fake.answer(f"{API}/build/retention", payload("retention"))
    every = [row("definition"), row("definition", id=6, name="Deploy"), row("definition", id=2, name="Train")]
    fake.rows(f"{API}/build/definitions", every)
    fake.rows(f"{API}/build/definitions", every[:2], repositoryId=APP_ID)
    fake.rows(f"{API}/build/definitions", every[2:], repositoryId=TRAINING_ID)
    fake.rows(f"{API}/test/runs", [])
    environments = [row("environment"), row("environment", id=4, name="Staging")]
    fake.rows(f"{API}/distributedtask/environments", environments)


def _code(fake: FakeAzure) -> None:
    files = {
        APP: (
            "app.py",
            "model.py",
            "test_app.py",
            "azure-pipelines.yml",
            "Dockerfile",
            "MODEL_CARD.md",
            "vendor/x.py",
        ),
        TRAINING: (
            "train.py",
            "explore.ipynb",
            "tests/test_train.py",
            "load.sql",
            "requirements.txt",
            "dvc.yaml",
            "azure-pipelines.yml",
            ".ipynb_checkpoints/explore-checkpoint.ipynb",
        ),
    }
    policies = {
        APP_ID: [policy("reviewers", minimumApproverCount=1), policy("build"), policy("comments")],
        TRAINING_ID: [policy("reviewers", minimumApproverCount=2, creatorVoteCounts=True), policy("status")],
    }
    for base, name, id_ in ((APP, "app", APP_ID), (TRAINING, "training", TRAINING_ID)):
        fake.answer(f"{API}/git/repositories/{name}", row("repository", id=id_, name=name))
        heads = [{"name": f"refs/heads/{one}", "objectId": sha("head")} for one in ("main-2", "main")]
        fake.rows(f"{base}/refs", heads, filter="heads/main")
        fake.rows(f"{base}/items", [folder("tests"), *(file(path) for path in files[base])])
        fake.rows(f"{API}/git/policy/configurations", policies[id_], repositoryId=id_)
    fake.answer(
        f"{TRAINING}/items",
        {**file("requirements.txt"), "content": "numpy==2.1.0\npandas>=2\n"},
        path="/requirements.txt",
    )


def _changes(fake: FakeAzure) -> None:
    merged: dict[int, datetime] = {
        1: ago(3),
        2: ago(4),
        3: ago(5),
        4: ago(6),
        5: ago(20) + timedelta(hours=18),
    }
    votes: dict[int, dict[str, int]] = {
        1: {"bob": 10},
        2: {"bob": 10, "cat": -5},
        3: {"bob": 5},
        4: {"ann": 10, "reviewers": 10, "build-service": 10},
        5: {"bob": 10, "cat": 0},
    }
    found = [pull(n, at, votes=votes[n], labels=("HotFix",) if n == 5 else ()) for n, at in merged.items()]
    others = [
        pull(6, ago(2), by="build-service"),
        pull(7, ago(100)),
        pull(8, ago(2), status="abandoned"),
        pull(9, ago(8), into="release"),
    ]
    newest_first = sorted([*found, *others], key=lambda one: str(one["closedDate"]), reverse=True)
    fake.rows(f"{APP}/pullrequests", newest_first)
    fake.rows(f"{TRAINING}/pullrequests", [pull(11, ago(7), by="carl", votes={"dan": 10})])
    before, after = timedelta(hours=-1), timedelta(hours=1)
    threads = {
        1: [comment("bob", merged[1] + 2 * before), vote("bob", merged[1] + before, 10)],
        2: [vote("bob", merged[2] + 2 * before, -5), vote("bob", merged[2] + before, 10)],
        3: [vote("bob", merged[3] + before, 5)],
        5: [vote("bob", merged[5] + after, 10), vote("cat", merged[5] + before, 10)],
    }
    for number, rows in threads.items():
        fake.rows(f"{APP}/pullRequests/{number}/threads", rows)
    fake.rows(f"{TRAINING}/pullRequests/11/threads", [vote("dan", ago(7) + before, 10)])


def _builds(fake: FakeAzure) -> None:
    made: list[tuple[Row, list[Row]]] = [
        (build(1001, ago(3), "merge-1"), [record("pytest", ago(3))]),
        (
            build(
                1002, ago(4), "test-merge-2", reason="pullRequest", branch="refs/pull/2/merge", source="head-2",
                result="failed",
            ),
            [record("pytest", ago(4), "failed")],
        ),
        (build(1003, ago(5), "merge-3", reason="batchedCI"), [record("pytest", ago(5), "skipped")]),
        (build(1004, ago(6), "merge-4", reason="manual"), [record("Build latest", ago(6))]),
        (build(1005, ago(20), "merge-5", result="canceled"), [record("pytest", ago(20))]),
        (build(1006, ago(0.01), "new", status="inProgress", result=None, finishTime=None), []),
    ]  # fmt: skip
    for id_, name, task, result in TESTED:
        at = ago(DAYS[name], hours=2)
        # The tests of F were over only after it had gone live.
        over = ago(DAYS[name], hours=-1) if name == "F" else at
        outcome = "failed" if result == "failed" else "succeededWithIssues" if name == "C" else "succeeded"
        made.append((build(id_, at, name, result=result), [record(task, over, outcome)]))
    for id_, name, days, reason, by in RELEASES:
        gate = {**record("Approval", ago(days), kind="Checkpoint.Approval"), "id": payload("approval")["id"]}
        waited = [gate] if id_ == 904 else []
        job = record("deploy", ago(days), kind="Job")
        made.append(
            (build(id_, ago(days, minutes=10), name, reason=reason, by=by, definition=6), [*waited, job])
        )
    failed = build(912, ago(2, minutes=10), "J", by="zoe", reason="manual", definition=6, result="failed")
    made.append((failed, [record("deploy", ago(2), "failed", "Job")]))
    made += [(one, [record("Train", ago(3))]) for one in _trainings()]
    covered = build(606, ago(7), "merge-11", repository=TRAINING_ID, definition=7)
    made.append((covered, [record("integration", ago(7), kind="Job")]))
    newest_first = sorted((one for one, _ in made), key=lambda one: str(one["queueTime"]), reverse=True)
    fake.rows(BUILDS, newest_first)
    for one, records in made:
        fake.answer(f"{BUILDS}/{one['id']}/timeline", timeline(*records))
    approval = payload("approval")
    steps = [
        {**approval["steps"][0], "actualApprover": account("dan")},
        {**approval["steps"][0], "actualApprover": account("release-app")},
        {**approval["steps"][0], "actualApprover": account("eve"), "status": "rejected"},
        {
            **approval["steps"][0],
            "assignedApprover": account("fay"),
            "actualApprover": None,
            "status": "skipped",
        },
    ]
    fake.rows(f"{API}/pipelines/approvals", [{**approval, "steps": steps}], approvalIds=approval["id"])
    for id_, totals in ((1001, (120, 10)), (1016, (100,)), (1017, (110,))):
        runs = [row("testrun", id=at, totalTests=total) for at, total in enumerate(totals, 70)]
        fake.rows(f"{API}/test/runs", runs, buildUri=f"vstfs:///Build/Build/{id_}")


def _trainings() -> list[Row]:
    def training(id_: int, days: float, reason: str, name: str = "", **over: Any) -> Row:
        commit_ = name or f"train-{id_}"
        return build(id_, ago(days), commit_, reason=reason, repository=TRAINING_ID, definition=2, **over)

    return [
        training(301, 3, "manual", "t1", minutes=120),
        training(302, 40, "manual", by="bea", result="failed"),
        training(303, 10, "schedule"),
        training(304, 11, "schedule", result="partiallySucceeded"),
        training(305, 50, "schedule"),
        training(306, 20, "resourceTrigger"),
        training(307, 25, "manual", by="release-app"),
        training(308, 26, "manual", result="canceled"),
    ]


def _releases(fake: FakeAzure) -> None:
    made = [deployment(100 + id_, id_, ago(days)) for id_, _, days, _, _ in RELEASES]
    # I was deployed by two jobs of one stage; J failed; the build of the oldest was deleted since.
    made.append(deployment(1100, 911, ago(1, minutes=3), jobName="deploy-eu"))
    made.append(deployment(1101, 912, ago(2), result="failed"))
    made.append(deployment(90, 77, ago(200)))
    fake.rows(PRODUCTION, sorted(made, key=lambda one: str(one["queueTime"]), reverse=True))
    tried = [deployment(id_, build_id, ago(days)) for id_, build_id, days in TRIALS]
    fake.rows(STAGING, sorted(tried, key=lambda one: str(one["queueTime"]), reverse=True))
    for (before, after), (days, hours) in CHANGED.items():
        names = [f"{after}-{at}" for at in range(len(hours) - 1)] + [after]
        commits = [commit(name, ago(days, hours=back)) for name, back in zip(names, hours, strict=True)]
        _compared(fake, before, after, commits[::-1])
    at = ago(20 - 20 / 24, hours=1)
    _compared(fake, "E", "F", [commit("F", at), commit("merge-5", at, "Merged PR 5: Mend the model")])
    # D to E is left out: 404, the history was rewritten.


def _compared(fake: FakeAzure, before: str, after: str, commits: list[Row]) -> None:
    query = {
        "searchCriteria.itemVersion.version": sha(before),
        "searchCriteria.compareVersion.version": sha(after),
    }
    fake.rows(f"{APP}/commits", commits, **query)


def collect(fake: FakeAzure, wanted: tuple[str, ...] = (), **options: Any) -> Collected:
    """A collection of the world by a connector that remembers nothing, with some options answered in another way."""
    connector, http = fake.connector()
    with http:
        return connector.collect(Question(until=UNTIL, options={**OPTIONS, **options}, wanted_shas=wanted))
