"""Signals that join two systems (RULINGS 7): what a model registry tells of versions, set against what repositories and CI tell.

Nothing is asked here: the facts of the team's sources lie in the database. A missing side is unknown, with that side's own
reason; a commit that no repository was asked about yet is no answer at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db.models import F, Q

from assessments.models import Measurement, Reading
from assessments.services.measurements import Observed
from assessments.vocabulary import Reason, group_of
from integrations.connectors.base import FactKind
from integrations.models import Connection, Source, SourceFact
from integrations.queries.kinds import connector_class
from integrations.services.retraining import TO_LIVE, drift_to_live
from teams.models import Team

FROM_CI = "mlflow.versions_from_ci_share_90d"
WITH_COMMIT = "mlflow.production_git_commit_share"
LINEAGE = "mlflow.lineage_complete_share"
JOINED = frozenset({FROM_CI, WITH_COMMIT, LINEAGE})

# Which signal says whether a side of a join could be read; a connector that answers for it is on that side.
LIVE_VERSIONS = "mlflow.production_versions"
RECENT_VERSIONS = "mlflow.versions_90d"
REPOSITORIES = "repo.connected"
TRAINING_RUNS = "ci.training_runs_90d"
# Where the run behind a live version cannot be read, its commit cannot be known either.
LIVE_RUNS = "mlflow.production_from_notebook_share"
# The same of recent versions: a run that could not be read has a commit all the same.
RECENT_RUNS = "mlflow.versions_with_run_share"
DRIFT_ALERTS = "monitoring.drift_rules"
_SIDES = (LIVE_VERSIONS, RECENT_VERSIONS, REPOSITORIES, TRAINING_RUNS, LIVE_RUNS, RECENT_RUNS, DRIFT_ALERTS)

WINDOW = timedelta(days=90)
GRACE = timedelta(minutes=5)
# A training run that takes longer than this holds no version back.
LONGEST_RUN = timedelta(days=1)
MAX_WANTED = 100
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Side:
    """One source on one side: why it could not be read, or what it knew when it last was. `is_lower`: not everything."""

    reason: str = ""
    is_lower: bool = False
    read_at: datetime | None = None
    asked_shas: frozenset[str] = frozenset()
    checked_shas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, or why it is not known. `waiting` of the whole cannot be judged yet: with them it may be more."""

    part: int = 0
    whole: int = 0
    reason: str = ""
    bound: str = "exact"
    waiting: int = 0


def wanted_shas(team: Team) -> tuple[str, ...]:
    """Commits that live versions of the team name: what repositories are to be asked about."""
    shas = SourceFact.objects.filter(
        source__in=_open_sources(team), kind=FactKind.VERSION, is_live=True
    ).exclude(sha="")
    return tuple(shas.order_by("sha").values_list("sha", flat=True).distinct()[:MAX_WANTED])


def join_team(*, team: Team, at: datetime) -> list[tuple[Source, list[Observed]]]:
    """For each source that tells of versions, the joined signals as they stand; those not yet known are left out."""
    sources = list(_open_sources(team))
    givers = [source for source in sources if LIVE_VERSIONS in _signals(source)]
    if not givers:
        return []
    sides = _sides(team, sources)
    # What was told under another mapping may be of a repository or workflow that is not the team's any more.
    facts = list(
        SourceFact.objects.filter(source__in=sources, source__row_version=F("source__facts_row_version"))
    )
    repositories = _of(sides, REPOSITORIES)
    trainings = _of(sides, TRAINING_RUNS)
    commits = frozenset(fact.key for fact in facts if fact.kind == FactKind.COMMIT)
    runs = [fact for fact in facts if fact.kind == FactKind.TRAINING_RUN]
    found: list[tuple[Source, list[Observed]]] = []
    for giver in givers:
        versions = [f for f in facts if f.source_id == giver.pk and f.kind == FactKind.VERSION]
        live = [version for version in versions if version.is_live]
        recent = [version for version in versions if version.happened_at > at - WINDOW]
        live_reason = _reason(sides, giver, LIVE_VERSIONS, LIVE_RUNS)
        shares = {
            FROM_CI: _unless(
                _reason(sides, giver, RECENT_VERSIONS, RECENT_RUNS),
                partial(from_ci, recent, runs, trainings),
            ),
            WITH_COMMIT: _unless(live_reason, partial(with_commit, live, commits, repositories)),
            LINEAGE: _unless(live_reason, partial(lineage, live, commits, repositories)),
        }
        observed = [_observed(name, share, at) for name, share in shares.items() if share is not None]
        hours = _drift_to_live(giver, sides, versions, facts, at)
        found.append((giver, [*observed, *([hours] if hours is not None else [])]))
    return found


