"""What people see of connections: who sees which, health at a glance, and what a connection does at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Count, Exists, OuterRef, QuerySet

from assessments.models import Reading
from assessments.pooling import COULD_NOT_READ
from assessments.vocabulary import Reason
from integrations.connectors.http import Failure
from integrations.models import Connection, Source
from integrations.queries.credentials import credential_problem
from integrations.queries.kinds import label_of
from teams.queries.rights import Actor, rights_of, teams_visible_to

VIEW = "connection.view"
EDIT = "connection.edit"
# Not to be told about something is a choice; to be unable to read it blinds a signal.
BLIND = COULD_NOT_READ - {Reason.NOT_CONFIGURED}
# The failure of a collection whose credential did not open under the key ring.
SECRET = "secret"  # noqa: S105 -- the name of a failure
# Beat looks every ten seconds; after this long nobody is there who looks.
SOON = timedelta(minutes=2)
OVERDUE = timedelta(minutes=15)

# state -> (icon, word, modifier of the sign)
SIGNS = {
    "ok": ("check", "Reads", ""),
    "failing": ("octagon-alert", "Fails", "sign--warn"),
    "stopped": ("octagon-alert", "Stopped", "sign--warn"),
    "late": ("clock", "Overdue", "sign--warn"),
    "paused": ("circle-pause", "Paused", "sign--soft"),
    "waiting": ("clock", "Not read yet", "sign--soft"),
    "throttled": ("clock", "Put off", "sign--soft"),
    "unmapped": ("circle", "No team", "sign--soft"),
}


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection stands: a key of SIGNS, and what to say of it."""

    state: str
    words: str

    @property
    def is_broken(self) -> bool:
        return self.state in {"failing", "stopped"}

    @property
    def icon(self) -> str:
        return SIGNS[self.state][0]

    @property
    def word(self) -> str:
        return SIGNS[self.state][1]

    @property
    def css(self) -> str:
        return SIGNS[self.state][2]


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection as the list shows it."""

    pk: int
    name: str
    kind: str
    host: str
    health: Health
    last_success_at: datetime | None
    next_due_at: datetime | None
    team_count: int
    blinded_count: int


def sources_visible_to(actor: Actor) -> QuerySet[Source]:
    """Open sources of teams whose connections the actor may see."""
    return Source.objects.open().filter(team__in=teams_visible_to(actor, VIEW))


def connections_visible_to(actor: Actor, *, with_removed: bool = False) -> QuerySet[Connection]:
    """All, for who keeps connections, removed ones when asked for; else those that feed a team that the actor sees."""
    connections = Connection.objects.open()
    if rights_of(actor).can(EDIT):
        return Connection.objects.all() if with_removed else connections
    return connections.filter(Exists(sources_visible_to(actor).filter(connection=OuterRef("pk"))))


def connection_names(actor: Actor) -> dict[str, str]:
    """What connections are called that the actor may see, by what is stored of them as of who acted. Two queries."""
    rows = connections_visible_to(actor, with_removed=True).order_by("pk").only("pk", "name")
    names = {row.measurement_source: f"connection {row.name}" for row in rows}
    # Rows from before keys were stored hold the name itself.
    return {**{name: name for name in names.values()}, **names}


def connection_rows(actor: Actor, at: datetime) -> list[ConnectionRow]:
    """Broken ones first, then by name. Four queries, whatever their number."""
    connections = list(connections_visible_to(actor).select_related("budget").order_by("name", "pk"))
    keys = [connection.measurement_source for connection in connections]
    teams = dict(
        sources_visible_to(actor).values_list("connection").annotate(Count("pk")).order_by("connection")
    )
    blind = _blinded(actor, keys)
    rows = [
        _row(connection, teams.get(connection.pk, 0), blind.get(connection.measurement_source, 0), at)
        for connection in connections
    ]
    order = {"failing": 0, "stopped": 0, "late": 1, "paused": 2}
    return sorted(rows, key=lambda row: order.get(row.health.state, 3))


def health_of(connection: Connection, team_count: int, at: datetime) -> Health:
    """How a connection stands at `at`. No query: it opens the credential to see that it can be opened."""
    if problem := credential_problem(connection):
        return Health("failing", problem)
    if connection.is_paused:
        # What the portal paused by itself is broken; what a person paused is as it should be.
        return Health("paused" if connection.paused_by_id else "stopped", connection.pause_reason)
    if connection.last_failure and not _has_newer_credential(connection):
        return Health("failing", connection.last_failure_message)
    return _unbroken(connection, team_count, at)


def _unbroken(connection: Connection, team_count: int, at: datetime) -> Health:
    if team_count == 0:
        return Health("unmapped", "No team is mapped to it yet.")
    if (free_at := resting_until(connection, at)) is not None:
        return Health(
            "throttled",
            f"The host asked for fewer requests, or the rest is kept for people. It is read again {in_words(free_at - at)}.",
        )
    if connection.next_due_at < at - OVERDUE and not _is_held(connection, at):
        return Health("late", "It is due and nobody reads it. Check that the worker and beat run.")
    if connection.last_failure:
        return Health("waiting", "A new credential was entered; the next collection shows what it opens.")
    if connection.last_success_at is None:
        return Health("waiting", "The first collection is still to come.")
    return Health("ok", "")


def activity_of(connection: Connection, at: datetime) -> str:
    """What happens with a connection at `at`, in a sentence; "" where nothing does."""
    if _is_held(connection, at):
        return "It is being read now." if connection.attempts else "A collection waits for a worker."
    if connection.asked_at is None or connection.is_paused:
        return ""
    if connection.asked_at < at - SOON:
        return (
            "A collection was asked for and no worker has taken it yet. The wish is kept; "
            "check that the worker, beat and the broker run."
        )
    return "A collection was asked for; it has not begun yet."


def resting_until(connection: Connection, at: datetime) -> datetime | None:
    """Until when the credential is not used, None when it may be. No query when `budget` is loaded."""
    budget = connection.budget
    return (
        budget.free_at if budget is not None and budget.free_at is not None and budget.free_at > at else None
    )


def why_not_now(connection: Connection, at: datetime) -> str:
    """Why a collection could not begin at `at`, in a sentence that goes on after a name and a comma."""
    fresh = Connection.objects.select_related("budget").get(pk=connection.pk)
    if _is_held(fresh, at):
        return "a worker is reading it at this moment."
    if (free_at := resting_until(fresh, at)) is not None:
        return f"its host asked for fewer requests. It may be asked again {in_words(free_at - at)}."
    return "another connection with the same credential is being read at this moment."


def in_words(wait: timedelta) -> str:
    """A wait in whole minutes, the begun one counted; in hours from two on."""
    minutes = -(-int(wait.total_seconds()) // 60)
    if minutes > 120:
        return f"in {-(-minutes // 60)} hours"
    return "in 1 minute" if minutes <= 1 else f"in {minutes} minutes"


def host_of(connection: Connection) -> str:
    return urlsplit(connection.base_url).netloc


def _has_newer_credential(connection: Connection) -> bool:
    failed_at, set_at = connection.last_failure_at, connection.secret_set_at
    is_about_it = connection.last_failure in {Failure.UNAUTHORIZED, SECRET}
    return is_about_it and failed_at is not None and set_at is not None and set_at > failed_at


def _is_held(connection: Connection, at: datetime) -> bool:
    return connection.lease_ends_at is not None and connection.lease_ends_at >= at


def _row(connection: Connection, team_count: int, blinded_count: int, at: datetime) -> ConnectionRow:
    return ConnectionRow(
        pk=connection.pk,
        name=connection.name,
        kind=label_of(connection.kind),
        host=host_of(connection),
        health=health_of(connection, team_count, at),
        last_success_at=connection.last_success_at,
        next_due_at=None if connection.is_paused else connection.next_due_at,
        team_count=team_count,
        blinded_count=blinded_count,
    )


def _blinded(actor: Actor, keys: list[str]) -> dict[str, int]:
    """By source key: how many signals of visible teams could not be read last time."""
    return dict(
        Reading.objects.filter(
            source__in=keys,
            removed_at__isnull=True,
            latest__reason__in=BLIND,
            team__in=teams_visible_to(actor, VIEW),
        )
        .values_list("source")
        .annotate(Count("pk"))
        .order_by("source")
    )
