"""From what is live back to the data: deployment, registry version, run, commit, dataset; each a link, or why it breaks there.

Made of facts that collections keep; nothing outside is asked while somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from assessments.models import Measurement, Reading
from assessments.pooling import COULD_NOT_READ
from assessments.queries.words import reason_words
from assessments.vocabulary import Reason, group_of
from integrations.connectors.base import FactKind
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.models import Source, SourceFact
from integrations.queries.kinds import connector_class
from mlops_portal.lib.words import day_words
from teams.models import Team

# Which signal says whether a side could be read; a connector that answers for it is on that side.
LIVE_VERSIONS = "mlflow.production_versions"
LIVE_RUNS = "mlflow.production_from_notebook_share"
REPOSITORIES = "repo.connected"
DEPLOYMENTS = "deploy.count_90d"
_SIDES = (LIVE_VERSIONS, LIVE_RUNS, REPOSITORIES, DEPLOYMENTS)
_NO_RUN = "the run is not known, and it stands in there"
_HELD = "The newest reading of the registry fell by more than half and waits for somebody to say that it is right."
_SHORT, _SHORTEST = 12, 7


class HopKind(StrEnum):
    DEPLOYMENT = "deployment"
    VERSION = "version"
    RUN = "run"
    COMMIT = "commit"
    DATASET = "dataset"


HOP_WORDS = {
    HopKind.DEPLOYMENT: "Deployment",
    HopKind.VERSION: "Registry version",
    HopKind.RUN: "Run",
    HopKind.COMMIT: "Commit",
    HopKind.DATASET: "Dataset",
}


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a trace. `broken` says why it ends here, else it is empty; `url` is empty where the source told none."""

    kind: HopKind
    text: str = ""
    url: str = ""
    broken: str = ""
    at: datetime | None = None

    @property
    def label(self) -> str:
        return HOP_WORDS[self.kind]

    @property
    def state(self) -> str:
        return "broken" if self.broken else "known"


