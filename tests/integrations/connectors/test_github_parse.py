"""The pure half of the GitHub connector: rows and paths in, facts out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.connectors.common.changes import is_hotfix
from integrations.connectors.common.globs import Globs, refusal
from integrations.connectors.common.payload import moment, page_url, record, rows
from integrations.connectors.common.places import Named, Role
from integrations.connectors.common.pool import Count, Share, every, pooled, some, summed
from integrations.connectors.common.releases import (
    Deployment,
    Release,
    distinct,
    is_staged,
    remedies,
    returns,
    steps,
)
from integrations.connectors.common.runs import covers_change, on_branch
from integrations.connectors.common.setup import TEST_WORDS, words_pattern
from integrations.connectors.common.tree import (
    PATTERNS,
    Listing,
    has_data_check_files,
    has_pipeline_file,
    imports_data_checks,
    is_cloudformation,
    is_pinned,
)
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.changes import is_approved, last_update, merged_changes
from integrations.connectors.github.guards import Guard, guard_of_protection, guard_of_rules
from integrations.connectors.github.options import read_setup
from integrations.connectors.github.payload import is_person
from integrations.connectors.github.releases import read_commits, read_deployments, read_release
from integrations.connectors.github.runs import (
    find_test_steps,
    read_run,
    read_runs,
    read_workflows,
    workflows_meant,
)
from integrations.connectors.github.tree import read_listing
from tests.integrations.connectors.github_rows import (
    UNTIL,
    ago,
    comparison,
    deployment,
    job,
    payload,
    pull,
    review,
    rule,
    run,
    sha,
    status,
    tree,
    user,
    workflow,
)

GAP = Unread("unauthorized", "hidden")


# --- paths


@pytest.mark.parametrize(
    ("signal", "there", "absent"),
    [
        ("repo.has_lockfile", "sub/uv.lock", "uv.lock.md"),
        ("repo.has_dependency_manifest", "requirements-dev.txt", "requirements.md"),
        ("repo.has_dependency_manifest", "environment.yaml", "environment.txt"),
        ("repo.has_pipeline_definition", "ml/dags/train.py", "dags/readme.md"),
        ("repo.has_pipeline_definition", "Snakefile", "Snakefile.md"),
        ("repo.has_ci_config", ".github/workflows/ci.yaml", ".github/workflows/old/ci.yaml"),
        ("repo.has_ci_config", "Jenkinsfile", "docs/Jenkinsfile.md"),
        ("repo.has_ci_config", ".gitlab-ci.yml", "templates/.gitlab-ci.yml"),
        ("repo.has_container_definition", "docker/app.dockerfile", "Dockerfiles/notes.md"),
        ("repo.has_iac", "infra/main.tf", "main.tfvars"),
        ("repo.has_iac", "ansible/roles/web/tasks/main.yml", "roles/main.yml"),
        ("repo.has_data_checks", "great_expectations/suite.json", "great_expectations.md"),
        ("repo.has_model_card", "docs/cards/model_card_v2.md", "cards/model_card.md"),
        ("repo.has_model_card", "MODEL_CARD.md", "MODELCARD.md"),
    ],
)
def test_patterns_find_the_file_and_not_its_like(signal: str, there: str, absent: str) -> None:
    assert PATTERNS[signal].matches(there)
    assert not PATTERNS[signal].matches(absent)


def test_listing_leaves_out_vendored_folders_checkpoints_and_everything_but_files() -> None:
    answer = tree(
        "a.py", "b.R", "n.ipynb", "node_modules/x.js", ".ipynb_checkpoints/n-checkpoint.ipynb", "README.md"
    )
    answer["tree"].append(
        {"path": "lib.py", "type": "commit", "mode": "160000", "sha": sha("sub"), "url": ""}
    )
    listing = read_listing(answer)
    assert (listing.code, listing.notebooks, listing.is_truncated) == (
        ("a.py", "b.R", "n.ipynb"),
        ("n.ipynb",),
        False,
    )


@pytest.mark.parametrize(
    ("paths", "is_training", "expected"),
    [
        (("ml/train.py", "ml/pipeline.yml"), False, True),
        (("ml/train.py", "deploy/pipeline.yml"), False, False),
        (("deploy/pipeline.yml",), True, True),
        (("a.py", "azure-pipelines.yml"), True, False),
        (("a.py", ".github/workflows/pipeline.yml"), True, False),
    ],
)
def test_a_pipeline_file_counts_beside_code_and_not_as_ci(
    paths: tuple[str, ...], is_training: bool, expected: bool
) -> None:
    assert has_pipeline_file(Listing(paths), is_training=is_training) is expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("dbt/dbt_project.yml", "dbt/tests/a.sql"), True),
        (("tests/a.sql",), False),
        (("data/load.py", "data/raw.schema.json"), True),
        (("docs/raw.schema.json",), False),
    ],
)
def test_data_checks_by_name(paths: tuple[str, ...], expected: bool) -> None:
    assert has_data_check_files(Listing(paths)) is expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("numpy==2.1.0\npandas==2.2.3 ; python_version > '3.9'\n", True),
        ("# top\n-r base.txt\n--index-url https://x\nnumpy==2.1.0 \\\n  --hash=sha256:aa\n", True),
        ("uvicorn[standard]==0.30.0\n", True),
        ("numpy>=2\n", False),
        ("numpy\n", False),
        ("numpy==2.*\n", False),
        ("-e .\nnumpy==2.1.0\n", False),
        ("numpy==2.1.0\nlib @ https://x/lib.whl\n", False),
        ("-r base.txt\n", False),
        ("", False),
    ],
)
def test_requirements_are_pinned_when_every_line_is(content: str, expected: bool) -> None:
    assert is_pinned(content) is expected


def test_content_of_templates_and_of_checks() -> None:
    assert is_cloudformation("Resources:\n  B:\n    Type: AWS::S3::Bucket\n")
    assert not is_cloudformation("kind: Template\n")
    assert imports_data_checks("import os\nimport pandera as pa\n")
    assert not imports_data_checks("# import pandera\nname = 'pandera'\n")


def test_globs_keep_a_star_within_a_folder_and_refuse_what_could_stall() -> None:
    globs = Globs(["jobs/*.yaml", "*_spec.py", "/only_root.txt"])
    assert [globs.matches(p) for p in ("jobs/a.yaml", "jobs/x/a.yaml", "deep/a_spec.py", "only_root.txt", "x/only_root.txt")] == [
        True, False, True, True, False,
    ]  # fmt: skip
    assert refusal("checks/**/*.py") == ""
    assert "five" in refusal("*a*a*a*a*a*b").replace("5", "five")


# --- options


def test_setup_reads_roles_names_and_tells_what_it_cannot_use() -> None:
    setup = read_setup(
        {
            "repositories": "octo/app app\nocto/both\nocto/app infra\n../../etc app\nocto/x boss",
            "training_workflows": ["octo/app:train.yml", "Nightly: big", ""],
            "hotfix_marks": [],
        }
    )
    assert [(m.full_name, m.roles) for m in setup.repositories if not m.problem] == [
        ("octo/app", frozenset({Role.APP, Role.INFRA})),
        ("octo/both", frozenset({Role.APP, Role.TRAINING})),
    ]
    assert setup.training_workflows == (Named("train.yml", "octo/app"), Named("Nightly: big"))
    assert setup.hotfix_marks == ("hotfix",)
    assert len(setup.notes) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Run tests", True), ("unit_test", True), ("pytest (3.11)", True), ("E2E", True),
        ("latest", False), ("contest", False), ("Build", False),
    ],
)  # fmt: skip
def test_words_are_whole_and_of_either_case(name: str, expected: bool) -> None:
    assert bool(words_pattern(TEST_WORDS).search(name)) is expected


def test_words_of_a_team_are_no_pattern_language() -> None:
    assert not words_pattern("(a+)+$").search("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")
    assert not words_pattern(" | ").search("anything")


# --- payload


@pytest.mark.parametrize("data", [None, {}, "x", 3, {"jobs": None}, {"jobs": {}}])
def test_rows_of_another_shape_are_unread(data: Any) -> None:
    with pytest.raises(Unread) as caught:
        rows(data, "jobs")
    assert caught.value.reason == "unreachable"


def test_record_of_another_shape_is_unread() -> None:
    with pytest.raises(Unread):
        record([])


def test_people_are_told_from_apps() -> None:
    accounts = [user("ann"), user("ci[bot]"), {"login": "old[bot]", "type": "User"}, {"login": "ann"}, {}]
    assert [is_person(account) for account in accounts] == [True, False, False, True, False]


def test_moments_are_in_utc_and_unreadable_ones_are_none() -> None:
    assert moment({"at": "2026-06-30T14:00:00+02:00"}, "at") == UNTIL
    assert [moment({"at": bad}, "at") for bad in ("", "soon", None, 3)] == [None] * 4
    assert page_url("javascript:alert(1)") == ""


# --- changes


def test_merged_changes_are_of_the_branch_once_and_newest_first() -> None:
    found = merged_changes(
        [
            pull(1, ago(3)),
            pull(2, ago(1)),
            pull(1, ago(3)),
            pull(3, None),
            pull(4, ago(2), base="dev"),
            pull(5, ago(-1)),
        ],
        branch="main",
        until=UNTIL,
    )
    assert [change.number for change in found] == [2, 1]


def test_a_change_of_an_author_who_left_is_a_persons() -> None:
    gone = {**pull(1, ago(1)), "user": None}
    assert [
        c.is_by_person
        for c in merged_changes([gone, pull(2, ago(2), author="x[bot]")], branch="main", until=UNTIL)
    ] == [True, False]


def test_an_approval_counts_from_another_person_before_the_merge() -> None:
    (change,) = merged_changes([pull(1, ago(1))], branch="main", until=UNTIL)
    early, late = ago(2), ago(0.5)
    assert is_approved(change, [review("bob", early)])
    assert not is_approved(change, [review("ann", early), review("Ann", early), review("x[bot]", early)])
    assert not is_approved(change, [review("bob", late), review("bob", early, "DISMISSED")])
    assert not is_approved(change, [{**review("bob", early), "user": None}])


def test_a_hotfix_is_marked_by_label_or_by_the_beginning_of_its_branch() -> None:
    def change(**over: Any) -> Any:
        return merged_changes([pull(1, ago(1), **over)], branch="main", until=UNTIL)[0]

    assert is_hotfix(change(labels=("HotFix",)), ["hotfix"])
    assert is_hotfix(change(ref="hotfix/login"), ["hotfix"])
    assert not is_hotfix(change(ref="no-hotfix", labels=("hotfix-later",)), ["hotfix"])
    assert last_update([pull(1, ago(1)), pull(2, ago(4))]) == ago(4)


# --- guards


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], Guard()),
        ([rule("pull_request", required_approving_review_count=0)], Guard()),
        ([rule("pull_request", required_approving_review_count=2)], Guard(needs_approval=True)),
        ([rule("required_status_checks", required_status_checks=[])], Guard()),
        (
            [rule("required_status_checks", required_status_checks=[{"context": "b"}])],
            Guard(needs_checks=True),
        ),
    ],
)
def test_rules_of_a_branch(rules: list[Any], expected: Guard) -> None:
    assert guard_of_rules(rules) == expected


def test_classic_protection_needs_an_approval_and_a_check() -> None:
    whole = payload("protection")
    assert guard_of_protection(whole) == Guard(needs_approval=True, needs_checks=True)
    no_check = {**whole, "required_status_checks": {"strict": True, "contexts": [], "checks": []}}
    assert guard_of_protection(no_check) == Guard(needs_approval=True)
    none = {**whole, "required_pull_request_reviews": {"required_approving_review_count": 0}}
    assert guard_of_protection(none) == Guard(needs_checks=True)
    assert guard_of_protection({}) == Guard()


# --- runs


def test_runs_are_kept_once_and_without_id_or_time_left_out() -> None:
    found = read_runs(
        [run(1, ago(2)), run(2, ago(1)), run(1, ago(2)), {**run(3, ago(1)), "id": None}, {"id": 4}]
    )
    assert [one.id for one in found] == [2, 1]


def test_runs_of_the_branch_are_its_own_and_came_to_an_end() -> None:
    fork = {**run(1, ago(1))["head_repository"], "id": 9}
    found = read_runs(
        [run(1, ago(1)), run(2, ago(1), conclusion="cancelled"), run(3, ago(1), head_repository=fork),
         run(4, ago(1), head_branch="dev"), run(5, ago(1), status="in_progress", conclusion=None),
         run(6, ago(1), conclusion="timed_out")]
    )  # fmt: skip
    assert {one.id for one in on_branch(found, "main")} == {1, 6}


@pytest.mark.parametrize(
    ("event", "by", "manual", "machine"),
    [
        ("workflow_dispatch", "ann", True, False),
        ("workflow_dispatch", "x[bot]", False, True),
        ("workflow_run", "x[bot]", False, True),
        ("workflow_run", "ann", False, False),
        ("repository_dispatch", "ann", False, True),
        ("schedule", "ann", False, False),
        ("push", "ann", False, False),
    ],
)
def test_who_started_a_run(event: str, by: str, manual: bool, machine: bool) -> None:
    found = read_run(run(1, ago(1), event=event, by=by))
    assert found is not None
    assert (found.is_manual, found.is_by_machine_event) == (manual, machine)


def test_the_starter_is_the_triggering_actor_not_the_first() -> None:
    found = read_run(
        {
            **run(1, ago(1), event="workflow_dispatch"),
            "actor": user("x[bot]"),
            "triggering_actor": user("ann"),
        }
    )
    assert found is not None
    assert (found.starter, found.is_manual) == ("ann", True)


def test_test_steps_are_those_that_came_to_an_end() -> None:
    pattern = words_pattern(TEST_WORDS)
    passed = find_test_steps([job("build", ago(1), ("Set up", "success"), ("pytest", "success"))], pattern)
    assert (passed.has_run, passed.passed_at) == (True, ago(1))
    failed = find_test_steps([job("build", ago(1), ("pytest", "failure"), conclusion="failure")], pattern)
    assert (failed.has_run, failed.passed_at) == (True, None)
    skipped = find_test_steps([job("test", ago(1), ("pytest", "skipped"), conclusion="skipped")], pattern)
    assert (skipped.has_run, skipped.passed_at) == (False, None)


def test_a_change_is_covered_by_a_run_that_nobody_started_by_hand() -> None:
    def covered(**over: Any) -> bool:
        return covers_change(read_runs([run(1, ago(1), **over)]))

    assert covered(event="merge_group")
    assert covered(event="pull_request", conclusion="failure")
    assert not covered(event="workflow_dispatch")
    assert not covered(event="push", conclusion="skipped")


def test_workflows_answer_to_file_path_name_and_number() -> None:
    flows = read_workflows(
        {
            "workflows": [
                workflow(2, ".github/workflows/train.yml", "Train model"),
                workflow(3, ".github/workflows/ci.yml", "CI"),
            ]
        }
    )
    for name in ("train.yml", ".github/workflows/train.yml", "train MODEL", "2"):
        assert [flow.id for flow in workflows_meant([Named(name)], flows, "octo/app")] == [2]
    assert workflows_meant([Named("train.yml", "octo/other")], flows, "octo/app") == ()


# --- releases


def release(id_: int, commit: str, hours: float, env: str = "production") -> Release:
    at = ago(10) + timedelta(hours=hours)
    return Release(Deployment(id_, sha(commit), env, at, "ann", is_by_person=True), at)


def test_deployments_are_of_the_environment_in_either_case_and_once() -> None:
    given = [deployment(1, "a", ago(2)), deployment(2, "b", ago(1), env="Production"), deployment(1, "a", ago(2)),
             deployment(3, "c", ago(1), env="staging"), deployment(4, "d", ago(-1)), {**deployment(5, "e", ago(1)), "sha": "../x"}]  # fmt: skip
    assert [one.id for one in read_deployments(given, environment="production", until=UNTIL)] == [2, 1]


def test_a_release_is_any_success_however_it_ended() -> None:
    (one,) = read_deployments([deployment(1, "a", ago(2))], environment="production", until=UNTIL)
    inactive = [
        status("inactive", ago(1)),
        status("success", ago(1.5), run_id=77),
        status("in_progress", ago(2)),
    ]
    found = read_release(one, inactive, until=UNTIL)
    assert found is not None
    assert (found.finished_at, found.run_id) == (ago(1.5), 77)
    assert read_release(one, [status("failure", ago(1)), status("inactive", ago(1))], until=UNTIL) is None
    assert read_release(one, [status("success", ago(-1))], until=UNTIL) is None


def test_the_same_commit_counts_once_a_day_and_environment() -> None:
    found = distinct(
        [release(1, "a", 0), release(2, "a", 1), release(3, "a", 25), release(4, "a", 2, env="eu")]
    )
    assert [one.deployment.id for one in found] == [1, 4, 3]


def test_a_return_is_to_a_commit_that_was_live_before_and_no_repeat() -> None:
    sequence = steps(
        [release(1, "a", 0), release(2, "b", 1), release(3, "b", 2), release(4, "a", 3), release(5, "c", 4)]
    )
    assert [one.deployment.id for one in sequence] == [1, 2, 4, 5]
    assert returns(sequence) == [(2, 0)]


def test_a_return_remedies_all_since_that_commit_was_live() -> None:
    sequence = steps([release(1, "a", 0), release(2, "b", 1), release(3, "c", 3), release(4, "a", 9)])
    assert [(r.faulty.deployment.id, r.hours) for r in remedies(sequence, lambda _: False)] == [
        (2, 8),
        (3, 6),
    ]


def test_a_remedy_comes_within_seven_days() -> None:
    late = 7 * 24 + 1.5
    sequence = steps([release(1, "a", 0), release(2, "b", 1), release(3, "c", 2), release(4, "a", late)])
    assert [r.faulty.deployment.id for r in remedies(sequence, lambda _: False)] == [3]


def test_a_hotfix_mends_the_release_before_it_unless_that_was_a_return() -> None:
    sequence = steps([release(1, "a", 0), release(2, "b", 1), release(3, "fix", 3), release(4, "c", 4)])
    mended = remedies(sequence, lambda one: one.sha == sha("fix"))
    assert [(r.faulty.deployment.id, r.hours) for r in mended] == [(2, 2)]
    back = steps([release(1, "a", 0), release(2, "b", 1), release(3, "a", 2), release(4, "fix", 3)])
    assert [r.faulty.deployment.id for r in remedies(back, lambda one: one.sha == sha("fix"))] == [2]


@pytest.mark.parametrize(("minutes", "expected"), [(4, False), (5, True), (-10, False)])
def test_a_trial_is_at_least_five_minutes_before(minutes: float, expected: bool) -> None:
    trial = release(1, "a", 0, env="staging")
    assert is_staged(release(2, "a", minutes / 60), [trial]) is expected
    assert not is_staged(release(3, "b", 10), [trial])


def test_commits_of_a_comparison_have_their_committers_date() -> None:
    (commit,) = read_commits(comparison(("x", ago(3), 'Revert "Model"\n\nbody'))["commits"])
    assert (commit.sha, commit.committed_at, commit.title, commit.is_revert) == (
        sha("x"),
        ago(3),
        'Revert "Model"',
        True,
    )


# --- pooling


def test_counts_are_summed_and_a_gap_makes_a_lower_bound_but_never_a_zero() -> None:
    whole = summed("ci.runs_30d", [Count(2), Count(3)])
    assert (whole.value, whole.bound) == (5, "exact")
    part = summed("ci.runs_30d", [Count(2), GAP])
    assert (part.value, part.bound) == (2, "lower")
    assert (summed("ci.runs_30d", [Count(0), GAP]).value, summed("ci.runs_30d", [Count(0), GAP]).reason) == (
        None,
        "unauthorized",
    )
    assert summed("ci.runs_30d", [Count(0, is_lower=True)]).reason == "truncated"
    assert (summed("ci.runs_30d", [Count(0)]).value, summed("ci.runs_30d", [Count(0)]).bound) == (0, "exact")


def test_shares_are_pooled_not_averaged_and_unknown_with_a_gap() -> None:
    found = pooled("ci.success_rate_30d", [Share(1, 1), Share(0, 9)], at_least=10)
    assert (found.value, found.numerator, found.denominator) == (0.1, 1, 10)
    assert pooled("ci.success_rate_30d", [Share(1, 1), GAP]).reason == "unauthorized"
    small = pooled("ci.success_rate_30d", [Share(1, 9)], at_least=10)
    assert (small.value, small.reason, small.numerator, small.denominator) == (
        None,
        "insufficient_sample",
        1,
        9,
    )


def test_booleans_join_by_any_and_by_all() -> None:
    assert some("repo.has_iac", [True, GAP]).value is True
    assert some("repo.has_iac", [False, GAP]).reason == "unauthorized"
    assert some("repo.has_iac", [False, False]).value is False
    assert every("repo.has_tests", [False, GAP], nobody="").value is False
    assert every("repo.has_tests", [True, GAP], nobody="").reason == "unauthorized"
    assert every("repo.has_tests", [True, True], nobody="").value is True
    assert every("repo.has_tests", [], nobody="Nobody.").reason == "not_configured"


def test_reasons_are_put_into_the_words_of_the_signal() -> None:
    cut = Unread("truncated", "cut")
    assert pooled("deploy.staged_share_90d", [cut]).reason == "unreachable"
    assert pooled("deploy.tested_sha_share_90d", [cut]).reason == "truncated"
    assert every("repo.main_branch_guarded", [cut], nobody="").reason == "unauthorized"
