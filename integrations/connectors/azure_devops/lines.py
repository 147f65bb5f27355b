"""Lines of releases: what was deployed to one environment out of one repository, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.azure_devops.asking import PER_PAGE, AzureAsker, rows_of
from integrations.connectors.azure_devops.builds import Build
from integrations.connectors.azure_devops.host import AzureHost, Builds
from integrations.connectors.azure_devops.places import project_path, repository_id
from integrations.connectors.common.comparing import NOT_COMPARABLE, Changed
from integrations.connectors.common.history import cut_of
from integrations.connectors.common.origins import is_automated, tested_share, unless_missing
from integrations.connectors.common.payload import Row, moment, number, part, sha, text
from integrations.connectors.common.places import Asked, Named, Place, named_gap
from integrations.connectors.common.pool import Share
from integrations.connectors.common.releases import Commit, Deployment, Line, Release, in_order
from integrations.connectors.common.unread import Unread
from integrations.connectors.memory import Item, Memory, Stream

# Half a year, and a month to find what was live when it began.
DAYS = 210
MAX_PAGES = 60
MAX_ORIGINS = 200
MAX_COMMIT_PAGES = 5
_DELETED = Unread(
    "history_discarded", "builds that deployed were deleted, and with them which commit went live."
)


@dataclass(frozen=True, slots=True)
class Sent:
    """All records of one stage of one build in one environment: one deployment."""

    id: int
    build_id: int
    began_at: datetime
    finished_at: datetime
    is_success: bool


@dataclass(frozen=True, slots=True)
class _History:
    sent: tuple[Sent, ...]
    covered_from: datetime
    has_records: bool
    cut: Unread | None


class Environments:
    """The environments of projects and what was deployed to them, each asked for once."""

    def __init__(self, asker: AzureAsker, memory: Memory, host: AzureHost, until: datetime) -> None:
        self._asker = asker
        self._memory = memory
        self._host = host
        self._until = until
        self._names: dict[str, dict[str, int] | Unread] = {}
        self._histories: dict[int, _History | Unread] = {}
        self._builds: dict[int, Build] = {}

    def lines(self, asked: Sequence[Asked], named: Sequence[Named]) -> list[Line | Unread]:
        """One line for each repository and environment named. A name that no project has is Unread: it may be a new one's."""
        found: list[Line | Unread] = []
        met: set[str] = set()
        wanted = dict.fromkeys(name.name.lower() for name in named)
        for one in asked:
            names = dict.fromkeys(name.name.lower() for name in named if name.is_in(one.mapped.full_name))
            if names and isinstance(one.found, Unread):
                found.append(one.found)
            elif isinstance(one.found, Place):
                lines = {name: self._line(one.found, name) for name in names}
                met |= {name for name, line in lines.items() if line is not None}
                found += [line for line in lines.values() if line is not None]
        # Only where all projects were seen is a name proven to be nobody's.
        if not any(isinstance(line, Unread) for line in found):
            found += [
                Unread("not_configured", f"No environment is called “{name[:80]}”.")
                for name in wanted
                if name not in met
            ]
        return found

    def _line(self, place: Place, name: str) -> Line | Unread | None:
        """The line, None where the project has no environment of that name: another project of the team may have it."""
        try:
            number_ = self._number(place, name)
            if number_ is None:
                return None
            return self._of_repository(place, name, self._history(place, number_))
        except Unread as gap:
            return named_gap(place, gap)

    def _number(self, place: Place, name: str) -> int | None:
        project = project_path(place)
        if project not in self._names:
            try:
                pages = self._asker.listing(
                    f"{project}/_apis/distributedtask/environments", {"$top": PER_PAGE}
                )
                rows = [row for page in pages for row in page if number(row, "id")]
                self._names[project] = {text(row, "name").lower(): number(row, "id") for row in rows}
            except Unread as gap:
                self._names[project] = gap
        names = self._names[project]
        if isinstance(names, Unread):
            raise names
        numbers = {str(one): one for one in names.values()}
        return names.get(name) or numbers.get(name)

    def _history(self, place: Place, environment: int) -> _History:
        if environment not in self._histories:
            try:
                self._histories[environment] = self._ask(place, environment)
            except Unread as gap:
                self._histories[environment] = gap
        history = self._histories[environment]
        if isinstance(history, Unread):
            raise history
        return history

    def _ask(self, place: Place, environment: int) -> _History:
        path = f"{project_path(place)}/_apis/distributedtask/environments/{environment}/environmentdeploymentrecords"
        oldest: list[Item] = []

        def pages(since: datetime, until: datetime) -> Iterator[list[Item]]:
            for page in self._asker.listing(path, {"top": PER_PAGE}, max_pages=MAX_PAGES):
                items = [item for row in page if (item := read_item(row)) is not None]
                oldest[:] = [*oldest, *items][-1:]
                yield [item for item in items if since <= item.happened_at < until]
                times = [item.happened_at for item in items]
                # The list comes newest first; where it does not, it is read to its end.
                if times and times == sorted(times, reverse=True) and times[-1] < since:
                    return

        def refetch(keys: Sequence[str]) -> list[Item]:
            if not keys:
                return []
            floor = self._until - timedelta(days=DAYS)
            wanted = frozenset(keys)
            return [item for page in pages(floor, self._until) for item in page if item.key in wanted]

        window, overlap = timedelta(days=DAYS), timedelta(days=1)
        stream = Stream("deployments", str(environment), window, overlap, is_lasting=True)
        recalled = self._memory.recall(stream, until=self._until, fetch=pages, refetch=refetch)
        covered_from = self._until if recalled.cause is not None else recalled.covered_from
        cut = cut_of(recalled, since=self._until - stream.window, until=self._until, what="deployments")
        return _History(tuple(read_sent(recalled.items)), covered_from, bool(recalled.items or oldest), cut)

    def _of_repository(self, place: Place, name: str, history: _History) -> Line:
        """The deployments of builds of this repository. A build that was deleted tells neither repository nor commit."""
        builds = self._host.builds(place) if self._host.has_ci(place) is True else None
        if isinstance(builds, Builds):
            # These are remembered when Azure DevOps has deleted them.
            self._builds |= {build.run.id: build for build in builds.builds}
        missing = [one.build_id for one in history.sent if one.build_id not in self._builds]
        self._builds |= self._host.builds_of_numbers(place, list(dict.fromkeys(missing)))
        covered_from, cut = history.covered_from, history.cut
        releases: list[Release] = []
        for sent in history.sent:
            build = self._builds.get(sent.build_id)
            if build is None:
                covered_from, cut = max(
                    (covered_from, cut), (sent.finished_at, _DELETED), key=lambda one: one[0]
                )
            elif build.repository_id == repository_id(place) and sent.is_success:
                run = build.run
                deployment = Deployment(
                    sent.id, run.sha, name, sent.began_at, run.starter, bool(run.starter) and run.is_manual
                )
                releases.append(Release(deployment, sent.finished_at, run.id))
        return Line(
            place,
            name,
            tuple(in_order(releases)),
            covered_from,
            history.has_records,
            _nameless(releases),
            named_gap(place, cut) if cut else None,
        )

    def build(self, release: Release) -> Build:
        """The build that deployed a release."""
        return self._builds[release.run_id]


