"""Connections and their credentials: what is kept, what is cleared, what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.models import AllowedHost, Connection, Source
from integrations.services import addresses, connections, credentials, probes, sources
from integrations.services.addresses import AddressRefused, NotOnThisPortal
from integrations.services.connections import NameTaken, StaleConnection
from mlops_portal.lib.secrets import CannotDecrypt
from teams.models import Event
from teams.services.refusal import NotAllowed
from tests.factories import AT, make_admin, make_member, make_platform_engineer, make_team
from tests.integrations.conftest import OTHER_RING, RING
from tests.integrations.factories import TOKEN, collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_kinds")]


def edit(connection: Connection, **fields: Any) -> Connection:
    connection.refresh_from_db()
    wanted: dict[str, Any] = {
        "name": connection.name,
        "base_url": connection.base_url,
        "answers": {},
        "interval_minutes": 60,
        "row_version": connection.row_version,
        "by": None,
        "at": AT,
    }
    return connections.edit_connection(connection=connection, **{**wanted, **fields})


def test_secret_is_stored_encrypted_and_opens_for_its_row_only() -> None:
    one = make_connection(answers={"token": TOKEN, "account": "reader"})
    two = make_connection(answers={"token": "other"})

    assert one.options == {"account": "reader"}
    assert TOKEN not in str(Connection.objects.values().get(pk=one.pk))
    assert credentials.secrets_of(one) == {"token": TOKEN}
    two.secret = one.secret
    with pytest.raises(CannotDecrypt):
        credentials.secrets_of(two)


def test_secret_is_in_no_event_and_no_representation() -> None:
    connection = make_connection()
    connections.set_secret(connection=connection, secrets={"token": TOKEN + "2"}, by=None, at=AT)

    logged = str(list(Event.objects.values()))
    assert [
        event.action for event in Event.objects.filter(action__startswith="connection").order_by("pk")
    ] == [
        "connection.create",
        "connection.set_secret",
        "connection.set_secret",
    ]
    for text in (logged, repr(connection), str(connection), repr(credentials.key_ring())):
        assert TOKEN not in text


@pytest.mark.parametrize("moved", ["https://git2.example.org", "https://git.example.org:8443"])
def test_another_host_or_port_clears_the_secret(moved: str) -> None:
    connection = make_connection(base_url="https://git.example.org/api")

    edited = edit(connection, base_url=moved)

    assert (edited.secret, edited.secret_set_at) == ("", None)
    assert Event.objects.get(action="connection.edit").after["credential"] == "cleared: another host"


def test_another_scheme_clears_the_secret(settings: Any) -> None:
    settings.PORTAL_EGRESS_ALLOW = "http://git.example.org:8443"
    connection = make_connection(base_url="https://git.example.org:8443")

    assert edit(connection, base_url="http://git.example.org:8443").secret == ""


@pytest.mark.parametrize(
    "same", ["https://git.example.org/api/v3", "https://git.example.org:443/", "https://GIT.example.org"]
)
def test_another_path_of_the_same_host_keeps_the_secret(same: str) -> None:
    connection = make_connection(base_url="https://git.example.org")

    edited = edit(connection, base_url=same, name="Renamed")

    assert (credentials.secrets_of(edited), edited.name) == ({"token": TOKEN}, "Renamed")


def test_new_secret_for_the_new_host_is_kept() -> None:
    connection = make_connection()

    edited = edit(connection, base_url="https://git2.example.org", answers={"token": "fresh"})

    assert credentials.secrets_of(edited) == {"token": "fresh"}


def test_stale_edit_is_refused_and_changes_nothing() -> None:
    connection = make_connection(name="Git")
    edit(connection, name="Git A")

    with pytest.raises(StaleConnection):
        edit(connection, name="Git B", row_version=1)

    assert Connection.objects.get().name == "Git A"


def test_name_of_a_standing_connection_is_taken_that_of_a_removed_one_is_free() -> None:
    first = make_connection(name="Git")
    with pytest.raises(NameTaken) as refused:
        make_connection(name="Git")
    assert str(refused.value) == "There is a connection named Git already. Give this one another name."
    connections.remove_connection(connection=first, by=None, at=AT)

    assert make_connection(name="Git").pk != first.pk


def test_refused_address_says_what_would_open_it() -> None:
    with pytest.raises(AddressRefused) as refused:
        make_connection(base_url="http://localhost:5000")

    assert refused.value.allow == "http://localhost:5000"
    assert str(refused.value).startswith("Refused: http://localhost:5000 is ")
    assert str(refused.value).endswith("To allow it, add http://localhost:5000 to PORTAL_EGRESS_ALLOW.")
    assert Connection.objects.count() == 0


def test_administrator_allows_a_host_and_it_is_logged() -> None:
    admin = make_admin()

    connection = make_connection(base_url="http://localhost:5000", allow="http://localhost:5000", by=admin)

    assert connection.base_url == "http://localhost:5000"
    assert [(host.origin, host.allowed_by) for host in AllowedHost.objects.all()] == [
        ("http://localhost:5000", admin)
    ]
    event = Event.objects.get(action="connection.allow_host")
    assert (event.actor, event.after) == (admin, {"origin": "http://localhost:5000"})


def test_platform_engineer_keeps_connections_but_opens_no_address() -> None:
    engineer = make_platform_engineer()

    with pytest.raises(NotAllowed):
        make_connection(base_url="http://localhost:5000", allow="http://localhost:5000", by=engineer)

    assert (AllowedHost.objects.count(), Connection.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "entry", ["http://169.254.169.254:80", "http://metadata.google.internal:80", "http://[fd00:ec2::254]:80"]
)
def test_metadata_address_is_never_allowed(entry: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        addresses.allow_host(entry=entry, by=make_admin(), at=AT)

    assert refused.value.allow == ""
    assert AllowedHost.objects.count() == 0


@pytest.mark.parametrize("entry", ["http://10.0.0.0/8:80", "localhost", "", "http://a b:80"])
def test_only_one_host_at_a_time_can_be_allowed(entry: str) -> None:
    with pytest.raises(AddressRefused):
        addresses.allow_host(entry=entry, by=make_admin(), at=AT)

    assert AllowedHost.objects.count() == 0


def test_production_opens_addresses_by_its_setting_only(settings: Any) -> None:
    AllowedHost.objects.create(origin="http://localhost:5000", allowed_at=AT)
    settings.PRODUCTION = True

    with pytest.raises(NotOnThisPortal):
        addresses.allow_host(entry="http://localhost:5001", by=make_admin(), at=AT)
    with pytest.raises(AddressRefused):
        addresses.check_address("http://localhost:5000")
    assert addresses.openable_entry("http://localhost:5000") == ""


def test_nobody_without_the_right_makes_or_maps() -> None:
    team = make_team()
    member = make_member(team)
    connection = make_connection()

    with pytest.raises(NotAllowed):
        make_connection(by=member)
    with pytest.raises(NotAllowed):
        sources.map_team(connection=connection, team=team, options={}, by=member, at=AT)
    with pytest.raises(NotAllowed):
        connections.set_secret(connection=connection, secrets={"token": "x"}, by=member, at=AT)
    assert (Connection.objects.count(), Source.objects.count()) == (1, 0)


def test_team_is_mapped_once_and_again_after_removal() -> None:
    connection, team = make_connection(), make_team()
    source = make_source(connection, team)

    with pytest.raises(sources.AlreadyMapped):
        make_source(connection, team)
    sources.remove_source(source=source, by=None, at=AT)
    make_source(connection, team)

    assert list(Source.objects.order_by("pk").values_list("removed_at", flat=True)) == [AT, None]


def test_rotation_moves_every_credential_and_says_which_keys_are_needed(settings: Any) -> None:
    connection = make_connection()
    make_connection(answers={})
    settings.PORTAL_KEYS = {**OTHER_RING, **RING}

    first = credentials.rotate_keys()
    second = credentials.rotate_keys()

    assert (first.moved, first.failed, first.in_use) == (1, (), ("k9",))
    assert second.moved == 0
    settings.PORTAL_KEYS = OTHER_RING
    connection.refresh_from_db()
    assert credentials.secrets_of(connection) == {"token": TOKEN}


def test_rotation_leaves_what_it_cannot_open_and_says_so(settings: Any) -> None:
    connection = make_connection(name="Git")
    before = connection.secret
    settings.PORTAL_KEYS = OTHER_RING

    rotated = credentials.rotate_keys()

    assert (rotated.moved, rotated.in_use) == (0, ("k1",))
    assert rotated.failed[0].startswith(
        f"Git: The credential of connection {connection.pk} was encrypted with key 'k1'"
    )
    connection.refresh_from_db()
    assert connection.secret == before


def test_removed_connection_forgets_its_credential_and_sources(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": True}}
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)

    connections.remove_connection(connection=connection, by=None, at=AT + timedelta(hours=1))

    connection.refresh_from_db()
    assert (connection.secret, connection.removed_at) == ("", AT + timedelta(hours=1))
    assert Source.objects.open().count() == 0


def test_test_keeps_what_it_found_for_the_forms(fake: FakeSystem) -> None:
    fake.pages["/me"] = {
        "identity": "reader",
        "choices": {"project": ["churn", "fraud"]},
        "missing": {"Administration (read)": ["repo.main_branch_guarded"]},
    }
    connection = make_connection(fake)

    probes.test_connection(connection=connection, by=None, at=AT)

    connection.refresh_from_db()
    assert connection.found == {
        "identity": "reader",
        "choices": {"project": ["churn", "fraud"]},
        "missing": {"Administration (read)": ["repo.main_branch_guarded"]},
        "notes": [],
        "credential": "",
        "ends_at": "",
    }
    assert connection.tested_at == AT


def test_failed_test_is_kept_in_words_beside_what_an_earlier_one_found(fake: FakeSystem) -> None:
    fake.pages["/me"] = {"identity": "reader"}
    connection = make_connection(fake)
    probes.try_connection(connection=connection, by=None, at=AT)
    fake.status = 401

    problem = probes.try_connection(connection=connection, by=None, at=AT + timedelta(minutes=1))

    connection.refresh_from_db()
    assert problem.endswith("did not accept the credential (HTTP 401): enter a new one in the connection.")
    assert (connection.test_failure, connection.test_failed_at) == (problem, AT + timedelta(minutes=1))
    assert (connection.found["identity"], connection.tested_at) == ("reader", AT)
    fake.status = 200
    probes.try_connection(connection=connection, by=None, at=AT + timedelta(minutes=2))
    connection.refresh_from_db()
    assert (connection.test_failure, connection.test_failed_at) == ("", None)


def test_another_host_forgets_the_test_that_failed_at_the_old_one(fake: FakeSystem) -> None:
    fake.status = 401
    connection = make_connection(fake)
    probes.try_connection(connection=connection, by=None, at=AT)

    edit(connection, base_url="https://elsewhere.example.org")

    connection.refresh_from_db()
    assert (connection.test_failure, connection.test_failed_at) == ("", None)


def test_tests_are_limited_to_ten_an_hour(fake: FakeSystem) -> None:
    fake.pages["/me"] = {"identity": "reader"}
    connection = make_connection(fake)
    for minute in range(probes.TESTS_AN_HOUR):
        probes.test_connection(connection=connection, by=None, at=AT + timedelta(minutes=minute))

    with pytest.raises(probes.TooManyTests):
        probes.test_connection(connection=connection, by=None, at=AT + timedelta(minutes=59))

    assert len(fake.asked) == probes.TESTS_AN_HOUR
    probes.test_connection(connection=connection, by=None, at=AT + timedelta(minutes=61))
    assert len(fake.asked) == probes.TESTS_AN_HOUR + 1
