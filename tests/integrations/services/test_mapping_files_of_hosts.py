"""The mapping file out of GitLab and Azure DevOps, by their real connectors: it takes effect in the collection that reads it, and
nothing that could not be read changes anything."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Measurement
from integrations.models import MappingFile, Source
from teams.models import Event
from tests.factories import make_team
from tests.integrations.connectors import (
    azure_devops_fake,
    azure_devops_rows,
    azure_devops_world,
    gitlab_fake,
    gitlab_rows,
    gitlab_world,
)
from tests.integrations.connectors.github_rows import UNTIL, ago, sha
from tests.integrations.factories import collect, make_connection, make_source

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PATH = ".mlops-portal.yaml"
HEAD = "version: 1\nteam: churn\nconnections:\n  - name: Host\n    options:\n"


class Host:
    """A team's code host. `kind` with its fake, the option that names what trains, and where its file lies."""

    def __init__(self, kind: str, fake: Any, training: str, wrong: str, settings: Any) -> None:
        self.kind, self.fake, self.training, self.wrong = kind, fake, training, wrong
        settings.PORTAL_EGRESS_ALLOW = fake.url
        world = {"gitlab": gitlab_world, "azure_devops": azure_devops_world}[kind]
        world.build_world(fake)
        if kind == "azure_devops":
            for repository in (azure_devops_world.APP, azure_devops_world.TRAINING):
                fake.answer(f"{repository}/items", {"message": "no such item"}, status=404, path=f"/{PATH}")
        self.told = world.OPTIONS
        # By hand nobody named what trains.
        self.hand = {name: value for name, value in self.told.items() if name != training}
        secret = {"gitlab": "glpat-loopback", "azure_devops": azure_devops_fake.TOKEN}[kind]
        base = {"gitlab": fake.url, "azure_devops": f"{fake.url}/acme"}[kind]
        self.connection = make_connection(
            kind=kind, name="Host", base_url=base, answers={"token": secret}, at=UNTIL
        )
        make_source(self.connection, make_team("Churn"), options=self.hand, at=UNTIL)
        self._hours = 0

    def put(self, text: str) -> None:
        """The file at the head of the application's default branch."""
        if self.kind == "gitlab":
            size = len(text.encode())
            said = {"content": base64.b64encode(text.encode()).decode(), "size": size}
            file = gitlab_rows.row("file", **said, last_commit_id=sha("wrote-it"))
            self.fake.answer(f"projects/101/repository/files/{PATH}", file, ref="main")
            commit = gitlab_rows.row("commit", id=sha("wrote-it"))
            self.fake.answer(f"projects/101/repository/commits/{sha('wrote-it')}", commit)
            return
        app = azure_devops_world.APP
        file = {**azure_devops_rows.file(PATH), "content": text}
        self.fake.answer(f"{app}/items", file, path=f"/{PATH}")
        wrote = [azure_devops_rows.commit("wrote-it", ago(9))]
        self.fake.rows(f"{app}/commits", wrote, **{"searchCriteria.itemPath": f"/{PATH}"})

    def say_of_file(self, status: int) -> None:
        """From now on the host answers so where the file is asked for."""
        if self.kind == "gitlab":
            self.fake.answer(f"projects/101/repository/files/{PATH}", {"message": "no"}, code=status)
        else:
            self.fake.answer(
                f"{azure_devops_world.APP}/items", {"message": "no"}, status=status, path=f"/{PATH}"
            )

    def hide_code(self) -> None:
        """The project is named still, its code is not shown any more: 404 everywhere, as for what is not there."""
        home = "projects/101/repository/" if self.kind == "gitlab" else f"{azure_devops_world.APP}/"
        self.fake.answers = [one for one in self.fake.answers if not one.path.startswith(home)]

    def read(self) -> str:
        """The outcome of a collection an hour later."""
        (run,) = collect(self.connection, at=UNTIL + timedelta(hours=self._hours))
        self._hours += 1
        return str(run.outcome)

    @property
    def source(self) -> Source:
        return Source.objects.get()


HOSTS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "gitlab": (gitlab_fake.FakeGitlab, "training_jobs", "training_job"),
    "azure_devops": (azure_devops_fake.FakeAzure, "training_pipelines", "training_pipeline"),
}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, settings: Any) -> Iterator[Host]:
    kind = request.param
    fake_class, training, wrong = HOSTS[kind]
    with fake_class() as fake:
        yield Host(kind, fake, training, wrong, settings)


