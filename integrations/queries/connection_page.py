"""One connection as its page shows it: how it stands, what the last test found, the teams it feeds, the newest runs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from assessments.models import Measurement, Reading
from assessments.queries.readings import typed_value
from assessments.queries.words import reason_words, signal_phrase, value_words
from assessments.vocabulary import SIGNALS, SignalType
from integrations.models import Collection, Connection, Source
from integrations.queries.connections import (
    BLIND,
    Health,
    activity_of,
    health_of,
    host_of,
    sources_visible_to,
)
from integrations.queries.doctor import Blinding, FoundLine, active_file, empty_options, found_line
from integrations.queries.history import history_of
from integrations.queries.kinds import known_class, label_of, secret_names
from integrations.queries.spans import interval_words
from teams.queries.rights import Actor

RECENT_RUNS = 10
SOURCES_A_PAGE = 50
# A credential older than this is worth a thought (SECURITY C8).
OLD_CREDENTIAL = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A value that waits for somebody to say that it is right: which measurement, and what it says."""

    measurement: int
    words: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    pk: int
    team: str
    team_slug: str
    maps: str
    is_from_file: bool
    has_faults: bool
    last_read_at: datetime | None
    message: str
    known_count: int
    blinded_count: int
    # How far back it was read, while that is not all.
    history: str = ""
    # What fell by more than half.
    held: tuple[HeldLine, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRow:
    """One collection in words."""

    team: str
    team_slug: str
    started_at: datetime
    outcome: str
    words: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialLine:
    """What may be said of a credential: whether there is one, since when and by whom. Never anything of itself."""

    is_asked_for: bool
    is_stored: bool
    set_at: datetime | None
    set_by: str
    is_old: bool


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    kind: str
    is_known_kind: bool
    lead: str
    health: Health
    activity: str
    credential: CredentialLine
    found: FoundLine | None
    empty: tuple[Blinding, ...]
    sources: Page[Source]
    rows: tuple[SourceRow, ...]
    runs: tuple[RunRow, ...]

    @property
    def held_rows(self) -> tuple[SourceRow, ...]:
        """Those that wait for somebody to say that a drop is right."""
        return tuple(row for row in self.rows if row.held)


def connection_page(actor: Actor, connection: Connection, at: datetime, number: str = "") -> ConnectionPage:
    """The page of one connection, as far as the actor sees its teams. Six queries, whatever their number."""
    visible = (
        sources_visible_to(actor)
        .filter(connection=connection)
        .select_related("team", "mapping_file")
        .order_by("team__name", "pk")
    )
    sources = Paginator(visible, SOURCES_A_PAGE).get_page(number)
    connector, model = known_class(connection.kind), active_file()
    return ConnectionPage(
        kind=label_of(connection.kind),
        is_known_kind=connector is not None,
        lead=_lead(connection, sources.paginator.count),
        health=health_of(connection, sources.paginator.count, at),
        activity=activity_of(connection, at),
        credential=credential_line(connection, at),
        found=found_line(connection, connector, model),
        empty=empty_options(connector, list(sources.object_list), model) if connector else (),
        sources=sources,
        rows=_source_rows(connection, list(sources.object_list)),
        runs=_runs(actor, connection),
    )


def _lead(connection: Connection, team_count: int) -> str:
    teams = {0: "no team yet", 1: "1 team"}.get(team_count, f"{team_count} teams")
    # The word of its state: what a person paused is paused, what the portal paused by itself has stopped.
    paused = "paused" if connection.paused_by_id else "stopped"
    read = paused if connection.is_paused else f"read {interval_words(connection.interval_minutes)}"
    return f"{label_of(connection.kind)} at {host_of(connection)}, {read}, for {teams}."


def credential_line(connection: Connection, at: datetime) -> CredentialLine:
    """What may be said of the credential. No query when `secret_set_by` is loaded."""
    connector = known_class(connection.kind)
    return CredentialLine(
        is_asked_for=connector is not None and bool(secret_names(connector)),
        is_stored=bool(connection.secret),
        set_at=connection.secret_set_at,
        set_by=str(connection.secret_set_by or "the portal itself"),
        is_old=connection.secret_set_at is not None and connection.secret_set_at < at - OLD_CREDENTIAL,
    )


def _source_rows(connection: Connection, sources: list[Source]) -> tuple[SourceRow, ...]:
    readings = Reading.objects.filter(
        source=connection.measurement_source,
        removed_at__isnull=True,
        team__in=[source.team_id for source in sources],
    )
    history = history_of(sources)
    known = dict(
        readings.filter(latest__reason="").values_list("team").annotate(Count("pk")).order_by("team")
    )
    blind = dict(
        readings.filter(latest__reason__in=BLIND).values_list("team").annotate(Count("pk")).order_by("team")
    )
    held = _held(readings)
    return tuple(
        SourceRow(
            pk=source.pk,
            team=source.team.name,
            team_slug=source.team.slug,
            maps=_maps(connection, source),
            is_from_file=bool(source.file_options),
            has_faults=bool(getattr(source, "mapping_file", None) and source.mapping_file.faults),
            last_read_at=source.last_read_at,
            message=source.last_failure_message,
            known_count=known.get(source.team_id, 0),
            blinded_count=blind.get(source.team_id, 0),
            history=history.get(source.pk, ""),
            held=tuple(held.get(source.team_id, ())),
        )
        for source in sources
    )


def _held(readings: QuerySet[Reading]) -> dict[int, list[HeldLine]]:
    """By team, the values that are held: what counts, and what was read last."""
    found: dict[int, list[HeldLine]] = defaultdict(list)
    rows = readings.filter(held_at__isnull=False).select_related("latest", "good").order_by("signal")
    for row in rows:
        before, now = (_said(one) for one in (row.good, row.latest))
        phrase = signal_phrase(row.signal)
        is_question = row.signal in SIGNALS and SIGNALS[row.signal].type is SignalType.BOOL
        counts = f"{phrase}: {before}" if is_question or row.good is None else f"{before} {phrase}"
        said = f"{counts[:1].upper()}{counts[1:]}. Read now: {now}."
        found[row.team_id].append(HeldLine(row.latest_id, said))
    return found


def _said(measurement: Measurement | None) -> str:
    if measurement is None:
        return "nothing"
    if measurement.reason:
        return f"unknown, {reason_words(measurement.reason)}"
    return value_words(measurement.signal, typed_value(measurement), measurement.bound)


def _maps(connection: Connection, source: Source) -> str:
    """The first answers of a mapping, short: what of the system belongs to the team."""
    connector = known_class(connection.kind)
    for option in connector.source_options if connector else ():
        value = source.options.get(option.name)
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        if lines:
            more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
            return f"{', '.join(str(line) for line in lines[:3])}{more}"
    return ""


def _runs(actor: Actor, connection: Connection) -> tuple[RunRow, ...]:
    """The newest runs of sources that the actor sees."""
    runs = (
        Collection.objects.filter(connection=connection, source__in=sources_visible_to(actor))
        .select_related("source__team")
        .order_by("-finished_at", "-pk")[:RECENT_RUNS]
    )
    return tuple(
        RunRow(
            team=run.source.team.name,
            team_slug=run.source.team.slug,
            started_at=run.started_at,
            outcome=run.outcome,
            words=run_words(run),
            notes=tuple(run.notes),
        )
        for run in runs
    )


def run_words(run: Collection) -> str:
    """A collection in words: how it came out, what it brought, why not."""
    parts = [f"{run.get_outcome_display()}."]
    if run.message:
        parts.append(run.message)
    is_read = run.outcome in {Collection.Outcome.OK, Collection.Outcome.PARTIAL}
    if is_read and (run.known_count or run.unknown_count):
        new = {0: "Nothing changed.", 1: "1 new measurement."}
        parts.append(f"{run.known_count} known, {run.unknown_count} unknown.")
        parts.append(new.get(run.stored_count, f"{run.stored_count} new measurements."))
    return " ".join(parts)
