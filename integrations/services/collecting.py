"""Reading a source: ask outside any transaction, then store everything in one.

What could not be read is stored as unknown with its reason, for every signal of the connector, so that nothing falls and
everybody sees why (RULINGS 6). An expected failure is a row that people see; only the unexpected goes to the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Max, QuerySet

from assessments.services.measurements import Observed, take_measurements
from assessments.vocabulary import Reason, group_of
from integrations.connectors.base import Collected, Observation, Question
from integrations.connectors.failures import Mark
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.models import Collection, Connection, Source
from integrations.queries.connections import SECRET
from integrations.queries.history import history_words
from integrations.queries.kinds import connector_class
from integrations.services import causes, evidence_links, joins, leases, mapping_files
from integrations.services.doors import connector_of
from integrations.services.facts import store_facts
from integrations.services.memory import DatabaseMemory, Turn, go_on
from integrations.services.memory_shelf import LeaseLost
from integrations.services.run_records import Problem, remarks_of, sum_up
from mlops_portal.lib.secrets import CannotDecrypt

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

# A failure of our own side, beside SECRET and those of http.Failure.
PORTAL = "portal"

REASONS = {
    Failure.UNAUTHORIZED: Reason.UNAUTHORIZED,
    Failure.FORBIDDEN: Reason.UNAUTHORIZED,
    Failure.NOT_FOUND: Reason.NOT_FOUND,
}
# What stands between the portal and the whole system; anything else may be one team's trouble alone.
_OF_ALL = frozenset(
    {Failure.BLOCKED, Failure.RATE_LIMITED, Failure.TLS, Failure.UNAUTHORIZED, Failure.UNREACHABLE}
)
# A gateway or the whole server; a 500 may be one project's.
_GATEWAY = frozenset({502, 503, 504})
# One task reads all sources of a connection. It stops to begin another one after this; a source may take as long again
# (doors.SOURCE_SECONDS), and the task's own limit lies behind both.
LONGEST = timedelta(minutes=10)


def collect_connection(
    *,
    claim: leases.Claim,
    clock: Clock,
    trigger: Collection.Trigger | None = None,
    on_source: Callable[[Source], None] = lambda _: None,
    on_collected: Callable[[Collection], None] = lambda _: None,
) -> tuple[Collection, ...]:
    """One collection for each source of the connection; none when the claim is no longer good. Raises nothing expected.

    Without `trigger` it is NOW for a source that a person asked for, else SCHEDULE. When it is broken off from outside (Ctrl-C,
    the task's limit), what was read is kept and the lease given back.
    """
    started_at = clock()
    connection = leases.begin(claim=claim, at=started_at)
    if connection is None:
        return ()
    try:
        with leases.kept_alive(connection=connection, clock=clock) as step:

            def on_step(source: Source) -> None:
                step()
                on_source(source)

            return _collect_sources(connection, trigger, clock, started_at, on_step, on_collected)
    except (KeyboardInterrupt, SoftTimeLimitExceeded):
        leases.give_back(claim=leases.Claim(connection.pk, connection.lease_key))
        raise


def _collect_sources(
    connection: Connection,
    trigger: Collection.Trigger | None,
    clock: Clock,
    started_at: datetime,
    on_source: Callable[[Source], None],
    on_collected: Callable[[Collection], None],
) -> tuple[Collection, ...]:
    done: list[Collection] = []
    shared: Problem | None = None
    first: Problem | None = None
    is_behind, turn = False, Turn()
    is_knocking = trigger != Collection.Trigger.COMMAND and not connection.is_slow
    for source in _in_turn(connection):
        if done and clock() - started_at >= LONGEST:
            # The rest has its turn first when the connection comes round again, which is at once.
            is_behind = True
            break
        on_source(source)
        if not leases.renew(connection=connection, at=clock()):
            return tuple(done)
        # The very object that holds the lease: its options and credential are those of this run.
        source.connection = connection
        why = trigger or (Collection.Trigger.NOW if source.asked_at else Collection.Trigger.SCHEDULE)
        memory = DatabaseMemory(source, clock=clock, turn=turn)
        collection, problem = collect_source(
            source=source, trigger=why, clock=clock, memory=memory, problem=shared, is_knocking=is_knocking
        )
        if problem is not None and problem.is_silent:
            leases.step_aside(connection=connection, at=clock())
            return tuple(done)
        is_knocking = False
        is_behind |= memory.is_behind
        first = first or problem
        shared = problem if problem is not None and problem.is_shared else None
        if collection is not None:
            evidence_links.check_links(source=source, run=collection, at=clock())
            done.append(collection)
            on_collected(collection)
    ended, at = _ended(done, shared, first), clock()
    leases.release(connection=connection, ended=ended, started_at=started_at, at=at)
    if is_behind and ended is not None and not ended.failure:
        go_on(connection=connection, at=at)
    return tuple(done)


def _in_turn(connection: Connection) -> QuerySet[Source]:
    """Its sources: who waited longest for a collection comes first, so that none is left out for ever."""
    sources = Source.objects.open().filter(connection=connection).select_related("team")
    return sources.annotate(turn=Max("collections__started_at")).order_by(
        F("turn").asc(nulls_first=True), "pk"
    )


def collect_source(
    *,
    source: Source,
    trigger: Collection.Trigger,
    clock: Clock,
    memory: DatabaseMemory | None = None,
    problem: Problem | None = None,
    is_knocking: bool = False,
) -> tuple[Collection | None, Problem | None]:
    """The run as it was stored, and the problem there was. With `problem` nothing is asked: it is stored for this source too.

    No run is stored for a source that was removed while it was read, nor for one that stayed silent when it `is_knocking`, nor
    when somebody else took the connection over.
    """
    memory = memory or DatabaseMemory(source, clock=clock)
    started_at = clock()
    wanted = joins.wanted_shas(source.team)
    collected = Collected(())
    if problem is None:
        mapping_files.follow_file(source=source, clock=clock, is_knocking=is_knocking)
        question = Question(
            until=started_at,
            options=source.options,
            wanted_shas=wanted,
            memory=memory,
            identities=source.identities,
        )
        try:
            answer = _read(source.connection, question, memory, is_knocking=is_knocking)
        except LeaseLost:
            log.warning("lease_lost", connection=source.connection_id, source=source.pk)
            return None, None
        if isinstance(answer, Problem):
            problem = answer
            if problem.is_silent:
                return None, problem
        else:
            collected = answer
    run = Collection(connection=source.connection, source=source, trigger=trigger, started_at=started_at)
    try:
        return _store(run, collected, problem, wanted, clock()), problem
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # one team's odd data must not stop the others
        log.exception("collection_not_stored", connection=source.connection_id, source=source.pk)
        problem = _own_fault()
        return _store(run, Collected(()), problem, wanted, clock()), problem


def _read(
    connection: Connection, question: Question, memory: DatabaseMemory, *, is_knocking: bool
) -> Collected | Problem:
    """What was collected, or why nothing. Raises LeaseLost: then nothing at all may be written."""
    try:
        with connector_of(connection, at=question.until, is_knocking=is_knocking) as connector:
            try:
                collected = connector.collect(question)
            finally:
                # Whatever ends it: what was asked for need not be asked for again.
                memory.close()
        history = history_words(memory.covered)
    except (LeaseLost, SoftTimeLimitExceeded):
        raise
    except SourceError as error:
        # Put off is not failed: then nothing was learned of any signal.
        is_put_off = error.kind is Failure.RATE_LIMITED
        reason = "" if is_put_off else REASONS.get(error.kind, Reason.UNREACHABLE)
        is_of_all = error.kind in _OF_ALL or error.status in _GATEWAY
        is_shared = is_of_all and error.mark is not Mark.TOO_SLOW
        is_silent = error.mark is Mark.SILENT
        return Problem(
            error.kind, error.message, reason, error.retry_at, error.can_retry, is_shared, is_silent
        )
    except CannotDecrypt as error:
        return Problem(SECRET, str(error), Reason.UNAUTHORIZED)
    except (UnknownConnector, NotAConnector) as error:
        return Problem(PORTAL, str(error))
    except Exception:  # a bug in one connector must not stop the others
        log.exception("connector_failed", connection=connection.pk, kind=connection.kind)
        return _own_fault()
    notes = (*([f"{history} The rest follows by itself."] if history else []), *collected.notes)
    return replace(collected, notes=notes)


def _own_fault() -> Problem:
    return Problem(
        PORTAL,
        "The portal itself failed while it read this; what it knew before stands. The worker's log says more.",
        can_retry=True,
        is_shared=False,
    )


def _store(
    run: Collection, collected: Collected, problem: Problem | None, wanted: Sequence[str], at: datetime
) -> Collection | None:
    """Measurements, facts, joined signals and the run itself, all or nothing."""
    with transaction.atomic():
        source = Source.objects.select_for_update().filter(pk=run.source_id, removed_at__isnull=True).first()
        if source is None or not leases.is_ours(connection=run.connection):
            return None
        source.team, source.connection = run.source.team, run.connection
        # Somebody may have edited the mapping while it was read.
        asked_row_version = run.source.row_version
        if source.asked_at == run.source.asked_at:
            source.asked_at = None
        run.source = source
        items = _items(run, collected, problem)
        results, held_groups = _record(run, source, items, at)
        run.fact_count = 0
        if problem is None:
            run.fact_count = store_facts(
                source=source,
                collected=collected,
                wanted_shas=wanted,
                until=run.started_at,
                asked_row_version=asked_row_version,
                held_groups=held_groups,
            )
        _note_reading(source, collected, problem, wanted, run.started_at)
        for giver, joined in joins.join_team(team=source.team, at=run.started_at):
            results += _record(run, giver, joined, at)[0]
            items += joined if giver.pk == source.pk else []
        causes.name_causes(team=source.team, at=at)
        if joins.LIVE_VERSIONS in _signals_of(run.connection):
            joins.hurry_repositories(team=source.team, at=at)
        sum_up(run, items, results, collected, problem)
        run.finished_at = max(at, run.started_at)
        run.save(force_insert=True)
    return run


def _items(run: Collection, collected: Collected, problem: Problem | None) -> list[Observed]:
    if problem is None:
        return [
            _observed(observation, run.started_at)
            for observation in collected.observations
            if observation.signal not in joins.JOINED
        ]
    if not problem.reason:
        return []
    return [
        Observed(signal, None, run.started_at, reason=problem.reason, detail=problem.message)
        for signal in sorted(_signals_of(run.connection) - joins.JOINED)
    ]


def _observed(observation: Observation, at: datetime) -> Observed:
    return Observed(
        signal=observation.signal,
        value=observation.value,
        observed_at=at,
        reason=observation.reason,
        bound=observation.bound,
        sample=observation.sample,
        numerator=observation.numerator,
        denominator=observation.denominator,
        url=observation.url[:2000],
        detail=observation.detail,
    )


def _record(
    run: Collection, source: Source, items: Sequence[Observed], at: datetime
) -> tuple[list[tuple[str, str]], frozenset[str]]:
    """(status, "signal: why") of each item, as assessments took it, and the groups of signals that it held."""
    if not items:
        return [], frozenset()
    taken = take_measurements(
        team=source.team,
        source=source.connection.measurement_source,
        items=items,
        at=at,
        by_name=run.connection.measurement_source,
        immediate=run.trigger != Collection.Trigger.SCHEDULE,
    )
    run.notes = [*run.notes, *remarks_of(taken, run)]
    results = [(result.status, f"{items[result.index].signal}: {result.detail}") for result in taken.results]
    return results, frozenset(group_of(held.signal) for held in taken.held)


def _note_reading(
    source: Source, collected: Collected, problem: Problem | None, wanted: Sequence[str], at: datetime
) -> None:
    if problem is not None:
        source.last_failure, source.last_failure_message = problem.failure, problem.message[:500]
    else:
        source.last_failure, source.last_failure_message, source.last_read_at = "", "", at
        source.asked_shas, source.checked_shas = list(wanted), list(collected.checked_shas)
        # Who answered first stays who is meant.
        source.identities = {**collected.identities, **source.identities}
    source.save(
        update_fields=[
            *("last_failure", "last_failure_message", "last_read_at", "asked_at"),
            *("asked_shas", "checked_shas", "facts_row_version", "identities"),
        ]
    )


def _signals_of(connection: Connection) -> frozenset[str]:
    try:
        return connector_class(connection.kind).signals
    except (UnknownConnector, NotAConnector):
        return frozenset()


def _ended(done: Sequence[Collection], shared: Problem | None, first: Problem | None) -> leases.Ended | None:
    """None where there was nothing to read. What fails for one team alone is no failure of the connection."""
    if not done:
        return None
    is_read = any(run.outcome != Collection.Outcome.FAILED for run in done)
    problem = shared or (None if is_read else first)
    if problem is None:
        return leases.Ended()
    return leases.Ended(problem.failure, problem.message, problem.retry_at, problem.can_retry)
