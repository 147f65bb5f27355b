"""Mapping files while a repository of the team cannot be read: there may be a second file in it, so none begins to speak."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from integrations.connectors.http import Limits
from integrations.models import MappingFile
from integrations.services import doors, mapping_files
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem
from tests.integrations.services.test_mapping_files import HAND, SETS, World, faults

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
UNREAD = "octo/lib could not be read, so there may be a second file. What stands changes once all repositories could be read."


@pytest.fixture
def world(fake: FakeSystem) -> World:
    return World(fake)


def test_one_of_two_files_does_not_speak_while_the_other_cannot_be_read(world: World) -> None:
    world.put(SETS)
    world.put(SETS.replace("release", "main"), place="octo/lib")
    world.read()
    world.fake.statuses["/files/octo/lib"] = 503
    world.read()

    assert (world.source().options, faults()) == (HAND, [[1, 1, UNREAD]])

    del world.fake.statuses["/files/octo/lib"]
    world.fake.pages["/files/octo/lib"] = {}
    world.read()
    assert (world.source().options["branch"], faults()) == ("release", [])


def test_a_file_that_speaks_goes_on_while_another_repository_cannot_be_read(world: World) -> None:
    world.put(SETS)
    world.read()
    world.fake.statuses["/files/octo/lib"] = 503
    world.put(SETS.replace("release", "main"))
    world.read()

    assert (world.source().options["branch"], faults()) == ("main", [])


def test_another_file_does_not_take_over_while_the_first_cannot_be_read(world: World) -> None:
    world.put(SETS)
    world.read()
    world.fake.statuses["/files/octo/app"] = 503
    world.put(SETS.replace("release", "main"), place="octo/lib")
    world.read()

    file = MappingFile.objects.get()
    assert (world.source().options["branch"], file.place, file.faults) == ("release", "octo/app", [])


def test_a_host_that_does_not_answer_is_asked_for_one_file_only(
    settings: Any, fake_kinds: None, monkeypatch: Any
) -> None:
    """The second repository would be asked with the usual patience: the knock would be in vain."""
    monkeypatch.setattr(doors, "KNOCK", Limits(connect=0.2, read=0.2, total=0.3))
    monkeypatch.setattr(mapping_files, "FILE_SECONDS", 4.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        settings.PORTAL_EGRESS_ALLOW = origin
        git = make_connection(base_url=origin)
        make_source(git, options={**HAND, "repositories": ["o/a app", "o/b app", "o/c app"]})
        began = time.monotonic()
        assert collect(git) == ()
        assert time.monotonic() - began < 2.5