def _drift_to_live(
    giver: Source,
    sides: dict[str, dict[int, Side | None]],
    versions: Sequence[SourceFact],
    facts: Iterable[SourceFact],
    at: datetime,
) -> Observed | None:
    """None while a side was never read."""
    missing = _missing(_of(sides, DRIFT_ALERTS))
    reason = _reason(sides, giver, LIVE_VERSIONS, RECENT_VERSIONS, RECENT_RUNS)
    if missing is None or reason is None:
        return None
    if not reason and any(
        (side := sides[signal].get(giver.pk)) is not None and side.is_lower
        for signal in (LIVE_VERSIONS, RECENT_VERSIONS)
    ):
        # A version that was not read may be the one that answered.
        reason = Reason.MODEL_NOT_FOUND.value
    if reason or missing:
        return Observed(
            TO_LIVE, None, at, reason=reason or missing, detail="" if reason else _NO_ALERTS.get(missing, "")
        )
    since = max(giver.created_at, at - WINDOW)
    alerts = [f for f in facts if f.kind == FactKind.ALERT and f.happened_at >= since]
    return drift_to_live(alerts=alerts, versions=versions, at=at)


def from_ci(
    versions: Sequence[SourceFact], runs: Iterable[SourceFact], trainings: Sequence[Side] | None
) -> Share | None:
    """Versions whose run has the commit of a CI training run and lies inside it, with GRACE on both ends.

    One whose training run may have been going on when CI was last read, or began after that, is no "no".
    """
    missing = _missing(trainings)
    if missing is None:
        return None
    by_sha: dict[str, list[SourceFact]] = {}
    longest = timedelta()
    for run in runs:
        by_sha.setdefault(run.sha, []).append(run)
        if run.started_at and run.finished_at:
            longest = min(max(longest, run.finished_at - run.started_at), LONGEST_RUN)
    others = [
        version
        for version in versions
        if not any(_lies_in(version, run) for run in by_sha.get(version.sha, ()))
    ]
    matched = len(versions) - len(others)
    if missing and (others or not versions):
        return Share(reason=missing)
    read_at, slack = _read_at(trainings), GRACE + longest
    waiting = sum(
        (version.finished_at or version.happened_at) + slack > read_at
        or any(_began_in(version, run) for run in by_sha.get(version.sha, ()))
        for version in others
        if version.sha and version.started_at
    )
    is_lower = waiting > 0 or (any(side.is_lower for side in trainings or ()) and bool(others))
    return Share(matched, len(versions), bound="lower" if is_lower else "exact", waiting=waiting)


def with_commit(
    live: Sequence[SourceFact], commits: frozenset[str], repositories: Sequence[Side] | None
) -> Share | None:
    """Live versions whose run has a commit that a connected repository has."""
    return _traced(live, [version for version in live if version.sha], commits, repositories)


def lineage(
    live: Sequence[SourceFact], commits: frozenset[str], repositories: Sequence[Side] | None
) -> Share | None:
    """Live versions with a run, its commit in a connected repository, and the digest of its dataset."""
    whole = [version for version in live if version.sha and version.has_run and version.has_digest]
    return _traced(live, whole, commits, repositories)


def _traced(
    live: Sequence[SourceFact],
    candidates: Sequence[SourceFact],
    commits: frozenset[str],
    repositories: Sequence[Side] | None,
) -> Share | None:
    missing = _missing(repositories)
    if missing is None:
        return None
    open_shas = {version.sha for version in candidates} - commits
    if missing == Reason.NOT_CONFIGURED or (missing and open_shas):
        return Share(reason=missing)
    readable = [side for side in repositories or () if not side.reason]
    if any(not open_shas <= side.asked_shas for side in readable):
        return None
    if any(not open_shas <= side.checked_shas for side in readable):
        # Asked, but a repository did not say: neither there nor absent.
        return Share(reason=Reason.UNREACHABLE.value)
    return Share(sum(version.sha in commits for version in candidates), len(live))


def _missing(sides: Sequence[Side] | None) -> str | None:
    """ "" when all of a side could be read, else the reason; None while a source of it was never read."""
    if sides is None:
        return None
    told = [side for side in sides if side.reason != Reason.NOT_CONFIGURED]
    if not told:
        return Reason.NOT_CONFIGURED.value
    return next((side.reason for side in told if side.reason), "")


def _read_at(sides: Sequence[Side] | None) -> datetime:
    """When the one that was read longest ago was read: what happened later, not all of them can know."""
    told = [side.read_at for side in sides or () if side.reason != Reason.NOT_CONFIGURED]
    return min((read_at or _NEVER for read_at in told), default=_NEVER)


def _began_in(version: SourceFact, run: SourceFact) -> bool:
    """Whether its own run had not ended when the registry was read, and the one of CI was then under way."""
    if version.finished_at or not (version.started_at and run.started_at and run.finished_at):
        return False
    return run.started_at - GRACE <= version.started_at <= run.finished_at


