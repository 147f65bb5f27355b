"""The mapping file in a team's repository, read at collection: what it sets, what it may not, and how people keep the last word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.models import Connection, MappingFile, Source
from integrations.services.connections import remove_connection
from integrations.services.sources import (
    StaleSource,
    edit_source,
    follow_file_again,
    remove_source,
    take_over,
)
from teams.models import Event, Team
from teams.services.refusal import NotAllowed
from tests.factories import AT, make_lead, make_platform_engineer, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HAND = {"project": "churn", "workflows": ["old.yml"], "repositories": ["octo/app app", "octo/lib training"]}
HEAD = "version: 1\nteam: churn\nconnections:\n"
ON_GIT = f"{HEAD}  - name: Git\n    options:\n"
SETS = f"{ON_GIT}      workflows: [train.yml]\n      branch: release\n"
SHA = "a1b2c3d4e5f6"


class World:
    """Churn is mapped to Git, which keeps its files, and to a registry; Fraud to the registry too."""

    def __init__(self, fake: FakeSystem) -> None:
        self.fake = fake
        self.team, self.other = make_team("Churn"), make_team("Fraud")
        self.git = make_connection(fake, name="Git")
        self.registry = make_connection(fake, name="Registry", kind="fakeregistry")
        make_source(self.git, self.team, options=HAND)
        make_source(self.registry, self.team, options={"project": "churn", "workflows": ["r"]})
        make_source(self.registry, self.other, options={"project": "fraud"})
        for name in ("churn", "fraud"):
            fake.pages[f"/projects/{name}"] = {"observations": {"repo.connected": True}}
        for place in ("octo/app", "octo/lib"):
            fake.pages[f"/files/{place}"] = {}
        self._hours = 0

    def put(self, text: str, place: str = "octo/app", sha: str = SHA) -> None:
        self.fake.pages[f"/files/{place}"] = {
            "content": text,
            "sha": sha,
            "committed_at": "2026-11-19T08:00:00+00:00",
        }

    def read(self, connection: Connection | None = None) -> None:
        self._hours += 1
        collect(connection or self.git, at=AT + timedelta(hours=self._hours))

    def source(self, connection: Connection | None = None, team: Team | None = None) -> Source:
        return Source.objects.get(connection=connection or self.git, team=team or self.team)


@pytest.fixture
def world(fake: FakeSystem) -> World:
    return World(fake)


def faults() -> list[Any]:
    return list(MappingFile.objects.get().faults)


def test_file_sets_what_it_names_and_the_same_collection_reads_by_it(world: World) -> None:
    world.put(SETS)
    world.read()

    source, file = world.source(), MappingFile.objects.get()
    assert source.options == {**HAND, "workflows": ["train.yml"], "branch": "release"}
    assert (source.own_options, source.file_options) == (
        HAND,
        {"workflows": ["train.yml"], "branch": "release"},
    )
    assert (file.place, file.sha, file.faults, file.is_gone) == ("octo/app", SHA, [], False)
    assert file.url == "https://git.example.org/octo/app/blob/main/.mlops-portal.yaml"
    assert (file.committed_at is not None, file.read_at > AT) == (True, True)
    event = Event.objects.get(action="source.file")
    assert (event.actor, event.actor_name) == (None, ".mlops-portal.yaml in octo/app at a1b2c3d")
    assert (event.before["workflows"], event.after["workflows"], event.team) == (
        ["old.yml"],
        ["train.yml"],
        world.team,
    )
    assert world.fake.paths.index("/files/octo/app") < world.fake.paths.index("/projects/churn")


def test_same_file_read_again_changes_nothing_but_the_time(world: World) -> None:
    world.put(SETS)
    world.read()
    before, read_at = world.source(), MappingFile.objects.get().read_at

    world.read()

    after = world.source()
    assert (after.row_version, after.options) == (before.row_version, before.options)
    assert Event.objects.filter(action="source.file").count() == 1
    assert MappingFile.objects.get().read_at == read_at + timedelta(hours=1)


def test_file_sets_another_source_of_the_team_and_makes_it_due(world: World) -> None:
    Connection.objects.filter(pk=world.registry.pk).update(next_due_at=AT + timedelta(days=3), asked_at=None)
    world.put(f"{HEAD}  - kind: fakeregistry\n    options:\n      workflows: [x]\n")
    world.read()

    registry = Connection.objects.get(pk=world.registry.pk)
    assert world.source(world.registry).options == {"project": "churn", "workflows": ["x"]}
    assert world.source(world.registry, world.other).options == {"project": "fraud"}
    # Due, but nobody asked for it: verdicts change calmly.
    assert (registry.next_due_at < AT + timedelta(hours=2), registry.asked_at) == (True, None)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("version: 1\n", [[1, 1, "The key team is missing."], [1, 1, "The key connections is missing."]]),
        (
            f"{ON_GIT}      workflow: [x]\n      branch: release\n",
            [[6, 7, "Fake Git has no option “workflow”. Did you mean workflows?"]],
        ),
        (
            f"{ON_GIT}      token: stolen\n",
            [
                [
                    6,
                    7,
                    "token belongs to the connection itself: no file in a repository sets it or any credential.",
                ]
            ],
        ),
        (
            f"{ON_GIT}      project: everything\n      branch: release\n",
            [
                [
                    6,
                    16,
                    "project: “everything” is not part of what was mapped by hand (churn). A file may narrow that, never "
                    "widen it; who maps teams has to add it first.",
                ]
            ],
        ),
        (
            f"{ON_GIT}      repositories: [octo/app app, octo/other app]\n",
            [
                [
                    6,
                    21,
                    "repositories: “octo/other app” is not part of what was mapped by hand (octo/app app, octo/lib "
                    "training). A file may narrow that, never widen it; who maps teams has to add it first.",
                ]
            ],
        ),
        (
            SETS.replace("team: churn", "team: fraud"),
            [
                [
                    2,
                    7,
                    "This file is for the team “fraud”, and the repository is mapped to churn: a file speaks for its own "
                    "team only.",
                ]
            ],
        ),
        (
            f"{HEAD}  - name: Hidden\n",
            [
                [
                    4,
                    5,
                    "The team is mapped to no connection named “Hidden”; a file sets options of mappings that are there, "
                    "and makes none. Known here: Git, Registry.",
                ]
            ],
        ),
    ],
    ids=["keys", "misspelt", "credential", "scope", "repository", "another-team", "not-mapped"],
)
def test_file_with_a_fault_changes_nothing_and_says_what_is_wrong_where(
    world: World, text: str, wanted: list[Any]
) -> None:
    make_connection(world.fake, name="Hidden")
    before = list(Source.objects.order_by("pk").values())
    world.put(text)
    world.read()

    collected = {"last_read_at", "asked_at", "asked_shas", "checked_shas", "facts_row_version"}
    after = list(Source.objects.order_by("pk").values())
    assert [{k: v for k, v in row.items() if k not in collected} for row in after] == [
        {k: v for k, v in row.items() if k not in collected} for row in before
    ]
    assert faults() == wanted
    assert not Event.objects.filter(action__startswith="source.file").exists()


def test_file_that_breaks_later_leaves_what_it_said_before(world: World) -> None:
    world.put(SETS)
    world.read()
    world.put("version: [", sha="ffff")
    world.read()

    assert world.source().options["workflows"] == ["train.yml"]
    assert len(faults()) == 1


def test_what_the_file_no_longer_names_is_again_as_a_person_mapped_it(world: World) -> None:
    world.put(SETS)
    world.read()
    world.put(f"{ON_GIT}      branch: main\n", sha="b2")
    world.read()
    assert world.source().options == {**HAND, "branch": "main"}

    world.put(f"{HEAD}  - name: Registry\n", sha="c3")
    world.read()

    source = world.source()
    assert (source.options, source.file_options, source.file) == (HAND, {}, None)


def test_file_that_narrows_its_own_repositories_is_still_found_where_it_stands(world: World) -> None:
    world.put(f"{ON_GIT}      repositories: [octo/lib training]\n")
    world.read()
    world.put(f"{ON_GIT}      repositories: [octo/app app]\n", sha="b2")
    world.read()

    assert world.source().options["repositories"] == ["octo/app app"]


def test_file_that_is_gone_leaves_what_it_said_to_people(world: World) -> None:
    world.put(SETS)
    world.read()
    world.fake.pages["/files/octo/app"] = {}
    world.read()

    source = world.source()
    assert source.options == {**HAND, "workflows": ["train.yml"], "branch": "release"}
    assert (source.file, source.file_options, source.own_options) == (None, {}, {})
    assert MappingFile.objects.get().is_gone is True
    assert Event.objects.filter(action="source.file_gone").count() == 1


def test_repository_that_cannot_be_read_is_no_file_that_is_gone(world: World) -> None:
    world.put(SETS)
    world.read()
    del world.fake.pages["/files/octo/app"]
    world.read()

    assert (world.source().file_options != {}, MappingFile.objects.get().is_gone) == (True, False)


def test_two_files_set_nothing_until_one_is_left(world: World) -> None:
    world.put(SETS)
    world.put(SETS.replace("release", "main"), place="octo/lib")
    world.read()

    assert world.source().options == HAND
    assert faults() == [
        [
            1,
            1,
            "A file stands in each of octo/app, octo/lib. Keep one of them; until then none of them sets anything.",
        ]
    ]


def test_second_host_with_a_file_does_not_take_over_from_the_first(world: World) -> None:
    second = make_connection(world.fake, name="Second")
    world.fake.pages["/files/octo/two"] = {}
    make_source(second, world.team, options={"project": "churn", "repositories": ["octo/two"]})
    world.put(SETS)
    world.read()
    world.put(f"{ON_GIT}      branch: main\n", place="octo/two")
    world.read(second)

    assert world.source().options["branch"] == "release"
    assert MappingFile.objects.get(place="octo/two").faults == [
        [4, 5, "Git follows the file in octo/app already."]
    ]


def test_person_takes_over_and_the_file_sets_nothing_until_it_is_let(world: World) -> None:
    engineer = make_platform_engineer()
    world.put(SETS)
    world.read()

    take_over(source=world.source(), by=engineer, at=AT)
    world.put(SETS.replace("train.yml", "other.yml"), sha="b2")
    world.read()

    source = world.source()
    assert source.options == {**HAND, "workflows": ["train.yml"], "branch": "release"}
    assert (source.is_by_hand, source.file_options, source.file) == (True, {}, MappingFile.objects.get())
    follow_file_again(source=source, by=engineer, at=AT + timedelta(hours=3))
    assert Connection.objects.get(pk=world.git.pk).next_due_at == AT + timedelta(hours=3)
    world.read()
    assert world.source().options["workflows"] == ["other.yml"]
    assert list(
        Event.objects.filter(action__in=["source.take_over", "source.follow_file"])
        .order_by("pk")
        .values_list("action", "actor")
    ) == [("source.take_over", engineer.pk), ("source.follow_file", engineer.pk)]


def test_only_who_maps_teams_takes_over(world: World) -> None:
    lead = make_lead(world.team)
    world.put(SETS)
    world.read()

    for act in (take_over, follow_file_again):
        with pytest.raises(NotAllowed):
            act(source=world.source(), by=lead, at=AT)

    assert (world.source().is_by_hand, world.source().file_options != {}) == (False, True)


def test_saved_form_changes_what_the_file_leaves_to_people_and_nothing_else(world: World) -> None:
    world.put(SETS)
    world.read()
    source = world.source()

    edit_source(
        source=source,
        options={**source.options, "workflows": ["mine.yml"], "repositories": ["octo/app app"]},
        row_version=source.row_version,
        by=None,
        at=AT,
    )

    after = world.source()
    assert after.options == {
        **HAND,
        "repositories": ["octo/app app"],
        "workflows": ["train.yml"],
        "branch": "release",
    }
    assert after.own_options == {**HAND, "repositories": ["octo/app app"]}


def test_form_opened_before_the_file_spoke_is_stale(world: World) -> None:
    version = world.source().row_version
    world.put(SETS)
    world.read()

    with pytest.raises(StaleSource):
        edit_source(source=world.source(), options=HAND, row_version=version, by=None, at=AT)


def test_source_that_is_removed_lets_go_of_what_its_file_set(world: World) -> None:
    world.put(f"{HEAD}  - kind: fakeregistry\n    options:\n      workflows: [x]\n")
    world.read()
    remove_source(source=world.source(), by=None, at=AT)

    registry = world.source(world.registry)
    assert (registry.options["workflows"], registry.file, registry.file_options) == (["x"], None, {})


def test_connection_that_is_removed_lets_go_of_what_its_file_set(world: World) -> None:
    world.put(f"{HEAD}  - kind: fakeregistry\n    options:\n      workflows: [x]\n")
    world.read()
    remove_connection(connection=world.git, by=None, at=AT)

    registry = world.source(world.registry)
    assert (registry.options["workflows"], registry.file, registry.file_options) == (["x"], None, {})


def test_refused_credential_changes_nothing_and_the_collection_says_why(world: World) -> None:
    world.put(SETS)
    world.read()
    world.fake.status = 401
    world.read()

    source = world.source()
    assert (source.file_options != {}, source.last_failure) == (True, "unauthorized")
