"""The value of every signal for the world of gitlab_world, worked out by hand."""

from __future__ import annotations

from typing import Any

# (value, reason, bound, numerator, denominator).
EXPECTED: dict[str, tuple[Any, ...]] = {
    "repo.connected": (True, "", "exact", None, None),
    # app: app.py, model.py, test_app.py; training: train.py, explore.ipynb, tests/test_train.py, load.sql
    "repo.code_files": (7, "", "exact", None, None),
    "repo.notebook_share": (1 / 7, "", "exact", 1, 7),
    "repo.has_tests": (True, "", "exact", None, None),
    # two test files, four other code files without the notebook
    "repo.test_file_ratio": (0.5, "", "exact", 2, 4),
    # training has no lock file, and its requirements.txt has a line that is not pinned
    "repo.has_lockfile": (False, "", "exact", None, None),
    "repo.has_dependency_manifest": (True, "", "exact", None, None),
    "repo.has_pipeline_definition": (True, "", "exact", None, None),
    "repo.has_ci_config": (True, "", "exact", None, None),
    "repo.has_container_definition": (True, "", "exact", None, None),
    "repo.has_iac": (False, "", "exact", None, None),
    "repo.has_data_checks": (False, "", "exact", None, None),
    "repo.has_model_card": (True, "", "exact", None, None),
    # app 1-5 and training 11; not the token's 6, the service's 8, the old 7 and 9 into another branch
    "repo.merged_changes_90d": (6, "", "exact", None, None),
    # 1, 2, 3 and 11; 4 is approved by its author and two machines, 5 after the merge
    "repo.reviewed_change_share_90d": (4 / 6, "", "exact", 4, 6),
    # app by its own rule, training by one with a star; nobody pushes to either
    "repo.main_branch_guarded": (True, "", "exact", None, None),
    # app 201-210 and training 221, 222; not the cancelled, skipped, external ones, another branch's and the older one
    "ci.runs_30d": (12, "", "exact", None, None),
    # app 7 of 10, training 2 of 2
    "ci.success_rate_30d": (9 / 12, "", "exact", 9, 12),
    # 1 and 5 by their merge commits, 2 by its head; 3 only by hand, 4 only cancelled, 11 only in another tool
    "ci.change_coverage_30d": (3 / 6, "", "exact", 3, 6),
    # app 9 of 10: 209 skipped its test, 210 tested in its child pipeline; training 2 of 2
    "ci.test_steps_share": (11 / 12, "", "exact", 11, 12),
    # 10, 20, 30 and 40 cases: the lower of the two in the middle
    "ci.tests_executed_p50": (20, "", "exact", None, None),
    # 301-310 and the pipeline of that name; 311 was not played, 312 is old, 313 still runs
    "ci.training_runs_90d": (11, "", "exact", None, None),
    # 301, the child 307 by its parent, 314; 302 failed, 309 is older
    "ci.scheduled_training_runs_30d": (3, "", "exact", None, None),
    # 305 by a token's call, 306 by a trigger; 310 failed
    "ci.event_training_runs_90d": (2, "", "exact", None, None),
    # 303 on the page, 304 by a person's call
    "ci.training_manual_share_90d": (2 / 11, "", "exact", 2, 11),
    # E, F, G, H, I
    "deploy.frequency_30d": (5, "", "exact", None, None),
    # B, A, C, D, E, F, G, H, I: C sent twice on one day counts once
    "deploy.count_90d": (9, "", "exact", None, None),
    # A and I by machines, C by a push, F by a schedule two pipelines back; B and E were started by people, D was played by
    # another, G was recorded by a person, H's pipeline is gone and its deployment a person's
    "deploy.automated_share_90d": (4 / 9, "", "exact", 4, 9),
    # ann, bea, carl; dan and fay approved
    "deploy.deployers_180d": (5, "", "exact", None, None),
    # 1, 10, 24, 24, 24, 24, 30, 48, 100
    "deploy.lead_time_p50_h": (24, "", "exact", None, None),
    # B, A, C, D, G, H; E has no test, F's was over too late, I's failed
    "deploy.tested_sha_share_90d": (6 / 9, "", "exact", 6, 9),
    # B, A, G, H, I; C only two minutes before, D only after
    "deploy.staged_share_90d": (5 / 9, "", "exact", 5, 9),
    # B was taken back, E mended by F
    "deploy.change_failure_rate": (2 / 9, "", "exact", 2, 9),
    # 6 and 20 hours
    "deploy.rollback_time": (13, "", "exact", None, None),
    "deploy.rollbacks_180d": (1, "", "exact", None, None),
}
