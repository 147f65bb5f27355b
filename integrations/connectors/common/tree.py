"""What the names of the files in a repository show. Pure: a listing of paths in, facts out.

A listing that was cut off proves what it shows and nothing about what it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from integrations.connectors.common.globs import Globs

CODE_SUFFIXES = frozenset(
    {".py", ".ipynb", ".r", ".jl", ".scala", ".java", ".go", ".rs", ".ts", ".js", ".sql", ".sh"},
)
NOTEBOOK = ".ipynb"
VENDORED = frozenset(
    {
        "vendor", "vendored", "third_party", "third-party", "node_modules", "bower_components", "site-packages",
        ".venv", "venv", "virtualenv", ".tox", ".ipynb_checkpoints",
    }
)  # fmt: skip

TESTS = (
    "test_*.py",
    "*_test.py",
    "**/tests/**",
    "**/__tests__/**",
    "*.test.ts",
    "*.spec.ts",
    "*Test.java",
    "*_test.go",
)
REQUIREMENTS = Globs(["requirements*.txt"])
TEMPLATES = Globs(["template.yaml", "template.yml"])
# Modules in which checks of data are commonly written; only their content shows whether they use a checking tool.
DATA_CHECK_MODULES = Globs(["*schema*.py", "*valid*.py", "*check*.py", "*quality*.py", "*expect*.py"])

PATTERNS: Mapping[str, Globs] = {
    "repo.has_lockfile": Globs(
        [
            "poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock", "conda-lock.yml", "pixi.lock", "renv.lock",
            "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Cargo.lock", "go.sum",
        ]
    ),
    "repo.has_dependency_manifest": Globs(
        [
            "pyproject.toml", "requirements*.txt", "setup.py", "setup.cfg", "environment.y*ml", "conda.y*ml", "Pipfile",
            "DESCRIPTION", "renv.lock", "package.json", "pom.xml", "build.gradle", "go.mod", "Cargo.toml",
        ]
    ),
    "repo.has_pipeline_definition": Globs(
        [
            "dvc.yaml", "MLproject", "snakefile", "Snakefile", "**/dags/*.py", "**/flows/*.py", "*_flow.py", "*Flow.py",
            "pipeline_registry.py", ".kedro.yml", "**/conf/base/catalog*.y*ml", "**/.zen/**", "*azureml*.y*ml",
            "*sagemaker*pipeline*",
        ]
    ),
    "repo.has_ci_config": Globs(
        [
            ".github/workflows/*.y*ml", "/.gitlab-ci.yml", "Jenkinsfile",
            "azure-pipelines.y*ml", ".circleci/config.yml",
        ]
    ),
    "repo.has_container_definition": Globs(
        ["Dockerfile", "Containerfile", "*.dockerfile", "Dockerfile.*", "apptainer.def", "*.apptainer", "*.singularity",
         "Singularity", "Singularity.*", "singularity.def"]
    ),
    "repo.has_iac": Globs(
        ["*.tf", "*.bicep", "Pulumi.y*ml", "Chart.yaml", "kustomization.y*ml", "cdk.json", "playbook*.y*ml",
         "**/playbooks/**.y*ml", "**/roles/*/tasks/main.y*ml"]
    ),
    "repo.has_data_checks": Globs(["**/great_expectations/**", "**/gx/**", "*.soda.yml", "*.soda.yaml"]),
    "repo.has_model_card": Globs(["MODEL_CARD*", "model-card*", "**/docs/**/model_card*"]),
}  # fmt: skip

_PIPELINE_FILE = Globs(["*pipeline*.yml", "*pipeline*.yaml"])
_CI_FILE = re.compile(r"(?:.*/)?(?:azure|bitbucket)-pipelines\.ya?ml|(?:.*/)?\.(?:github|circleci|gitlab)/.*")


@dataclass(frozen=True, slots=True)
class Listing:
    """The files at the head of a repository, vendored folders left out."""

    paths: tuple[str, ...]
    is_truncated: bool = False

    @property
    def code(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths if is_code(path))

    @property
    def notebooks(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths if path.lower().endswith(NOTEBOOK))

    def finding(self, globs: Globs) -> tuple[str, ...]:
        """The paths that match, shallow ones first."""
        return tuple(
            sorted((p for p in self.paths if globs.matches(p)), key=lambda path: (path.count("/"), path))
        )


def is_vendored(path: str) -> bool:
    return not VENDORED.isdisjoint(PurePosixPath(path).parts[:-1])


def is_code(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in CODE_SUFFIXES


def globs_of_tests(further: Iterable[str] = ()) -> Globs:
    return Globs((*TESTS, *further))


def has_pipeline_file(listing: Listing, *, is_training: bool) -> bool:
    """Whether a *pipeline*.yml lies beside training code: in a training repository, or in a folder that holds code.

    Files of build servers carry the same word and are not meant.
    """
    folders = {str(PurePosixPath(path).parent) for path in listing.code}
    return any(
        is_training or str(PurePosixPath(path).parent) in folders
        for path in listing.finding(_PIPELINE_FILE)
        if not _CI_FILE.fullmatch(path)
    )


def has_data_check_files(listing: Listing) -> bool:
    """Files of a checking tool by their names: configuration, tests of a dbt project, a JSON schema beside code."""
    if listing.finding(PATTERNS["repo.has_data_checks"]):
        return True
    projects = [
        PurePosixPath(path).parent for path in listing.paths if PurePosixPath(path).name == "dbt_project.yml"
    ]
    sql_tests = Globs(["**/tests/**.sql"]), Globs(["**/models/**schema.yml"])
    if any(
        PurePosixPath(path).is_relative_to(folder)
        for folder in projects
        for g in sql_tests
        for path in listing.finding(g)
    ):
        return True
    folders = {str(PurePosixPath(path).parent) for path in listing.code}
    return any(
        str(PurePosixPath(path).parent) in folders for path in listing.finding(Globs(["*.schema.json"]))
    )


def is_pinned(requirements: str) -> bool:
    """Whether a requirements file pins every line with ==. A file without any requirement pins nothing."""
    text_ = re.sub(r"\\\r?\n", " ", requirements)
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text_.splitlines()]
    # Options (-r, --hash, --index-url) are no requirements; an editable install is one, without a version.
    asked = [
        line
        for line in lines
        if line and (not line.startswith("-") or line.startswith(("-e ", "--editable")))
    ]
    return bool(asked) and all(
        re.match(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*===?\s*[^\s*,;]+(?:\s|;|$)", line) for line in asked
    )


def is_cloudformation(content: str) -> bool:
    return "AWSTemplateFormatVersion" in content or re.search(r"\bType:\s*['\"]?AWS::", content) is not None


def imports_data_checks(content: str) -> bool:
    tools = r"(?:pandera|pydeequ|great_expectations|soda|deepchecks|evidently)"
    return re.search(rf"^\s*(?:import\s+{tools}\b|from\s+{tools}\b)", content, re.MULTILINE) is not None
