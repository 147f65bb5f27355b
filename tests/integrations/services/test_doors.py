"""The deadline over all requests of one reading."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from integrations.connectors.failures import Mark
from integrations.connectors.http import Failure, Limits, SourceError
from integrations.services.doors import connector_of
from tests.factories import AT
from tests.integrations.factories import make_connection
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db


def test_a_request_that_is_under_way_is_cut_short_by_the_deadline(settings: Any, fake_kinds: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        settings.PORTAL_EGRESS_ALLOW = origin
        connection = make_connection(base_url=origin)
        began = time.monotonic()

        with (
            pytest.raises(SourceError) as caught,
            connector_of(
                connection, at=AT, seconds=0.3, limits=Limits(connect=60, read=60, total=60)
            ) as connector,
        ):
            connector.test()

    # Not the minute that one request may take.
    assert time.monotonic() - began < 30
    assert (caught.value.kind, caught.value.mark) == (Failure.UNREACHABLE, Mark.TOO_SLOW)
    assert caught.value.message == (
        "127.0.0.1 was too slow: it was read for 0.3 seconds and was not done. "
        "Look why it answers slowly, or map less to one team."
    )


def test_after_the_deadline_nothing_is_asked(fake: FakeSystem) -> None:
    fake.pages["/me"] = {"identity": "reader"}
    connection = make_connection(fake)

    with connector_of(connection, at=AT, seconds=0.2) as connector:
        connector.test()
        time.sleep(0.25)
        with pytest.raises(SourceError) as caught:
            connector.test()

    assert (caught.value.mark, fake.paths) == (Mark.TOO_SLOW, ["/me"])
