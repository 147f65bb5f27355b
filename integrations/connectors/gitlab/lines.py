"""Lines of releases: what was deployed to one environment of one project, asked for and put in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from integrations.connectors.common.history import cut_of
from integrations.connectors.common.payload import text
from integrations.connectors.common.places import Asked, Named, Place, named_gap
from integrations.connectors.common.releases import Line, Release
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.accounts import Accounts
from integrations.connectors.gitlab.deployments import deployment_item, releases_of
from integrations.connectors.gitlab.places import Projects
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.gitlab.server import span, stamp
from integrations.connectors.memory import Item, Stream

WINDOW = timedelta(days=187)
# How long before a release of the window its trial may lie.
TRIALS = timedelta(days=120)
PRODUCTION = "production"
MAX_PAGES = 20
# Review apps make an environment for each branch.
MAX_ENVIRONMENT_PAGES = 10


class Deployments:
    """Asks for environments and for the deployments that succeeded in them."""

    def __init__(
        self, reader: Reader, remembering: Remembering, accounts: Accounts, projects: Projects
    ) -> None:
        self._reader = reader
        self._projects = projects
        self._remembering = remembering
        self._accounts = accounts

    def lines(self, asked: Sequence[Asked], named: Sequence[Named]) -> list[Line | Unread]:
        """One line for each project and production environment: those named, or else those of the tier production."""
        found: list[Line | Unread] = []
        for one in asked:
            names = [name.name for name in named if name.is_in(one.mapped.full_name)]
            if named and not names:
                continue
            if isinstance(one.found, Unread):
                found.append(one.found)
                continue
            try:
                meant = self._named(one.found, names) if named else self._of_tier(one.found)
                found += [self._line(one.found, name) for name in meant]
            except Unread as gap:
                found.append(named_gap(one.found, gap))
        return found

    def _of_tier(self, place: Place) -> list[str]:
        if self._projects.lacks(place, "environments"):
            return []
        rows = self._reader.whole(f"{place.path}/environments", max_pages=MAX_ENVIRONMENT_PAGES)
        return [text(row, "name") for row in rows if text(row, "tier") == PRODUCTION and text(row, "name")]

    def _named(self, place: Place, names: Sequence[str]) -> list[str]:
        """The environments as GitLab writes them: people write their names in either case."""
        found: dict[str, str] = {}
        for name in names:
            # A search needs three letters, and finds whatever holds the words; a name is asked for as it stands.
            asked = {"search": name} if len(name) > 2 else {"name": name}
            rows = self._reader.whole(f"{place.path}/environments", asked)
            found |= {text(row, "name").lower(): text(row, "name") for row in rows}
        return [found.get(name.lower(), name) for name in dict.fromkeys(names)]

    def _line(self, place: Place, environment: str) -> Line:
        since = self._remembering.until - WINDOW
        releases, covered_from, cut = self._releases(place, environment)
        # With a hole between the two, the first known release would be compared with one that is not before it.
        before = self._before(place, environment, since) if covered_from <= since else []
        has_records = bool(releases or before) or self._has_any(place, environment)
        return Line(
            place,
            environment.lower(),
            (*before, *releases),
            covered_from,
            has_records,
            cut=cut,
        )

    def _releases(self, place: Place, environment: str) -> tuple[list[Release], datetime, Unread | None]:
        """The releases of the window, the moment after which none is missing, and why older ones are."""
        stream = Stream("deployments", f"{place.path}/{environment}", WINDOW, is_lasting=True)

        def pages(since: datetime, until: datetime | None) -> Iterator[list[Item]]:
            asked = {**_successes(environment), **span("finished", since, until)}
            for page in self._reader.pages(f"{place.path}/deployments", asked, max_pages=MAX_PAGES):
                yield [
                    item
                    for row in page
                    if (item := deployment_item(row, environment, self._accounts.is_person))
                ]

        found = self._remembering.recall(stream, pages)
        since = self._remembering.until - WINDOW
        items = [item for item in found.items if item.happened_at > since]
        until = self._remembering.until
        cut = cut_of(found, since=since, until=until, what=f"deployments to {environment[:80]}")
        covered_from = self._remembering.covered_from(found)
        return releases_of(items, until), covered_from, named_gap(place, cut) if cut else None

    def _before(self, place: Place, environment: str, since: datetime) -> list[Release]:
        """What was live when the window began."""
        asked = {**_successes(environment), "finished_before": stamp(since), "per_page": 1}
        rows = self._reader.rows_of(self._reader.get(f"{place.path}/deployments", asked))
        items = [
            item for row in rows if (item := deployment_item(row, environment, self._accounts.is_person))
        ]
        return [release for release in releases_of(items, since) if release.finished_at <= since][-1:]

    def _has_any(self, place: Place, environment: str) -> bool:
        """Whether anything was ever deployed there, with success or without."""
        reply = self._reader.get(f"{place.path}/deployments", {"environment": environment, "per_page": 1})
        return bool(self._reader.rows_of(reply))

    def trials(self, asked: Sequence[Asked], named: Sequence[Named]) -> dict[str, list[Release] | Unread]:
        """Releases to pre-production environments, by project; one for which none is named has no entry."""
        found: dict[str, list[Release] | Unread] = {}
        for one in asked:
            names = [name.name for name in named if name.is_in(one.mapped.full_name)]
            if names and isinstance(one.found, Place):
                found[one.found.full_name] = self._trials(one.found, names)
        return found

    def _trials(self, place: Place, names: Sequence[str]) -> list[Release] | Unread:
        trials: list[Release] = []
        try:
            for name in self._named(place, names):
                releases, covered_from, cut = self._releases(place, name)
                if cut is not None and covered_from > self._remembering.until - TRIALS:
                    return cut
                trials += releases
        except Unread as gap:
            return named_gap(place, gap)
        return trials


def _successes(environment: str) -> dict[str, str | int]:
    # A bound of the time of the end is refused unless the order is by it and nothing but successes is asked for.
    return {"environment": environment, "status": "success", "order_by": "finished_at", "sort": "desc"}
