"""One team's GitHub, told in rows: an application and a training repository, half a year of releases. Values by hand are in
test_github_collect.py; every answer here is checked against GitHub's own description by tests/services/test_github_recorded.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import (
    ago,
    approval,
    comparison,
    content,
    deployment,
    job,
    jobs,
    payload,
    pull,
    repository,
    review,
    row,
    rule,
    run,
    runs,
    sha,
    status,
    tree,
    workflow,
)

APP, TRAINING = "repos/octo/app", "repos/octo/training"
BOT = "github-actions[bot]"

OPTIONS: dict[str, Any] = {
    "repositories": ["octo/app app", "octo/training training"],
    "training_workflows": ["train.yml"],
    "production_environments": ["production"],
    "preproduction_environments": ["staging"],
}


def build_world(fake: FakeGithub) -> None:
    _code(fake)
    _changes(fake)
    _ci(fake)
    _training(fake)
    _releases(fake)
    _tests_of_releases(fake)
    _trials(fake)


def _code(fake: FakeGithub) -> None:
    for base, name in ((APP, "octo/app"), (TRAINING, "octo/training")):
        fake.answer(base, repository(name))
        fake.answer(f"{base}/commits", [row("commit", sha=sha("head"))])
    fake.answer(
        f"{APP}/git/trees/{sha('head')}",
        tree(
            "app.py",
            "model.py",
            "test_app.py",
            ".github/workflows/ci.yml",
            "Dockerfile",
            "MODEL_CARD.md",
            "vendor/x.py",
        ),
    )
    fake.answer(
        f"{TRAINING}/git/trees/{sha('head')}",
        tree(
            "train.py", "explore.ipynb", "tests/test_train.py", "load.sql", "requirements.txt", "dvc.yaml",
            ".github/workflows/train.yml", ".ipynb_checkpoints/explore-checkpoint.ipynb",
        ),
    )  # fmt: skip
    fake.answer(f"{TRAINING}/contents/requirements.txt", content("numpy==2.1.0\npandas>=2\n"))
    checks = {"required_status_checks": [{"context": "build"}], "strict_required_status_checks_policy": True}
    reviews = payload("branch_rule")["parameters"]
    fake.answer(
        f"{APP}/rules/branches/main",
        [rule("deletion"), rule("pull_request", **reviews), rule("required_status_checks", **checks)],
    )
    fake.answer(f"{TRAINING}/rules/branches/main", [])
    fake.answer(f"{TRAINING}/branches/main/protection", payload("protection"))


def _changes(fake: FakeGithub) -> None:
    merged: dict[int, datetime] = {
        1: ago(3),
        2: ago(4),
        3: ago(5),
        4: ago(6),
        5: ago(20) + timedelta(hours=18),
    }
    others = [
        pull(6, ago(2), author="dependabot[bot]"),
        pull(8, None),
        pull(9, ago(8), base="release"),
        pull(7, ago(100)),
    ]
    found = [pull(n, at, labels=("HotFix",) if n == 5 else ()) for n, at in merged.items()]
    fake.answer(
        f"{APP}/pulls", sorted([*found, *others], key=lambda one: str(one["updated_at"]), reverse=True)
    )
    fake.answer(f"{TRAINING}/pulls", [pull(11, ago(7), author="carl")])
    before, after = timedelta(hours=-1), timedelta(hours=1)
    reviews = {
        1: [review("bob", merged[1] + before)],
        2: [review("bob", merged[2] + 2 * before, "CHANGES_REQUESTED"), review("bob", merged[2] + before)],
        3: [review("bob", merged[3] + before)],
        4: [review("ann", merged[4] + before), review("approver[bot]", merged[4] + before)],
        5: [review("bob", merged[5] + after), review("cat", merged[5] + before, "COMMENTED")],
    }
    for number, given in reviews.items():
        fake.answer(f"{APP}/pulls/{number}/reviews", given)
    fake.answer(f"{TRAINING}/pulls/11/reviews", [review("dan", ago(7) + before)])


def _ci(fake: FakeGithub) -> None:
    fake.answer(
        f"{APP}/actions/workflows",
        {
            "total_count": 2,
            "workflows": [
                workflow(1, ".github/workflows/ci.yml", "CI"),
                workflow(3, ".github/workflows/deploy.yml", "Deploy"),
            ],
        },
    )
    fake.answer(
        f"{TRAINING}/actions/workflows",
        {"total_count": 2, "workflows": [workflow(2, ".github/workflows/train.yml", "Train model"), workflow(4, ".github/workflows/ci.yml", "CI")]},
    )  # fmt: skip
    ends = ["success"] * 7 + ["failure", "failure", "timed_out"]
    counted = [
        run(101 + at, ago(1 + at), conclusion=end, run_attempt=2 if at == 3 else 1)
        for at, end in enumerate(ends)
    ]
    fork = {**row("workflow_run")["head_repository"], "id": 77}
    others = [
        *(
            run(120 + at, ago(2), conclusion=end)
            for at, end in enumerate(("cancelled", "skipped", "neutral"))
        ),
        run(124, ago(2), event="pull_request", head_repository=fork),
        run(125, ago(2), head_branch="dev"),
    ]
    for base in (APP, TRAINING):
        fake.answer(f"{base}/actions/runs", runs())
    fake.answer(f"{APP}/actions/runs", runs(*counted, *others), branch="main")
    fake.answer(f"{TRAINING}/actions/runs", runs(run(201, ago(3)), run(202, ago(4))), branch="main")
    for at, one in enumerate(counted):
        steps = {0: ("pytest", "skipped"), 1: ("Build latest", "success"), 7: ("Run tests", "failure")}.get(
            at, ("pytest", "success")
        )
        fake.answer(
            f"{APP}/actions/runs/{one['id']}/jobs",
            jobs(job("build", ago(1), ("Set up job", "success"), steps)),
        )
    for id_ in (201, 202):
        fake.answer(
            f"{TRAINING}/actions/runs/{id_}/jobs", jobs(job("integration", ago(3), ("Set up job", "success")))
        )
    of_changes = {
        "merge-1": run(601, ago(3)),
        "head-2": run(602, ago(4), event="pull_request", conclusion="failure"),
        "merge-3": run(603, ago(5), event="merge_group"),
        "merge-4": run(604, ago(6), event="workflow_dispatch"),
        "merge-5": run(605, ago(20), conclusion="cancelled"),
    }
    for name, found in of_changes.items():
        fake.answer(f"{APP}/actions/runs", runs({**found, "head_sha": sha(name)}), head_sha=sha(name))
    fake.answer(
        f"{TRAINING}/actions/runs", runs(run(606, ago(7), commit="merge-11")), head_sha=sha("merge-11")
    )


def _training(fake: FakeGithub) -> None:
    def training(id_: int, days: float, event: str, **over: Any) -> dict[str, Any]:
        return run(id_, ago(days), event=event, path=".github/workflows/train.yml", workflow_id=2, **over)

    fake.answer(
        f"{TRAINING}/actions/workflows/2/runs",
        runs(
            training(301, 3, "workflow_dispatch", commit="t1", minutes=120),
            training(302, 40, "workflow_dispatch", by="bea", conclusion="failure"),
            training(303, 10, "schedule"),
            training(304, 11, "schedule", conclusion="failure"),
            training(305, 50, "schedule"),
            training(306, 20, "repository_dispatch"),
            training(307, 25, "workflow_dispatch", by="drift[bot]"),
            training(308, 26, "workflow_dispatch", conclusion="cancelled"),
        ),
    )


# id, commit, days ago (the moment of success), creator, linked run
RELEASES: tuple[tuple[int, str, float, str, int], ...] = (
    (900, "P0", 200, BOT, 0),
    (901, "A", 100, BOT, 0),
    (902, "B", 70, "ann", 501),
    (903, "A", 69.75, BOT, 0),
    (904, "C", 60, "ann", 503),
    (905, "C", 60 - 1 / 24, BOT, 0),
    (906, "D", 40, BOT, 504),
    (907, "E", 20, BOT, 502),
    (908, "F", 20 - 20 / 24, BOT, 0),
    (909, "G", 10, BOT, 0),
    (910, "H", 5, BOT, 0),
    (911, "I", 1, BOT, 0),
)
# the pair compared, and how many hours before the release its commits were made
CHANGED: dict[tuple[str, str], tuple[float, tuple[float, ...]]] = {
    ("P0", "A"): (100, (5,)),
    ("A", "B"): (70, (48, 24)),
    ("A", "C"): (60, (10,)),
    ("C", "D"): (40, (24, 24)),
    ("F", "G"): (10, (100,)),
    ("G", "H"): (5, (24,)),
    ("H", "I"): (1, (30,)),
}


def _releases(fake: FakeGithub) -> None:
    made = []
    for id_, commit, days, by, run_id in RELEASES:
        made.append(deployment(id_, commit, ago(days, minutes=10), by=by))
        # newest first; the success is not the last word
        said = [
            status("inactive", ago(days, hours=-1)),
            status("success", ago(days), run_id=run_id),
            status("in_progress", ago(days, minutes=9)),
        ]
        fake.answer(f"{APP}/deployments/{id_}/statuses", said)
    made.append(deployment(912, "J", ago(2), by="zoe"))
    fake.answer(f"{APP}/deployments/912/statuses", [status("failure", ago(2)), status("in_progress", ago(2))])
    newest_first = sorted(made, key=lambda one: str(one["created_at"]), reverse=True)
    fake.answer(f"{APP}/deployments", newest_first, environment="production")
    fake.answer(f"{TRAINING}/deployments", [])
    origins = {
        501: run(501, ago(70, minutes=20), event="workflow_dispatch", by="ann"),
        502: run(502, ago(20, minutes=20), event="workflow_dispatch", by="bea"),
        503: run(503, ago(60, minutes=20), event="push", by="ann", commit="C"),
        504: run(504, ago(40, minutes=20), event="workflow_dispatch", by="release[bot]"),
    }
    for id_, found in origins.items():
        fake.answer(f"{APP}/actions/runs/{id_}", found)
        fake.answer(f"{APP}/actions/runs/{id_}/approvals", [])
    given = [approval("dan"), approval("eve", "rejected"), approval("gate[bot]")]
    fake.answer(f"{APP}/actions/runs/503/approvals", given)
    fake.answer(f"{APP}/environments/production", payload("environment"))
    for (before, after), (days, hours) in CHANGED.items():
        commits = [(f"{after}-{at}", ago(days, hours=back), "Work") for at, back in enumerate(hours)]
        fake.answer(f"{APP}/compare/{sha(before)}...{sha(after)}", comparison(*commits))
    # D...E is left out: 404, the history was rewritten. F brings the change with the hotfix label.
    mended = comparison(("merge-5", ago(20 - 20 / 24, hours=1), "Mend the model (#5)"))
    fake.answer(f"{APP}/compare/{sha('E')}...{sha('F')}", mended)


def _tests_of_releases(fake: FakeGithub) -> None:
    days = {commit: ago for _, commit, ago, _, _ in RELEASES} | {"A": 100.0, "C": 60.0}
    ids = {"A": 402, "B": 401, "D": 404, "E": 405, "F": 406, "G": 407, "H": 408, "I": 409}
    for commit, id_ in ids.items():
        end = "failure" if commit == "I" else "success"
        fake.answer(
            f"{APP}/actions/runs",
            runs(run(id_, ago(days[commit], hours=2), commit=commit, conclusion=end)),
            head_sha=sha(commit),
        )
        step = "Compile" if commit == "E" else "pytest"
        # The tests of F were over only after it had gone live.
        tested_at = ago(days[commit], hours=-1) if commit == "F" else ago(days[commit], hours=1)
        fake.answer(f"{APP}/actions/runs/{id_}/jobs", jobs(job("build", tested_at, (step, "success"))))
    # C was tested by the run that deployed it, before it did.
    fake.answer(f"{APP}/actions/runs", runs(run(503, ago(60, minutes=20), commit="C")), head_sha=sha("C"))
    fake.answer(
        f"{APP}/actions/runs/503/jobs", jobs(job("test", ago(60, minutes=15), ("Set up job", "success")))
    )


def _trials(fake: FakeGithub) -> None:
    # commit, days ago of the success in staging
    tried: tuple[tuple[int, str, float], ...] = (
        (801, "A", 101),
        (802, "B", 70 + 1 / 24),
        (803, "C", 60 + 2 / 1440),
        (804, "D", 39),
        (805, "G", 11),
        (806, "H", 5.5),
        (807, "I", 2),
        (808, "never-live", 3),
    )
    rows = [
        deployment(id_, commit, ago(days, minutes=5), env="staging", by=BOT) for id_, commit, days in tried
    ]
    fake.answer(
        f"{APP}/deployments",
        sorted(rows, key=lambda one: str(one["created_at"]), reverse=True),
        environment="staging",
    )
    for id_, commit, days in tried:
        if commit != "never-live":
            fake.answer(
                f"{APP}/deployments/{id_}/statuses",
                [status("inactive", ago(days - 1)), status("success", ago(days))],
            )
