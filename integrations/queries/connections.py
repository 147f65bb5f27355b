"""What people see of connections: health at a glance, and one connection with its sources and runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Count, Exists, OuterRef, QuerySet

from assessments.models import Reading
from assessments.pooling import COULD_NOT_READ
from assessments.vocabulary import Reason
from integrations.models import Collection, Connection, Source
from integrations.queries.kinds import label_of
from teams.queries.rights import Actor, rights_of, teams_visible_to

VIEW = "connection.view"
EDIT = "connection.edit"
RECENT_RUNS = 10
# Not to be told about something is a choice; to be unable to read it blinds a signal.
_BLIND = COULD_NOT_READ - {Reason.NOT_CONFIGURED}


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection as the list shows it. `state` is ok, failing, paused, waiting or unmapped; `words` say it."""

    pk: int
    name: str
    kind: str
    host: str
    state: str
    words: str
    last_success_at: datetime | None
    next_due_at: datetime | None
    team_count: int
    blinded_count: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    pk: int
    team: str
    team_slug: str
    last_read_at: datetime | None
    message: str
    known_count: int
    blinded_count: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One collection as the page shows it."""

    team: str
    started_at: datetime
    seconds: float
    outcome: str
    trigger: str
    known_count: int
    unknown_count: int
    stored_count: int
    message: str
    notes: tuple[str, ...]


def sources_visible_to(actor: Actor) -> QuerySet[Source]:
    """Open sources of teams whose connections the actor may see."""
    return Source.objects.open().filter(team__in=teams_visible_to(actor, VIEW))


def connections_visible_to(actor: Actor) -> QuerySet[Connection]:
    """All, for who keeps connections; else those that feed a team that the actor sees."""
    connections = Connection.objects.open()
    if rights_of(actor).can(EDIT):
        return connections
    return connections.filter(Exists(sources_visible_to(actor).filter(connection=OuterRef("pk"))))


def connection_rows(actor: Actor) -> list[ConnectionRow]:
    """Broken ones first, then by name. Four queries, whatever their number."""
    connections = list(connections_visible_to(actor).order_by("name", "pk"))
    keys = [connection.measurement_source for connection in connections]
    teams = dict(
        sources_visible_to(actor).values_list("connection").annotate(Count("pk")).order_by("connection")
    )
    blind = _blinded(actor, keys)
    rows = [
        _row(connection, teams.get(connection.pk, 0), blind.get(connection.measurement_source, 0))
        for connection in connections
    ]
    order = {"failing": 0, "paused": 1}
    return sorted(rows, key=lambda row: order.get(row.state, 2))


def source_rows(actor: Actor, connection: Connection) -> list[SourceRow]:
    """The teams that this connection feeds, by name, as far as the actor sees them."""
    key = connection.measurement_source
    readings = Reading.objects.filter(source=key, removed_at__isnull=True)
    known = dict(
        readings.filter(latest__reason="").values_list("team").annotate(Count("pk")).order_by("team")
    )
    blind = dict(
        readings.filter(latest__reason__in=_BLIND).values_list("team").annotate(Count("pk")).order_by("team")
    )
    return [
        SourceRow(
            pk=source.pk,
            team=source.team.name,
            team_slug=source.team.slug,
            last_read_at=source.last_read_at,
            message=source.last_failure_message,
            known_count=known.get(source.team_id, 0),
            blinded_count=blind.get(source.team_id, 0),
        )
        for source in sources_visible_to(actor)
        .filter(connection=connection)
        .select_related("team")
        .order_by("team__name", "pk")
    ]


def recent_runs(actor: Actor, connection: Connection) -> list[RunRow]:
    """The newest runs of sources that the actor sees."""
    runs = (
        Collection.objects.filter(connection=connection, source__in=sources_visible_to(actor))
        .select_related("source__team")
        .order_by("-finished_at", "-pk")[:RECENT_RUNS]
    )
    return [
        RunRow(
            team=run.source.team.name,
            started_at=run.started_at,
            seconds=(run.finished_at - run.started_at).total_seconds(),
            outcome=run.get_outcome_display(),
            trigger=run.get_trigger_display(),
            known_count=run.known_count,
            unknown_count=run.unknown_count,
            stored_count=run.stored_count,
            message=run.message,
            notes=tuple(run.notes),
        )
        for run in runs
    ]


def state_of(connection: Connection, team_count: int) -> tuple[str, str]:
    """(state, what to say of it) of a connection."""
    if connection.is_paused:
        return "paused", f"Paused. {connection.pause_reason}"
    if connection.last_failure:
        return "failing", connection.last_failure_message
    if team_count == 0:
        return "unmapped", "No team is mapped to it yet."
    if connection.last_success_at is None:
        return "waiting", "Not read yet."
    return "ok", "Reads."


def host_of(connection: Connection) -> str:
    return urlsplit(connection.base_url).netloc


def _row(connection: Connection, team_count: int, blinded_count: int) -> ConnectionRow:
    state, words = state_of(connection, team_count)
    return ConnectionRow(
        pk=connection.pk,
        name=connection.name,
        kind=label_of(connection.kind),
        host=host_of(connection),
        state=state,
        words=words,
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
            latest__reason__in=_BLIND,
            team__in=teams_visible_to(actor, VIEW),
        )
        .values_list("source")
        .annotate(Count("pk"))
        .order_by("source")
    )
