"""What a person starts by hand: the test of a connection, and a collection now."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.access import connection_for
from integrations.models import Connection
from integrations.queries.connections import why_not_now
from integrations.services.leases import claim_one
from integrations.services.probes import RUN, ask_for_collection, try_connection
from integrations.tasks import hand_over
from teams.models import User
from teams.services.refusal import Refused

NO_BROKER = (
    "The message broker cannot be reached, so no worker has heard of this yet. Nothing is lost: the wish is kept and a "
    "worker takes it as soon as the broker is back. Check that broker, worker and beat run."
)


@require_POST
def connection_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks the system who the credential is and what it sees; answers within ten seconds."""
    user, connection = connection_for(request, pk, RUN)
    test_and_say(request, user, connection)
    return redirect("integrations:connection-detail", pk)


@require_POST
def connection_collect(request: HttpRequest, pk: int) -> HttpResponse:
    """Reads the connection now: a wish in the database, and a message to a worker."""
    user, connection = connection_for(request, pk, RUN)
    try:
        ask_for_collection(connection=connection, by=user, at=timezone.now())
    except Refused as error:
        messages.warning(request, str(error))
    else:
        read_soon(request, connection)
    return redirect("integrations:connection-detail", pk)


def read_soon(request: HttpRequest, connection: Connection) -> None:
    """Hands a connection that is due to a worker and says what became of that."""
    now = timezone.now()
    claim = claim_one(connection_id=connection.pk, at=now)
    if claim is None:
        messages.info(
            request, f"{connection.name} is read as soon as it can be: {why_not_now(connection, now)}"
        )
    elif hand_over(claim):
        messages.info(request, f"{connection.name} is read now. What it says shows here as it comes.")
    else:
        messages.warning(request, NO_BROKER)


def test_and_say(request: HttpRequest, user: User, connection: Connection) -> None:
    """Tests the connection and says what came of it; what was found stands on its page."""
    try:
        problem = try_connection(connection=connection, by=user, at=timezone.now())
    except Refused as error:
        problem = str(error)
    if problem:
        messages.error(request, f"The test failed. {problem}")
    else:
        messages.info(request, f"The test went through: {connection.name} answers.")
