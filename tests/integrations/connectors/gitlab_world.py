"""One team's GitLab, told in rows: an application and a training project, half a year of releases. Values by hand are in
test_gitlab_collect.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import (
    BOT,
    ROBOT,
    ago,
    approval_rule,
    approvals,
    bridge,
    change,
    comparison,
    content,
    deployment,
    details,
    environment,
    given_approval,
    job,
    payload,
    pipeline,
    project,
    protected,
    report,
    row,
    sha,
    tree,
    user,
)

APP, TRAINING = "projects/101", "projects/102"
# A filter of the question, where a fake has to tell listings of one path apart.
CHILD: dict[str, Any] = {"source": "parent_pipeline"}

OPTIONS: dict[str, Any] = {
    "repositories": ["team/app app", "102 training"],
    "training_jobs": ["train", "Nightly training"],
    "preproduction_environments": ["Staging"],
}


def build_world(fake: FakeGitlab) -> None:
    _code(fake)
    _changes(fake)
    _ci(fake)
    _training(fake)
    _releases(fake)
    _tests_of_releases(fake)
    _trials(fake)


def _code(fake: FakeGitlab) -> None:
    fake.answer("projects/team/app", project(101, "team/app"))
    fake.answer("projects/102", project(102, "team/training"))
    for base in (APP, TRAINING):
        fake.answer(f"{base}/repository/commits", [row("commit", id=sha("head"))], ref_name="main")
    folder = {**tree("tests")[0], "type": "tree"}
    fake.answer(
        f"{APP}/repository/tree",
        tree("app.py", "model.py", "test_app.py", ".gitlab-ci.yml", "Dockerfile", "MODEL_CARD.md", "vendor/x.py"),
    )  # fmt: skip
    fake.answer(
        f"{TRAINING}/repository/tree",
        [folder, *tree("train.py", "explore.ipynb", "tests/test_train.py", "load.sql", "requirements.txt", "dvc.yaml",
                       ".gitlab-ci.yml", ".ipynb_checkpoints/explore-checkpoint.ipynb")],
    )  # fmt: skip
    fake.answer(f"{TRAINING}/repository/files/requirements.txt", content("numpy==2.1.0\npandas>=2\n"))
    fake.answer(
        f"{APP}/protected_branches", [protected("release/*", {"access_level": 40}), protected("main")]
    )
    fake.answer(f"{TRAINING}/protected_branches", [protected("ma*")])
    fake.answer(f"{APP}/approval_rules", [approval_rule()])
    only = {"protected_branches": [{"name": "main"}], "rule_type": "regular", "approvals_required": 2}
    fake.answer(f"{TRAINING}/approval_rules", [approval_rule(**only)])
    for name in ("ann", "bea", "bob", "carl", "dan", "eve", "fay"):
        fake.answer(f"users/{user(name)['id']}", row("user", **user(name)))
    fake.answer(f"users/{user(ROBOT)['id']}", payload("service_account"))


def _changes(fake: FakeGitlab) -> None:
    mended = ago(20) + timedelta(hours=18)
    found = [
        change(8, ago(2), author=ROBOT),
        change(6, ago(2.5), author=BOT),
        change(1, ago(3)),
        change(2, ago(4), merge_commit_sha=None),
        change(3, ago(5)),
        change(4, ago(6)),
        change(9, ago(8), target_branch="release"),
        change(5, mended, labels=["HotFix"], merge_commit_sha=None, squash_commit_sha=sha("merge-5")),
        change(7, ago(100)),
    ]
    fake.answer(f"{APP}/merge_requests", found, state="merged", target_branch="main")
    fake.answer(f"{TRAINING}/merge_requests", [change(11, ago(7), author="carl")], state="merged")
    before, after = timedelta(hours=-1), timedelta(hours=1)
    given = {
        1: approvals(("bob", ago(3) + before)),
        2: approvals(("ann", ago(4) + before), ("bob", ago(4) + before)),
        3: approvals(("bob", None)),
        4: approvals(("ann", ago(6) + before), (BOT, ago(6) + before), (ROBOT, ago(6) + before)),
        5: approvals(("bob", mended + after)),
    }
    for iid, answer in given.items():
        fake.answer(f"{APP}/merge_requests/{iid}/approvals", answer)
    fake.answer(f"{TRAINING}/merge_requests/11/approvals", approvals(("dan", ago(7) + before)))


def _ci(fake: FakeGitlab) -> None:
    for base in (APP, TRAINING):
        fake.answer(f"{base}/pipelines", [])
        fake.answer(
            f"{base}/pipelines",
            [pipeline(299, ago(1), source="external"), pipeline(201, ago(1))],
            per_page=20,
        )
    failed = (208, 209, 210)
    counted = [
        pipeline(id_, ago(id_ - 200), status="failed" if id_ in failed else "success")
        for id_ in range(201, 211)
    ]
    others = [
        pipeline(211, ago(2), status="canceled"),
        pipeline(212, ago(2), status="skipped"),
        pipeline(213, ago(2), source="external"),
        pipeline(214, ago(2), ref="dev"),
        # Made before the window and retried in it.
        pipeline(215, ago(40), minutes=20 * 24 * 60),
    ]
    fake.answer(f"{APP}/pipelines", [*counted, *others], ref="main", scope="finished")
    own = [pipeline(221, ago(3)), pipeline(222, ago(4))]
    fake.answer(f"{TRAINING}/pipelines", own, ref="main", scope="finished")
    shown = {
        208: [job(2081, "build", ago(8)), job(2082, "pytest", ago(8), "failed")],
        209: [job(2091, "pytest", ago(9), "skipped")],
        210: [job(2101, "latest-build", ago(10))],
    }
    for id_ in range(201, 211):
        jobs = shown.get(id_, [job(id_ * 10, "build", ago(1)), job(id_ * 10 + 1, "pytest 3.12", ago(1))])
        fake.answer(f"{APP}/pipelines/{id_}/jobs", jobs)
        fake.answer(f"{APP}/pipelines/{id_}/bridges", [bridge(230), bridge(9_999)] if id_ == 210 else [])
        fake.answer(
            f"{APP}/pipelines/{id_}/test_report_summary", report({201: 10, 202: 20, 203: 30}.get(id_, 0))
        )
    fake.answer(f"{APP}/pipelines/230/jobs", [job(2301, "integration", ago(10))])
    fake.answer(f"{TRAINING}/pipelines/221/jobs", [job(2211, "unit_test", ago(3))])
    fake.answer(f"{TRAINING}/pipelines/222/jobs", [job(2221, "tox", ago(4), "failed")])
    fake.answer(f"{TRAINING}/pipelines/221/test_report_summary", report(40))
    fake.answer(f"{TRAINING}/pipelines/222/test_report_summary", report(0))
    of_changes = {
        "merge-1": pipeline(601, ago(3)),
        "head-2": pipeline(602, ago(4), source="merge_request_event", status="failed"),
        "merge-3": pipeline(603, ago(5), source="web"),
        "merge-4": pipeline(604, ago(6), status="canceled"),
        "merge-5": pipeline(605, ago(19)),
    }
    for name, found in of_changes.items():
        fake.answer(f"{APP}/pipelines", [{**found, "sha": sha(name)}], sha=sha(name))
    external = pipeline(606, ago(7), source="external", commit="merge-11")
    fake.answer(f"{TRAINING}/pipelines", [external], sha=sha("merge-11"))


# number, days ago, source, who started it, how it ended
TRAINED: tuple[tuple[int, float, str, str, str], ...] = (
    (301, 3, "schedule", "ann", "success"),
    (302, 10, "schedule", "ann", "failed"),
    (303, 20, "web", "ann", "success"),
    (304, 25, "api", "carl", "success"),
    (305, 40, "api", "project_102_bot_77aa", "success"),
    (306, 50, "trigger", "ann", "success"),
    (307, 5, "parent_pipeline", "ann", "success"),
    (308, 60, "push", "ann", "success"),
    (309, 45, "schedule", "ann", "success"),
    (310, 70, "pipeline", "ann", "failed"),
    (312, 95, "schedule", "ann", "success"),
    (313, 0.1, "schedule", "ann", "running"),
)


def _training(fake: FakeGitlab) -> None:
    listed = [job(3110, "train", ago(2), "manual", pipeline=311), job(3111, "build", ago(2), pipeline=311)]
    for id_, days, source, by, status in TRAINED:
        found = details(id_, ago(days), by=by, source=source, status=status, commit=f"t{id_}", minutes=120)
        fake.answer(f"{TRAINING}/pipelines/{id_}", found)
        listed.append(job(id_ * 10, "Train", ago(days), pipeline=id_))
    listed.append(job(3021, "train", ago(10), "failed", pipeline=302))
    fake.answer(f"{TRAINING}/jobs", sorted(listed, key=lambda one: str(one["created_at"]), reverse=True))
    fake.answer(f"{APP}/jobs", [job(2011, "pytest", ago(1), pipeline=201)])
    # The child's parent: found among the pipelines of its commit by the bridge that leads to it.
    parents = [
        pipeline(318, ago(5.5), commit="t307"),
        pipeline(317, ago(5, minutes=5), source="schedule", commit="t307"),
    ]
    fake.answer(f"{TRAINING}/pipelines", parents, sha=sha("t307"))
    child = pipeline(307, ago(5), source="parent_pipeline", commit="t307")
    fake.answer(f"{TRAINING}/pipelines", [child], sha=sha("t307"), **CHILD)
    fake.answer(f"{TRAINING}/pipelines/317/bridges", [bridge(307)])
    fake.answer(f"{TRAINING}/pipelines/318/bridges", [])
    fake.answer(
        f"{TRAINING}/pipelines/317", details(317, ago(5, minutes=5), source="schedule", commit="t307")
    )
    nightly = pipeline(314, ago(8), source="schedule", name="Nightly training")
    # Old servers do not know the filter by name, and answer with all.
    fake.answer(f"{TRAINING}/pipelines", [nightly, pipeline(399, ago(8))], name="Nightly training")
    fake.answer(f"{TRAINING}/pipelines", [], name="Nightly training", **CHILD)
    fake.answer(f"{TRAINING}/pipelines/314", details(314, ago(8), source="schedule"))


# id, commit, days ago, who deployed, pipeline
RELEASES: tuple[tuple[int, str, float, str, int], ...] = (
    (901, "A", 100, BOT, 0),
    (902, "B", 70, "ann", 501),
    (903, "A", 69.75, BOT, 0),
    (904, "C", 60, "ann", 503),
    (905, "C", 60 - 1 / 24, BOT, 0),
    (906, "D", 40, "bea", 504),
    (907, "E", 20, "bea", 502),
    (908, "F", 20 - 20 / 24, "ann", 505),
    (909, "G", 10, "carl", 0),
    (910, "H", 5, "ann", 507),
    (911, "I", 1, BOT, 508),
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


def _releases(fake: FakeGitlab) -> None:
    environments = [
        environment("review/x", "development"),
        environment("production", "production"),
        environment("staging", "staging"),
    ]
    fake.answer(f"{APP}/environments", environments)
    fake.answer(f"{TRAINING}/environments", [])
    made = [
        deployment(id_, commit, ago(days), by=by, pipeline_id=run) for id_, commit, days, by, run in RELEASES
    ]
    newest_first = made[::-1]
    fake.answer(f"{APP}/deployments", newest_first, environment="production", status="success")
    before = [deployment(900, "P0", ago(200))]
    fake.answer(f"{APP}/deployments", before, environment="production", per_page=1, order_by="finished_at")
    origins = {
        501: details(501, ago(70, minutes=20), source="web"),
        502: details(502, ago(20, minutes=20), source="api", by="bea"),
        503: details(503, ago(60, minutes=20), commit="C"),
        504: details(504, ago(40, minutes=20)),
        505: details(505, ago(20 - 20 / 24, minutes=15), source="parent_pipeline", commit="F"),
        515: details(515, ago(20 - 20 / 24, minutes=20), source="schedule", commit="F"),
        508: details(508, ago(1, minutes=20), source="trigger", by=BOT),
    }
    for id_, found in origins.items():
        fake.answer(f"{APP}/pipelines/{id_}", found)
    fake.answer(f"{APP}/pipelines/515/bridges", [bridge(505)])
    for one in made:
        shown = {**one, "approvals": [], "pending_approval_count": 0}
        if one["id"] == 911:
            shown["approvals"] = [
                given_approval("dan"),
                given_approval("eve", "rejected"),
                given_approval(BOT),
            ]
        if one["id"] == 908:
            shown["approval_summary"] = {
                "rules": [{"required_approvals": 1, "deployment_approvals": [given_approval("fay")]}]
            }
        fake.answer(f"{APP}/deployments/{one['id']}", shown)
    for (old, new), (days, hours) in CHANGED.items():
        commits = [(f"{new}-{at}", ago(days, hours=back), "Work") for at, back in enumerate(hours)]
        fake.answer(f"{APP}/repository/compare", comparison(*commits), **between(old, new))
    # D...E is left out: 404, the history was rewritten. F brings the change with the hotfix label.
    mended = comparison(("merge-5", ago(20 - 20 / 24, hours=1), "Mend the model"))
    fake.answer(f"{APP}/repository/compare", mended, **between("E", "F"))


def between(old: str, new: str) -> dict[str, Any]:
    """The question of a comparison; `from` is a word of the language."""
    return {"from": sha(old), "to": sha(new)}


def _tests_of_releases(fake: FakeGitlab) -> None:
    days = {commit: ago_ for _, commit, ago_, _, _ in RELEASES} | {"A": 100.0, "C": 60.0}
    ids = {"A": 402, "B": 401, "D": 404, "E": 405, "F": 406, "G": 407, "H": 408, "I": 409}
    for commit, id_ in ids.items():
        status = "failed" if commit == "I" else "success"
        found = pipeline(id_, ago(days[commit], hours=2), commit=commit, status=status)
        more = (
            [pipeline(515, ago(days[commit], minutes=20), commit=commit, source="schedule")]
            if commit == "F"
            else []
        )
        fake.answer(f"{APP}/pipelines", [*more, found], sha=sha(commit))
        # The tests of F were over only after it had gone live.
        tested_at = ago(days[commit], hours=-1) if commit == "F" else ago(days[commit], hours=1)
        name = "compile" if commit == "E" else "pytest"
        fake.answer(f"{APP}/pipelines/{id_}/jobs", [job(id_ * 10, name, tested_at)])
        fake.answer(f"{APP}/pipelines/{id_}/bridges", [])
    fake.answer(f"{APP}/pipelines/515/jobs", [job(5150, "fetch", ago(19))])
    fake.answer(f"{APP}/pipelines/505/jobs", [job(5050, "deploy", ago(19))])
    child = pipeline(505, ago(days["F"], minutes=15), commit="F", source="parent_pipeline")
    fake.answer(f"{APP}/pipelines", [child], sha=sha("F"), **CHILD)
    # C was tested by the pipeline that deployed it, before it did.
    fake.answer(f"{APP}/pipelines", [pipeline(503, ago(60, minutes=20), commit="C")], sha=sha("C"))
    fake.answer(f"{APP}/pipelines/503/jobs", [job(5030, "test", ago(60, minutes=15))])


def _trials(fake: FakeGitlab) -> None:
    # commit, days ago of the success in staging
    tried: tuple[tuple[int, str, float], ...] = (
        (801, "A", 101),
        (802, "B", 70 + 1 / 24),
        (803, "C", 60 + 2 / 1440),
        (804, "D", 39),
        (805, "G", 11),
        (806, "H", 5.5),
        (807, "I", 2),
    )
    rows = [deployment(id_, commit, ago(days), env="staging") for id_, commit, days in tried]
    fake.answer(f"{APP}/deployments", rows[::-1], environment="staging", status="success")