@dataclass(frozen=True, slots=True)
class VersionTrace:
    """A live version with its five hops, from the deployment to the data."""

    name: str
    number: str
    live_since: datetime | None
    hops: tuple[Hop, ...]

    @property
    def title(self) -> str:
        return f"{self.name} version {self.number}" if self.number else self.name

    @property
    def is_whole(self) -> bool:
        return not any(hop.broken for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Trace:
    """The live versions of a team. `why_none` says why there are none; `note` that they are told as they were read before.

    `read_at` is when the side that was read longest ago was: nothing newer than that is told in full.
    """

    versions: tuple[VersionTrace, ...]
    why_none: str = ""
    note: str = ""
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Side:
    """The sources on one side with what each said last; None where one was never read.

    `is_held`: a drop in its signals waits for a person, and what is told is of an older reading. `read_at`: the oldest one.
    """

    sources: tuple[tuple[Source, Reading | None], ...]
    is_held: bool = False
    read_at: datetime | None = None

    @property
    def why_unread(self) -> str:
        """Why not all of this side is known, to follow what it has: "the repositories were not read yet". Empty when it is."""
        reasons = [reading.latest.reason if reading is not None else None for _, reading in self.sources]
        told = [reason for reason in reasons if reason != Reason.NOT_CONFIGURED]
        if not told:
            return "cannot be found, for nobody has said where to look"
        if None in told:
            return "were not read yet"
        lost = next((reason for reason in told if reason in COULD_NOT_READ), "")
        return f"could not be read: {reason_words(lost)}" if lost else ""

    @property
    def is_cut(self) -> bool:
        """Whether a source on it could tell only that there are at least so many."""
        return any(
            reading is not None and reading.latest.bound == Measurement.Bound.LOWER
            for _, reading in self.sources
        )

    def says(self, reason: Reason) -> bool:
        return any(reading is not None and reading.latest.reason == reason for _, reading in self.sources)


@dataclass(frozen=True, slots=True)
class _Known:
    """Everything that a trace is made of."""

    sides: dict[str, _Side]
    commits: dict[str, SourceFact]
    deployments: tuple[SourceFact, ...]


def trace_of(team: Team) -> Trace:
    """The traces of all live versions, by name and number. Three queries."""
    sources = list(Source.objects.open().filter(team=team).select_related("connection").order_by("pk"))
    facts = list(
        SourceFact.objects.filter(source__in=sources)
        .exclude(kind=FactKind.TRAINING_RUN)
        .order_by("-happened_at", "pk")
    )
    known = _Known(
        sides=_sides(team, sources),
        commits={fact.key.lower(): fact for fact in facts if fact.kind == FactKind.COMMIT},
        deployments=tuple(fact for fact in facts if fact.kind == FactKind.DEPLOYMENT),
    )
    live = [fact for fact in facts if fact.kind == FactKind.VERSION and fact.is_live]
    unread = known.sides[LIVE_VERSIONS].why_unread
    if not live:
        registry = known.sides[LIVE_VERSIONS]
        return Trace((), why_none=_why_none(registry), read_at=registry.read_at)
    versions = (_version(fact, known) for fact in live)
    note = f"This was read before. Now live versions {unread}." if unread else ""
    if known.sides[LIVE_VERSIONS].is_held:
        note = f"This was read before. {_HELD}"
    return Trace(
        tuple(sorted(versions, key=lambda one: (one.name, _number(one.number)))),
        note=note,
        read_at=_oldest(side.read_at for side in known.sides.values()),
    )


def _why_none(side: _Side) -> str:
    if not side.sources:
        return "No model registry is connected."
    if side.why_unread:
        return f"Live versions {side.why_unread}."
    if side.is_held:
        return _HELD
    return "The registry was read, and no version in it is marked as live by an alias or a stage."


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isascii() and text.isdigit() else (0, text)


def _version(version: SourceFact, known: _Known) -> VersionTrace:
    name, _, number = version.key.rpartition("/")
    name, number = version.name or name or version.key, version.number or number
    registered = day_words(version.happened_at.date())
    return VersionTrace(
        name=name,
        number=number,
        live_since=version.live_since_at,
        hops=(
            _deployment(version, known),
            Hop(
                HopKind.VERSION,
                f"{name} version {number}, registered {registered}",
                version.url,
                at=version.happened_at,
            ),
            _run(version, known),
            _commit(version, known),
            _dataset(version),
        ),
    )


def _deployment(version: SourceFact, known: _Known) -> Hop:
    fact = next((one for one in known.deployments if _is_of(one.sha, version.sha)), None)
    if fact is None:
        return Hop(HopKind.DEPLOYMENT, broken=_why_no_deployment(version, known))
    text = f"to {fact.name or 'production'}, {day_words(fact.happened_at.date())}"
    return Hop(HopKind.DEPLOYMENT, text, fact.url, at=fact.happened_at)


def _is_of(deployed: str, sha: str) -> bool:
    """Whether both name one commit; either may be shortened, but not to less than people take for a name."""
    shorter = min(len(deployed), len(sha))
    return shorter >= _SHORTEST and deployed[:shorter] == sha[:shorter]


def _why_no_deployment(version: SourceFact, known: _Known) -> str:
    side = known.sides[DEPLOYMENTS]
    if not side.sources:
        return "no system that deploys is connected"
    if side.says(Reason.NO_DEPLOYMENT_RECORDS) and not known.deployments:
        return "no deployment to production was ever recorded where the team's code lies"
    if side.why_unread:
        return f"deployments to production {side.why_unread}"
    if not version.sha:
        return "the version leads to no commit, by which its deployment could be found"
    return _why_none_of_its_commit(version.sha[:_SHORT], side, known)


def _why_none_of_its_commit(commit: str, side: _Side, known: _Known) -> str:
    if not known.deployments:
        return "the connected system tells how many deployments there were, but not of which commit"
    if side.is_cut or any(not fact.sha for fact in known.deployments):
        return (
            f"none of the deployments to production that could be read was made of its commit {commit}, and not all of them "
            "could be read in full"
        )
    return f"no deployment to production is known of its commit {commit}; it may be served by its alias"


def _run(version: SourceFact, known: _Known) -> Hop:
    if version.has_run:
        return Hop(HopKind.RUN, version.run_id or "its run", version.run_url, at=version.started_at)
    if not version.run_id:
        return Hop(HopKind.RUN, broken="the version names no run")
    side = known.sides[LIVE_RUNS]
    if side.why_unread and not side.says(Reason.RUN_NOT_FOUND):
        return Hop(HopKind.RUN, broken=f"it names run {version.run_id}, and runs {side.why_unread}")
    return Hop(HopKind.RUN, broken=f"it names run {version.run_id}, which is not there")


def _commit(version: SourceFact, known: _Known) -> Hop:
    if not version.has_run:
        return Hop(HopKind.COMMIT, broken=_NO_RUN)
    if not version.sha:
        return Hop(HopKind.COMMIT, broken="the run names no commit")
    short, fact = version.sha[:_SHORT], known.commits.get(version.sha)
    if fact is None:
        return Hop(HopKind.COMMIT, broken=f"the run names {short}{_why_no_commit(version.sha, known)}")
    return Hop(HopKind.COMMIT, short, fact.url, at=fact.happened_at)


def _why_no_commit(sha: str, known: _Known) -> str:
    side = known.sides[REPOSITORIES]
    if not side.sources:
        return ", and no repository is connected"
    if side.why_unread:
        return f", and the repositories {side.why_unread}"
    if any(sha not in source.asked_shas for source, _ in side.sources):
        return "; the repositories are asked for it at their next collection"
    if any(sha not in source.checked_shas for source, _ in side.sources):
        return ", and a repository could not say whether it has it"
    return ", and no connected repository has this commit"


def _dataset(version: SourceFact) -> Hop:
    if not version.has_run:
        return Hop(HopKind.DATASET, broken=_NO_RUN)
    if version.digest or version.has_digest:
        return Hop(HopKind.DATASET, f"digest {version.digest}".strip(), version.run_url)
    return Hop(HopKind.DATASET, broken="the run names no training data with a digest")


def _sides(team: Team, sources: Sequence[Source]) -> dict[str, _Side]:
    keys = {source.connection.measurement_source: source for source in sources}
    rows = Reading.objects.filter(
        Q(signal__in=_SIDES) | Q(held_at__isnull=False, removed_at__isnull=True), team=team, source__in=keys
    ).select_related("latest")
    readings = {(row.signal, row.source): row for row in rows}
    # With the newest reading of what waits: that counts, and is older than the source's last one.
    held = {
        (group_of(row.signal), row.source): row.read_at
        for row in rows
        if row.held_at is not None and row.removed_at is None
    }
    sides = {}
    for signal in _SIDES:
        answering = _answering(keys.items(), signal)
        sides[signal] = _Side(
            tuple((source, readings.get((signal, key))) for key, source in answering),
            any((group_of(signal), key) in held for key, _ in answering),
            _oldest(
                moment
                for key, source in answering
                for moment in _read_at(source, readings.get((signal, key)), held.get((group_of(signal), key)))
            ),
        )
    return sides


def _read_at(source: Source, reading: Reading | None, held: datetime | None) -> tuple[datetime | None, ...]:
    """The moments none of which what it tells of this side is newer than; none where nobody said where to look."""
    if reading is None:
        return (source.last_read_at,)
    if reading.latest.reason == Reason.NOT_CONFIGURED:
        return ()
    # A collection may go through and this side of it not.
    was_read = reading.read_at if reading.latest.reason in COULD_NOT_READ else None
    return source.last_read_at, was_read, held


def _oldest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _answering(sources: Iterable[tuple[str, Source]], signal: str) -> list[tuple[str, Source]]:
    """The sources whose connector answers for the signal."""
    found = []
    for key, source in sources:
        try:
            is_there = signal in connector_class(source.connection.kind).signals
        except (UnknownConnector, NotAConnector):
            continue
        if is_there:
            found.append((key, source))
    return found
