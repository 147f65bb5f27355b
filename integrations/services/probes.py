"""What a person starts by hand: testing a connection, and asking for a collection."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from integrations.connectors.base import Found
from integrations.connectors.http import SourceError
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.models import Connection, Source
from integrations.queries.connections import in_words
from integrations.services.connections import unpause
from integrations.services.doors import TEST_LIMITS, TEST_SECONDS, connector_of
from mlops_portal.lib.secrets import CannotDecrypt
from teams.models import User
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right

log = structlog.get_logger(__name__)

RUN = "collection.run"
TESTS_AN_HOUR = 10
ASK_EVERY = timedelta(minutes=5)
# What a form can offer; a system with more is typed by hand.
MAX_CHOICES = 500


class TooManyTests(Refused):
    """The limit of tests is used up: the button must not become a way to probe somebody's network."""


class TooSoon(Refused):
    """The connection was collected a moment ago."""


class Paused(Refused):
    """A paused connection is not collected."""


def test_connection(*, connection: Connection, by: User | None, at: datetime) -> Found:
    """What the credential reaches, kept for the forms of this connection. A failure is kept by `try_connection`.

    Raises NotAllowed, TooManyTests, SourceError, CannotDecrypt, UnknownConnector, NotAConnector.
    """
    check_right(by, RUN)
    _count_test(connection, at)
    with connector_of(
        connection, at=at, seconds=TEST_SECONDS, limits=TEST_LIMITS, is_by_hand=True
    ) as connector:
        found = connector.test()
    Connection.objects.filter(pk=connection.pk, base_url=connection.base_url).update(
        found=as_json(found), tested_at=at, test_failure="", test_failed_at=None
    )
    return found


def try_connection(*, connection: Connection, by: User | None, at: datetime) -> str:
    """Why the test failed, in a sentence for people; "" when what it found is kept. Raises NotAllowed, TooManyTests.

    The failure is kept with its time until a test goes through; what an earlier one found stays for the forms.
    """
    try:
        test_connection(connection=connection, by=by, at=at)
    except Refused:
        raise
    except SourceError as error:
        problem = error.message
    except (CannotDecrypt, UnknownConnector, NotAConnector) as error:
        problem = str(error)
    except Exception:  # a bug in one connector must not take its page down
        log.exception("test_failed", connection=connection.pk, kind=connection.kind)
        problem = "The portal itself failed while it tested this. Nothing was changed; its log says more."
    else:
        return ""
    Connection.objects.filter(pk=connection.pk, base_url=connection.base_url).update(
        test_failure=problem[:500], test_failed_at=at
    )
    return problem


def ask_for_collection(*, connection: Connection, by: User | None, at: datetime) -> None:
    """Makes the connection due now, with its results shown at once. Raises NotAllowed, Paused, TooSoon.

    A connection that the portal stopped goes on with it; what a person paused stays so. The dispatcher looks every few seconds, so nothing is queued here: a lost broker loses no wish.
    """
    check_right(by, RUN)
    with transaction.atomic():
        # Before the connection, as everybody locks them: an edit of a mapping and this must not wait for each other.
        sources = Source.objects.filter(connection=connection.pk, removed_at__isnull=True)
        list(sources.select_for_update().order_by("pk").values_list("pk"))
        sources.update(asked_at=at)
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.is_paused and row.paused_by_id is not None:
            raise Paused(f"{row.name} is paused: {row.pause_reason}")
        if row.asked_at is not None and not row.is_paused:
            return
        # After a failure somebody has mended something and wants to see it.
        if not row.last_failure and row.last_success_at is not None and row.last_success_at > at - ASK_EVERY:
            raise TooSoon(
                f"{row.name} was read less than {ASK_EVERY.seconds // 60} minutes ago; what it said is shown. "
                f"Collect now works again {in_words(row.last_success_at + ASK_EVERY - at)}."
            )
        if row.budget is not None and row.budget.free_at is not None and row.budget.free_at > at:
            raise TooSoon(
                f"The host of {row.name} asked for fewer requests. Collect now works again "
                f"{in_words(row.budget.free_at - at)}; the portal goes on by itself then."
            )
        if row.is_paused:
            unpause(row=row, at=at)
            record_event(at=at, by=by, action="connection.resume", obj=row)
        row.asked_at = row.next_due_at = at
        row.save(
            update_fields=[
                *("asked_at", "next_due_at", "is_paused", "pause_reason", "paused_by"),
                *("failures", "failing_since_at"),
            ]
        )
        record_event(at=at, by=by, action="collection.ask", obj=row)


def as_json(found: Found) -> dict[str, object]:
    return {
        "identity": found.identity[:200],
        "choices": {
            name: [str(one)[:300] for one in values[:MAX_CHOICES]] for name, values in found.choices.items()
        },
        "missing": {name: list(signals) for name, signals in found.missing.items()},
        "notes": [note[:500] for note in found.notes[:20]],
        "credential": found.credential[:200],
        "ends_at": found.ends_at.isoformat() if found.ends_at else "",
    }


def _count_test(connection: Connection, at: datetime) -> None:
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        hour_ago = (at - timedelta(hours=1)).isoformat()
        recent = [moment for moment in row.recent_tests if moment > hour_ago]
        if len(recent) >= TESTS_AN_HOUR:
            raise TooManyTests(
                f"{row.name} was tested {TESTS_AN_HOUR} times within an hour. Wait, then test again."
            )
        row.recent_tests = [*recent, at.isoformat()]
        row.save(update_fields=["recent_tests"])
