"""The wrappers for GitHub Actions, GitLab CI and Jenkins: parsed, and their shell run by bash against a real portal."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest
import yaml
from django.utils import timezone

from assessments.models import Measurement
from tests.clients.conftest import BARE, CLIENTS, COMMAND, GITHUB, execute
from tests.insights.conftest import publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# As the runners start a step's shell.
GITHUB_SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
GITLAB_SHELL = ["bash", "-eo", "pipefail", "-c"]
JENKINS_SHELL = ["sh", "-xe", "-c"]
GITLAB = {
    "GITLAB_CI": "true",
    "CI_SERVER_HOST": "gitlab.example.org",
    "CI_PROJECT_PATH": "ml/forecast",
    "CI_PIPELINE_ID": "31",
    "CI_JOB_NAME": "measurements",
    "CI_JOB_URL": "https://gitlab.example.org/ml/forecast/-/jobs/796",
}
JENKINS = {
    "JENKINS_URL": "https://ci.example.org/",
    "JOB_NAME": "ml/forecast",
    "BUILD_NUMBER": "17",
    "BUILD_URL": "https://ci.example.org/job/ml/17/",
}


def stored():
    return sorted(Measurement.objects.values_list("signal", "value", "external_id"))


@pytest.fixture
def reached(portal):
    """Level 2 of training is claimed, 3 is open."""
    publish(portal.team, "training", 1, 2, at=timezone.now())


class TestGithub:
    @pytest.fixture
    def action(self):
        return yaml.safe_load((CLIENTS / "github" / "action.yml").read_text(encoding="utf-8"))

    def step(self, action, portal, **inputs):
        """The step with its inputs filled in as the runner does it."""
        (step,) = action["runs"]["steps"]
        given = {"url": portal.url, "token": portal.token, "team": portal.team.slug, **inputs}
        values = {name: given.get(name, one.get("default")) for name, one in action["inputs"].items()}
        assert set(given) <= set(values)
        environment = {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text)
            for name, text in step["env"].items()
        }
        environment |= {**GITHUB, "GITHUB_ACTION_PATH": str(CLIENTS / "github"), "PATH": BARE["PATH"]}
        return execute([*GITHUB_SHELL, step["run"]], environment, portal.token)

    def test_it_is_a_composite_action_that_is_described(self, action):
        assert action["runs"]["using"] == "composite"
        assert [step["shell"] for step in action["runs"]["steps"]] == ["bash"]
        assert [name for name, one in action["inputs"].items() if not one["description"]] == []
        assert [name for name, one in action["inputs"].items() if one.get("required")] == [
            "url",
            "token",
            "team",
        ]

    def test_no_input_is_written_into_the_script(self, action):
        assert "${{" not in action["runs"]["steps"][0]["run"]

    def test_push_and_check(self, action, portal, reached):
        ended = self.step(
            action,
            portal,
            measurements="ci.runs_30d=42\nci.success_rate_30d=93%\n",
            level="2",
            capability="training",
        )

        assert (ended.code, ended.err) == (0, "")
        run_id = "github/github.example.org/nordhafen/forecast/4711/train"
        assert stored() == [("ci.runs_30d", 42.0, run_id), ("ci.success_rate_30d", 0.93, run_id)]

    def test_it_fails_the_job_with_the_code_of_the_command(self, action, portal, reached):
        assert self.step(action, portal, level="3", capability="training").code == 5
        assert self.step(action, portal, level="3", capability="training", **{"unknown-ok": "true"}).code == 0
        assert self.step(action, portal, measurements="ci.runs_30d=-1").code == 3
        assert self.step(action, portal).code == 0

    def test_a_value_that_holds_shell_stays_a_value(self, action, portal, tmp_path):
        mark = tmp_path / "mark"

        ended = self.step(
            action, portal, measurements=f'$(touch${{IFS}}{mark})"; touch {mark}', level="$(id)"
        )

        assert (ended.code, mark.exists()) == (2, False)

    def test_a_file_with_a_space_in_its_name(self, action, portal, tmp_path):
        file = tmp_path / "all of them.json"
        file.write_text('[{"signal": "ci.runs_30d", "value": 7}]', encoding="utf-8")

        assert self.step(action, portal, file=str(file)).code == 0
        assert [one[1] for one in stored()] == [7.0]


class TestGitlab:
    @pytest.fixture
    def template(self):
        return yaml.safe_load((CLIENTS / "gitlab" / "mlops-portal.yml").read_text(encoding="utf-8"))

    def job(self, template, name, portal, folder, **variables):
        """The job as GitLab merges it: extends, variables, before_script and script in one shell."""
        made = {**template[".mlops-portal"], **template[name]}
        given = {**template[".mlops-portal"]["variables"], **made.get("variables", {}), **variables}
        environment = {**portal.environment, **GITLAB, **given}
        lines = "\n".join([*made["before_script"], *made["script"]])
        return execute([*GITLAB_SHELL, lines], environment, portal.token, cwd=folder)

    def test_push(self, template, portal, tmp_path):
        ended = self.job(
            template, ".mlops-portal-push", portal, tmp_path, MLOPS_PORTAL_MEASUREMENTS="ci.runs_30d=42"
        )

        assert (ended.code, ended.err) == (0, "")
        assert stored() == [("ci.runs_30d", 42.0, "gitlab/gitlab.example.org/ml/forecast/31/measurements")]

    def test_check(self, template, portal, tmp_path, reached):
        def code(level, capability):
            variables = {"MLOPS_PORTAL_LEVEL": level, "MLOPS_PORTAL_CAPABILITY": capability}
            return self.job(template, ".mlops-portal-check", portal, tmp_path, **variables).code

        assert [code("2", "training"), code("3", "training"), code("0", ""), code("9", "")] == [0, 5, 0, 2]
        assert template[".mlops-portal-check"]["allow_failure"] == {"exit_codes": [5]}

    def test_its_own_example_is_yaml_and_extends_what_there_is(self, template):
        text = (CLIENTS / "gitlab" / "mlops-portal.yml").read_text(encoding="utf-8")
        example = "\n".join(
            line[4:] for line in text.splitlines() if line.startswith("#   ") or line.strip() == "#"
        )
        jobs = yaml.safe_load(example)

        assert sorted(jobs) == ["include", "maturity", "measurements"]
        assert {jobs["maturity"]["extends"], jobs["measurements"]["extends"]} <= set(template)


class TestJenkins:
    def step(self, portal, **given):
        text = (CLIENTS / "jenkins" / "vars" / "mlopsPortal.groovy").read_text(encoding="utf-8")
        (shell,) = re.findall(r"sh '''(.*?)'''", text, re.DOTALL)
        names = re.findall(r'"(MLOPS_PORTAL_\w+)=', text)
        assert names == [
            "MLOPS_PORTAL_URL",
            "MLOPS_PORTAL_TEAM",
            "MLOPS_PORTAL_MEASUREMENTS",
            "MLOPS_PORTAL_LEVEL",
            "MLOPS_PORTAL_CAPABILITY",
        ]
        environment = {**portal.environment, **dict.fromkeys(names[2:], ""), **JENKINS, **given}
        return execute([*JENKINS_SHELL, shell], environment, portal.token)

    def test_push_and_check(self, portal, reached):
        ended = self.step(
            portal,
            MLOPS_PORTAL_MEASUREMENTS="ci.runs_30d=42",
            MLOPS_PORTAL_LEVEL="2",
            MLOPS_PORTAL_CAPABILITY="training",
        )

        assert ended.code == 0
        assert stored() == [("ci.runs_30d", 42.0, "jenkins/ci.example.org/ml/forecast/17")]

    def test_it_fails_the_build(self, portal, reached):
        assert self.step(portal, MLOPS_PORTAL_LEVEL="3", MLOPS_PORTAL_CAPABILITY="training").code == 5
        assert self.step(portal, MLOPS_PORTAL_MEASUREMENTS="ci.runs_30d=-1").code == 3
        assert self.step(portal).code == 0


class TestGettingIt:
    def test_the_portal_serves_its_own_version(self, client):
        answer = client.get("/clients/mlops_portal_push.py")

        assert (answer.status_code, answer.content) == (200, COMMAND.read_bytes())
        assert answer["Content-Type"] == "text/x-python; charset=utf-8"
        template = client.get("/clients/gitlab/mlops-portal.yml")
        assert template.content == (CLIENTS / "gitlab" / "mlops-portal.yml").read_bytes()

    @pytest.mark.parametrize(
        "name",
        ["", "pyproject.toml", "../manage.py", "..%2fmanage.py", "gitlab/", "gitlab/../pyproject.toml"],
    )
    def test_and_nothing_else(self, client, name):
        assert client.get(f"/clients/{name}").status_code == 404

    def test_the_image_holds_them(self):
        assert "!clients" in (CLIENTS.parent / ".dockerignore").read_text().splitlines()

    def test_old_pythons_can_read_it(self):
        ast.parse(COMMAND.read_text(encoding="utf-8"), feature_version=(3, 8))

    def test_it_needs_nothing_but_the_standard_library(self):
        tree = ast.parse(COMMAND.read_text(encoding="utf-8"))
        names = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }

        assert names - set(sys.stdlib_module_names) == set()

    def test_pip_makes_the_command(self):
        """The entry point leads to a function of the file that is packed. Building it was tried by hand: it needs setuptools."""
        packed = tomllib.loads((CLIENTS / "pyproject.toml").read_text(encoding="utf-8"))
        module, _, function = packed["project"]["scripts"]["mlops-portal-push"].partition(":")
        tree = ast.parse((CLIENTS / f"{module}.py").read_text(encoding="utf-8"))

        assert packed["tool"]["setuptools"]["py-modules"] == [module]
        assert [
            node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function
        ] == ["main"]
