"""What is known of the credentials of connections, and the door through which they are opened right before use."""

from __future__ import annotations

import orjson
from django.conf import settings

from integrations.models import Connection
from integrations.queries.kinds import connector_class
from mlops_portal.lib.secrets import CannotDecrypt, KeyRing, Place


def key_ring() -> KeyRing:
    return KeyRing(settings.PORTAL_KEYS)


def place_of(connection: Connection) -> Place:
    return Place("connection", connection.pk, "secret")


def secrets_of(connection: Connection) -> dict[str, str]:
    """The secret options in plain, {} when none are set. Raises CannotDecrypt."""
    if not connection.secret:
        return {}
    found: dict[str, str] = orjson.loads(key_ring().open(connection.secret, place_of(connection)))
    return found


def request_headers(connection: Connection) -> dict[str, str]:
    """What is sent with each request, the credential among it. Raises CannotDecrypt, UnknownConnector, NotAConnector."""
    return connector_class(connection.kind).headers({**connection.options, **secrets_of(connection)})


def credential_problem(connection: Connection) -> str:
    """Why the stored credential does not open under the key ring as it is now; "" when it does, or when there is none."""
    try:
        secrets_of(connection)
    except CannotDecrypt as error:
        return str(error)
    return ""