def trained() -> tuple[float | None, str]:
    newest = Measurement.objects.filter(signal="ci.training_runs_90d").order_by("pk").last()
    assert newest is not None
    return newest.value, newest.reason


def test_file_sets_what_trains_and_the_same_collection_counts_by_it(host: Host) -> None:
    assert host.read() == "ok"
    assert trained() == (None, "not_configured")

    names = ", ".join(host.told[host.training])
    host.put(f"{HEAD}      {host.training}: [{names}]\n")
    assert host.read() == "ok"

    # As the worlds are worked out by hand in test_gitlab_collect.py and test_azure_devops_collect.py.
    assert trained() == ({"gitlab": 11, "azure_devops": 7}[host.kind], "")
    file = MappingFile.objects.get()
    assert host.source.options == host.told
    assert host.source.file_options == {host.training: host.told[host.training]}
    place = "team/app" if host.kind == "gitlab" else "churn/app"
    assert (file.place, file.sha, file.faults) == (place, sha("wrote-it"), [])
    assert file.url == (
        f"https://gitlab.example.com/team/app/-/blob/{sha('wrote-it')}/.mlops-portal.yaml"
        if host.kind == "gitlab"
        else f"https://dev.azure.com/acme/churn/_git/app?path=%2F.mlops-portal.yaml&version=GC{sha('wrote-it')}"
    )
    event = Event.objects.get(action="source.file")
    assert event.actor_name == f"{PATH} in {place} at {sha('wrote-it')[:7]}"


def test_fault_is_told_with_its_line_and_changes_nothing(host: Host) -> None:
    host.put(f"{HEAD}      {host.wrong}: [train]\n      repositories: [team/other app]\n")
    host.read()

    label = "GitLab" if host.kind == "gitlab" else "Azure DevOps"
    mapped = ", ".join(host.hand["repositories"])
    assert MappingFile.objects.get().faults == [
        [6, 7, f"{label} has no option “{host.wrong}”. Did you mean {host.training}?"],
        [
            7,
            21,
            f"repositories: “team/other app” is not part of what was mapped by hand ({mapped}). A file may narrow that, never "
            "widen it; who maps teams has to add it first.",
        ],
    ]
    assert (host.source.options, host.source.file) == (host.hand, None)


def test_file_larger_than_a_mapping_is_a_fault(host: Host) -> None:
    host.put("#" * (64 * 1024 + 1))
    host.read()

    assert MappingFile.objects.get().faults == [
        [1, 1, "The file is larger than 64 KiB; a mapping is a few lines."]
    ]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_file_that_cannot_be_read_now_changes_nothing(host: Host, status: int) -> None:
    host.put(f"{HEAD}      {host.training}: [x]\n")
    host.read()
    before, row_version = MappingFile.objects.values().get(), host.source.row_version

    host.say_of_file(status)
    host.read()

    assert MappingFile.objects.values().get() == before
    assert (host.source.row_version, host.source.options[host.training]) == (row_version, ["x"])


def test_code_that_is_hidden_is_no_file_that_is_gone(host: Host) -> None:
    host.put(f"{HEAD}      {host.training}: [x]\n")
    host.read()
    before = MappingFile.objects.values().get()

    host.hide_code()
    host.read()

    assert MappingFile.objects.values().get() == before
    assert host.source.file_options == {host.training: ["x"]}


def test_file_that_is_gone_leaves_what_it_said_to_people(host: Host) -> None:
    host.put(f"{HEAD}      {host.training}: [x]\n")
    host.read()

    host.say_of_file(404)
    host.read()

    assert MappingFile.objects.get().is_gone is True
    assert (host.source.options[host.training], host.source.file_options) == (["x"], {})
    assert Event.objects.filter(action="source.file_gone").count() == 1


def test_host_that_refuses_the_credential_is_asked_once_for_the_file(host: Host) -> None:
    """A refused credential that is sent again and again is locked by its host."""
    # Both repositories are asked for; the first answer is about the credential.
    first = "projects/team/app" if host.kind == "gitlab" else "churn/_apis/git/repositories/app"
    code = {"code": 401} if host.kind == "gitlab" else {"status": 401}
    host.fake.answer(first, {}, **code)
    host.read()

    # Once for the file, once by the collection, which stops at it too.
    assert host.fake.paths() == [first, first]
