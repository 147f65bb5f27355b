"""Signals of registries that need something from a host of code or CI (RULINGS 7), by what they need. Pure."""

from __future__ import annotations

# Whether the commit of a live version is in a repository.
COMMIT_JOINS = ("mlflow.production_git_commit_share", "mlflow.lineage_complete_share")
# Whether a version came out of a training run.
RUN_JOINS = ("mlflow.versions_from_ci_share_90d",)
