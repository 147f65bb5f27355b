"""Lines of releases: what was deployed to one environment of one repository, asked for and put in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from integrations.connectors.common.payload import Row, moment
from integrations.connectors.common.places import Asked, Named, Place, named_gap
from integrations.connectors.common.releases import Deployment, Line, Release, in_order
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.releases import read_deployments, read_release
from integrations.connectors.github.remembered import release_of, status_item, statuses_of
from integrations.connectors.memory import Item

# A deployment may wait this long for an approval and still end within the window.
LONGEST_WAIT = timedelta(days=7)
MAX_PAGES = 10
# Each deployment costs one question; what is older than the newest of these stays unread.
MAX_STATUSES = 300
# How many older deployments are looked at to find what was live when the window began.
MAX_BEFORE = 10


def ask_lines(
    reader: Reader, asked: Sequence[Asked], named: Sequence[Named], *, since: datetime, until: datetime
) -> list[Line | Unread]:
    """One line for each repository and environment named."""
    found: list[Line | Unread] = []
    for one in asked:
        names = dict.fromkeys(name.name.lower() for name in named if name.is_in(one.mapped.full_name))
        if names and isinstance(one.found, Unread):
            found.append(one.found)
        elif isinstance(one.found, Place):
            originals = {name.name.lower(): name.name for name in named}
            found += [_line(reader, one.found, originals[name], since, until) for name in names]
    return found


def _line(reader: Reader, place: Place, environment: str, since: datetime, until: datetime) -> Line | Unread:
    earliest = since - LONGEST_WAIT
    try:
        records, covered_from = _records(reader, place, environment, earliest, until)
    except Unread as gap:
        return named_gap(place, gap)
    in_window = [record for record in records if record.created_at > earliest]
    releases: list[Release] = []
    covered_from = max(covered_from, since)
    for at, record in enumerate(in_window):
        if at >= MAX_STATUSES:
            covered_from = max(covered_from, record.created_at + LONGEST_WAIT)
            break
        try:
            release = _release(reader, place, record, until)
        except Unread as gap:
            if at == 0:
                return named_gap(place, gap)
            covered_from = max(covered_from, record.created_at + LONGEST_WAIT)
            break
        releases += [release] if release else []
    else:
        releases += _before(reader, place, records[len(in_window) :], until)
    return Line(place, environment.lower(), tuple(in_order(releases)), covered_from, bool(records))


def _records(
    reader: Reader, place: Place, environment: str, earliest: datetime, until: datetime
) -> tuple[list[Deployment], datetime]:
    """Deployments, newest first, and the moment after which none is missing."""
    listing = reader.listing(
        f"{place.path}/deployments",
        {"environment": environment},
        max_pages=MAX_PAGES,
        is_enough=lambda page: _oldest(page, until) < earliest,
    )
    records = read_deployments(listing.rows, environment=environment, until=until)
    return records, earliest if listing.is_complete else _oldest(listing.rows, until) + LONGEST_WAIT


def _oldest(rows: Iterable[Row], until: datetime) -> datetime:
    return min((at for row in rows if (at := moment(row, "created_at"))), default=until)


def _release(reader: Reader, place: Place, record: Deployment, until: datetime) -> Release | None:
    def ask() -> Item:
        statuses = reader.whole(f"{place.path}/deployments/{record.id}/statuses")
        return status_item(record, read_release(record, statuses, until=until), until=until)

    return release_of(reader.memory.once(statuses_of(place), str(record.id), ask), record)


def page_of(line: Line, release: Release) -> str:
    """The run that deployed, else the list of the repository's deployments."""
    if release.run_id:
        return f"{line.place.url}/actions/runs/{release.run_id}"
    return f"{line.place.url}/deployments"


def _before(reader: Reader, place: Place, older: Sequence[Deployment], until: datetime) -> list[Release]:
    """What was live when the window began: the newest older deployment that succeeded."""
    try:
        for record in older[:MAX_BEFORE]:
            release = _release(reader, place, record, until)
            if release is not None:
                return [release]
    except Unread:
        pass  # only the first release of the window goes without a predecessor
    return []


def ask_trials(
    reader: Reader,
    asked: Sequence[Asked],
    named: Sequence[Named],
    shas: frozenset[str],
    *,
    since: datetime,
    until: datetime,
) -> dict[str, list[Release] | Unread]:
    """Releases to pre-production environments of the commits that went live, by repository.

    Only these commits' statuses are asked for: a staging environment sees many more. A repository whose environments
    were never used has an empty list; one for which none is named has no entry.
    """
    found: dict[str, list[Release] | Unread] = {}
    for one in asked:
        names = [name.name for name in named if name.is_in(one.mapped.full_name)]
        if names and isinstance(one.found, Place):
            found[one.found.full_name] = _trials(reader, one.found, names, shas, since, until)
    return found


def _trials(
    reader: Reader, place: Place, names: Sequence[str], shas: frozenset[str], since: datetime, until: datetime
) -> list[Release] | Unread:
    trials: list[Release] = []
    try:
        for name in names:
            records, covered_from = _records(reader, place, name, since - LONGEST_WAIT, until)
            if covered_from > since:
                return Unread(
                    "unreachable", f"{place.full_name}: the list of deployments to {name[:80]} was cut off."
                )
            tried = (_release(reader, place, record, until) for record in records if record.sha in shas)
            trials += [release for release in tried if release is not None]
    except Unread as gap:
        return named_gap(place, gap)
    return trials