def _lies_in(version: SourceFact, run: SourceFact) -> bool:
    if not version.sha or not (
        version.started_at and version.finished_at and run.started_at and run.finished_at
    ):
        return False
    return run.started_at - GRACE <= version.started_at and version.finished_at <= run.finished_at + GRACE


def _observed(name: str, share: Share, at: datetime) -> Observed:
    if share.reason:
        return Observed(name, None, at, reason=share.reason, detail=_WHY.get(share.reason, ""))
    if share.whole == 0:
        return Observed(
            name, None, at, reason=Reason.INSUFFICIENT_SAMPLE.value, numerator=0, denominator=0, sample=0
        )
    return Observed(
        name,
        share.part / share.whole,
        at,
        bound=share.bound,
        sample=share.whole,
        numerator=share.part,
        denominator=share.whole,
        detail=f"{share.part} of {share.whole} versions{_waiting(share)}",
    )


def _waiting(share: Share) -> str:
    return f", {share.waiting} too new to judge" if share.waiting else ""


_WHY = {
    Reason.NOT_CONFIGURED.value: "The other side of this comparison is not connected: a repository, or a training workflow.",
    Reason.RUN_NOT_FOUND.value: "The run behind a live version cannot be found.",
}


_NO_ALERTS = {
    Reason.NOT_CONFIGURED.value: "No monitoring system with drift rules is connected for this team."
}


def _unless(reason: str | None, share: Callable[[], Share | None]) -> Share | None:
    if reason is None:
        return None
    return Share(reason=reason) if reason else share()


def _open_sources(team: Team) -> Iterable[Source]:
    return Source.objects.open().filter(team=team).select_related("connection").order_by("pk")


def _signals(source: Source) -> frozenset[str]:
    return connector_class(source.connection.kind).signals


def _sides(team: Team, sources: Iterable[Source]) -> dict[str, dict[int, Side | None]]:
    """By signal and source how that source stands with it; None when it was never read as it is mapped now.

    None as well while a drop in that group of signals waits for a person: what rests on it would pass by the quarantine.
    """
    keys = {source.connection.measurement_source: source for source in sources}
    sides: dict[str, dict[int, Side | None]] = {
        signal: {source.pk: None for source in keys.values() if signal in _signals(source)}
        for signal in _SIDES
    }
    readings = Reading.objects.filter(
        Q(signal__in=_SIDES) | Q(held_at__isnull=False, removed_at__isnull=True), team=team, source__in=keys
    ).select_related("latest")
    held = {(row.source, group_of(row.signal)) for row in readings if row.held_at and not row.removed_at}
    for reading in readings:
        source = keys[reading.source]
        if reading.signal not in _SIDES or (reading.source, group_of(reading.signal)) in held:
            continue
        if source.pk in sides[reading.signal]:
            latest = reading.latest
            reason = "" if latest.reason == Reason.INSUFFICIENT_SAMPLE else latest.reason
            if not reason and source.facts_row_version != source.row_version:
                continue
            if reading.signal == REPOSITORIES and not reason and not latest.value:
                reason = Reason.NOT_FOUND.value
            sides[reading.signal][source.pk] = Side(
                reason,
                latest.bound == Measurement.Bound.LOWER,
                source.last_read_at,
                frozenset(source.asked_shas),
                frozenset(source.checked_shas),
            )
    return sides


def _of(sides: dict[str, dict[int, Side | None]], signal: str) -> list[Side] | None:
    """All sources on that side; None while one of them was never read, for it may know what the others do not."""
    found = [side for side in sides[signal].values() if side is not None]
    return found if len(found) == len(sides[signal]) else None


def _reason(sides: dict[str, dict[int, Side | None]], giver: Source, *signals: str) -> str | None:
    """Why the giver cannot speak of these, "" when it can, None when it was never read."""
    for signal in signals:
        if giver.pk not in sides[signal]:
            continue
        side = sides[signal][giver.pk]
        if side is None:
            return None
        if side.reason:
            return side.reason
    return ""


def hurry_repositories(*, team: Team, at: datetime) -> int:
    """How many connections were made due because live versions name commits that they were not asked about.

    Only those that could be read last time: a broken one is not asked more often for this.
    """
    wanted = set(wanted_shas(team))
    waiting = [
        source.connection_id
        for source in _open_sources(team)
        if REPOSITORIES in _signals(source)
        and source.last_read_at is not None
        and not source.last_failure
        and not wanted <= set(source.asked_shas)
    ]
    return (
        Connection.objects.filter(pk__in=waiting, is_paused=False, next_due_at__gt=at)
        .exclude(failures__gt=0)
        .update(next_due_at=at)
    )
