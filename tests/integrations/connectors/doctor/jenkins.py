"""Jenkins: what a user may lack, and the plug-in without which stages are not shown."""

from __future__ import annotations

from tests.integrations.connectors import jenkins_world
from tests.integrations.connectors.doctor.table import RELEASES, RUN_JOINS, RUNS, Permission, World
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.jenkins_rows import path, payload, row
from tests.integrations.connectors.jenkins_world import MAIN

# Jenkins knows no merged changes. How long a commit took it does not know either, but the rule wants its number of releases.
EVERYTHING = (RUNS - {"build.automated"}) | RELEASES


def _build(fake: FakeJenkins) -> None:
    jenkins_world.build_world(fake)
    # As a real one tells them: the pipelines lie below the multibranch project.
    project = row("project")
    for branch in project["jobs"]:
        branch["lastCompletedBuild"] = {"number": 16} if branch["fullName"] == MAIN else None
    fake.answer("api/json", {"_class": "hudson.model.Hudson", "jobs": [{**row("folder"), "jobs": [project]}]})
    fake.answer(f"{path(MAIN)}/16/wfapi/describe", payload("describe"))


def _hide_all_jobs(fake: FakeJenkins) -> None:
    """Jenkins leaves jobs out of lists then, and answers 404 for each."""
    fake.answers = [one for one in fake.answers if not one.path.startswith("job/")]
    fake.answer("api/json", {"_class": "hudson.model.Hudson", "jobs": []})


def _remove_plug_in(fake: FakeJenkins) -> None:
    fake.answers = [one for one in fake.answers if "/wfapi/" not in one.path]


WORLD = World(
    FakeJenkins,
    _build,
    jenkins_world.OPTIONS,
    FakeJenkins.connector,
    never_known=frozenset({"ci.change_coverage_30d", "deploy.lead_time_p50_h"}),
)
PERMISSIONS = (
    Permission("jenkins", "Overall/Read", r"^(api/json$|job/)", EVERYTHING, joined=RUN_JOINS),
    Permission("jenkins", "Job/Read", "", EVERYTHING, joined=RUN_JOINS, hide=_hide_all_jobs),
    Permission(
        "jenkins",
        "the plug-in Pipeline: REST API",
        "",
        frozenset({"deployment.tests_gate"}),
        # A repository without tests still refutes it; that refutes tests.all_code as well, which says no more anyway.
        half=frozenset({"tests.application"}),
        hide=_remove_plug_in,
    ),
)
