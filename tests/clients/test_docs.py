"""What docs/how-to/push-from-ci.md shows is what there is: inputs, variables, options, exit codes."""

from __future__ import annotations

import ast
import re

import yaml

from tests.clients.conftest import CLIENTS, COMMAND

PAGE = (CLIENTS.parent / "docs" / "how-to" / "push-from-ci.md").read_text(encoding="utf-8")
SOURCE = COMMAND.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_step_for_github_gives_what_the_action_takes():
    (step,) = yaml.safe_load(blocks("yaml")[0])
    inputs = yaml.safe_load((CLIENTS / "github" / "action.yml").read_text(encoding="utf-8"))["inputs"]

    assert step["uses"].split("@")[0].endswith("/clients/github")
    assert set(step["with"]) <= set(inputs)
    assert {name for name, one in inputs.items() if one.get("required")} <= set(step["with"])


def test_the_jobs_for_gitlab_extend_what_the_template_has():
    jobs = yaml.safe_load(blocks("yaml")[1])
    template = yaml.safe_load((CLIENTS / "gitlab" / "mlops-portal.yml").read_text(encoding="utf-8"))

    assert jobs.pop("include") == [{"remote": "https://portal.example.org/clients/gitlab/mlops-portal.yml"}]
    assert {job["extends"] for job in jobs.values()} == {".mlops-portal-push", ".mlops-portal-check"}
    assert {job["extends"] for job in jobs.values()} <= set(template)


def test_the_call_for_jenkins_names_what_the_step_reads():
    step = (CLIENTS / "jenkins" / "vars" / "mlopsPortal.groovy").read_text(encoding="utf-8")
    read = set(re.findall(r"given\.(\w+)", step))
    (call,) = blocks("groovy")
    shown = [call, "\n".join(re.findall(r"^// (.*)", step, re.MULTILINE))]

    for one in shown:
        assert set(re.findall(r"(\w+): ", one.partition("(")[2].partition(")")[0])) <= read


def test_the_exit_codes_are_those_of_the_command():
    names = next(line for line in SOURCE.splitlines() if line.endswith("= range(6)")).removesuffix(
        " = range(6)"
    )
    table = re.findall(r"^\| (\d) \| ", PAGE, re.MULTILINE)

    assert names == "DONE, BELOW, USAGE, REFUSED, UNREACHABLE, NOT_KNOWN"
    assert table == list("012345")


def test_every_option_and_variable_that_is_named_exists():
    doc = ast.get_docstring(ast.parse(SOURCE)) or ""
    named = set(re.findall(r"(--[a-z][a-z-]+)", PAGE + doc))
    options = set(re.findall(r'"(--[a-z][a-z-]+)"', SOURCE))
    variables = set(re.findall(r"MLOPS_PORTAL_[A-Z]+", PAGE)) - {"MLOPS_PORTAL_LEVEL"}

    assert named - options == set()
    assert variables - set(re.findall(r"MLOPS_PORTAL_[A-Z]+", SOURCE)) == set()