class Origins:
    """Where releases came from: the builds that hold their deployment jobs."""

    def __init__(self, host: AzureHost, environments: Environments) -> None:
        self._host = host
        self._environments = environments

    def automated(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases that no person started."""
        runs = [(release, self._environments.build(release).run) for release in releases]
        return Share(sum(is_automated(release, run) for release, run in runs), len(releases))

    def deployers(self, line: Line, releases: list[Release]) -> tuple[set[str], bool]:
        """People who started or approved a release, and whether all could be seen."""
        people = {release.deployment.creator for release in releases if release.deployment.is_by_person}
        runs = {release.run_id: self._environments.build(release).run for release in releases}
        is_complete = len(runs) <= MAX_ORIGINS
        for run in list(runs.values())[-MAX_ORIGINS:]:
            approvers = self._host.approvers(line.place, run)
            if isinstance(approvers, Unread):
                is_complete = False
            else:
                people |= set(approvers)
        return people, is_complete

    def tested(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases whose commit had passed a test step before."""
        return unless_missing(tested_share(self._host, line, releases), self._host.gap(line.place))


def trials_of(
    environments: Environments, asked: Sequence[Asked], named: Sequence[Named], *, since: datetime
) -> dict[str, list[Release] | Unread]:
    """Releases to pre-production environments, by repository; one for which none is named has no entry."""
    found: dict[str, list[Release] | Unread] = {}
    for one in asked:
        names = [name for name in named if name.is_in(one.mapped.full_name)]
        if not names or not isinstance(one.found, Place):
            continue
        releases: list[Release] = []
        gap: Unread | None = None
        for line in environments.lines([one], names):
            why = line if isinstance(line, Unread) else line.gap or line.missing(since)
            gap = gap or why
            releases += line.releases if isinstance(line, Line) else ()
        found[one.found.full_name] = gap or releases
    return found


def read_item(row: Row) -> Item | None:
    """What is kept of a record; None for one without a number, a time or a build."""
    began_at = moment(row, "queueTime") or moment(row, "startTime")
    build_id = number(part(row, "owner"), "id")
    if began_at is None or number(row, "id") < 1 or build_id < 1:
        return None
    finished_at = moment(row, "finishTime")
    return Item(
        key=str(number(row, "id")),
        happened_at=began_at,
        is_final=finished_at is not None and bool(text(row, "result")),
        data={
            "build": build_id,
            "stage": f"{text(row, 'stageName')[:80]} {number(row, 'stageAttempt')}",
            "result": text(row, "result").lower(),
            "finished_at": finished_at.isoformat() if finished_at else "",
        },
    )


def read_sent(items: Sequence[Item]) -> list[Sent]:
    """Deployments, oldest first: a stage with several jobs writes several records, and is over with the last of them."""
    groups: dict[tuple[int, str], list[Item]] = {}
    for item in items:
        if item.is_final:
            groups.setdefault((item.data["build"], item.data["stage"]), []).append(item)
    found = [
        Sent(
            id=min(int(item.key) for item in group),
            build_id=build,
            began_at=min(item.happened_at for item in group),
            finished_at=max(datetime.fromisoformat(item.data["finished_at"]) for item in group),
            is_success=all(item.data["result"] in ("succeeded", "succeededwithissues") for item in group),
        )
        for (build, _), group in groups.items()
    ]
    return sorted(found, key=lambda sent: (sent.finished_at, sent.id))


def _nameless(releases: Sequence[Release]) -> Unread | None:
    silent = sum(not release.sha for release in releases)
    words = f"{silent} of {len(releases)} deployments do not tell their commit."
    return Unread("no_deployment_records", words) if silent else None


def compare(asker: AzureAsker, line: Line, before: Release, after: Release) -> Changed | Unread:
    """The commits of a release that were not in the one before it."""
    asked: dict[str, str | int] = {
        "searchCriteria.itemVersion.version": before.sha,
        "searchCriteria.itemVersion.versionType": "commit",
        "searchCriteria.compareVersion.version": after.sha,
        "searchCriteria.compareVersion.versionType": "commit",
    }
    commits: list[Commit] = []
    try:
        for page in range(MAX_COMMIT_PAGES):
            more = {"searchCriteria.$top": PER_PAGE, "searchCriteria.$skip": page * PER_PAGE}
            rows = rows_of(asker.get(f"{line.place.path}/commits", {**asked, **more}))
            commits += _commits(rows)
            if len(rows) < PER_PAGE:
                # The walk begins at the released commit; a list without it is of something else, an older release for one.
                if after.sha in {commit.sha for commit in commits}:
                    return Changed(tuple(commits))
                return Unread(
                    NOT_COMPARABLE, f"{line.place.full_name}: what went live does not follow what was live."
                )
    except Unread as gap:
        is_lost = gap.status in (400, 404)
        return named_gap(line.place, Unread(NOT_COMPARABLE, gap.detail, gap.cause) if is_lost else gap)
    words = f"{line.place.full_name}: a release with more than {MAX_COMMIT_PAGES * PER_PAGE} commits."
    return Unread("unreachable", words)


def _commits(rows: Sequence[Row]) -> list[Commit]:
    found = []
    for row in rows:
        committed_at = moment(part(row, "committer"), "date")
        if committed_at is not None:
            found.append(Commit(sha(row, "commitId"), committed_at, text(row, "comment").partition("\n")[0]))
    return found
