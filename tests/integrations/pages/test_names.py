"""The name of a connection is for those who may see the connection; everybody else reads that a system was connected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from assessments.models import CriterionStatus, VerdictChange
from integrations.models import Collection, Connection
from integrations.services.connections import remove_connection
from integrations.services.sources import remove_source
from teams.models import Event, Team, User
from teams.queries.machines import unnamed, who_for
from tests.factories import AT, make_manager, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem
from tests.integrations.pages.conftest import World, text_of

pytestmark = pytest.mark.django_db
SIGNAL, CRITERION = "repo.has_dependency_manifest", "environment.dependencies_listed"
CAPABILITY, NAME = "environment", "Orion-7"
HIDDEN, SHOWN = "a connected system", f"connection {NAME}"


@pytest.fixture
def told(fake: FakeSystem, maturity_model: Any, world: World) -> Connection:
    """A second connection of Churn, which overturned a verdict and with it a level."""
    connection = make_connection(fake, name=NAME)
    make_source(connection, world.team)
    for day, value in enumerate((False, True)):
        fake.pages["/projects/churn"] = {"observations": {SIGNAL: value}}
        collect(connection, at=AT + timedelta(days=day), trigger=Collection.Trigger.NOW)
    return connection


def addresses(team: Team) -> dict[str, str]:
    return {
        "criterion": reverse("assessments:criterion-detail", args=[team.slug, CRITERION]),
        "capability": reverse("assessments:capability-detail", args=[team.slug, CAPABILITY]),
        "team": reverse("assessments:team-detail", args=[team.slug]),
        "progress": f"{reverse('insights:progress')}?team={team.slug}&weeks=260",
        "compared": f"{reverse('assessments:criterion-detail', args=[team.slug, CRITERION])}?since={AT.date()}",
    }


def said(client: Client, team: Team) -> dict[str, tuple[int, int]]:
    """By page, how often it says "a connected system", and how often the name."""
    texts = {name: text_of(client.get(url)) for name, url in addresses(team).items()}
    return {name: (text.count(HIDDEN), text.count(NAME)) for name, text in texts.items()}


def test_what_is_kept_is_the_key(told: Connection) -> None:
    key = {f"connection:{told.pk}"}
    assert set(CriterionStatus.objects.values_list("by", flat=True)) == key
    assert set(VerdictChange.objects.values_list("by", flat=True)) == key
    assert set(Event.objects.filter(action="verdict.change").values_list("actor_name", flat=True)) == key


def test_who_does_not_see_the_connection_does_not_read_its_name(
    told: Connection, world: World, as_: Callable[..., Client]
) -> None:
    viewer = as_("viewer")
    detail = viewer.get(reverse("integrations:connection-detail", args=[told.pk]))
    assert detail.status_code == 404
    assert {name: shown for name, (_, shown) in said(viewer, world.team).items()} == dict.fromkeys(
        addresses(world.team), 0
    )
    assert [name for name, (hidden, _) in said(viewer, world.team).items() if not hidden] == []


@pytest.mark.parametrize("role", ["member", "lead", "platform", "admin"])
def test_who_sees_the_connection_reads_its_name(
    role: str, told: Connection, world: World, person: Callable[[str], User]
) -> None:
    assert who_for(person(role))(f"connection:{told.pk}") == SHOWN


def test_the_pages_name_it_to_who_sees_it(told: Connection, world: World, as_: Callable[..., Client]) -> None:
    found = said(as_("member"), world.team)
    assert {name: hidden for name, (hidden, _) in found.items()} == dict.fromkeys(found, 0)
    assert [name for name, (_, shown) in found.items() if not shown] == []


def test_a_name_is_no_more_than_the_team_that_it_feeds(told: Connection, world: World) -> None:
    other = make_manager(make_team("Elsewhere").unit, "else")
    assert who_for(other)(f"connection:{told.pk}") == HIDDEN


def test_the_log_names_it_also_after_it_was_removed(told: Connection, as_: Callable[..., Client]) -> None:
    admin = as_("admin")
    assert text_of(admin.get(reverse("teams:event-list"))).count(SHOWN) == 2
    remove_connection(connection=told, by=None, at=AT + timedelta(days=2))
    assert text_of(admin.get(reverse("teams:event-list"))).count(SHOWN) == 2


def test_a_team_that_was_unmapped_no_longer_reads_it(
    told: Connection, world: World, person: Callable[[str], User]
) -> None:
    remove_source(source=told.sources.get(), by=None, at=AT + timedelta(days=2))
    assert who_for(person("lead"))(f"connection:{told.pk}") == HIDDEN


def test_rows_from_before_keys_were_kept(told: Connection, person: Callable[[str], User]) -> None:
    assert (who_for(person("viewer"))(SHOWN), who_for(person("member"))(SHOWN)) == (HIDDEN, SHOWN)
    assert who_for(person("admin"))("connection Lost") == HIDDEN


@pytest.mark.parametrize("by", ["", "Ada Lovelace", "jenkins (token CI)"])
def test_people_and_senders_keep_their_names(
    by: str, told: Connection, person: Callable[[str], User]
) -> None:
    assert (unnamed(by), who_for(person("viewer"))(by)) == (by, by)


def test_names_are_read_once_for_a_page(
    told: Connection, world: World, person: Callable[[str], User], django_assert_num_queries: Any
) -> None:
    for number in range(3):
        make_source(make_connection(name=f"More {number}"), world.team)
    keys = [connection.measurement_source for connection in Connection.objects.order_by("pk")]
    member = person("member")
    # Rights, and names.
    with django_assert_num_queries(2):
        who = who_for(member)
        names = [who(key) for key in [*keys, *keys]]
    one = ["connection Git", SHOWN, "connection More 0", "connection More 1", "connection More 2"]
    assert names == [*one, *one]


def test_nothing_is_asked_where_people_acted(
    person: Callable[[str], User], django_assert_num_queries: Any
) -> None:
    member = person("member")
    with django_assert_num_queries(0):
        assert who_for(member)("Ada Lovelace") == "Ada Lovelace"
