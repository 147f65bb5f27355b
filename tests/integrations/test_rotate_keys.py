"""`manage.py rotate_keys`: says what moved and which keys are still needed; what cannot be opened stays and is named."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integrations.services.credentials import seal, secrets_of
from tests.integrations.conftest import OTHER_RING, RING
from tests.integrations.factories import make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(fake_kinds):
    made = make_connection()
    made.secret = seal(made, {"token": "of the old key"})
    made.save()
    return made


def rotate():
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_credentials_move_to_the_first_key_once(connection, settings):
    settings.PORTAL_KEYS = {**OTHER_RING, **RING}

    first, second = rotate(), rotate()

    assert first == "1 credentials sealed anew. Keys that are still needed: k9.\n"
    assert second == "0 credentials sealed anew. Keys that are still needed: k9.\n"
    connection.refresh_from_db()
    settings.PORTAL_KEYS = OTHER_RING
    assert secrets_of(connection) == {"token": "of the old key"}


def test_without_the_old_key_nothing_is_overwritten(connection, settings):
    settings.PORTAL_KEYS = OTHER_RING
    before = connection.secret

    with pytest.raises(CommandError) as refused:
        rotate()

    assert str(refused.value).startswith(f"{connection.name}: ")
    connection.refresh_from_db()
    assert connection.secret == before
